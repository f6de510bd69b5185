/** What a sweep does once a minute only. */
const minuteMs = 60_000

/** @returns a function that may be called every second; it works at first, a minute after it last did, and when the clock was set back. */
export function byMinute(clock: () => number, work: () => Promise<unknown>): () => Promise<void> {
  let lastMs = Number.NEGATIVE_INFINITY
  return async () => {
    const nowMs = clock()
    if (nowMs >= lastMs && nowMs - lastMs < minuteMs) return
    lastMs = nowMs
    await work()
  }
}
