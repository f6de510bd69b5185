/** Actions without a known outcome, on SQLite. */
import type { RecoveryStore } from '../../operate/recovery/port.ts'
import type { AuditAppender } from './audit-appender.ts'
import { type ActionRow, actionOfRow, actionSelect } from './guard-store.ts'
import { act, type SqliteDatabase } from './open.ts'

export function sqliteRecoveryStore(db: SqliteDatabase, audit: AuditAppender): RecoveryStore {
  const inState = db.prepare<[string, number], ActionRow>(`${actionSelect} WHERE a.state = ? ORDER BY a.row LIMIT ?`)
  const read = (state: 'intended' | 'ambiguous', limit: number) =>
    act(() => inState.all(state, limit).map((row) => actionOfRow(row, audit)))

  return {
    openActions: (limit) => read('intended', limit),
    ambiguousActions: (limit) => read('ambiguous', limit),
  }
}
