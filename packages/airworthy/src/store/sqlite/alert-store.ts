/** Alerts on SQLite: their states, with the entries and notifications of each change. */
import { valueOfJson } from '../../core/value-of-json.ts'
import type { AlertRecord } from '../../operate/alerts/advance-alert.ts'
import type { AlertStore, ChangeAlert } from '../../operate/alerts/port.ts'
import type { AuditAppender } from './audit-appender.ts'
import { notificationInserter } from './notification-store.ts'
import { act, type SqliteDatabase } from './open.ts'

export function sqliteAlertStore(db: SqliteDatabase, audit: AuditAppender): AlertStore {
  const tick = db.prepare(
    `INSERT INTO ticks (name, at_ms) VALUES (?, ?)
     ON CONFLICT (name) DO UPDATE SET at_ms = excluded.at_ms
     WHERE ticks.at_ms < excluded.at_ms OR ticks.at_ms > excluded.at_ms + 300000`,
  )
  const list = db
    .prepare<[string, string], string>('SELECT body FROM alerts WHERE agent = ? AND environment = ? ORDER BY name')
    .pluck()
  const insert = db.prepare(
    `INSERT INTO alerts (agent, environment, name, revision, state, body) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT DO NOTHING`,
  )
  const update = db.prepare(
    `UPDATE alerts SET revision = ?, state = ?, body = ? WHERE agent = ? AND environment = ? AND name = ? AND revision = ?`,
  )
  const forgetAlerts = db.prepare('DELETE FROM alerts WHERE agent = ? AND environment = ?')
  const forgetNotifications = db.prepare('DELETE FROM notifications WHERE agent = ? AND environment = ?')
  const notify = notificationInserter(db)

  const change = db.transaction(
    ({ agent, environment, record, expectedRevision, entry, notifications }: ChangeAlert): boolean => {
      const { name, revision, state } = record
      const body = JSON.stringify(record)
      const { changes } =
        expectedRevision === 0
          ? insert.run(agent, environment, name, revision, state, body)
          : update.run(revision, state, body, agent, environment, name, expectedRevision)
      if (changes !== 1) return false
      if (entry !== undefined) audit.append(entry)
      for (const notification of notifications) notify(notification)
      return true
    },
  )
  const forget = db.transaction((agent: string, environment: string) => {
    forgetAlerts.run(agent, environment)
    forgetNotifications.run(agent, environment)
  })

  return {
    claimTick: ({ name, atMs }) => act(() => tick.run(name, atMs).changes === 1),
    listAlerts: ({ agent, environment }) =>
      act(() => (list.all(agent, environment) as string[]).map((body) => valueOfJson(body) as AlertRecord)),
    changeAlert: (changed) => act(() => change.immediate(changed)),
    forgetAlerts: ({ agent, environment }) => act(() => forget.immediate(agent, environment)),
  }
}
