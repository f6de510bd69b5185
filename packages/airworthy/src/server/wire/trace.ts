/** A trace as it goes over the wire. */
import type { WireSpan, WireTrace } from '../../contract/trace.ts'
import type { JsonObject } from '../../core/json.ts'
import type { StoredTrace } from '../../operate/traces/port.ts'
import { type TraceNode, treeOf } from '../../operate/traces/trace-tree.ts'
import { type GenAiReading, genAiReadingOf } from '../../telemetry/gen-ai-reading.ts'
import { usageOfTrace } from '../../telemetry/trace-usage.ts'

/** Levels of nesting; many parsers give up beyond some hundred. What is deeper stands beside its parent and names it. */
export const traceDepthMax = 100

export function wireTrace(traceId: string, { spans, leftOut }: StoredTrace): WireTrace {
  const readings = new Map(spans.map(({ span }) => [span.spanId, genAiReadingOf(span.attributes)]))
  const resources: JsonObject[] = []
  const places = new Map<JsonObject, number>()
  const indexOf = (resource: JsonObject): number => {
    // Equal ones are one value already, by the store.
    const place = places.get(resource) ?? resources.push(resource) - 1
    places.set(resource, place)
    return place
  }
  const { calls, clamped, cacheRead, cacheWrite, input, output } = usageOfTrace(
    spans.map(({ span, source }) => ({
      spanId: span.spanId,
      ...(span.parentSpanId === undefined ? {} : { parentSpanId: span.parentSpanId }),
      isOfKit: source === 'kit',
      reading: readings.get(span.spanId),
    })),
  )
  const wire = (node: TraceNode): WireSpan =>
    wireSpan(node, readings.get(node.span.spanId), indexOf(node.span.resource))
  const roots = wireNodes(treeOf(spans), wire)
  return {
    trace_id: traceId,
    spans: spans.length,
    left_out: leftOut,
    usage: { calls, input, output, cache_read: cacheRead, cache_write: cacheWrite, clamped },
    resources,
    roots,
  }
}

/** Without recursion: a trace may be as deep as it has spans. */
function wireNodes(roots: readonly TraceNode[], wire: (node: TraceNode) => WireSpan): WireSpan[] {
  const top: WireSpan[] = []
  const open = roots.map((node) => ({ node, into: top as object[], depth: 1 })).reverse()
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, into, depth } = next
    const span = wire(node)
    into.push(span)
    const below = depth < traceDepthMax ? (span.children as object[]) : into
    for (const child of node.children.toReversed())
      open.push({ node: child, into: below, depth: Math.min(depth + 1, traceDepthMax) })
  }
  return top
}

function wireSpan(
  { span, source, agent, isParentMissing }: TraceNode,
  reading: GenAiReading | undefined,
  resource: number,
): WireSpan {
  return {
    span_id: span.spanId,
    ...(span.parentSpanId === undefined ? {} : { parent_span_id: span.parentSpanId }),
    ...(isParentMissing ? { parent_missing: true as const } : {}),
    name: span.name,
    kind: span.kind,
    source,
    ...(agent === undefined ? {} : { agent }),
    ...(span.startNs === undefined ? {} : { start_ns: `${span.startNs}` }),
    ...(span.endNs === undefined ? {} : { end_ns: `${span.endNs}` }),
    status: span.status,
    ...(span.statusMessage === undefined ? {} : { status_message: span.statusMessage }),
    attributes: span.attributes,
    resource,
    ...(span.details === undefined ? {} : { details: span.details as unknown as JsonObject }),
    ...(reading === undefined ? {} : { reading: wireReading(reading) }),
    children: [],
  }
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
