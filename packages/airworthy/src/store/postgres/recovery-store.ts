/** Actions without a known outcome, on PostgreSQL. */
import type { ActionRecord } from '../../guard/port.ts'
import type { RecoveryStore } from '../../operate/recovery/port.ts'
import type { PostgresConnection } from './connection.ts'
import { type ActionJson, actionOfJson } from './guard-store.ts'

interface Found {
  readonly row: number
  readonly found: ActionJson
}

export function postgresRecoveryStore({ read }: PostgresConnection): RecoveryStore {
  const records = (rows: readonly Found[]): ActionRecord[] => rows.map(({ found }) => actionOfJson(found))
  return {
    openOwners: async () =>
      (
        await read<{ owner: string }>(
          "SELECT DISTINCT owner FROM actions WHERE state = 'intended' AND owner IS NOT NULL",
        )
      ).map(({ owner }) => owner),
    doubtfulActions: async ({ nowMs, owners, limit }) =>
      records(
        await read<Found>(
          `SELECT a.row, action_json(a) AS found FROM actions a WHERE state = 'intended'
           AND (doubt_ms IS NULL OR doubt_ms <= $1 OR owner = ANY ($2)) ORDER BY a.row LIMIT $3`,
          [nowMs, owners, limit],
        ),
      ),
    async ambiguousActions({ tools, after, limit }) {
      const rows = await read<Found>(
        `SELECT a.row, action_json(a) AS found FROM actions a WHERE state = 'ambiguous' AND a.row > $1 AND tool = ANY ($2)
         ORDER BY a.row LIMIT $3`,
        [after, tools, limit],
      )
      return { actions: records(rows), next: rows.length < limit ? 0 : (rows.at(-1)?.row ?? 0) }
    },
  }
}
