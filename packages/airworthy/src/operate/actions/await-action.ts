/** A caller waits for its action: for a person's word, for a tool, or for another gateway that executes it. */
import { AirworthyError } from '../../core/errors.ts'
import type { ActionAnswer, ActionRequest } from '../../guard/answer.ts'
import type { Guard } from '../../guard/guard.ts'
import { answerOfRecord } from '../../guard/recorded-answer.ts'
import { requestOf } from '../approvals/approved-actions.ts'
import type { ActionChanges } from './changes.ts'

export interface AwaitActionParts {
  readonly guard: Guard
  readonly changes: ActionChanges
  /** Takes an action through the guard, as the kit does every action. */
  readonly act: (request: ActionRequest) => Promise<ActionAnswer>
}

/** How often a waiting caller looks by itself, for what another process changed. */
const lookEveryMs = 500

/** The action's answer when it is finished, or its state when the time is over or the caller hangs up. @throws ACTION_UNKNOWN */
export async function awaitAction(
  { guard, changes, act }: AwaitActionParts,
  actionId: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ActionAnswer> {
  const until = performance.now() + timeoutMs
  for (;;) {
    const action = await guard.ports.store.readAction(actionId)
    if (action === undefined) throw unknownAction()
    const left = until - performance.now()
    const isCallers = guard.tools.get(action.tool)?.server === undefined
    // A tool that the caller runs is ready for it as soon as it is approved.
    if (isCallers && action.state === 'held' && action.approvalState === 'approved') return await act(requestOf(action))
    const isWaiting = action.state === 'held' || (action.state === 'intended' && !isCallers)
    // Whoever has hung up collects nothing: the result stays for the call that comes again.
    if (!isWaiting || left <= 0 || signal.aborted) {
      return await answerOfRecord(guard, action, signal.aborted ? 'look' : 'collect')
    }
    await changes.next(actionId, Math.min(left, lookEveryMs), signal)
  }
}

function unknownAction(): AirworthyError {
  return new AirworthyError({
    code: 'ACTION_UNKNOWN',
    message: 'There is no such action.',
    mend: 'Use the id that the decision carried.',
  })
}
