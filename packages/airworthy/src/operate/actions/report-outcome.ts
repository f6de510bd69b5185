/** The outcome of an action that the kit did not execute itself: reported by its caller, by a hook, or by a person. */
import { AirworthyError } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Guard } from '../../guard/guard.ts'
import type { ActionRecord } from '../../guard/port.ts'
import { settleLabelled } from '../../guard/settle-labelled.ts'
import type { ResultSource } from '../../guard/steps/label-result.ts'
import { reportedError } from '../../guard/steps/settle.ts'
import { taskStateOf } from '../../guard/task-state.ts'

export interface Outcome {
  readonly state: 'succeeded' | 'failed'
  readonly result?: JsonObject
  readonly error?: string
  /** `caller`, `reconcile`, or the name of a person. */
  readonly by: 'caller' | 'reconcile' | `operator:${string}`
}

/** Settles it, with the labels of what came back. @throws ACTION_UNKNOWN, ACTION_SETTLED */
export async function reportOutcome(guard: Guard, actionId: string, outcome: Outcome): Promise<ActionRecord> {
  const { store } = guard.ports
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
  const shown = await settleLabelled(guard, {
    actionId,
    task,
    state: taskStateOf(task.facts),
    tool: tool ?? droppedTool(action.tool),
    effect: action.effect,
    settlement: {
      state: outcome.state,
      ...(outcome.result === undefined ? {} : { result: outcome.result }),
      ...(outcome.error === undefined ? {} : { error: reportedError, errorText: outcome.error }),
      reasons: [],
    },
    costUsdMicros: tool?.costUsdMicros ?? 0,
    by: outcome.by,
  })
  const now = await store.readAction(actionId)
  if (shown === undefined || now === undefined) {
    throw new AirworthyError({
      code: 'ACTION_SETTLED',
      message: `The action is ${action.state}; its outcome cannot be set any more.`,
      mend: 'Read the action to see what is on record.',
    })
  }
  return now
}

/** A release since then may have dropped the tool; what it says is labelled all the same. */
function droppedTool(name: string): ResultSource {
  return { name, data: { in: [], out: [], trusted: false, declared: false } }
}
