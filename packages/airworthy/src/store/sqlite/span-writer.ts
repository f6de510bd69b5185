/**
 * Writes received spans in batches: one transaction holds what stands in the queue, of however many requests, so that many small ones
 * share one sync of the disk. A request is answered when everything of it is committed. A long one goes through several transactions:
 * if a later one fails, the client is told to send all of it again, and what is there already stays as it is.
 */
import type { ReceivedSpans, SpanRequest } from '../../operate/traces/port.ts'
import { type OpenedRequest, openTraceRequest } from '../../telemetry/otlp/read-trace-request.ts'
import { spanTally } from '../../telemetry/otlp/span-tally.ts'
import { detailedSpanValues } from '../rows/trace-row.ts'
import { asStoreError, type SqliteDatabase } from './open.ts'

export interface SpanWriter {
  /** @throws STORE_UNAVAILABLE */
  write(request: SpanRequest): Promise<ReceivedSpans>
  /** Writes what is queued, then ends. */
  close(): Promise<void>
}

export interface SpanWriterOptions {
  /** Called before each transaction; may wait. */
  readonly beforeCommit?: () => void
  /** True ends the transaction early. */
  readonly isWanted?: () => boolean
}

/** What one transaction holds; its size bounds how long others wait for the write lock. */
const spansPerCommitMax = 2_000

interface Job {
  readonly request: SpanRequest
  readonly tally: ReturnType<typeof spanTally>
  opened?: OpenedRequest
  readonly resolve: (answer: ReceivedSpans) => void
  readonly reject: (error: unknown) => void
}

export function sqliteSpanWriter(db: SqliteDatabase, options: SpanWriterOptions = {}): SpanWriter {
  const { beforeCommit = () => {}, isWanted = () => false } = options
  const insert = db.prepare(
    `INSERT INTO spans (trace_id, span_id, parent_span_id, name, kind, start_ns, end_ns, status, status_message, attributes,
       resource, details, source, agent, received_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'otlp', ?, ?) ON CONFLICT (trace_id, span_id) DO NOTHING`,
  )
  const queue: Job[] = []
  let isScheduled = false
  let onIdle: (() => void) | undefined

  function schedule(): void {
    if (isScheduled) return
    isScheduled = true
    setImmediate(round)
  }

  function round(): void {
    isScheduled = false
    const done: (() => void)[] = []
    const touched: Job[] = []
    let spans = 0
    beforeCommit()
    try {
      db.exec('BEGIN IMMEDIATE')
      for (let job = queue[0]; job !== undefined && spans < spansPerCommitMax; job = queue[0]) {
        touched.push(job)
        const part = writePart(job, spansPerCommitMax - spans)
        spans += part.spans
        if (part.end === undefined) break
        queue.shift()
        done.push(part.end)
        if (spans > 0 && isWanted()) break
      }
      db.exec('COMMIT')
    } catch (error) {
      if (db.inTransaction) db.exec('ROLLBACK')
      for (const job of touched) job.reject(asStoreError(error))
      queue.splice(0, queue.length, ...queue.filter((job) => !touched.includes(job)))
      // A lock that nobody gave way to fails before any job is touched; the first in the queue hears of it.
      if (touched.length === 0) queue.shift()?.reject(asStoreError(error))
      done.length = 0
    }
    for (const end of done) end()
    if (queue.length > 0) schedule()
    else onIdle?.()
  }

  /** Up to `spansMax` spans of one request; `end` answers it, when that was all of it. */
  function writePart(job: Job, spansMax: number): { readonly spans: number; readonly end?: () => void } {
    const { request, tally, resolve, reject } = job
    try {
      job.opened ??= openTraceRequest(request.encoding, request.body)
    } catch (error) {
      return { spans: 0, end: () => reject(error) }
    }
    const { opened } = job
    if (opened.kind !== 'spans') return { spans: 0, end: () => resolve(opened) }
    let spans = 0
    while (spans < spansMax) {
      let next: ReturnType<typeof opened.spans.next>
      try {
        next = opened.spans.next()
      } catch (error) {
        return { spans, end: () => reject(error) }
      }
      if (next.done === true) return { spans, end: () => resolve(tally.answer()) }
      if ('kind' in next.value && next.value.kind === 'rejected') tally.rejected(next.value)
      else {
        const { changes } = insert.run(...detailedSpanValues(next.value), request.agent, request.atMs)
        tally.kept(changes)
      }
      spans++
      if (spans % 64 === 0 && isWanted()) break
    }
    return { spans }
  }

  return {
    write: (request) =>
      new Promise((resolve, reject) => {
        queue.push({ request, tally: spanTally(), resolve, reject })
        schedule()
      }),
    close: () =>
      new Promise((resolve) => {
        if (queue.length === 0) resolve()
        else onIdle = resolve
      }),
  }
}
