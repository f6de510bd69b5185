/** Approvals on SQLite. */
import type { ApprovalStore, DecideApprovalAct, DecideApprovalAnswer } from '../../operate/approvals/port.ts'
import { type ApprovalRow, approvalOfRow } from './approval-row.ts'
import type { AuditAppender } from './audit-appender.ts'
import { act, type SqliteDatabase } from './open.ts'

export function sqliteApprovalStore(db: SqliteDatabase, audit: AuditAppender): ApprovalStore {
  const byId = db.prepare<[string], ApprovalRow>('SELECT * FROM approvals WHERE id = ?')
  const newest = db.prepare<[number], ApprovalRow>('SELECT * FROM approvals ORDER BY row DESC LIMIT ?')
  const newestInState = db.prepare<[string, number], ApprovalRow>(
    'SELECT * FROM approvals WHERE state = ? ORDER BY row DESC LIMIT ?',
  )
  const overdue = db
    .prepare<[number]>("SELECT id FROM approvals WHERE state = 'pending' AND expires_ms <= ? LIMIT 100")
    .pluck()
  const approved = db
    .prepare<[]>(
      `SELECT a.id FROM actions a JOIN approvals p ON p.id = a.approval_id JOIN tasks t ON t.row = a.task_row
       WHERE a.state = 'held' AND p.state = 'approved' AND t.probe = 0 ORDER BY a.row LIMIT 1000`,
    )
    .pluck()
  const decide = db.prepare(
    `UPDATE approvals SET state = @state, decided_ms = @atMs, decided_by = @by, comment = @comment WHERE id = @id AND state = 'pending'`,
  )
  const addWaiting = db.prepare(
    `UPDATE tasks SET waited_ms = waited_ms + max(0, @atMs - max(@sinceMs, waited_until_ms)),
       waited_until_ms = max(waited_until_ms, @atMs) WHERE id = @task`,
  )

  const decideApproval = db.transaction((act: DecideApprovalAct): DecideApprovalAnswer => {
    const row = byId.get(act.id)
    if (row === undefined) return { kind: 'unknown' }
    if (row.state !== 'pending') return { kind: 'late', state: row.state }
    if (act.state === 'approved' && row.expires_ms <= act.atMs) return { kind: 'late', state: 'expired' }
    decide.run({ id: act.id, state: act.state, atMs: act.atMs, by: act.by, comment: act.comment ?? null })
    addWaiting.run({ atMs: act.atMs, sinceMs: row.created_ms, task: row.task })
    audit.append(act.entry)
    return { kind: 'decided' }
  })

  return {
    listApprovals: ({ state, limit }) =>
      act(() => (state === undefined ? newest.all(limit) : newestInState.all(state, limit)).map(approvalOfRow)),
    readApproval: (id) =>
      act(() => {
        const row = byId.get(id)
        return row === undefined ? undefined : approvalOfRow(row)
      }),
    decideApproval: (decision) => act(() => decideApproval.immediate(decision)),
    overdueApprovals: (nowMs) => act(() => overdue.all(nowMs) as string[]),
    approvedActions: () => act(() => approved.all() as string[]),
  }
}
