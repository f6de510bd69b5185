/**
 * Spans that are old enough are deleted, a few hundred at a time, so that nobody waits for it. What changed something or failed is kept
 * for longer: it is what incidents are reconstructed from. Imported runs are not touched; who imported them deletes them.
 *
 * Every gateway of a shared store does this by itself; a batch that another one has is passed over.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { retentionDefault } from '../../core/manifest/defaults.ts'
import type { Retention } from '../../core/manifest/effective.ts'
import type { RetentionStore } from './retention-port.ts'

export interface RetentionReport {
  readonly deleted: number
  /** Older than the shorter time, and kept for the longer one. */
  readonly kept: number
}

const batchSpans = 500
/** Between two batches. */
const pauseMs = 20

/** Goes through everything that is old once. Stops early when `signal` aborts. @throws STORE_UNAVAILABLE */
export async function expireOldSpans(
  store: RetentionStore,
  nowMs: number,
  { spansMs, keptMs }: Retention = retentionDefault,
  signal?: AbortSignal,
): Promise<RetentionReport> {
  const bounds = { beforeMs: nowMs - spansMs, keptBeforeMs: nowMs - keptMs }
  let deleted = 0
  let kept = 0
  let afterRow = 0
  for (;;) {
    const part = await store.expireSpans({ ...bounds, afterRow, limit: batchSpans })
    deleted += part.deleted
    kept += part.kept
    if (part.isLast || signal?.aborted === true) break
    afterRow = part.lastRow
    await sleep(pauseMs)
  }
  // Finer rows than these are asked of windows that begin within the last weeks; hours and days remain.
  await store.expireRollups({ minutesBeforeMs: nowMs - spansMs - dayMs, hoursBeforeMs: nowMs - keptMs - dayMs })
  return { deleted, kept }
}

const dayMs = 86_400_000

export interface RetentionLoop {
  start(): void
  stop(): Promise<void>
}

const everyMs = 3_600_000
/** A start is busy enough. */
const firstAfterMs = 60_000

/** Every hour. What fails is told, and tried again an hour later. */
export function retentionLoop(parts: {
  readonly store: RetentionStore
  /** Deletes old recordings of tasks; resolves to how many. */
  readonly expireRecordings: () => Promise<number>
  readonly retention: Retention | undefined
  readonly clock: () => number
  readonly log: (line: string) => void
}): RetentionLoop {
  const { store, expireRecordings, retention, clock, log } = parts
  const stopping = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let round: Promise<void> = Promise.resolve()
  const run = async (): Promise<void> => {
    try {
      const { deleted, kept } = await expireOldSpans(store, clock(), retention, stopping.signal)
      if (deleted > 0)
        log(`${deleted} spans expired and were deleted; ${kept} old ones are kept for what they changed.`)
      const recordings = await expireRecordings()
      if (recordings > 0) log(`${recordings} recordings of tasks expired and were deleted.`)
    } catch (error) {
      log(`old spans and recordings could not be deleted: ${error instanceof Error ? error.message : String(error)}`)
    }
    if (!stopping.signal.aborted) arm(everyMs)
  }
  const arm = (inMs: number): void => {
    timer = setTimeout(() => {
      round = run()
    }, inMs)
    timer.unref()
  }
  return {
    start: () => arm(firstAfterMs),
    async stop() {
      stopping.abort()
      clearTimeout(timer)
      await round
    },
  }
}
