/** The mutant that a crash test must catch: the tool runs first, and the intent is written after. */
import { type GuardSteps, guardSteps } from '../../src/guard/pipeline.ts'

/** @param between  called when the tool has run and nothing is written yet. */
export function lateIntend(between: () => Promise<void> | void): GuardSteps {
  const late = new Map<string, () => Promise<unknown>>()
  return {
    ...guardSteps,
    async intend(...args) {
      const [, { actionId, task, state }] = args
      late.set(actionId, () => guardSteps.intend(...args))
      return { kind: 'committed', task: { counters: task.counters, lastFact: state.lastFact } }
    },
    async execute(...args) {
      const outcome = await guardSteps.execute(...args)
      await between()
      const [, { actionId }] = args
      await late.get(actionId)?.()
      late.delete(actionId)
      return outcome
    },
  }
}
