/**
 * Spans that an act hands over once it stands in the ledger: they go to the file of traces, which is another transaction. Whoever reads
 * traces waits for those that were handed over before, so nobody sees an act without its span. A crash in between leaves an act without
 * one, and the next start makes up for it.
 */
import type { SpanRecord } from '../../telemetry/span.ts'
import { flushLateActs } from './late-acts.ts'
import type { SpanWriter } from './span-writer.ts'

export interface HandedSpans {
  hand(span: SpanRecord): void
  /** Returns when those of acts before it are written, or could not be. */
  settled(): Promise<void>
}

/** Beyond it a store that is away takes no more: the ledger has what they say. */
const waitingMax = 10_000

/** How long they wait for others to share their transaction, and how many do not wait. */
const gatherMs = 100
const gatheredMax = 128

export function handedSpans(writer: Pick<SpanWriter, 'record'>): HandedSpans {
  let gathered: SpanRecord[] = []
  let waiting = 0
  let timer: NodeJS.Timeout | undefined
  let written: Promise<unknown> = Promise.resolve()

  function write(): void {
    clearTimeout(timer)
    timer = undefined
    const batch = gathered
    gathered = []
    const done = writer
      .record(batch)
      .catch(() => {})
      .finally(() => {
        waiting -= batch.length
      })
    written = Promise.all([written, done])
  }

  return {
    hand(span) {
      if (waiting >= waitingMax) return
      waiting++
      gathered.push(span)
      // Not at once: whoever hands spans over is in the middle of an act.
      timer ??= setTimeout(write, gatherMs)
      if (gathered.length === gatheredMax) {
        clearTimeout(timer)
        timer = setTimeout(write, 0)
      }
    },
    async settled() {
      flushLateActs()
      if (gathered.length > 0) write()
      if (waiting > 0) await written
    },
  }
}
