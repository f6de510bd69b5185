/** The kill switch on SQLite. */
import type { KillStore } from '../../operate/halts/port.ts'
import { type KillRow, killOfRow } from '../rows/kill-row.ts'
import type { AuditAppender } from './audit-appender.ts'
import { act, type SqliteDatabase } from './open.ts'

export function sqliteKillStore(db: SqliteDatabase, audit: AuditAppender): KillStore {
  const all = db.prepare<[], KillRow>('SELECT * FROM kills ORDER BY engaged_ms')
  const insert = db.prepare(
    'INSERT INTO kills (agent, tool, reason, engaged_by, engaged_ms) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
  )
  const remove = db.prepare('DELETE FROM kills WHERE agent = ? AND tool = ?')
  const running = db
    .prepare<[string, string, string]>(
      `SELECT count(*) FROM actions a JOIN tasks t ON t.row = a.task_row
       WHERE a.state = 'intended' AND t.agent = ? AND (? = '*' OR a.tool = ?)`,
    )
    .pluck()

  const engage = db.transaction(({ kill, entry }: Parameters<KillStore['engageKill']>[0]) => {
    insert.run(kill.agent, kill.tool, kill.reason, kill.by, kill.atMs)
    audit.append(entry)
  })
  const lift = db.transaction(({ agent, tool, entry }: Parameters<KillStore['liftKill']>[0]) => {
    if (remove.run(agent, tool).changes !== 1) return false
    audit.append(entry)
    return true
  })

  return {
    listKills: () => act(() => all.all().map(killOfRow)),
    engageKill: (kill) => act(() => engage.immediate(kill)),
    liftKill: (kill) => act(() => lift.immediate(kill)),
    countRunning: (agent, tool) => act(() => running.get(agent, tool, tool) as unknown as number),
  }
}
