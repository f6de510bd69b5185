/**
 * What commits stands in the journal and is carried into the file from time to time; whoever commits beyond the bound carries it. A page
 * that changed often is then carried once, so the thread of the spans carries less often than SQLite by itself would, and the guard's
 * connection leaves it to that thread: an action should not wait for what spans wrote.
 */
import type { SqliteDatabase } from './open.ts'

/** 32 MiB, of pages of 4 KiB. */
const carriedPages = 8_000
/** A bound all the same, for a thread that died. */
const leftPages = 64_000

/** Called on the connection that governs, once the thread of the spans runs. */
export function leaveCheckpoints(db: SqliteDatabase): void {
  db.pragma(`wal_autocheckpoint = ${leftPages}`)
}

/** Some 16 MiB of journal. */
const actsPerCarrying = 512

/** @returns what is told of each commit how many acts it held, and now and then asks for the pages to be carried. */
export function carryingNowAndThen(ask: () => void): (acts: number) => void {
  let sinceCarried = 0
  return (acts) => {
    sinceCarried += acts
    if (sinceCarried < actsPerCarrying) return
    sinceCarried = 0
    ask()
  }
}

/** Called on the thread's own connections. */
export function takeCheckpoints({ traces, ledger }: { traces: SqliteDatabase; ledger: SqliteDatabase }): void {
  traces.pragma(`wal_autocheckpoint = ${carriedPages}`)
  ledger.pragma('busy_timeout = 0')
}

/** Carries what there is, and holds up nobody; a journal that has grown long is begun anew. */
export function carry(db: SqliteDatabase): void {
  const [{ log }] = db.pragma('wal_checkpoint(PASSIVE)') as [{ readonly log: number }]
  if (log > carriedPages) carryAll(db)
}

/**
 * Carries all there is, so that who writes next begins the journal anew: in a journal that only grows each commit takes twice the time,
 * since the file system must note its length too. Most is carried while others write; the little that came meanwhile is carried under
 * their lock, which is tried for and never queued for: who waits inside SQLite sleeps for milliseconds, and makes others sleep.
 */
export function carryAll(db: SqliteDatabase): void {
  db.pragma('wal_checkpoint(PASSIVE)')
  for (let n = 0; n < triesMax; n++) {
    const [{ busy }] = db.pragma('wal_checkpoint(FULL)') as [{ readonly busy: number }]
    if (busy === 0) return
    Atomics.wait(nobody, 0, 0, betweenTriesMs)
  }
}

const triesMax = 100
const betweenTriesMs = 0.3
const nobody = new Int32Array(new SharedArrayBuffer(4))
