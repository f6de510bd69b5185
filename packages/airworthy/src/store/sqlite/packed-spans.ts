/**
 * Spans on their way from the thread that reads them to the thread that writes them: attributes, which are most of their bytes, packed
 * in blocks in one buffer that changes hands without a copy; everything else as it is.
 */
import { isJsonObject, type JsonObject } from '../../core/json.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import { type GenAiReading, genAiReadingOf } from '../../telemetry/gen-ai-reading.ts'
import type { SpanWith } from '../../telemetry/otlp/attribute-taker.ts'
import type { AttributeText } from '../../telemetry/otlp/attribute-texts.ts'
import { type Contribution, claimsOf, contributionOfReading } from '../../telemetry/rollups/contribution.ts'
import type { SpanStatus } from '../../telemetry/span.ts'
import { readingText } from '../rows/counted-span.ts'
import { detailedValuesWith } from '../rows/trace-row.ts'
import { blockBytesMax, blockBytesMin, blockSpansMax, type PackedPlace, packBlock, packedText } from './span-blocks.ts'

export interface PackedSpans {
  readonly blocks: readonly PackedBlock[]
  /** What is packed of them, one behind the other. */
  readonly bytes: Uint8Array<ArrayBuffer>
}

interface PackedBlock {
  readonly rows: readonly PackedRow[]
  /** Where its bytes end; where they begin, when it has none. */
  readonly end: number
}

interface PackedRow {
  /** Those of its columns. */
  readonly values: readonly (string | bigint | null)[]
  /** Undefined: its attributes are among the values. */
  readonly place: Omit<PackedPlace, 'block'> | undefined
  readonly claims: JsonObject
}

/** Of the values of a row. */
const places = { startNs: 5, endNs: 6, status: 7, attributes: 9, reading: 12 } as const

type SpanWithText = SpanWith<AttributeText>

/** @param texts  where the texts of the attributes stand. */
export function packSpans(spans: readonly SpanWithText[], texts: Buffer): PackedSpans {
  const blocks: PackedBlock[] = []
  const packed: Uint8Array[] = []
  let end = 0
  let waiting: SpanWithText[] = []
  let waitingBytes = 0
  const close = (): void => {
    if (waiting.length === 0) return
    const isPacked = waitingBytes >= blockBytesMin
    const together = Buffer.allocUnsafe(isPacked ? waitingBytes : 0)
    let at = 0
    const rows = waiting.map((span): PackedRow => {
      const { from, to, characters, read } = span.attributes
      const values = detailedValuesWith(span, isPacked ? null : texts.toString('utf8', from, to))
      values.push(readingText(genAiReadingOf(read)))
      const claims = claimsOf(read)
      if (!isPacked) return { values, place: undefined, claims }
      const place = { from: at, bytes: to - from, characters }
      texts.copy(together, at, from, to)
      at += to - from
      return { values, place, claims }
    })
    if (isPacked) {
      const block = packBlock(together)
      packed.push(block)
      end += block.length
    }
    blocks.push({ rows, end })
    waiting = []
    waitingBytes = 0
  }
  for (const span of byTrace(spans)) {
    const bytes = span.attributes.to - span.attributes.from
    if (waiting.length === blockSpansMax || waitingBytes + bytes > blockBytesMax) close()
    waiting.push(span)
    waitingBytes += bytes
  }
  close()
  const whole = new Uint8Array(end)
  let at = 0
  for (const block of packed) {
    whole.set(block, at)
    at += block.length
  }
  return { blocks, bytes: whole }
}

/** Who reads a trace then unpacks few blocks, of however many traces a request is. Equal ids stay in their order. */
function byTrace(spans: readonly SpanWithText[]): readonly SpanWithText[] {
  return spans.toSorted((a, b) => (a.traceId < b.traceId ? -1 : a.traceId > b.traceId ? 1 : 0))
}

export interface WrittenSpan {
  /** Those of `detailedSpanValues`, then `reading`. */
  readonly values: readonly (string | bigint | null)[]
  /** What it adds to the rollups, if it is new. */
  contribution(): Contribution | undefined
}

export interface WrittenBlock {
  /** Undefined: every span has its own attributes. */
  readonly bytes: Uint8Array | undefined
  /** @param block  the number that it is stored under. */
  spans(block: number): Iterable<WrittenSpan>
}

export function* unpackSpans({ blocks, bytes }: PackedSpans, agent: string): Generator<WrittenBlock> {
  let begin = 0
  for (const { rows, end } of blocks) {
    const packed = end > begin ? bytes.subarray(begin, end) : undefined
    begin = end
    yield { bytes: packed, spans: (block) => rows.map((row) => writtenSpan(row, block, agent)) }
  }
}

function writtenSpan({ values, place, claims }: PackedRow, block: number, agent: string): WrittenSpan {
  return {
    values: place === undefined ? values : values.with(places.attributes, packedText({ block, ...place })),
    contribution() {
      const reading: unknown = valueOfJson(values[places.reading] as string)
      const startNs = values[places.startNs] as bigint | null
      const endNs = values[places.endNs] as bigint | null
      return contributionOfReading(
        {
          ...(startNs === null ? {} : { startNs }),
          ...(endNs === null ? {} : { endNs }),
          status: values[places.status] as SpanStatus,
          attributes: claims,
        },
        isJsonObject(reading) && reading.spelling !== undefined ? (reading as unknown as GenAiReading) : undefined,
        { source: 'otlp', agent },
      )
    },
  }
}
