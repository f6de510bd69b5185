/**
 * Runs out of OTLP traces: a trace in which a model was asked or a tool ran is a run. Tool spans tell the calls; where a trace has
 * none, the messages of its last model call do. Spans that belong to no run are kept as spans.
 */
import type { JsonValue } from '../../core/json.ts'
import { argumentsOf, RunBuilder } from '../build-run.ts'
import { type ModelReading, modelReadingOf, partiesOf, type ToolReading, toolReadingOf } from '../conventions.ts'
import { type PlacedSpan, parseOtlpJson } from '../otlp/parse-otlp-json.ts'
import type { ReadRuns } from '../read-runs.ts'
import { readTurns, type Turn } from '../read-turns.ts'
import type { RecordedRun, Unread } from '../recorded-run.ts'
import type { SpanRecord } from '../span.ts'
import { UnreadableRun } from '../unreadable-run.ts'

/** Never throws. Pure. */
export function readOtlpJson(text: string): ReadRuns {
  const { spans, unread: broken } = parseOtlpJson(text)
  const unread: Unread[] = [...broken]
  const runs: RecordedRun[] = []
  const traces = new Map<string, Map<string, PlacedSpan>>()
  for (const placed of spans) {
    const { traceId, spanId } = placed.span
    const trace = traces.get(traceId) ?? new Map<string, PlacedSpan>()
    // A client that sends again after a cut connection sends the same span.
    if (!trace.has(spanId)) trace.set(spanId, placed)
    traces.set(traceId, trace)
  }
  for (const [traceId, trace] of traces) {
    try {
      const run = readTrace(traceId, [...trace.values()])
      if (run !== undefined) runs.push(run)
    } catch (error) {
      if (!(error instanceof UnreadableRun)) throw error
      unread.push({ where: error.where === '' ? `trace ${traceId}` : error.where, why: error.message })
    }
  }
  return { runs, spans: [...traces.values()].flatMap((trace) => [...trace.values()].map(({ span }) => span)), unread }
}

interface Read {
  readonly where: string
  readonly span: SpanRecord
  readonly tool: ToolReading | undefined
  readonly model: ModelReading | undefined
}

function readTrace(traceId: string, placed: readonly PlacedSpan[]): RecordedRun | undefined {
  const reads: readonly Read[] = placed
    .map(({ where, span }) => ({ where, span, tool: toolReadingOf(span), model: modelReadingOf(span) }))
    .sort((a, b) => Number((a.span.startNs ?? 0n) - (b.span.startNs ?? 0n)))
  const tools = withoutTransport(reads)
  const models = reads.filter(({ model }) => model !== undefined)
  if (tools.length === 0 && models.length === 0) return undefined

  const builder = new RunBuilder()
  if (tools.length > 0) tellBySpans(reads, new Set(tools), builder)
  else tellByMessages(models.at(-1) as Read, builder)
  const { principalId, agent } = partiesOf(placed.map(({ span }) => span))
  const model = models.flatMap((one) => one.model?.model ?? [])[0]
  return builder.build(placed.map(({ span }) => identityOf(span)).sort(byText), {
    name: `otlp/${traceId}`,
    format: 'otlp-json',
    traceId,
    ...(agent === undefined ? {} : { agent }),
    ...(model === undefined ? {} : { model }),
    ...(principalId === undefined ? {} : { principal: { id: principalId, attributes: {} } }),
  })
}

/** The tool calls, each once: an MCP client's span inside a tool's span is the same call on its way. */
function withoutTransport(reads: readonly Read[]): readonly Read[] {
  const byId = new Map(reads.map((read) => [read.span.spanId, read]))
  const isInsideCall = ({ span, tool }: Read): boolean => {
    let above = span.parentSpanId === undefined ? undefined : byId.get(span.parentSpanId)
    for (let depth = 0; above !== undefined && depth < parentsMax; depth++) {
      if (above.tool !== undefined && above.tool.tool === tool?.tool) return true
      above = above.span.parentSpanId === undefined ? undefined : byId.get(above.span.parentSpanId)
    }
    return false
  }
  return reads.filter((read) => read.tool !== undefined && !isInsideCall(read))
}

/** Parents may form a circle; nobody nests deeper. */
const parentsMax = 64

/** In the order of time: what is new in each model call's messages was said then. */
function tellBySpans(reads: readonly Read[], tools: ReadonlySet<Read>, builder: RunBuilder): void {
  const heard = new Set<string>()
  for (const read of reads) {
    if (tools.has(read)) askAndAnswer(read, builder)
    if (read.model === undefined) continue
    for (const turn of [...readTurns(read.model.input), ...readTurns(read.model.output)]) {
      const key = JSON.stringify(turn)
      if (turn.kind !== 'said' || heard.has(key)) continue
      heard.add(key)
      builder.say(turn.role, turn.text)
    }
  }
}

function askAndAnswer({ where, span, tool }: Read, builder: RunBuilder): void {
  if (tool === undefined) return
  if (tool.arguments === undefined) {
    throw new UnreadableRun(where, 'the arguments of this tool call were not recorded, so its run cannot be read')
  }
  const callId = span.spanId
  builder.ask({
    callId,
    tool: tool.tool,
    arguments: argumentsOf(tool.arguments, where),
    spanId: span.spanId,
    ...(tool.authChecks === undefined ? {} : { authChecks: tool.authChecks }),
  })
  if (tool.result === undefined && tool.error === undefined) return
  builder.answer({
    callId,
    ...(tool.result === undefined ? {} : { result: tool.result }),
    ...(tool.error === undefined ? {} : { error: tool.error }),
  })
}

function tellByMessages({ where, model }: Read, builder: RunBuilder): void {
  const turns: readonly Turn[] = [...readTurns(model?.input), ...readTurns(model?.output)]
  for (const turn of turns) {
    if (turn.kind === 'said') builder.say(turn.role, turn.text)
    else if (turn.kind === 'asked') builder.ask({ ...turn, arguments: argumentsOf(turn.arguments, where) })
    else if (!builder.answer(turn)) throw new UnreadableRun(where, 'a result stands there that nobody asked for')
  }
}

/** What makes the trace this trace; times are texts there, for JSON has no integers of 64 bits. */
function identityOf({ startNs, endNs, details: _besides, ...span }: SpanRecord): JsonValue {
  return { ...span, start: `${startNs ?? ''}`, end: `${endNs ?? ''}` }
}

function byText(a: JsonValue, b: JsonValue): number {
  const [left, right] = [spanIdOf(a), spanIdOf(b)]
  return left < right ? -1 : left > right ? 1 : 0
}

function spanIdOf(value: JsonValue): string {
  return (value as { readonly spanId: string }).spanId
}
