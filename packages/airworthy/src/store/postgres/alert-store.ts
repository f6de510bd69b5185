/** Alerts on PostgreSQL. */
import { valueOfJson } from '../../core/value-of-json.ts'
import type { AlertRecord } from '../../operate/alerts/advance-alert.ts'
import type { AlertStore } from '../../operate/alerts/port.ts'
import type { PostgresConnection } from './connection.ts'
import { entryOf } from './entries.ts'
import { notificationParameter } from './notification-store.ts'

export function postgresAlertStore(connection: PostgresConnection, onAppend: () => void): AlertStore {
  const { act, read } = connection
  return {
    claimTick: async (tick) => await act('claim_tick', tick),
    listAlerts: async ({ agent, environment }) =>
      (
        await read<{ body: string }>(
          'SELECT body FROM alerts WHERE agent = $1 AND environment = $2 ORDER BY name COLLATE "C"',
          [agent, environment],
        )
      ).map(({ body }) => valueOfJson(body) as AlertRecord),
    async changeAlert({ agent, environment, record, expectedRevision, entry, notifications }) {
      const { name, revision, state } = record
      const isDone = await act<boolean>('change_alert', {
        agent,
        environment,
        name,
        revision,
        state,
        body: JSON.stringify(record),
        expectedRevision,
        notifications: notifications.map(notificationParameter),
        ...(entry === undefined ? {} : { entry: entryOf(entry) }),
      })
      if (isDone && entry !== undefined) onAppend()
      return isDone
    },
    forgetAlerts: async (scope) => void (await act('forget_alerts', scope)),
  }
}
