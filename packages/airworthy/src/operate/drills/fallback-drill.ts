/**
 * The fallback drill (BUDGET-2): each fallback is given for real, at a tool and at a model, twenty times over; all answers must be
 * the same but for the id of an escalation, which must stand in the human queue. The drill closes what it put there.
 */
import { digestOf } from '../../core/digest.ts'
import type { JsonObject } from '../../core/json.ts'
import type { BudgetRule, Fallback } from '../../core/manifest/effective.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import type { FallbackResult } from '../../guard/answer.ts'
import { changeEscalation } from '../escalations/change-escalation.ts'
import type { ModelDecision } from '../model/model-call.ts'
import type { Attempt } from '../probes/attempt.ts'
import type { Finding, ProbeContext, ProbeResult } from '../probes/probe-context.ts'
import { cheaperModel, type DrilledBudgets, type DrilledTask, drilledTask, fallbackGiven } from './drilled-budgets.ts'

const repeats = 20
const kinds: readonly Fallback[] = ['ask_clarifying_question', 'escalate_to_human', 'switch_model']
const doors = ['tool', 'model'] as const
type Door = (typeof doors)[number]

/** One answer, and what is not as it should be with it. */
interface Seen {
  /** Everything that was answered, but for the id of the escalation and the clock. */
  readonly digest: string
  readonly fault?: string
  /** The budget did not hold, so there was nothing to give a fallback for: BUDGET-1 says that. */
  readonly notStopped?: true
}

export async function fallbackDrill(context: ProbeContext, parts: DrilledBudgets): Promise<ProbeResult> {
  const failures: Finding[] = []
  const unclear: Finding[] = []
  const details: Record<string, number> = {}
  for (const kind of kinds) {
    for (const door of doors) {
      const all: Seen[] = []
      for (let n = 0; n < repeats; n++) all.push(await give(context, parts, kind, door))
      const at = `${kind} at a ${door}`
      if (all.some(({ notStopped }) => notStopped)) {
        unclear.push({ what: `${at}: the budget did not hold, so nothing was given.`, mend: 'Look at BUDGET-1 first.' })
        continue
      }
      const fault = all.find((one) => one.fault !== undefined)?.fault
      const distinct = new Set(all.map(({ digest }) => digest)).size
      if (fault !== undefined) failures.push({ what: `${at}: ${fault}.`, mend })
      else if (distinct > 1)
        failures.push({ what: `${at}: ${distinct} different answers in ${repeats} repeats.`, mend })
      details[`${kind} ${door}`] = distinct
    }
  }
  return {
    failures,
    unclear,
    seen: `The clarifying question, the human queue and the cheaper model were each given at a tool and at a model, the same in ${repeats} repeats.`,
    details: { repeats, answers: details },
  }
}

const mend = 'Find out what a fallback depends on beside its budget, and run `airworthy drill fallback` again.'

async function give(context: ProbeContext, parts: DrilledBudgets, kind: Fallback, door: Door): Promise<Seen> {
  const rule: BudgetRule = { limit: 1, then: kind }
  const drilled = await drilledTask(context, parts, {
    budgets: door === 'tool' ? { max_tool_calls: rule } : { max_steps: rule },
  })
  const ask = (): Promise<Attempt | ModelDecision> => (door === 'tool' ? drilled.act() : drilled.call())
  await ask()
  const beyond = await ask()
  const isDone = 'answer' in beyond ? beyond.received > 0 : beyond.kind === 'send'
  if (isDone) return { digest: '', notStopped: true }
  const given = fallbackGiven(beyond)
  const fault =
    given?.kind === kind ? await faultOf(context, parts, drilled, given, door) : `${given?.kind ?? 'nothing'} was given`
  return { digest: digestOf(saidOf(beyond)), ...(fault === undefined ? {} : { fault }) }
}

/** What the caller reads. */
function saidOf(seen: Attempt | ModelDecision): JsonObject {
  const { reasons } = 'answer' in seen ? seen.answer : { reasons: seen.kind === 'send' ? [] : seen.reasons }
  const { escalation: _, ...fallback } = fallbackGiven(seen) ?? { escalation: undefined }
  const next = 'answer' in seen ? seen.answer.next : undefined
  return valueOfJson(JSON.stringify({ reasons, fallback, next })) as JsonObject
}

/** What must be true beside the words. */
async function faultOf(
  context: ProbeContext,
  parts: DrilledBudgets,
  drilled: DrilledTask,
  given: FallbackResult,
  door: Door,
): Promise<string | undefined> {
  switch (given.kind) {
    case 'ask_clarifying_question':
      return given.message.length > 0 ? undefined : 'there is no question'
    case 'escalate_to_human':
      return await faultOfQueue(context, parts, drilled, given)
    case 'switch_model': {
      // Without steps left no model can be called, the cheaper one neither.
      if (door === 'model') return undefined
      const next = await drilled.call()
      return next.kind === 'send' && next.model === cheaperModel ? undefined : 'the task went on with the same model'
    }
  }
}

async function faultOfQueue(
  { guard }: ProbeContext,
  { escalations }: DrilledBudgets,
  { task }: DrilledTask,
  { escalation: id, budget }: FallbackResult,
): Promise<string | undefined> {
  const queued = id === undefined ? undefined : await escalations.readEscalation(id)
  if (queued === undefined) return 'nothing stands in the human queue'
  const isRight = queued.task === task.id && queued.state === 'open' && queued.about === budget
  const { clock, newId } = guard.ports
  await changeEscalation(
    { escalations, readTask: async () => task, clock, newId, log: () => {} },
    {
      id: queued.id,
      to: 'closed',
      helper: { kind: 'operator', name: 'fallback drill', roles: [], verifiedBy: 'kit' },
      text: 'Put there by a drill.',
    },
  )
  return isRight ? undefined : 'what stands in the human queue is about something else'
}
