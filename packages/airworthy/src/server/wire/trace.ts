/** A trace as it goes over the wire. */
import type { WireSpan, WireTrace } from '../../contract/trace.ts'
import type { JsonObject } from '../../core/json.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import type { StoredTrace } from '../../operate/traces/port.ts'
import { type TraceNode, treeOf } from '../../operate/traces/trace-tree.ts'
import type { GenAiReading } from '../../telemetry/gen-ai-reading.ts'
import { usageOfTrace } from '../../telemetry/trace-usage.ts'

/** Levels of nesting; many parsers give up beyond some hundred. What is deeper stands beside its parent and names it. */
export const traceDepthMax = 100

/** For who wants the value. */
export function wireTrace(traceId: string, trace: StoredTrace): WireTrace {
  return valueOfJson(wireTraceBytes(traceId, trace).toString()) as WireTrace
}

/** The answer as UTF-8: attributes and details, which are most of it, are passed on as they are stored. */
export function wireTraceBytes(traceId: string, { spans, leftOut }: StoredTrace): Buffer<ArrayBuffer> {
  const resources: JsonObject[] = []
  const places = new Map<JsonObject, number>()
  const indexOf = (resource: JsonObject): number => {
    // Equal ones are one value already, by the store.
    const place = places.get(resource) ?? resources.push(resource) - 1
    places.set(resource, place)
    return place
  }
  const { calls, clamped, cacheRead, cacheWrite, input, output } = usageOfTrace(
    spans.map(({ span, source, reading }) => ({
      spanId: span.spanId,
      ...(span.parentSpanId === undefined ? {} : { parentSpanId: span.parentSpanId }),
      isOfKit: source === 'kit',
      reading,
    })),
  )
  const roots: string[] = []
  putList(roots, shownNodes(treeOf(spans)), indexOf)
  const about: Omit<WireTrace, 'roots'> = {
    trace_id: traceId,
    spans: spans.length,
    left_out: leftOut,
    usage: { calls, input, output, cache_read: cacheRead, cache_write: cacheWrite, clamped },
    resources,
  }
  roots.unshift(JSON.stringify(about).slice(0, -1), ',"roots":')
  roots.push('}')
  return bytesOf(roots)
}

/** Part by part: joined first, one letter outside Latin-1 would double the size of all of it. */
function bytesOf(parts: readonly string[]): Buffer<ArrayBuffer> {
  const bytes = Buffer.allocUnsafeSlow(parts.reduce((sum, part) => sum + Buffer.byteLength(part), 0))
  let at = 0
  for (const part of parts) at += bytes.write(part, at)
  return bytes
}

interface ShownNode {
  readonly node: TraceNode
  readonly children: ShownNode[]
}

/** Without recursion: a trace may be as deep as it has spans. What comes out is at most `traceDepthMax` deep. */
function shownNodes(roots: readonly TraceNode[]): readonly ShownNode[] {
  const top: ShownNode[] = []
  const open = roots.map((node) => ({ node, into: top, depth: 1 })).reverse()
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, into, depth } = next
    const shown: ShownNode = { node, children: [] }
    into.push(shown)
    const below = depth < traceDepthMax ? shown.children : into
    for (const child of node.children.toReversed())
      open.push({ node: child, into: below, depth: Math.min(depth + 1, traceDepthMax) })
  }
  return top
}

type IndexOf = (resource: JsonObject) => number

/** Parts of the text, in order: each is copied once, however deep it stands. */
function putList(parts: string[], shown: readonly ShownNode[], indexOf: IndexOf): void {
  parts.push('[')
  for (const [index, one] of shown.entries()) {
    if (index > 0) parts.push(',')
    putSpan(parts, one, indexOf)
  }
  parts.push(']')
}

function putSpan(parts: string[], { node, children }: ShownNode, indexOf: IndexOf): void {
  const { span, source, agent, isParentMissing, texts, reading } = node
  const { spanId, parentSpanId, name, kind, startNs, endNs, status, statusMessage } = span
  // By hand: values for `JSON.stringify` would cost a large trace more than all of its attributes. Ids, kinds and states need no escape.
  let about = `{"span_id":"${spanId}"`
  if (parentSpanId !== undefined) about += `,"parent_span_id":${JSON.stringify(parentSpanId)}`
  if (isParentMissing) about += ',"parent_missing":true'
  about += `,"name":${JSON.stringify(name)},"kind":"${kind}","source":"${source}"`
  if (agent !== undefined) about += `,"agent":${JSON.stringify(agent)}`
  if (startNs !== undefined) about += `,"start_ns":"${startNs}"`
  if (endNs !== undefined) about += `,"end_ns":"${endNs}"`
  about += `,"status":"${status}"`
  if (statusMessage !== undefined) about += `,"status_message":${JSON.stringify(statusMessage)}`
  about += `,"resource":${indexOf(span.resource)}`
  if (reading !== undefined) about += `,"reading":${JSON.stringify(wireReading(reading))}`
  parts.push(about, ',"attributes":', texts.attributes)
  if (texts.details !== undefined) parts.push(',"details":', texts.details)
  parts.push(',"children":')
  putList(parts, children, indexOf)
  parts.push('}')
}

function wireReading(reading: GenAiReading): NonNullable<WireSpan['reading']> {
  const { version, spelling, operation, provider, model, tool, usage, isClamped, isModelCall } = reading
  return {
    version,
    spelling,
    ...(operation === undefined ? {} : { operation }),
    ...(provider === undefined ? {} : { provider }),
    ...(model === undefined ? {} : { model }),
    ...(tool === undefined ? {} : { tool }),
    ...(usage === undefined
      ? {}
      : {
          usage: {
            input: usage.input,
            output: usage.output,
            cache_read: usage.cacheRead,
            cache_write: usage.cacheWrite,
            reasoning: usage.reasoning,
          },
        }),
    clamped: isClamped,
    model_call: isModelCall,
  }
}
