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
 * Of spans with the same response id one counts, the kit's before others. Of a model call inside a model call (a framework's span
 * around a client's, an agent's around the kit's) the inner one counts.
 */
export function usageOfTrace(spans: readonly ReadSpan[]): TraceUsage {
  const calls = spans.filter(({ reading }) => reading?.isModelCall === true && reading.usage !== undefined)
  const outer = outerCalls(spans, calls)
  const total = { calls: 0, input: 0, output: 0, cacheRead: 0, cacheWrite: 0, clamped: 0 }
  const counted = new Set<string>()
  // The kit's first; a sort is stable.
  for (const { spanId, reading } of [...calls].sort((a, b) => Number(b.isOfKit) - Number(a.isOfKit))) {
    if (outer.has(spanId) || reading?.usage === undefined) continue
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
