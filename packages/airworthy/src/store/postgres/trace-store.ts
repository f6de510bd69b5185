/** Spans and imported runs on PostgreSQL. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { JsonObject } from '../../core/json.ts'
import type {
  ImportedCounts,
  ImportRunsAct,
  ReceivedSpans,
  SpanRequest,
  StoredSpan,
  TraceStore,
} from '../../operate/traces/port.ts'
import { openTraceRequest } from '../../telemetry/otlp/read-trace-request.ts'
import type { RejectedSpan } from '../../telemetry/otlp/span-fault.ts'
import { type SpanTally, spanTally } from '../../telemetry/otlp/span-tally.ts'
import { rollupBatch } from '../../telemetry/rollups/batch.ts'
import type { SpanOrigin } from '../../telemetry/rollups/contribution.ts'
import { nameBound } from '../../telemetry/rollups/name-bound.ts'
import type { SpanRecord } from '../../telemetry/span.ts'
import { boundedRecording } from '../bounded-recording.ts'
import { type CountedSpan, countedSpan } from '../rows/counted-span.ts'
import {
  detailedSpanValues,
  type ImportedActionRow,
  type ImportedTaskRow,
  importedActionValues,
  importedTaskValues,
  runOfRows,
  spanOfRow,
  storedSpanOfRow,
  summaryOfRow,
} from '../rows/trace-row.ts'
import type { PostgresConnection } from './connection.ts'
import { entryOf } from './entries.ts'
import { rollupsOf } from './rollups.ts'
import { exactSpanRow, type TextSpanRow } from './span-row.ts'

const tasks = `SELECT t.*, i.file, i.at_ms, (SELECT count(*) FROM imported_actions a WHERE a.task_row = t.row) AS actions
  FROM imported_tasks t JOIN imports i ON i.row = t.import_row`

export function postgresTraceStore({ transaction, read }: PostgresConnection): TraceStore {
  const names = nameBound()
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
        spans: newSpans.map(sentValues),
        entry: entryOf({ ...entry, details }),
      })
      return counts
    })
  }

  /** One transaction for each part of a request; the loop turns between them. */
  async function keepSpans(
    spans: Iterator<SpanRecord | RejectedSpan>,
    origin: SpanOrigin,
    atMs?: number,
  ): Promise<SpanTally> {
    const tally = spanTally()
    for (;;) {
      const part = new Map<string, { readonly span: SpanRecord; readonly counted: CountedSpan }>()
      let characters = 0
      let looked = 0
      let isLast = false
      while (looked < spansPerActMax && characters < charactersPerActMax) {
        looked++
        const next = spans.next()
        if (next.done === true) {
          isLast = true
          break
        }
        if ('kind' in next.value && next.value.kind === 'rejected') {
          tally.rejected(next.value)
          continue
        }
        const span = next.value as SpanRecord
        const key = `${span.traceId}${span.spanId}`
        // One statement touches a row once; the first of two counts, as everywhere.
        if (part.has(key)) tally.kept(0)
        else {
          const counted = countedSpan(span, origin)
          part.set(key, { span, counted })
          characters += String(counted.values[attributesPlace]).length
        }
      }
      if (part.size > 0) {
        const sorted = [...part].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one)
        const kept = await keepPart(sorted, origin, atMs)
        for (let i = 0; i < sorted.length; i++) tally.kept(i < kept ? 1 : 0)
        // Of spans that are all refused nothing is written, and nobody else had a turn.
      } else await nextTurn()
      if (isLast) return tally
    }
  }

  /** What is new is counted where it is kept. @returns how many were new. */
  async function keepPart(
    part: readonly { readonly span: SpanRecord; readonly counted: CountedSpan }[],
    { source, agent }: SpanOrigin,
    atMs: number | undefined,
  ): Promise<number> {
    const spans = part.map(({ span, counted }) => [
      ...counted.values.map((value) => (typeof value === 'bigint' ? `${value}` : value)),
      atMs ?? (span.endNs === undefined ? null : Number(span.endNs / 1_000_000n)),
    ])
    return await transaction(async (act) => {
      const kept = await act<readonly number[]>('keep_spans', { spans, source, agent: agent ?? null })
      const batch = rollupBatch(names)
      for (const place of kept) {
        const contribution = part[place]?.counted.contribution
        if (contribution !== undefined) batch.add(contribution)
      }
      const deltas = batch.deltas()
      if (deltas.length > 0) await act('add_rollups', rollupsOf(deltas))
      return kept.length
    })
  }

  async function receiveSpans({ encoding, body, agent, atMs }: SpanRequest): Promise<ReceivedSpans> {
    const opened = openTraceRequest(encoding, body)
    if (opened.kind !== 'spans') return opened
    return (await keepSpans(opened.spans, { source: 'otlp', agent }, atMs)).answer()
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
    receiveSpans,
    recordSpans: boundedRecording(async (spans) => void (await keepSpans(spans.values(), { source: 'kit' }))),
    async spansOf(traceId) {
      const rows = await read<TextSpanRow>(
        'SELECT * FROM spans WHERE trace_id = $1 ORDER BY start_ns NULLS LAST, row',
        [traceId],
      )
      return rows.map((row) => spanOfRow(exactSpanRow(row)))
    },
    async readTrace(traceId, { spansMax, charactersMax }) {
      const [count] = await read<{ count: number }>('SELECT count(*) FROM spans WHERE trace_id = $1', [traceId])
      const rows = await read<TextSpanRow>(
        `SELECT * FROM (
           SELECT s.*, sum(length(s.name) + length(s.attributes) + length(s.resource) + coalesce(length(s.details), 0))
             OVER (ORDER BY s.start_ns NULLS LAST, s.row ROWS UNBOUNDED PRECEDING) AS characters
           FROM (SELECT row FROM spans WHERE trace_id = $1 ORDER BY start_ns NULLS LAST, row LIMIT $2) k JOIN spans s USING (row)
         ) bounded WHERE characters <= $3 ORDER BY start_ns NULLS LAST, row`,
        [traceId, spansMax, charactersMax],
      )
      const resources = new Map<string, JsonObject>()
      const spans: readonly StoredSpan[] = rows.map((row) => storedSpanOfRow(exactSpanRow(row), resources))
      return { spans, leftOut: (count?.count ?? 0) - spans.length }
    },
  }
}

/** What one act takes; larger ones gain nothing and hold their locks for longer. */
const spansPerActMax = 1_000
const charactersPerActMax = 8 * 1024 * 1024
/** Of the values of a span. */
const attributesPlace = 9

/** As JSON, which has no integers of 64 bits. */
function sentValues(span: SpanRecord): (string | null)[] {
  return detailedSpanValues(span).map((value) => (typeof value === 'bigint' ? `${value}` : value))
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
