/** The schema of the file of traces, and how they came to have one. */
import { applyMigrations } from './migrate.ts'
import type { SqliteDatabase } from './open.ts'
import { tracesMigration } from './traces-migrations/001-traces.sql.ts'

const migrations: readonly string[] = [tracesMigration]

/** @throws STORE_FOREIGN, STORE_NEWER; nothing is touched then */
export function migrateTraces(db: SqliteDatabase, path: string): void {
  applyMigrations(db, path, migrations)
}

/** In memory there is one database for all. */
export function addTracesTo(ledger: SqliteDatabase): void {
  for (const sql of migrations) ledger.exec(sql)
}

/** What stood beside the ledger before, those that others refer to first; the columns are those of that time. */
const movedTables = [
  'imports (row, file, file_digest, format, entry_id, at_ms)',
  'imported_tasks (row, id, import_row, name, format, agent, model, principal, messages, outcome, trace_id)',
  'imported_actions (task_row, n, tool, arguments, after_messages, result, error, auth_checks, span_id)',
  `spans (row, trace_id, span_id, parent_span_id, name, kind, start_ns, end_ns, status, status_message, source, import_row, agent,
     received_ms, reading, resource, attributes, details)`,
  'span_blocks (row, bytes)',
  'span_block_counts (block, spans)',
  'rollup_groups (row, family, source, agent, release, environment, task_type, model, tool)',
  'rollups (group_row, tier, at_ms, shard, value)',
]

/** Killed in between, the next start does it again: what is there already stays as it is. */
export function moveTraces(traces: SqliteDatabase, ledgerPath: string): void {
  traces.prepare('ATTACH ? AS ledger').run(ledgerPath)
  try {
    traces
      .transaction(() => {
        for (const table of movedTables) {
          const [name, columns] = [table.slice(0, table.indexOf(' ')), table.slice(table.indexOf('(') + 1, -1)]
          traces.exec(`INSERT OR IGNORE INTO main.${name} (${columns}) SELECT ${columns} FROM ledger.${name}`)
        }
      })
      .immediate()
  } finally {
    traces.exec('DETACH ledger')
  }
}
