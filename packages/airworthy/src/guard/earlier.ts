/** The same call again: its recorded answer, never a second execution. */
import { invariant } from '../core/errors.ts'
import type { ActionAnswer } from './answer.ts'
import { deny, type Guard, type Passage } from './guard.ts'
import type { ActionRecord, ApprovalRecord } from './port.ts'
import { recordDenial } from './record-denial.ts'
import { answerOfRecord } from './recorded-answer.ts'

/** An approved action that is to run now, instead of a new attempt. */
export interface Resumption {
  readonly action: ActionRecord
  readonly approval: ApprovalRecord
}

export type Earlier =
  | { readonly kind: 'answer'; readonly answer: ActionAnswer }
  | { readonly kind: 'resume'; readonly resumption: Resumption }

/** What an attempt is that the ledger knows already. */
export async function judgeEarlier(
  guard: Guard,
  passage: Passage,
  action: ActionRecord | undefined,
): Promise<Earlier | undefined> {
  const { store } = guard.ports
  const { request, argumentsDigest } = passage
  if (action === undefined) return undefined
  const isSame = action.tool === request.tool && action.argumentsDigest === argumentsDigest
  if (isSame && action.state === 'held' && action.approvalState === 'approved' && passage.tool.server === undefined) {
    const approval = action.approvalId === undefined ? undefined : await store.readApproval(action.approvalId)
    if (approval !== undefined) return { kind: 'resume', resumption: { action, approval } }
  }
  return { kind: 'answer', answer: await answerOfEarlier(guard, passage, action) }
}

export async function answerOfEarlier(guard: Guard, passage: Passage, action: ActionRecord): Promise<ActionAnswer> {
  const { request, argumentsDigest } = passage
  if (action.tool !== request.tool || action.argumentsDigest !== argumentsDigest) {
    const message = 'This idempotency key was used for another call of this task.'
    return await recordDenial(guard, passage, deny('IDEMPOTENCY_MISMATCH', message, 'retry_with'))
  }
  return await answerOfRecord(guard, action, 'collect')
}

/** Somebody else, an operator say, settled the action while its tool ran: what is on record counts, for the agent too. */
export async function answerOnRecord(guard: Guard, actionId: string): Promise<ActionAnswer> {
  const action = await guard.ports.store.readAction(actionId)
  invariant(action !== undefined, 'an action that was intended is in the ledger')
  return await answerOfRecord(guard, action, 'collect')
}
