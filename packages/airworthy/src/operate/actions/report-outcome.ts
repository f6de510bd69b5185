/** The outcome of an action that the kit did not execute itself: reported by its caller, by a hook, or by a person. */
import { AirworthyError } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Guard } from '../../guard/guard.ts'
import type { ActionRecord } from '../../guard/port.ts'
import { labelResult } from '../../guard/steps/label-result.ts'
import { taskStateOf } from '../../guard/task-state.ts'

export interface Outcome {
  readonly state: 'succeeded' | 'failed'
  readonly result?: JsonObject
  readonly error?: string
  /** `caller`, `reconcile`, or the name of a person. */
  readonly by: string
}

/** Settles it, with the labels of what came back. @throws ACTION_UNKNOWN, ACTION_SETTLED */
export async function reportOutcome(guard: Guard, actionId: string, outcome: Outcome): Promise<ActionRecord> {
  const { store, clock, newId } = guard.ports
  const action = await store.readAction(actionId)
  const task = action === undefined ? undefined : await store.readTask(action.task)
  if (action === undefined || task === undefined) {
    throw new AirworthyError({
      code: 'ACTION_UNKNOWN',
      message: 'There is no such action.',
      mend: 'Use the id that the decision carried.',
    })
  }
  const tool = guard.tools.get(action.tool)
  const labelled =
    outcome.result === undefined || tool === undefined
      ? undefined
      : labelResult(guard, taskStateOf(task.facts), tool, outcome.result)
  const settled = await store.settle({
    actionId,
    entryId: newId('ent'),
    atMs: clock(),
    state: outcome.state,
    ...(outcome.result === undefined ? {} : { result: outcome.result }),
    ...(labelled === undefined ? {} : { shown: labelled.shown }),
    ...(outcome.error === undefined ? {} : { error: outcome.error.slice(0, 1000) }),
    reasons: [],
    facts: labelled?.facts ?? [],
    costUsdMicros: tool?.costUsdMicros ?? 0,
    by: outcome.by,
  })
  const now = await store.readAction(actionId)
  if (!settled || now === undefined) {
    throw new AirworthyError({
      code: 'ACTION_SETTLED',
      message: `The action is ${action.state}; its outcome cannot be set any more.`,
      mend: 'Read the action to see what is on record.',
    })
  }
  return now
}
