/** A span as it is written: the values of its row, what was read of it, and what it adds to the rollups. */
import { type GenAiReading, genAiReadingOf, genAiReadingVersion } from '../../telemetry/gen-ai-reading.ts'
import { type Contribution, contributionOfReading, type SpanOrigin } from '../../telemetry/rollups/contribution.ts'
import type { SpanRecord } from '../../telemetry/span.ts'
import { detailedSpanValues } from './trace-row.ts'

export interface CountedSpan {
  /** Those of `detailedSpanValues`, then `reading`. */
  readonly values: readonly (string | bigint | null)[]
  readonly contribution: Contribution | undefined
}

export function countedSpan(span: SpanRecord, origin: SpanOrigin): CountedSpan {
  const reading = genAiReadingOf(span.attributes)
  const values = detailedSpanValues(span)
  values.push(readingText(reading))
  return { values, contribution: contributionOfReading(span, reading, origin) }
}

/** That it says nothing of a model or a tool is noted too. */
export function readingText(reading: GenAiReading | undefined): string {
  return reading === undefined ? `{"version":${genAiReadingVersion}}` : JSON.stringify(reading)
}
