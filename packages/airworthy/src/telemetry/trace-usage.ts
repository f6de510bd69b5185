/** The tokens of a whole trace, each model call once, however many spans tell of it. Pure. */
import type { GenAiReading } from './gen-ai-reading.ts'

export interface ReadSpan {
  readonly spanId: string
  readonly parentSpanId?: string
  /** The kit saw the call itself; others say so of themselves. */
  readonly isOfKit: boolean
  readonly reading: GenAiReading | undefined
}

export interface TraceUsage {
  /** Model calls that were counted. */
  readonly calls: number
  readonly input: number
  readonly output: number
  readonly cacheRead: number
  readonly cacheWrite: number
  /** Calls whose own counts contradict each other. */
  readonly clamped: number
}

/**
 * What the kit saw itself always counts. Of spans with the same response id one counts, the kit's before others; of a model call inside
 * a model call (a framework's span around a client's, an agent's around the kit's) the inner one, unless the outer is the kit's.
 */
export function usageOfTrace(spans: readonly ReadSpan[]): TraceUsage {
  const calls = spans.filter(({ reading }) => reading?.isModelCall === true && reading.usage !== undefined)
  const outer = outerCalls(spans, calls)
  const below = belowKit(spans, new Set(calls.filter(({ isOfKit }) => isOfKit).map(({ spanId }) => spanId)))
  const total = { calls: 0, input: 0, output: 0, cacheRead: 0, cacheWrite: 0, clamped: 0 }
  const counted = new Set<string>()
  // The kit's first; a sort is stable.
  for (const { spanId, isOfKit, reading } of [...calls].sort((a, b) => Number(b.isOfKit) - Number(a.isOfKit))) {
    if (reading?.usage === undefined || (!isOfKit && (outer.has(spanId) || below.has(spanId)))) continue
    const { responseId, usage, isClamped } = reading
    if (responseId !== undefined && counted.has(responseId)) continue
    if (responseId !== undefined) counted.add(responseId)
    total.calls++
    total.input += usage.input
    total.output += usage.output
    total.cacheRead += usage.cacheRead
    total.cacheWrite += usage.cacheWrite
    if (isClamped) total.clamped++
  }
  return total
}

/** Model calls with another one somewhere below them. */
function outerCalls(spans: readonly ReadSpan[], calls: readonly ReadSpan[]): ReadonlySet<string> {
  const byId = new Map(spans.map((span) => [span.spanId, span]))
  const isCall = new Set(calls.map(({ spanId }) => spanId))
  const outer = new Set<string>()
  const passed = new Set<string>()
  for (const call of calls) {
    // Each span is passed once for all calls below it: chains of parents share their upper part, and some are circles.
    for (
      let id = call.parentSpanId;
      id !== undefined && id !== call.spanId && !passed.has(id);
      id = byId.get(id)?.parentSpanId
    ) {
      passed.add(id)
      if (isCall.has(id)) outer.add(id)
    }
  }
  return outer
}

/** Spans with one of these above them. */
function belowKit(spans: readonly ReadSpan[], kitCalls: ReadonlySet<string>): ReadonlySet<string> {
  const below = new Set<string>()
  if (kitCalls.size === 0) return below
  const byId = new Map(spans.map((span) => [span.spanId, span]))
  const known = new Set<string>()
  for (const { spanId } of spans) {
    const path: string[] = []
    let id: string | undefined = spanId
    while (id !== undefined && !known.has(id)) {
      known.add(id)
      path.push(id)
      id = byId.get(id)?.parentSpanId
    }
    // What stands above the path is known, or nothing; then down again.
    let isBelow = id !== undefined && (below.has(id) || kitCalls.has(id))
    for (const one of path.toReversed()) {
      if (isBelow) below.add(one)
      isBelow ||= kitCalls.has(one)
    }
  }
  return below
}
