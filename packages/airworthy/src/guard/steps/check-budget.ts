/** Step 5: would the call fit? Nothing is reserved yet; step 11 decides with the numbers of that moment. */
import type { EffectiveTool } from '../../core/manifest/effective.ts'
import { fallbackOf } from '../fallback.ts'
import type { Denial, Guard } from '../guard.ts'
import type { TaskRecord } from '../port.ts'

/** @param isCounted false for a resumed action: it was counted when it was held; its cost and the deadline are looked at all the same. */
export function checkBudget(
  guard: Guard,
  task: TaskRecord,
  tool: EffectiveTool | undefined,
  nowMs: number,
  isCounted: boolean,
): Denial | undefined {
  const { maxToolCalls, maxCostUsdMicros, deadlineMs } = guard.manifest.budgets
  const { toolCalls, costUsdMicros } = task.counters
  if (isCounted && toolCalls + 1 > maxToolCalls.limit) return overBudget(guard, 'max_tool_calls', toolCalls)
  if (tool !== undefined && costUsdMicros + tool.costUsdMicros > maxCostUsdMicros.limit) {
    return overBudget(guard, 'max_cost_usd', costUsdMicros)
  }
  const workedMs = nowMs - task.createdMs - task.waitedMs
  if (workedMs > deadlineMs.limit) return overBudget(guard, 'deadline', workedMs)
  return undefined
}

export type EnforcedBudget = 'max_tool_calls' | 'max_cost_usd' | 'deadline'

export function overBudget(guard: Guard, budget: EnforcedBudget, used: number): Denial {
  const { budgets } = guard.manifest
  const rule = {
    max_tool_calls: budgets.maxToolCalls,
    max_cost_usd: budgets.maxCostUsdMicros,
    deadline: budgets.deadlineMs,
  }[budget]
  const message = `The budget ${budget} of this task is used up.`
  return {
    kind: 'deny',
    // `used` of the deadline is a clock reading and would make two answers to the same input differ.
    reasons: [{ code: 'BUDGET_EXCEEDED', message, limit: rule.limit, used: budget === 'deadline' ? rule.limit : used }],
    next: rule.then === 'ask_clarifying_question' ? 'ask_user' : 'stop',
    fallback: fallbackOf(budget, rule, budget === 'deadline' ? rule.limit : used),
  }
}
