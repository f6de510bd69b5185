/** Kill switches on PostgreSQL: the act waits for what began before it, so nothing it stops commits after it. */
import type { KillStore } from '../../operate/halts/port.ts'
import { type KillRow, killOfRow } from '../rows/kill-row.ts'
import type { PostgresConnection } from './connection.ts'
import { entryOf } from './entries.ts'

export function postgresKillStore({ act, read }: PostgresConnection): KillStore {
  return {
    listKills: async () => (await read<KillRow>('SELECT * FROM kills ORDER BY engaged_ms')).map(killOfRow),
    engageKill: async ({ kill, entry }) => void (await act('engage_kill', { ...kill, entry: entryOf(entry) })),
    liftKill: async ({ agent, tool, entry }) => await act('lift_kill', { agent, tool, entry: entryOf(entry) }),
    async countRunning(agent, tool) {
      const [row] = await read<{ count: number }>(
        `SELECT count(*) FROM actions a JOIN tasks t ON t.row = a.task_row
         WHERE a.state = 'intended' AND t.agent = $1 AND ($2 = '*' OR a.tool = $2)`,
        [agent, tool],
      )
      return row?.count ?? 0
    },
  }
}
