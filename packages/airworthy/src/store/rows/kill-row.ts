/** Kills as rows. */
import type { KillRecord } from '../../guard/port.ts'

export interface KillRow {
  readonly agent: string
  readonly tool: string
  readonly reason: string
  readonly engaged_by: string
  readonly engaged_ms: number
}

export function killOfRow(row: KillRow): KillRecord {
  return { agent: row.agent, tool: row.tool, reason: row.reason, by: row.engaged_by, atMs: row.engaged_ms }
}
