/**
 * Writes received spans in batches: one transaction holds what stands in the queue, of however many requests, so that many small ones
 * share one sync of the disk. A request is answered when everything of it is committed. A long one goes through several transactions:
 * if a later one fails, the client is told to send all of it again, and what is there already stays as it is.
 */
import { invariant } from '../../core/errors.ts'
import type { ReceivedSpans, SpanRequest } from '../../operate/traces/port.ts'
import type { ExpiredSpans, ExpireSpans } from '../../operate/traces/retention-port.ts'
import { type OpenedRequest, openTraceRequest } from '../../telemetry/otlp/read-trace-request.ts'
import type { RejectedSpan } from '../../telemetry/otlp/span-fault.ts'
import { type SpanCounts, spanTally } from '../../telemetry/otlp/span-tally.ts'
import { type RollupBatch, rollupBatch } from '../../telemetry/rollups/batch.ts'
import type { SpanOrigin } from '../../telemetry/rollups/contribution.ts'
import { nameBound } from '../../telemetry/rollups/name-bound.ts'
import type { SpanRecord } from '../../telemetry/span.ts'
import { countedSpan } from '../rows/counted-span.ts'
import { sqliteSpanExpiry } from './expire-spans.ts'
import { asStoreError, type SqliteDatabase } from './open.ts'
import { type PackedSpans, unpackSpans, type WrittenBlock, type WrittenSpan } from './packed-spans.ts'
import { sqliteRollupWriter } from './rollup-writer.ts'
import { sqliteSpanBlocks } from './span-blocks.ts'

export interface SpanWriter {
  /** @throws STORE_UNAVAILABLE */
  write(request: SpanRequest): Promise<ReceivedSpans>
  /** The kit's own. @throws STORE_UNAVAILABLE */
  record(spans: readonly SpanRecord[]): Promise<void>
  /** Deletes a batch of old spans, between two transactions of new ones. @throws STORE_UNAVAILABLE */
  expire(act: ExpireSpans): Promise<ExpiredSpans>
  /** Writes what is queued, then ends. */
  close(): Promise<void>
}

export interface PackedSpanWriter extends SpanWriter {
  /** Spans that another thread has read. @throws STORE_UNAVAILABLE */
  writePacked(spans: PackedSpans, agent: string, atMs: number): Promise<SpanCounts>
}

/** What one transaction holds; its size bounds how long other processes wait for the write lock. */
const spansPerCommitMax = 2_000

/**
 * The first of two counts, but for one that an agent sent under an id of the kit's: an agent hears the id of its action before the
 * action has ended, and could otherwise keep the kit's own word of it out of trace and metrics.
 */
const kitTakesPlace = `UPDATE SET parent_span_id = excluded.parent_span_id, name = excluded.name, kind = excluded.kind,
  start_ns = excluded.start_ns, end_ns = excluded.end_ns, status = excluded.status, status_message = excluded.status_message,
  attributes = excluded.attributes, resource = excluded.resource, details = excluded.details, reading = excluded.reading,
  source = excluded.source, agent = excluded.agent, received_ms = excluded.received_ms
  WHERE spans.source = 'otlp' AND excluded.source = 'kit'`

type OpenedSpans =
  | Exclude<OpenedRequest, { kind: 'spans' }>
  | { readonly kind: 'spans'; readonly spans: Iterator<SpanRecord | RejectedSpan | WrittenBlock> }

interface Job {
  readonly source: 'kit' | 'otlp'
  readonly agent: string | undefined
  /** Undefined: when the span ended. */
  readonly atMs: number | undefined
  readonly open: () => OpenedSpans
  readonly tally: ReturnType<typeof spanTally>
  opened?: OpenedSpans
  readonly resolve: (answer: ReceivedSpans) => void
  readonly reject: (error: unknown) => void
}

