/** Counts what became of the spans of one request, and puts what was wrong into one bounded sentence. */
import type { RejectedSpan } from './span-fault.ts'

export interface SpanCounts {
  readonly kind: 'kept'
  readonly spansNew: number
  readonly spansKnown: number
  readonly rejected: number
  /** What was wrong with those that were rejected, or a warning where none was. */
  readonly why?: string
}

export interface SpanTally {
  /** @param changes  0: the span was there already. */
  kept(changes: number): void
  rejected(span: RejectedSpan): void
  answer(): SpanCounts
}

const reasonsMax = 5

export function spanTally(): SpanTally {
  const counts = { spansNew: 0, spansKnown: 0, rejected: 0 }
  const reasons: string[] = []
  let faults = 0
  return {
    kept(changes) {
      counts.spansNew += changes
      counts.spansKnown += 1 - changes
    },
    rejected({ where, why, isSpan }) {
      if (isSpan) counts.rejected++
      if (++faults <= reasonsMax) reasons.push(`${where}: ${why}`)
    },
    answer() {
      const more = faults > reasonsMax ? `; and ${faults - reasonsMax} more` : ''
      return { kind: 'kept', ...counts, ...(faults === 0 ? {} : { why: `${reasons.join('; ')}${more}` }) }
    },
  }
}
