/**
 * Acts that share one commit. A commit waits for the disk, which costs more than everything else in an act: what comes within one
 * turn of the event loop is committed together, each act in a savepoint of its own. Who acts alone waits for no turn. A late act waits
 * a few milliseconds for others, then goes with the next commit, before what is in it. A crash in between loses it, so only what a sweep
 * makes good again may be late, and only what later acts need not see.
 */
import { beginWaiting, endWaiting } from './late-acts.ts'
import { asStoreError, type SqliteDatabase } from './open.ts'

export interface GroupedActs {
  /** @param run  inside a transaction. Resolves when it is committed. @throws STORE_UNAVAILABLE; nothing of this act was kept */
  add<T>(run: () => T, when: 'now' | 'late'): Promise<T>
  /** As `add`, now and after all that is late; at once while no other task acts. */
  addOf<T>(task: string, run: () => T): Promise<T>
  /** Commits all that waits. Never throws: each act's own promise says how it went. */
  flush(): void
}

interface Waiting {
  readonly run: () => unknown
  readonly resolve: (value: never) => void
  readonly reject: (error: unknown) => void
}

type Result = { readonly value: unknown } | { readonly error: unknown }

/** How long a late act lets commits go without it, and when it asks for one of its own. */
const lateMs = 5
const latestMs = 20
/** For how long after an act another task's act expects company. */
const companyMs = 10
/** A commit of more would hold up whoever else writes. */
const groupMax = 256

export interface GroupedActsOptions {
  /** Throws when nothing may be committed now. */
  readonly mayCommit: () => void
  /** Called after each commit. */
  readonly onCommit: () => void
}

export function groupedActs(db: SqliteDatabase, { mayCommit, onCommit }: GroupedActsOptions): GroupedActs {
  let late: Waiting[] = []
  let now: Waiting[] = []
  /** Since when the oldest late act waits. */
  let lateSinceMs = 0
  let isScheduled = false
  /** Somebody in this turn must see what is late. */
  let isHurried = false
  let lastTask: string | undefined
  let lastMs = 0
  let timer: NodeJS.Timeout | undefined

  /** A transaction inside another is a savepoint. */
  const apart = db.transaction((run: () => unknown) => run())
  const runAll = db.transaction((acts: readonly Waiting[]): Result[] => {
    const [only] = acts
    if (only !== undefined && acts.length === 1) return [{ value: only.run() }]
    return acts.map(({ run }) => {
      try {
        return { value: apart(run) }
      } catch (error) {
        // A full disk ends the whole transaction, not the savepoint alone.
        if (!db.inTransaction) throw error
        return { error }
      }
    })
  })

  function commit(acts: readonly Waiting[]): void {
    if (acts.length === 0) return
    let results: Result[]
    try {
      mayCommit()
      results = runAll.immediate(acts)
    } catch (error) {
      for (const { reject } of acts) reject(asStoreError(error))
      return
    }
    onCommit()
    for (const [index, { resolve, reject }] of acts.entries()) {
      const result = results[index] as Result
      if ('error' in result) reject(asStoreError(result.error))
      else resolve(result.value as never)
    }
  }

  function flush(): void {
    const acts = late.length === 0 ? now : [...late, ...now]
    late = []
    now = []
    clearTimeout(timer)
    timer = undefined
    isHurried = false
    endWaiting(flush)
    commit(acts)
  }

  function flushNow(): void {
    isScheduled = false
    if (now.length === 0) return
    if (isHurried || late.length === 0 || performance.now() - lateSinceMs >= lateMs) flush()
    else {
      const acts = now
      now = []
      commit(acts)
    }
  }

  function waitForTurn(): void {
    if (isScheduled) return
    isScheduled = true
    setImmediate(flushNow)
  }

  const queued = <T>(queue: 'now' | 'late', run: () => T): Promise<T> =>
    new Promise((resolve, reject) => {
      const acts = queue === 'late' ? late : now
      acts.push({ run, resolve: resolve as Waiting['resolve'], reject })
      if (acts.length >= groupMax) flush()
    })

  return {
    add(run, when) {
      if (when === 'late' && late.length === 0) {
        lateSinceMs = performance.now()
        timer = setTimeout(flush, latestMs)
        beginWaiting(flush)
      }
      if (when === 'now') waitForTurn()
      return queued(when, run)
    },
    addOf(task, run) {
      const nowMs = performance.now()
      const isAlone = now.length === 0 && (task === lastTask || nowMs - lastMs > companyMs)
      lastTask = task
      lastMs = nowMs
      const answer = queued('now', run)
      if (isAlone) flush()
      else {
        isHurried = true
        waitForTurn()
      }
      return answer
    },
    flush,
  }
}