/** @param db  where traces are. @param ledger  says which of them stay; in memory both are one. */
export function sqliteSpanWriter(db: SqliteDatabase, ledger: SqliteDatabase): PackedSpanWriter {
  const insert = db.prepare(
    `INSERT INTO spans (trace_id, span_id, parent_span_id, name, kind, start_ns, end_ns, status, status_message, attributes,
       resource, details, reading, source, agent, received_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (trace_id, span_id) DO ${kitTakesPlace}`,
  )
  const blocks = sqliteSpanBlocks(db)
  const addRollups = sqliteRollupWriter(db)
  const expireSpans = sqliteSpanExpiry(db, ledger)
  const names = nameBound()
  const queue: Job[] = []
  let synchronous: 'FULL' | 'NORMAL' = 'FULL'
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
    syncFor(queue)
    try {
      db.exec('BEGIN IMMEDIATE')
      const counted = rollupBatch(names)
      for (let job = queue[0]; job !== undefined && spans < spansPerCommitMax; job = queue[0]) {
        touched.push(job)
        const part = writePart(job, spansPerCommitMax - spans, counted)
        spans += part.spans
        if (part.end === undefined) break
        queue.shift()
        done.push(part.end)
      }
      addRollups(counted)
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

  /**
   * What an agent sent is on the disk before it hears so. The kit's own spans need not wait, and must not make actions wait for the disk:
   * when the power fails, the next start makes up for them from the ledger.
   */
  function syncFor(jobs: readonly Job[]): void {
    const wanted = jobs.some(({ source }) => source === 'otlp') ? 'FULL' : 'NORMAL'
    if (wanted === synchronous) return
    db.pragma(`synchronous = ${wanted}`)
    synchronous = wanted
  }

  /** Up to `spansMax` spans of one request; `end` answers it, when that was all of it. */
  function writePart(
    job: Job,
    spansMax: number,
    counted: RollupBatch,
  ): { readonly spans: number; readonly end?: () => void } {
    const { source, agent, tally, resolve, reject } = job
    try {
      job.opened ??= job.open()
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
      else if ('bytes' in next.value) {
        // A block is written in one transaction: how many stand in it is known then.
        const { bytes, spans: of } = next.value
        const block = bytes === undefined ? 0 : blocks.nextBlock()
        let added = 0
        for (const span of of(block)) {
          added += writeSpan(span, job, counted)
          spans++
        }
        if (bytes !== undefined && added > 0) blocks.add(block, bytes, added)
        continue
      } else writeSpan(countedRow(next.value as SpanRecord, { source, agent }), job, counted)
      spans++
    }
    return { spans }
  }

  /** @returns 1 for a new one. */
  function writeSpan(span: WrittenSpan, { source, agent, atMs, tally }: Job, counted: RollupBatch): number {
    const { values } = span
    const { changes } = insert.run(...values, source, agent ?? null, atMs ?? endMsOf(values))
    tally.kept(changes)
    // What was there already was counted then.
    const added = changes > 0 ? span.contribution() : undefined
    if (added !== undefined) counted.add(added)
    return changes
  }

  const queued = (job: Pick<Job, 'source' | 'agent' | 'atMs' | 'open'>): Promise<ReceivedSpans> =>
    new Promise((resolve, reject) => {
      const made: Job = { ...job, tally: spanTally(), resolve, reject }
      // The kit's own go before what agents sent and nobody began with: there may be megabytes of it.
      const place =
        job.source === 'kit' ? queue.findIndex((one) => one.source === 'otlp' && one.opened === undefined) : -1
      queue.splice(place === -1 ? queue.length : place, 0, made)
      schedule()
    })

  return {
    write: ({ agent, atMs, encoding, body }) =>
      queued({ source: 'otlp', agent, atMs, open: () => openTraceRequest(encoding, body) }),
    async writePacked(spans, agent, atMs) {
      const open = (): OpenedSpans => ({ kind: 'spans', spans: unpackSpans(spans, agent) })
      const written = await queued({ source: 'otlp', agent, atMs, open })
      invariant(written.kind === 'kept', 'what was read can be written')
      return written
    },
    async record(spans) {
      const open = (): OpenedSpans => ({ kind: 'spans', spans: spans.values() })
      await queued({ source: 'kit', agent: undefined, atMs: undefined, open })
    },
    async expire(act) {
      try {
        return expireSpans(act)
      } catch (error) {
        throw asStoreError(error)
      }
    },
    close: () =>
      new Promise((resolve) => {
        if (queue.length === 0) resolve()
        else onIdle = resolve
      }),
  }
}

function countedRow(span: SpanRecord, origin: SpanOrigin): WrittenSpan {
  const { values, contribution } = countedSpan(span, origin)
  return { values, contribution: () => contribution }
}

/** Of the values of a row. */
const endPlace = 6

function endMsOf(values: WrittenSpan['values']): number | null {
  const endNs = values[endPlace]
  return typeof endNs === 'bigint' ? Number(endNs / 1_000_000n) : null
}
