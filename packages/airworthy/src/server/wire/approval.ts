/** An approval as the API tells it, and back, for a command that asks a running kit. */
import type { WireApproval } from '../../contract/approval.ts'
import type { Digest } from '../../core/digest.ts'
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

export function approvalOfWire(wire: WireApproval): ApprovalRecord {
  return {
    id: wire.id,
    actionId: wire.action,
    task: wire.task,
    agent: wire.agent,
    tool: wire.tool,
    principalId: wire.principal,
    state: wire.state,
    roles: wire.roles,
    notRequester: wire.not_requester,
    summary: wire.summary,
    bindingDigest: wire.binding_digest as Digest,
    nonce: wire.nonce,
    createdMs: wire.created_ms,
    expiresMs: wire.expires_ms,
    ...(wire.decided_ms === undefined ? {} : { decidedMs: wire.decided_ms }),
    ...(wire.decided_by === undefined ? {} : { decidedBy: wire.decided_by }),
    ...(wire.comment === undefined ? {} : { comment: wire.comment }),
  }
}
