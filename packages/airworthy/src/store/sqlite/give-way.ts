/**
 * SQLite knows one writer at a time and no queue: who waits, sleeps and looks again. Spans may wait, the guard may not. So whoever is
 * about to act counts itself here, and the thread that writes spans ends its transaction when it sees that, and begins no other.
 */

/** Shared with that thread. One counter for the process: a second database in it is a test's. */
export const acting = new Int32Array(new SharedArrayBuffer(4))

export function countedAct<T>(run: () => T): T {
  Atomics.add(acting, 0, 1)
  try {
    return run()
  } finally {
    Atomics.sub(acting, 0, 1)
    Atomics.notify(acting, 0)
  }
}

/** Never longer than this: spans must not starve either. */
const giveWayMsMax = 50

/** Blocks the thread while somebody acts. */
export function giveWay(counter: Int32Array): void {
  const now = Atomics.load(counter, 0)
  if (now > 0) Atomics.wait(counter, 0, now, giveWayMsMax)
}
