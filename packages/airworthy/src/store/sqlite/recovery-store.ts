/** Actions without a known outcome, on SQLite. */
import type { RecoveryStore } from '../../operate/recovery/port.ts'
import { actionReader } from './action-row.ts'
import type { AuditAppender } from './audit-appender.ts'
import { act, type SqliteDatabase } from './open.ts'

export function sqliteRecoveryStore(db: SqliteDatabase, audit: AuditAppender): RecoveryStore {
  const actions = actionReader(db, audit)
  return {
    openActions: (limit) => act(() => actions.inState('intended', limit)),
    ambiguousActions: (limit) => act(() => actions.inState('ambiguous', limit)),
  }
}
