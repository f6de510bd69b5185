/** The answer that the ledger's record of an action amounts to: for repeated calls, waiting callers and `GET /actions/{id}`. */
import type { Reason } from '../core/decision.ts'
import type { ActionAnswer } from './answer.ts'
import type { Guard } from './guard.ts'
import type { ActionRecord } from './port.ts'
import { ambiguousReason, errorSentence } from './steps/settle.ts'

/** @param take `collect` marks a settled result as fetched, so that the next equal call without a key is a new action. */
export async function answerOfRecord(
  guard: Guard,
  action: ActionRecord,
  take: 'collect' | 'look',
): Promise<ActionAnswer> {
  const { store, clock } = guard.ports
  const base = {
    action: action.id,
    state: action.state,
    // As asked: what the pseudonyms in them stand for is not told to a model.
    arguments: action.arguments,
    enforced: guard.mode === 'enforce',
    ...(action.error === undefined ? {} : { error: errorSentence(action.error, action.errorText?.shown) }),
  }
  switch (action.state) {
    case 'held': {
      const approval = action.approvalId === undefined ? undefined : await store.readApproval(action.approvalId)
      return {
        ...base,
        decision: 'confirm',
        reasons: action.reasons,
        next: 'wait',
        ...(approval === undefined
          ? {}
          : {
              approval: {
                id: approval.id,
                roles: approval.roles,
                expiresMs: approval.expiresMs,
                summary: approval.summary,
              },
            }),
      }
    }
    case 'intended':
      return {
        ...base,
        decision: 'allow',
        reasons: action.owner === guard.owner ? action.reasons : [ambiguousReason],
        next: 'wait',
      }
    case 'ambiguous':
      return { ...base, decision: 'allow', reasons: withAmbiguous(action.reasons), next: 'wait' }
    case 'denied':
      if (take === 'collect') await store.collect(action.id, clock())
      return { ...base, decision: 'deny', reasons: action.reasons, next: 'stop' }
    case 'succeeded':
    case 'failed':
      if (take === 'collect') await store.collect(action.id, clock())
      return {
        ...base,
        decision: 'allow',
        reasons: action.reasons,
        ...(action.shown === undefined ? {} : { result: action.shown }),
      }
  }
}

function withAmbiguous(reasons: readonly Reason[]): readonly Reason[] {
  return reasons.some(({ code }) => code === 'OUTCOME_AMBIGUOUS') ? reasons : [...reasons, ambiguousReason]
}
