/** Approvals as rows, for the guard's acts and for those of the approvers. */
import type { Digest } from '../../core/digest.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import type { ApprovalRecord } from '../../guard/port.ts'

export interface ApprovalRow {
  readonly id: string
  readonly action_id: string
  readonly task: string
  readonly agent: string
  readonly tool: string
  readonly principal_id: string
  readonly roles: string
  readonly not_requester: number
  readonly state: ApprovalRecord['state']
  readonly summary: string
  readonly nonce: string
  readonly binding_digest: string
  readonly created_ms: number
  readonly expires_ms: number
  readonly decided_ms: number | null
  readonly decided_by: string | null
  readonly comment: string | null
}

export function approvalOfRow(row: ApprovalRow): ApprovalRecord {
  return {
    id: row.id,
    actionId: row.action_id,
    task: row.task,
    agent: row.agent,
    tool: row.tool,
    principalId: row.principal_id,
    roles: valueOfJson(row.roles) as readonly string[],
    notRequester: row.not_requester === 1,
    state: row.state,
    summary: row.summary,
    nonce: row.nonce,
    bindingDigest: row.binding_digest as Digest,
    createdMs: row.created_ms,
    expiresMs: row.expires_ms,
    ...(row.decided_ms === null ? {} : { decidedMs: row.decided_ms }),
    ...(row.decided_by === null ? {} : { decidedBy: row.decided_by }),
    ...(row.comment === null ? {} : { comment: row.comment }),
  }
}
