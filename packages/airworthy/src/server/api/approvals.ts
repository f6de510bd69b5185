/** Approvals: listed, shown, and decided by a person whose roles come from that person's own key. */
import { AirworthyError } from '../../core/errors.ts'
import type { ApprovalRecord, ApprovalState } from '../../guard/port.ts'
import type { Kit } from '../../kit.ts'
import type { Caller } from '../caller.ts'
import { type Asked, jsonAnswer, textAnswer } from '../route.ts'
import { wireOfApproval } from '../wire/approval.ts'

const listMax = 200

export async function listApprovals({
  server,
  query,
}: Asked<unknown, { state?: ApprovalState | undefined }>): Promise<Response> {
  const { state } = query
  const filter = { limit: listMax, ...(state === undefined ? {} : { state }) }
  const approvals = await server.kit.store.approvals.listApprovals(filter)
  return jsonAnswer({ approvals: approvals.map(wireOfApproval) })
}

export async function readApproval({ server, params }: Asked<unknown, unknown>): Promise<Response> {
  return jsonAnswer(wireOfApproval(await approvalOf(server.kit, params.id as string)))
}

export async function decideApproval(
  asked: Asked<{ decision: 'approved' | 'rejected'; comment?: string | undefined }, unknown>,
): Promise<Response> {
  const { server, params, body } = asked
  const caller = asked.caller as Extract<Caller, { name: string }>
  const approval = await server.kit.decideApproval({
    id: params.id as string,
    decision: body.decision,
    approver: { name: caller.name, roles: caller.roles, credentialId: caller.id, verifiedBy: 'person_key' },
    ...(body.comment === undefined ? {} : { comment: body.comment }),
  })
  return jsonAnswer(wireOfApproval(approval))
}

/** Where the link of a held action leads, until there are pages: what would be executed, and how to decide. */
export async function approvalPage({ server, params }: Asked<unknown, unknown>): Promise<Response> {
  const { id, state, roles, expiresMs, summary } = await approvalOf(server.kit, params.id as string)
  const lines = [
    `Approval ${id}: ${state}`,
    '',
    summary,
    '',
    `Needs: ${roles.join(' and ')}. Expires: ${new Date(expiresMs).toISOString()}`,
    ...(state === 'pending'
      ? ['', 'Decide with your own key:', `  airworthy approval approve ${id}`, `  airworthy approval reject ${id}`]
      : []),
  ]
  return textAnswer(`${lines.join('\n')}\n`)
}

async function approvalOf(kit: Kit, id: string): Promise<ApprovalRecord> {
  const approval = await kit.store.approvals.readApproval(id)
  if (approval !== undefined && approval.agent === kit.agent) return approval
  throw new AirworthyError({
    code: 'APPROVAL_UNKNOWN',
    message: 'There is no such approval.',
    mend: 'List them with `airworthy approval ls`.',
  })
}
