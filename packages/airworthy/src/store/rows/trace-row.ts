/** Spans and imported runs as rows. */
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import type { RunSummary, SpanSource, StoredSpan } from '../../operate/traces/port.ts'
import { type GenAiReading, genAiReadingOf, genAiReadingVersion } from '../../telemetry/gen-ai-reading.ts'
import type { RecordedCall, RecordedMessage, RecordedRun, RunFormat } from '../../telemetry/recorded-run.ts'
import type { SpanDetails, SpanKind, SpanRecord, SpanStatus } from '../../telemetry/span.ts'

export interface ImportedTaskRow {
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

export interface ImportedActionRow {
  readonly n: number
  readonly tool: string
  readonly arguments: string
  readonly after_messages: number
  readonly result: string | null
  readonly error: string | null
  readonly auth_checks: string | null
  readonly span_id: string | null
}

export interface SpanRow {
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
  readonly details: string | null
  readonly source: SpanSource
  readonly agent: string | null
  readonly reading: string | null
}

/** In the order of the columns: id, import_row, name, format, agent, model, principal, messages, outcome, trace_id. */
export function importedTaskValues(run: RecordedRun, importRow: number): (string | number | null)[] {
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

/** n, tool, arguments, after_messages, result, error, auth_checks, span_id. */
export function importedActionValues(call: RecordedCall): (string | number | null)[] {
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

/** trace_id, span_id, parent_span_id, name, kind, start_ns, end_ns, status, status_message, attributes, resource. */
export function spanValues(span: SpanRecord): (string | bigint | null)[] {
  return valuesWith(span, JSON.stringify(span.attributes))
}

function valuesWith(span: Omit<SpanRecord, 'attributes'>, attributes: string | null): (string | bigint | null)[] {
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
    attributes,
    resourceText(span.resource),
  ]
}

let lastResource: JsonObject | undefined
let lastResourceText = ''

/** Spans come in groups of one resource. */
function resourceText(resource: JsonObject): string {
  if (resource !== lastResource) {
    lastResource = resource
    lastResourceText = JSON.stringify(resource)
  }
  return lastResourceText
}

/** The values of a span with its details after them, as imports and what came over OTLP have them. */
export function detailedSpanValues(span: SpanRecord): (string | bigint | null)[] {
  return detailedValuesWith(span, JSON.stringify(span.attributes))
}

/** The same of a span whose attributes are a text already; null: they stand elsewhere. */
export function detailedValuesWith(
  span: Omit<SpanRecord, 'attributes'>,
  attributes: string | null,
): (string | bigint | null)[] {
  const values = valuesWith(span, attributes)
  values.push(textOrNull(span.details))
  return values
}

function textOrNull(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value)
}

function parsed<T>(text: string): T {
  return valueOfJson(text) as T
}

export function summaryOfRow(row: ImportedTaskRow): RunSummary {
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

export function runOfRows(row: ImportedTaskRow, actions: readonly ImportedActionRow[]): RecordedRun {
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
    calls: actions.map(callOfRow),
    ...(row.outcome === null ? {} : { outcome: parsed<NonNullable<RecordedRun['outcome']>>(row.outcome) }),
  }
}

function callOfRow(row: ImportedActionRow): RecordedCall {
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

export function spanOfRow(row: SpanRow, resources: Map<string, JsonObject> = new Map()): SpanRecord {
  const resource = resources.get(row.resource) ?? parsed<JsonObject>(row.resource)
  resources.set(row.resource, resource)
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
    resource,
    ...(row.details === null ? {} : { details: parsed<SpanDetails>(row.details) }),
  }
}

/** What the bound of a trace counts. */
export function charactersOfRow(
  { name, attributes, resource, details }: SpanRow,
  ofAttributes = attributes.length,
): number {
  return name.length + ofAttributes + resource.length + (details?.length ?? 0)
}

/** @param resources  by their texts: the spans of a trace share a few, and then share one value. */
export function storedSpanOfRow(row: SpanRow, resources: Map<string, JsonObject>): StoredSpan {
  const { attributes, details, source, agent } = row
  const stored = {
    span: details === null ? lazySpan(row, resources) : lazyDetails(lazySpan(row, resources), details),
    texts: { attributes, details: details ?? undefined },
    reading: readingOfRow(row.reading, attributes),
    source,
  }
  return agent === null ? stored : { ...stored, agent }
}

/** A trace of thousands of spans is mostly passed on as the texts that it came as, so its attributes are parsed when somebody asks. */
function lazySpan(row: SpanRow, resources: Map<string, JsonObject>): SpanRecord {
  let resource = resources.get(row.resource)
  if (resource === undefined) {
    resource = parsed<JsonObject>(row.resource)
    resources.set(row.resource, resource)
  }
  let known: JsonObject | undefined
  // Mutable until it is returned; what a row does not have is no property at all.
  const span: { -readonly [Name in keyof SpanRecord]: SpanRecord[Name] } = {
    traceId: row.trace_id,
    spanId: row.span_id,
    name: row.name,
    kind: row.kind,
    status: row.status,
    resource,
    get attributes() {
      known ??= parsed<JsonObject>(row.attributes)
      return known
    },
  }
  if (row.parent_span_id !== null) span.parentSpanId = row.parent_span_id
  if (row.start_ns !== null) span.startNs = row.start_ns
  if (row.end_ns !== null) span.endNs = row.end_ns
  if (row.status_message !== null) span.statusMessage = row.status_message
  return span
}

function lazyDetails(span: SpanRecord, text: string): SpanRecord {
  let known: SpanDetails | undefined
  return Object.defineProperty(span, 'details', {
    enumerable: true,
    configurable: true,
    get: () => {
      known ??= parsed<SpanDetails>(text)
      return known
    },
  })
}

/** Of attributes that were read by an older version, or never, they are read now. @param attributes  as text. */
function readingOfRow(text: string | null, attributes: string): GenAiReading | undefined {
  const noted = text === null ? undefined : parsed<Partial<GenAiReading>>(text)
  if (noted?.version !== genAiReadingVersion) return genAiReadingOf(parsed<JsonObject>(attributes))
  return noted.spelling === undefined ? undefined : (noted as GenAiReading)
}
