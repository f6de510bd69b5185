/** An approval as the API tells it. */
import type { WireApproval } from '../../contract/approval.ts'
import type { ApprovalRecord } from '../../guard/port.ts'

export function wireOfApproval(record: ApprovalRecord): WireApproval {
  return {
    id: record.id,
    action: record.actionId,
    task: record.task,
    agent: record.agent,
    tool: record.tool,
    principal: record.principalId,
    state: record.state,
    roles: record.roles,
    not_requester: record.notRequester,
    summary: record.summary,
    binding_digest: record.bindingDigest,
    nonce: record.nonce,
    created_ms: record.createdMs,
    expires_ms: record.expiresMs,
    ...(record.decidedMs === undefined ? {} : { decided_ms: record.decidedMs }),
    ...(record.decidedBy === undefined ? {} : { decided_by: record.decidedBy }),
    ...(record.comment === undefined ? {} : { comment: record.comment }),
  }
}
