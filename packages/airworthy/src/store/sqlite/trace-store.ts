/** Spans and imported runs on SQLite. */
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { ImportedCounts, ImportRunsAct, RunSummary, TraceStore } from '../../operate/traces/port.ts'
import type { RecordedCall, RecordedMessage, RecordedRun, RunFormat } from '../../telemetry/recorded-run.ts'
import type { SpanKind, SpanRecord, SpanStatus } from '../../telemetry/span.ts'
import type { AuditAppender } from './audit-appender.ts'
import { act, type SqliteDatabase } from './open.ts'

interface TaskRow {
  readonly row: number
  readonly id: string
  readonly name: string
  readonly format: RunFormat
  readonly agent: string | null
  readonly model: string | null
  readonly principal: string | null
  readonly messages: string
  readonly outcome: string | null
  readonly trace_id: string
  readonly file: string
  readonly at_ms: number
  readonly actions: number
}

interface ActionRow {
  readonly n: number
  readonly tool: string
  readonly arguments: string
  readonly after_messages: number
  readonly result: string | null
  readonly error: string | null
  readonly auth_checks: string | null
  readonly span_id: string | null
}

interface SpanRow {
  readonly trace_id: string
  readonly span_id: string
  readonly parent_span_id: string | null
  readonly name: string
  readonly kind: SpanKind
  readonly start_ns: bigint | null
  readonly end_ns: bigint | null
  readonly status: SpanStatus
  readonly status_message: string | null
  readonly attributes: string
  readonly resource: string
}

export function sqliteTraceStore(db: SqliteDatabase, audit: AuditAppender): TraceStore {
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
       resource, source, import_row)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'import', ?) ON CONFLICT (trace_id, span_id) DO NOTHING`,
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
      const added = insertTask.run(...taskValues(run, importRow))
      if (added.changes === 0) continue
      runsNew++
      actionsNew += run.calls.length
      for (const call of run.calls) insertAction.run(Number(added.lastInsertRowid), ...actionValues(call))
    }
    for (const span of spans) spansNew += insertSpan.run(...spanValues(span), importRow).changes
    const counts = {
      runsNew,
      runsKnown: runs.length - runsNew,
      actionsNew,
      spansNew,
      spansKnown: spans.length - spansNew,
    }
    // The same file again leaves nothing behind, no entry either.
    if (runsNew + spansNew === 0) deleteImport.run(importRow)
    else audit.append({ ...entry, details: { ...entry.details, runs: runsNew, actions: actionsNew, spans: spansNew } })
    return counts
  })

  return {
    importRuns: (importing) => act(() => importRuns.immediate(importing)),
    listRuns: ({ limit, format }) => act(() => (list.all(format ?? null, limit) as TaskRow[]).map(summaryOf)),
    countRuns: () => act(() => count.get() as number),
    readRun: (id) =>
      act(() => {
        const row = byId.get(id) as TaskRow | undefined
        if (row === undefined) return undefined
        const run = runOf(row, actionsOf.all(row.row) as ActionRow[])
        return { run, file: row.file, importedMs: row.at_ms }
      }),
    spansOf: (traceId) => act(() => (spansOf.all(traceId) as SpanRow[]).map(spanOf)),
  }
}

function taskValues(run: RecordedRun, importRow: number): (string | number | null)[] {
  return [
    run.id,
    importRow,
    run.name,
    run.format,
    run.agent ?? null,
    run.model ?? null,
    textOrNull(run.principal),
    JSON.stringify(run.messages),
    textOrNull(run.outcome),
    run.traceId,
  ]
}

function actionValues(call: RecordedCall): (string | number | null)[] {
  return [
    call.index,
    call.tool,
    JSON.stringify(call.arguments),
    call.afterMessages,
    textOrNull(call.result),
    call.error ?? null,
    textOrNull(call.authChecks),
    call.spanId ?? null,
  ]
}

function spanValues(span: SpanRecord): (string | bigint | null)[] {
  return [
    span.traceId,
    span.spanId,
    span.parentSpanId ?? null,
    span.name,
    span.kind,
    span.startNs ?? null,
    span.endNs ?? null,
    span.status,
    span.statusMessage ?? null,
    JSON.stringify(span.attributes),
    JSON.stringify(span.resource),
  ]
}

function textOrNull(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value)
}

function parsed<T>(text: string): T {
  return JSON.parse(text) as T
}

function summaryOf(row: TaskRow): RunSummary {
  const principal = row.principal === null ? undefined : parsed<{ readonly id: string }>(row.principal)
  return {
    id: row.id,
    name: row.name,
    format: row.format,
    ...(row.agent === null ? {} : { agent: row.agent }),
    ...(row.model === null ? {} : { model: row.model }),
    ...(principal === undefined ? {} : { principalId: principal.id }),
    ...(row.outcome === null ? {} : { outcome: parsed<NonNullable<RecordedRun['outcome']>>(row.outcome) }),
    actions: row.actions,
    traceId: row.trace_id,
    file: row.file,
    importedMs: row.at_ms,
  }
}

function runOf(row: TaskRow, actions: readonly ActionRow[]): RecordedRun {
  const messages = parsed<readonly RecordedMessage[]>(row.messages)
  const input = messages.find(({ role }) => role === 'user')?.text
  return {
    id: row.id,
    name: row.name,
    format: row.format,
    traceId: row.trace_id,
    ...(row.agent === null ? {} : { agent: row.agent }),
    ...(row.model === null ? {} : { model: row.model }),
    ...(row.principal === null ? {} : { principal: parsed<NonNullable<RecordedRun['principal']>>(row.principal) }),
    ...(input === undefined ? {} : { input }),
    messages,
    calls: actions.map(callOf),
    ...(row.outcome === null ? {} : { outcome: parsed<NonNullable<RecordedRun['outcome']>>(row.outcome) }),
  }
}

function callOf(row: ActionRow): RecordedCall {
  return {
    index: row.n,
    tool: row.tool,
    arguments: parsed<JsonObject>(row.arguments),
    afterMessages: row.after_messages,
    ...(row.result === null ? {} : { result: parsed<JsonValue>(row.result) }),
    ...(row.error === null ? {} : { error: row.error }),
    ...(row.auth_checks === null ? {} : { authChecks: parsed<Record<string, boolean>>(row.auth_checks) }),
    ...(row.span_id === null ? {} : { spanId: row.span_id }),
  }
}

function spanOf(row: SpanRow): SpanRecord {
  return {
    traceId: row.trace_id,
    spanId: row.span_id,
    ...(row.parent_span_id === null ? {} : { parentSpanId: row.parent_span_id }),
    name: row.name,
    kind: row.kind,
    ...(row.start_ns === null ? {} : { startNs: row.start_ns }),
    ...(row.end_ns === null ? {} : { endNs: row.end_ns }),
    status: row.status,
    ...(row.status_message === null ? {} : { statusMessage: row.status_message }),
    attributes: parsed<JsonObject>(row.attributes),
    resource: parsed<JsonObject>(row.resource),
  }
}
