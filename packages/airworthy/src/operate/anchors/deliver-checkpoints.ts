/**
 * Brings checkpoints to the anchors, beside the log and never in its way. For each anchor at most one delivery is under way and
 * one checkpoint waits: a newer one takes the place of the one that waits, because it commits to everything that the older did.
 * So the queue is bounded by its nature, and an anchor that was away for a day needs one delivery to be up to date.
 */
import type { StoredCheckpoint } from '../sequencer/port.ts'
import type { Anchor } from './anchor.ts'

interface AnchorStatus {
  readonly name: string
  /** Entries below this index are covered by a checkpoint that the anchor took; undefined before the first. */
  readonly anchoredSize: number | undefined
  readonly anchoredMs: number | undefined
  /** Why the last delivery failed; undefined after one that succeeded. */
  readonly failure: unknown
}

export interface CheckpointDelivery {
  /** Takes a published checkpoint to all anchors. Never throws, never waits. */
  offer(checkpoint: StoredCheckpoint): void
  status(): readonly AnchorStatus[]
  /** Resolves when every anchor has the newest checkpoint, or its next delivery fails, or `timeoutMs` have passed. */
  flush(timeoutMs: number): Promise<void>
  /** Ends retries. A delivery under way is let go. */
  stop(): void
}

export interface DeliveryOptions {
  readonly anchors: readonly Anchor[]
  readonly clock: () => number
  /** Told when deliveries to an anchor begin to fail, or fail for another reason; not for each retry. */
  readonly onFailure?: (anchor: string, error: unknown) => void
  /** The first retry comes after this, each further one after twice as long, up to `retryMsMax`. */
  readonly retryMs?: number
  readonly retryMsMax?: number
}

export function deliverCheckpoints(options: DeliveryOptions): CheckpointDelivery {
  const lanes = options.anchors.map((anchor) => new Lane(anchor, options))
  return {
    offer: (checkpoint) => {
      for (const lane of lanes) lane.offer(checkpoint)
    },
    status: () => lanes.map((lane) => lane.status()),
    async flush(timeoutMs) {
      let timer: NodeJS.Timeout | undefined
      const timeout = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, timeoutMs)
      })
      await Promise.race([Promise.all(lanes.map((lane) => lane.flush())), timeout])
      clearTimeout(timer)
    },
    stop: () => {
      for (const lane of lanes) lane.stop()
    },
  }
}

/** One anchor's way: what waits, what is under way, what arrived. */
class Lane {
  readonly #anchor: Anchor
  readonly #options: DeliveryOptions
  #waiting: StoredCheckpoint | undefined
  #delivery: Promise<void> | undefined
  #retry: NodeJS.Timeout | undefined
  #failures = 0
  #failure: unknown
  #anchored: { size: number; atMs: number } | undefined
  #isStopped = false

  constructor(anchor: Anchor, options: DeliveryOptions) {
    this.#anchor = anchor
    this.#options = options
  }

  offer(checkpoint: StoredCheckpoint): void {
    this.#waiting = checkpoint
    if (this.#retry === undefined) this.#pump()
  }

  async flush(): Promise<void> {
    clearTimeout(this.#retry)
    this.#retry = undefined
    // Two rounds at most: the delivery under way, then the checkpoint that waited behind it.
    for (let round = 0; round < 2; round++) {
      this.#pump()
      await this.#delivery
      if (this.#failure !== undefined) return
    }
  }

  status(): AnchorStatus {
    const { name } = this.#anchor
    return { name, anchoredSize: this.#anchored?.size, anchoredMs: this.#anchored?.atMs, failure: this.#failure }
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#retry)
  }

  #pump(): void {
    if (this.#isStopped || this.#delivery !== undefined || this.#waiting === undefined) return
    const checkpoint = this.#waiting
    this.#waiting = undefined
    this.#delivery = this.#deliver(checkpoint).finally(() => {
      this.#delivery = undefined
      if (this.#retry === undefined) this.#pump()
    })
  }

  async #deliver(checkpoint: StoredCheckpoint): Promise<void> {
    try {
      await this.#anchor.deliver(checkpoint.note)
      this.#anchored = { size: checkpoint.size, atMs: this.#options.clock() }
      this.#failures = 0
      this.#failure = undefined
    } catch (error) {
      const isNews = messageOf(error) !== messageOf(this.#failure)
      this.#failure = error
      if (isNews) this.#options.onFailure?.(this.#anchor.name, error)
      this.#waiting ??= checkpoint
      if (this.#isStopped) return
      const { retryMs = 1_000, retryMsMax = 60_000 } = this.#options
      const delayMs = Math.min(retryMsMax, retryMs * 2 ** this.#failures)
      this.#failures = Math.min(this.#failures + 1, 30)
      this.#retry = setTimeout(() => {
        this.#retry = undefined
        this.#pump()
      }, delayMs)
      this.#retry.unref()
    }
  }
}

function messageOf(error: unknown): string | undefined {
  return error instanceof Error ? error.message : undefined
}
