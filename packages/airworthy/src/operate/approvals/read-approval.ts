/** An approval with what the kit would send: the summary cuts long values, and nobody can approve what they cannot see. */
import { AirworthyError } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import type { ActionRecord, ApprovalRecord } from '../../guard/port.ts'
import type { ApprovalStore } from './port.ts'

export interface ShownApproval extends ApprovalRecord {
  /** As they will be sent. */
  readonly arguments: JsonObject
}

/** @throws APPROVAL_UNKNOWN */
export async function readShownApproval(
  approvals: Pick<ApprovalStore, 'readApproval'>,
  actions: { readAction(id: string): Promise<ActionRecord | undefined> },
  id: string,
): Promise<ShownApproval> {
  const approval = await approvals.readApproval(id)
  const action = approval === undefined ? undefined : await actions.readAction(approval.actionId)
  if (approval === undefined || action === undefined) throw approvalUnknown(id)
  return { ...approval, arguments: action.argumentsSent ?? action.arguments }
}

export function approvalUnknown(id: string): AirworthyError {
  return new AirworthyError({
    code: 'APPROVAL_UNKNOWN',
    message: `There is no approval ${id.slice(0, 64)}.`,
    mend: 'List them with `airworthy approval ls`.',
  })
}
