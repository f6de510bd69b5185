/** Spans and imported runs on SQLite. */
import type { JsonObject } from '../../core/json.ts'
import type {
  ImportedCounts,
  ImportRunsAct,
  StoredSpan,
  StoredTrace,
  TraceBounds,
  TraceStore,
} from '../../operate/traces/port.ts'
import { boundedRecording } from '../bounded-recording.ts'
import {
  charactersOfRow,
  detailedSpanValues,
  type ImportedActionRow,
  type ImportedTaskRow,
  importedActionValues,
  importedTaskValues,
  runOfRows,
  type SpanRow,
  spanOfRow,
  storedSpanOfRow,
  summaryOfRow,
} from '../rows/trace-row.ts'
import type { AuditAppender } from './audit-appender.ts'
import type { HandedSpans } from './handed-spans.ts'
import { act, type SqliteDatabase } from './open.ts'
import { packedPlace, sqliteSpanBlocks } from './span-blocks.ts'
import type { SpanWriter } from './span-writer.ts'

/** @param db  where traces are. */
export function sqliteTraceStore(
  db: SqliteDatabase,
  audit: AuditAppender,
  writer: SpanWriter,
  handed: HandedSpans,
): TraceStore {
  const blocks = sqliteSpanBlocks(db)
  const insertImport = db.prepare(
    'INSERT INTO imports (file, file_digest, format, entry_id, at_ms) VALUES (?, ?, ?, ?, ?)',
  )
  const insertTask = db.prepare(
    `INSERT INTO imported_tasks (id, import_row, name, format, agent, model, principal, messages, outcome, trace_id)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
  )
  const insertAction = db.prepare(
    `INSERT INTO imported_actions (task_row, n, tool, arguments, after_messages, result, error, auth_checks, span_id)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const insertSpan = db.prepare(
    `INSERT INTO spans (trace_id, span_id, parent_span_id, name, kind, start_ns, end_ns, status, status_message, attributes,
       resource, details, source, import_row, received_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'import', ?, ?) ON CONFLICT (trace_id, span_id) DO NOTHING`,
  )
  const deleteImport = db.prepare('DELETE FROM imports WHERE row = ?')
  const tasks = `SELECT t.*, i.file, i.at_ms, (SELECT count(*) FROM imported_actions a WHERE a.task_row = t.row) AS actions
     FROM imported_tasks t JOIN imports i ON i.row = t.import_row`
  const list = db.prepare<[string | null, number]>(
    `${tasks} WHERE t.format = coalesce(?, t.format) ORDER BY t.import_row DESC, t.row LIMIT ?`,
  )
  const byId = db.prepare<[string]>(`${tasks} WHERE t.id = ?`)
  const actionsOf = db.prepare<[number]>('SELECT * FROM imported_actions WHERE task_row = ? ORDER BY n')
  const spansOf = db
    .prepare<[string]>('SELECT * FROM spans WHERE trace_id = ? ORDER BY start_ns IS NULL, start_ns, row')
    .safeIntegers()
  const countSpans = db.prepare<[string], number>('SELECT count(*) FROM spans WHERE trace_id = ?').pluck()
  // Sorted by the small columns alone: a trace may hold more spans than anybody wants to see.
  const boundedSpansOf = db
    .prepare<[string, number], SpanRow>(
      `SELECT s.* FROM (SELECT row, start_ns FROM spans WHERE trace_id = ? ORDER BY start_ns IS NULL, start_ns, row LIMIT ?) k
       CROSS JOIN spans s ON s.row = k.row ORDER BY k.start_ns IS NULL, k.start_ns, k.row`,
    )
    .safeIntegers()
  const count = db.prepare('SELECT count(*) FROM imported_tasks').pluck()

  const importRuns = db.transaction((importing: ImportRunsAct): ImportedCounts => {
    const { runs, spans, entry } = importing
    const { lastInsertRowid } = insertImport.run(
      importing.file,
      importing.fileDigest,
      importing.format,
      entry.id,
      importing.atMs,
    )
    const importRow = Number(lastInsertRowid)
    let runsNew = 0
    let actionsNew = 0
    let spansNew = 0
    for (const run of runs) {
      const added = insertTask.run(...importedTaskValues(run, importRow))
      if (added.changes === 0) continue
      runsNew++
      actionsNew += run.calls.length
      for (const call of run.calls) insertAction.run(Number(added.lastInsertRowid), ...importedActionValues(call))
    }
    for (const span of spans) spansNew += insertSpan.run(...detailedSpanValues(span), importRow, importing.atMs).changes
    const counts = {
      runsNew,
      runsKnown: runs.length - runsNew,
      actionsNew,
      spansNew,
      spansKnown: spans.length - spansNew,
    }
    // The same file again leaves nothing behind, no entry either. The log is another file: what it says comes first.
    if (runsNew + spansNew === 0) deleteImport.run(importRow)
    else
      audit.appendApart({
        ...entry,
        details: { ...entry.details, runs: runsNew, actions: actionsNew, spans: spansNew },
      })
    return counts
  })

  function readTrace(traceId: string, { spansMax, charactersMax }: TraceBounds): StoredTrace {
    const rows: SpanRow[] = []
    const resources = new Map<string, JsonObject>()
    let characters = 0
    for (const row of boundedSpansOf.iterate(traceId, spansMax)) {
      const { attributes } = row
      characters += charactersOfRow(row, packedPlace(attributes)?.characters ?? attributes.length)
      if (characters > charactersMax) break
      rows.push(row)
    }
    const spans: readonly StoredSpan[] = blocks.unpacked(rows).map((row) => storedSpanOfRow(row, resources))
    return { spans, leftOut: (countSpans.get(traceId) ?? 0) - spans.length }
  }

  return {
    importRuns: (importing) => act(() => importRuns.immediate(importing)),
    listRuns: ({ limit, format }) =>
      act(() => (list.all(format ?? null, limit) as ImportedTaskRow[]).map(summaryOfRow)),
    countRuns: () => act(() => count.get() as number),
    readRun: (id) =>
      act(() => {
        const row = byId.get(id) as ImportedTaskRow | undefined
        if (row === undefined) return undefined
        const run = runOfRows(row, actionsOf.all(row.row) as ImportedActionRow[])
        return { run, file: row.file, importedMs: row.at_ms }
      }),
    async spansOf(traceId) {
      await handed.settled()
      return await act(() => blocks.unpacked(spansOf.all(traceId) as SpanRow[]).map((row) => spanOfRow(row)))
    },
    async readTrace(traceId, bounds) {
      await handed.settled()
      return await act(() => readTrace(traceId, bounds))
    },
    receiveSpans: (request) => writer.write(request),
    recordSpans: boundedRecording((spans) => writer.record(spans)),
  }
}
