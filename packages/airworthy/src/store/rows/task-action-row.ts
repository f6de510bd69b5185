/** Rows of the ledger as far as they say which call of a task each was, the same on every store. */
import type { Reason } from '../../core/decision.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import type { TaskAction } from '../../operate/model/port.ts'

export interface TaskActionRow {
  readonly id: string
  readonly tool: string
  readonly arguments_digest: string
  readonly state: TaskAction['state']
  readonly reasons: string
  readonly approval_id: string | null
}

export const taskActionColumns = 'id, tool, arguments_digest, state, reasons, approval_id'

export function taskActionOfRow({ id, tool, state, ...row }: TaskActionRow): TaskAction {
  const argumentsDigest = row.arguments_digest as TaskAction['argumentsDigest']
  const approval = row.approval_id === null ? {} : { approvalId: row.approval_id }
  return { id, tool, argumentsDigest, state, reasons: valueOfJson(row.reasons) as readonly Reason[], ...approval }
}
