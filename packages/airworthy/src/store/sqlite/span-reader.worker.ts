/**
 * The thread that reads requests for the thread that writes: decoding costs about as much as inserting, and one request is read while
 * another is written. It is of lower priority: spans may wait.
 */
import { setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { invariant } from '../../core/errors.ts'
import type { SpanWith } from '../../telemetry/otlp/attribute-taker.ts'
import { type AttributeText, AttributeTexts } from '../../telemetry/otlp/attribute-texts.ts'
import { openTaken } from '../../telemetry/otlp/read-trace-request.ts'
import { spanTally } from '../../telemetry/otlp/span-tally.ts'
import { packSpans } from './packed-spans.ts'
import type { ReadPart, ToReader } from './span-reader.ts'

const port = parentPort
invariant(port !== null, 'this runs as a worker thread')
try {
  // On Linux this is about the calling thread alone.
  if (process.platform === 'linux') setPriority(5)
} catch {
  // Where it may not be set, it is as any other.
}

/** What goes over at once; memory holds some of these beside the requests. */
const spansPerPart = 1_000
const bytesPerPart = 8 * 1024 * 1024

const texts = new AttributeTexts()
const say = (part: ReadPart): void => port.postMessage(part, part.kind === 'part' ? [part.spans.bytes.buffer] : [])

port.on('message', ({ id, encoding, body }: ToReader) => {
  try {
    const opened = openTaken(encoding, body, texts)
    if (opened.kind !== 'spans') return say({ kind: 'answer', id, answer: opened })
    // Rejected spans are told of here, kept ones by who writes them.
    const tally = spanTally()
    for (;;) {
      const spans: SpanWith<AttributeText>[] = []
      let bytes = 0
      let isLast = false
      texts.clear()
      while (spans.length < spansPerPart && bytes < bytesPerPart) {
        const next = opened.spans.next()
        if (next.done === true) {
          isLast = true
          break
        }
        if ('why' in next.value) tally.rejected(next.value)
        else {
          spans.push(next.value)
          bytes += next.value.attributes.to - next.value.attributes.from
        }
      }
      const { rejected, why } = tally.answer()
      const about = isLast ? { rejected, ...(why === undefined ? {} : { why }) } : undefined
      say({ kind: 'part', id, spans: packSpans(spans, texts.bytes), ...(about === undefined ? {} : { last: about }) })
      if (isLast) return
    }
  } catch (error) {
    say({ kind: 'bug', id, bug: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
})
