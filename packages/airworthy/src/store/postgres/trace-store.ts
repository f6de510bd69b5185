/** Spans and imported runs on PostgreSQL. */
import type { ImportedCounts, ImportRunsAct, TraceStore } from '../../operate/traces/port.ts'
import {
  type ImportedActionRow,
  type ImportedTaskRow,
  importedActionValues,
  importedTaskValues,
  runOfRows,
  type SpanRow,
  spanOfRow,
  spanValues,
  summaryOfRow,
} from '../rows/trace-row.ts'
import type { PostgresConnection } from './connection.ts'
import { entryOf } from './entries.ts'

const tasks = `SELECT t.*, i.file, i.at_ms, (SELECT count(*) FROM imported_actions a WHERE a.task_row = t.row) AS actions
  FROM imported_tasks t JOIN imports i ON i.row = t.import_row`

export function postgresTraceStore({ transaction, read }: PostgresConnection): TraceStore {
  async function importRuns({
    file,
    fileDigest,
    format,
    runs,
    spans,
    atMs,
    entry,
  }: ImportRunsAct): Promise<ImportedCounts> {
    return await transaction(async (act) => {
      await act('lock_imports', {})
      const known = await act<{ readonly runs: readonly string[]; readonly spans: readonly string[] }>('count_known', {
        runs: runs.map(({ id }) => id),
        spans: spans.map(({ traceId, spanId }) => [traceId, spanId]),
      })
      const newRuns = unknownOf(runs, ({ id }) => id, known.runs)
      const newSpans = unknownOf(spans, ({ traceId, spanId }) => `${traceId}:${spanId}`, known.spans)
      const counts = {
        runsNew: newRuns.length,
        runsKnown: runs.length - newRuns.length,
        actionsNew: newRuns.reduce((sum, { calls }) => sum + calls.length, 0),
        spansNew: newSpans.length,
        spansKnown: spans.length - newSpans.length,
      }
      // The same file again leaves nothing behind, no entry either.
      if (counts.runsNew + counts.spansNew === 0) return counts
      const details = { ...entry.details, runs: counts.runsNew, actions: counts.actionsNew, spans: counts.spansNew }
      await act('import_runs', {
        file,
        fileDigest,
        format,
        atMs,
        runs: newRuns.map((run) => {
          const [id, , ...rest] = importedTaskValues(run, 0)
          return { task: [id, ...rest], calls: run.calls.map(importedActionValues) }
        }),
        spans: newSpans.map((span) =>
          spanValues(span).map((value) => (typeof value === 'bigint' ? `${value}` : value)),
        ),
        entry: entryOf({ ...entry, details }),
      })
      return counts
    })
  }

  return {
    importRuns,
    listRuns: async ({ limit, format }) =>
      (
        await read<ImportedTaskRow>(
          `${tasks} WHERE $1::text IS NULL OR t.format = $1 ORDER BY t.import_row DESC, t.row LIMIT $2`,
          [format ?? null, limit],
        )
      ).map(summaryOfRow),
    async countRuns() {
      const [row] = await read<{ count: number }>('SELECT count(*) FROM imported_tasks')
      return row?.count ?? 0
    },
    async readRun(id) {
      const [row] = await read<ImportedTaskRow>(`${tasks} WHERE t.id = $1`, [id])
      if (row === undefined) return undefined
      const actions = await read<ImportedActionRow>('SELECT * FROM imported_actions WHERE task_row = $1 ORDER BY n', [
        row.row,
      ])
      return { run: runOfRows(row, actions), file: row.file, importedMs: row.at_ms }
    },
    async spansOf(traceId) {
      const rows = await read<
        Omit<SpanRow, 'start_ns' | 'end_ns'> & { start_ns: string | null; end_ns: string | null }
      >('SELECT * FROM spans WHERE trace_id = $1 ORDER BY start_ns NULLS LAST, row', [traceId])
      return rows.map((row) => spanOfRow({ ...row, start_ns: bigintOf(row.start_ns), end_ns: bigintOf(row.end_ns) }))
    },
  }
}

function bigintOf(text: string | null): bigint | null {
  return text === null ? null : BigInt(text)
}

/** A file may name one twice; the first counts. */
function unknownOf<T>(values: readonly T[], keyOf: (value: T) => string, known: readonly string[]): T[] {
  const seen = new Set(known)
  return values.filter((value) => {
    const key = keyOf(value)
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}
