/** The typed result of an exhausted budget. Deterministic: it is a function of the rule and the numbers alone. */
import type { BudgetRule } from '../core/manifest/effective.ts'
import type { FallbackResult } from './answer.ts'

export function fallbackOf(budget: string, rule: BudgetRule, used: number): FallbackResult {
  return { kind: rule.then, budget, limit: rule.limit, used, message: messages[rule.then] }
}

const messages = {
  ask_clarifying_question:
    'The budget of this task is used up. Ask the user one question that narrows the task, then start a new one.',
  // The human queue is not built yet, and an agent that says "somebody will look at it" must not be made to lie.
  escalate_to_human:
    'The budget of this task is used up and it belongs with a person. No human queue is connected: nobody was notified; tell the user so.',
  switch_model: 'The budget of this task is used up. Start a new task on the cheaper model.',
} as const
