/** Actions without a known outcome, on SQLite. */
import type { RecoveryStore } from '../../operate/recovery/port.ts'
import type { AuditAppender } from './audit-appender.ts'
import { type ActionRow, actionOfRow, actionSelect } from './guard-store.ts'
import { act, type SqliteDatabase } from './open.ts'

export function sqliteRecoveryStore(db: SqliteDatabase, audit: AuditAppender): RecoveryStore {
  const inDoubt = db.prepare<[number, string, number], ActionRow>(
    `${actionSelect} WHERE a.state = 'intended' AND a.doubt_ms <= ? AND a.owner <> ? ORDER BY a.row LIMIT ?`,
  )
  const ambiguous = db.prepare<[number], ActionRow>(
    `${actionSelect} WHERE a.state = 'ambiguous' ORDER BY a.row LIMIT ?`,
  )

  return {
    actionsInDoubt: ({ nowMs, exceptOwner, limit }) =>
      act(() => inDoubt.all(nowMs, exceptOwner, limit).map((row) => actionOfRow(row, audit))),
    ambiguousActions: (limit) => act(() => ambiguous.all(limit).map((row) => actionOfRow(row, audit))),
  }
}
