/** A person's decision on one exact action. It never overrides a forbid: the action's steps all run again before it executes. */
import type { EntryDraft } from '../../audit/seal-entry.ts'
import type { Reason } from '../../core/decision.ts'
import { AirworthyError } from '../../core/errors.ts'
import type { ApprovalRecord } from '../../guard/port.ts'
import type { ApprovalStore, DecideApprovalAct } from './port.ts'
import { approvalUnknown } from './read-approval.ts'

export interface Approver {
  /** The name that its key carries. It and `principal` are compared with the requester's id where that one may not approve. */
  readonly name: string
  /** The principal that the person is, as agents name it (`auth0|ana`). */
  readonly principal?: string
  readonly roles: readonly string[]
  readonly credentialId: string
  /** `person_key`, or `simulated` in a demo or probe. */
  readonly verifiedBy: string
}

export interface ApprovalDecision {
  readonly id: string
  readonly decision: 'approved' | 'rejected'
  readonly approver: Approver
  readonly comment?: string
  readonly atMs: number
  readonly newId: (prefix: 'ent') => string
}

/** @throws APPROVAL_UNKNOWN, APPROVAL_DECIDED, APPROVAL_FORBIDDEN */
export async function decideApproval(approvals: ApprovalStore, decision: ApprovalDecision): Promise<ApprovalRecord> {
  const approval = await approvals.readApproval(decision.id)
  if (approval === undefined) throw approvalUnknown(decision.id)
  const missing = approval.roles.filter((role) => !decision.approver.roles.includes(role))
  if (missing.length > 0) {
    throw forbidden(
      `The key of ${decision.approver.name} lacks the role ${missing.join(', ')}.`,
      'Let somebody with that role decide.',
    )
  }
  if (approval.notRequester && isSamePerson(decision.approver, approval.principalId)) {
    throw forbidden('The one on whose behalf the action runs may not approve it.', 'Let somebody else decide.')
  }
  const answer = await approvals.decideApproval({
    id: approval.id,
    state: decision.decision,
    atMs: decision.atMs,
    by: decision.approver.name,
    ...(decision.comment === undefined ? {} : { comment: decision.comment }),
    entry: entryOf(approval, decision),
    ...(decision.decision === 'rejected'
      ? { refusal: { entryId: decision.newId('ent'), reasons: refusalReasons.rejected } }
      : {}),
  })
  if (answer.kind === 'unknown') throw approvalUnknown(decision.id)
  if (answer.kind === 'late') {
    throw new AirworthyError({
      code: 'APPROVAL_DECIDED',
      message: `The approval ${approval.id} is ${answer.state} already.`,
      mend: 'Nothing is left to decide; the agent may ask again.',
    })
  }
  return { ...approval, state: decision.decision, decidedMs: decision.atMs, decidedBy: decision.approver.name }
}

/** What a held action is refused with. */
export const refusalReasons: Record<'rejected' | 'expired', readonly Reason[]> = {
  rejected: [{ code: 'CONFIRMATION_REJECTED', message: 'The action was rejected.' }],
  expired: [{ code: 'CONFIRMATION_EXPIRED', message: 'Nobody confirmed the action in time, or nobody fetched it.' }],
}

/** "Ana " and "ana" are one person: an identity provider and whoever names a key seldom agree on capitals and widths. */
function isSamePerson(approver: Approver, principalId: string): boolean {
  const requester = folded(principalId)
  return [approver.name, approver.principal].some((name) => name !== undefined && folded(name) === requester)
}

/** Upper case first, so that letters with several lower cases become one. */
function folded(name: string): string {
  return name.normalize('NFKC').trim().toUpperCase().toLowerCase().normalize('NFKC')
}

/** Marks an approval that nobody decided, or used, in time; its action is refused with it. */
export function expiryOf(approval: ApprovalRecord, atMs: number, newId: (prefix: 'ent') => string): DecideApprovalAct {
  return {
    id: approval.id,
    state: 'expired',
    atMs,
    by: 'kit',
    entry: {
      ...base(approval, atMs, newId('ent')),
      kind: 'approval-expired',
      actor: { kind: 'kit', id: 'kit', verifiedBy: 'kit' },
    },
    refusal: { entryId: newId('ent'), reasons: refusalReasons.expired },
  }
}

function entryOf(approval: ApprovalRecord, { decision, approver, comment, atMs, newId }: ApprovalDecision): EntryDraft {
  return {
    ...base(approval, atMs, newId('ent')),
    kind: decision === 'approved' ? 'approval-granted' : 'approval-rejected',
    actor: { kind: 'person', id: approver.name, verifiedBy: approver.verifiedBy },
    approver: { id: approver.name, verifiedBy: approver.verifiedBy },
    details: {
      approval: approval.id,
      credential: approver.credentialId,
      binding: approval.bindingDigest,
      roles: approval.roles,
      ...(comment === undefined ? {} : { comment: comment.slice(0, 500) }),
    },
  }
}

function base(approval: ApprovalRecord, atMs: number, entryId: string): Omit<EntryDraft, 'kind' | 'actor'> {
  return {
    id: entryId,
    timeMs: atMs,
    agent: approval.agent,
    action: approval.tool,
    object: approval.actionId,
    task: approval.task,
    details: { approval: approval.id },
  }
}

function forbidden(message: string, mend: string): AirworthyError {
  return new AirworthyError({ code: 'APPROVAL_FORBIDDEN', message, mend })
}
