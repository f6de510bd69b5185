/** Approvals: listed, shown, and decided by a person whose roles come from that person's own key. */
import { printable } from '../../core/printable.ts'
import type { ApprovalState } from '../../guard/port.ts'
import type { Kit } from '../../kit.ts'
import { approvalUnknown, readShownApproval, type ShownApproval } from '../../operate/approvals/read-approval.ts'
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
  const shown = await approvalOf(server.kit, params.id as string)
  return jsonAnswer({ ...wireOfApproval(shown), arguments: shown.arguments })
}

export async function decideApproval(
  asked: Asked<{ decision: 'approved' | 'rejected'; comment?: string | undefined }, unknown>,
): Promise<Response> {
  const { server, params, body } = asked
  const caller = asked.caller as Extract<Caller, { name: string }>
  const approval = await server.kit.decideApproval({
    id: params.id as string,
    decision: body.decision,
    approver: {
      name: caller.name,
      ...('principal' in caller && caller.principal !== undefined ? { principal: caller.principal } : {}),
      roles: caller.roles,
      credentialId: caller.id,
      verifiedBy: 'person_key',
    },
    ...(body.comment === undefined ? {} : { comment: body.comment }),
  })
  return jsonAnswer(wireOfApproval(approval))
}

/** Where the link of a held action leads, until there are pages: what would be executed, and how to decide. */
export async function approvalPage({ server, params }: Asked<unknown, unknown>): Promise<Response> {
  const { id, state, roles, expiresMs, summary, arguments: sent } = await approvalOf(server.kit, params.id as string)
  const lines = [
    `Approval ${id}: ${state}`,
    '',
    summary,
    '',
    'Arguments as they will be sent:',
    ...Object.entries(sent).map(([name, value]) => `  ${printable(name)}: ${printable(JSON.stringify(value))}`),
    '',
    `Needs: ${roles.join(' and ')}. Expires: ${new Date(expiresMs).toISOString()}`,
    ...(state === 'pending'
      ? ['', 'Decide with your own key:', `  airworthy approval approve ${id}`, `  airworthy approval reject ${id}`]
      : []),
  ]
  return textAnswer(`${lines.join('\n')}\n`)
}

async function approvalOf({ store, agent }: Kit, id: string): Promise<ShownApproval> {
  const approval = await readShownApproval(store.approvals, store.guard, id)
  if (approval.agent !== agent) throw approvalUnknown(id)
  return approval
}
