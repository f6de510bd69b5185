/**
 * Actions as rows, read table by table: a statement that joins these tables is planned anew by SQLite whenever another value is
 * bound (its partial indexes make the plan depend on it), which costs ten times what the reading does.
 */
import type { ActionRecord } from '../../guard/port.ts'
import { type ActionRow, type ActionTaskRow, actionOfRow } from '../rows/action-row.ts'
import { counterColumns } from '../rows/task-row.ts'
import type { AuditAppender } from './audit-appender.ts'
import type { SqliteDatabase } from './open.ts'

export interface ActionReader {
  byId(id: string): ActionRecord | undefined
  /** The row itself and its task, for acts that change it and write an entry about it. */
  rowById(id: string): { readonly action: ActionRow; readonly task: ActionTaskRow } | undefined
  byKey(taskRow: number, key: string): ActionRecord | undefined
  /** The newest without a key that is held, or approved and not yet collected. */
  waiting(taskRow: number, tool: string, argumentsDigest: string): ActionRecord | undefined
  /** A state-changing one whose outcome is in doubt, whatever its key. */
  ambiguous(taskRow: number, tool: string, argumentsDigest: string): ActionRecord | undefined
}

const select =
  'SELECT a.*, (SELECT p.state FROM approvals p WHERE p.id = a.approval_id) AS approval_state FROM actions a'

export function actionReader(db: SqliteDatabase, audit: AuditAppender): ActionReader {
  const byId = db.prepare<[string], ActionRow>(`${select} WHERE a.id = ?`)
  const byKey = db.prepare<[number, string], ActionRow>(`${select} WHERE a.task_row = ? AND a.idempotency_key = ?`)
  const waiting = db.prepare<[number, string, string], ActionRow>(
    `${select} WHERE a.task_row = ? AND a.tool = ? AND a.arguments_digest = ? AND a.approval_id IS NOT NULL
     AND a.collected_ms IS NULL AND a.idempotency_key IS NULL`,
  )
  const ambiguous = db.prepare<[number, string, string], ActionRow>(
    `${select} WHERE a.state = 'ambiguous' AND a.task_row = ? AND a.tool = ? AND a.arguments_digest = ?`,
  )
  const taskByRow = db.prepare<[number], ActionTaskRow>(
    `SELECT ${counterColumns}, id, agent, release, environment, principal, trace_id FROM tasks WHERE row = ?`,
  )
  const body = (entry: string | null, name: string) => (entry === null ? undefined : audit.readBody(entry, name))
  const recordOf = (row: ActionRow | undefined): ActionRecord | undefined =>
    row === undefined ? undefined : actionOfRow(row, taskByRow.get(row.task_row) as ActionTaskRow, body)

  return {
    byId: (id) => recordOf(byId.get(id)),
    rowById(id) {
      const action = byId.get(id)
      return action === undefined ? undefined : { action, task: taskByRow.get(action.task_row) as ActionTaskRow }
    },
    byKey: (taskRow, key) => recordOf(byKey.get(taskRow, key)),
    waiting: (taskRow, tool, argumentsDigest) => recordOf(waiting.get(taskRow, tool, argumentsDigest)),
    ambiguous: (taskRow, tool, argumentsDigest) => recordOf(ambiguous.get(taskRow, tool, argumentsDigest)),
  }
}
