/** Actions without a known outcome, on SQLite. */
import type { ActionRecord } from '../../guard/port.ts'
import type { RecoveryStore } from '../../operate/recovery/port.ts'
import { actionReader } from './action-reader.ts'
import type { AuditAppender } from './audit-appender.ts'
import { act, type SqliteDatabase } from './open.ts'

interface Place {
  readonly row: number
  readonly id: string
}

export function sqliteRecoveryStore(db: SqliteDatabase, audit: AuditAppender): RecoveryStore {
  const actions = actionReader(db, audit)
  // The small indexes are named: left to itself, SQLite walks the whole ledger to have it in order.
  const owners = db
    .prepare<[]>("SELECT DISTINCT owner FROM actions WHERE state = 'intended' AND owner IS NOT NULL")
    .pluck()
  const doubtful = db.prepare<[number, string, number], Place>(
    `SELECT row, id FROM actions INDEXED BY actions_intended WHERE state = 'intended'
     AND (doubt_ms IS NULL OR doubt_ms <= ? OR owner IN (SELECT value FROM json_each(?))) ORDER BY row LIMIT ?`,
  )
  const ambiguous = db.prepare<[number, string, number], Place>(
    `SELECT row, id FROM actions INDEXED BY actions_ambiguous WHERE state = 'ambiguous' AND row > ?
     AND tool IN (SELECT value FROM json_each(?)) ORDER BY row LIMIT ?`,
  )
  const records = (places: readonly Place[]): ActionRecord[] =>
    places.map(({ id }) => actions.byId(id)).filter((action) => action !== undefined)

  return {
    openOwners: () => act(() => owners.all() as string[]),
    doubtfulActions: ({ nowMs, owners: gone, limit }) =>
      act(() => records(doubtful.all(nowMs, JSON.stringify(gone), limit))),
    ambiguousActions: ({ tools, after, limit }) =>
      act(() => {
        const places = ambiguous.all(after, JSON.stringify(tools), limit)
        return { actions: records(places), next: places.length < limit ? 0 : (places.at(-1)?.row ?? 0) }
      }),
  }
}
