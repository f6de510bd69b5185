/**
 * Acts that share one commit. A commit waits for the disk, which costs more than everything else in an act: what several tasks do at
 * once is committed together, each act in a savepoint of its own. A task that acts alone waits for nobody. A late act waits some
 * milliseconds for others, or goes with the next commit that is not ahead of it, before what is in that. A crash in between loses it, so
 * only what a sweep makes good again may be late.
 */
import { beginWaiting, endWaiting } from './late-acts.ts'
import { asStoreError, type SqliteDatabase } from './open.ts'

export interface GroupedActs {
  /**
   * Together with what other tasks do, after all that is late; at once while no other task acts.
   * @param run  inside a transaction. Resolves when it is committed. @throws STORE_UNAVAILABLE, or what `run` throws; nothing of this act was kept
   */
  add<T>(task: string, run: () => T): Promise<T>
  /** As `add`, ahead of what is late. */
  addAhead<T>(task: string, run: () => T): Promise<T>
  /** With whatever commits next and is not ahead of it, or by itself some milliseconds later. */
  addLate<T>(run: () => T): Promise<T>
  /** Commits all that waits. Never throws: each act's own promise says how it went. */
  flush(): void
}

interface Waiting {
  readonly run: () => unknown
  readonly resolve: (value: never) => void
  readonly reject: (error: unknown) => void
}

type Result = { readonly value: unknown } | { readonly error: unknown }

/** When a late act asks for a commit of its own. */
const lateMsMax = 20
/** For how long a task that acted expects company, when another one has acted since. */
const companyMs = 100
/** Bounds what is remembered of them. */
const companyMax = 1_000
/** A group that is smaller waits a few turns of the event loop for more, and about a millisecond at most. */
const groupWanted = 8
const turnsMax = 4
const turnsMsMax = 1
/** A commit of more would hold up whoever else writes. */
const groupMax = 256

export interface GroupedActsOptions {
  /** Throws when nothing may be committed now. */
  readonly mayCommit: () => void
  /** Called after each commit. */
  readonly onCommit: (acts: number) => void
  /** Milliseconds, of any beginning. */
  readonly clock?: () => number
}

export function groupedActs(
  db: SqliteDatabase,
  { mayCommit, onCommit, clock = () => performance.now() }: GroupedActsOptions,
): GroupedActs {
  let late: Waiting[] = []
  let now: Waiting[] = []
  let lateTimer: NodeJS.Timeout | undefined
  let isScheduled = false
  /** Of the group that waits: since when, and the turns it has waited. */
  let sinceMs = 0
  let turns = 0
  let isAhead = true
  let lastTask: string | undefined
  /** When tasks acted last, the oldest first. */
  const acted = new Map<string, number>()

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
    onCommit(acts.length)
    for (const [index, { resolve, reject }] of acts.entries()) {
      const result = results[index] as Result
      if ('error' in result) reject(asStoreError(result.error))
      else resolve(result.value as never)
    }
  }

  function flush(): void {
    const acts = late.length === 0 ? now : [...late, ...now]
    late = []
    clearTimeout(lateTimer)
    endWaiting(flush)
    go(acts)
  }

  function go(acts: readonly Waiting[]): void {
    now = []
    turns = 0
    isAhead = true
    commit(acts)
  }

  /** Commits the group that waits. */
  function flushNow(): void {
    if (isAhead) go(now)
    else flush()
  }

  function atTurn(): void {
    isScheduled = false
    if (now.length === 0) return
    const isEnough = now.length >= groupWanted || turns >= turnsMax || clock() - sinceMs >= turnsMsMax
    if (isEnough) flushNow()
    else {
      turns++
      waitForTurn()
    }
  }

  function waitForTurn(): void {
    if (isScheduled) return
    isScheduled = true
    setImmediate(atTurn)
  }

  const queued = <T>(acts: Waiting[], run: () => T): Promise<T> =>
    new Promise((resolve, reject) => {
      acts.push({ run, resolve: resolve as Waiting['resolve'], reject })
      if (acts.length >= groupMax) flush()
    })

  /** A task that only follows another is alone; tasks that take turns are not. */
  function hasCompany(task: string, nowMs: number): boolean {
    const takesTurns = task !== lastTask && nowMs - (acted.get(task) ?? Number.NEGATIVE_INFINITY) <= companyMs
    lastTask = task
    acted.delete(task)
    acted.set(task, nowMs)
    if (acted.size > companyMax) acted.delete(acted.keys().next().value as string)
    return takesTurns
  }

  const joined = <T>(task: string, run: () => T): Promise<T> => {
    const nowMs = clock()
    const isFirst = now.length === 0
    const isAlone = !hasCompany(task, nowMs) && isFirst
    if (isFirst) sinceMs = nowMs
    const answer = queued(now, run)
    if (isAlone) flushNow()
    else waitForTurn()
    return answer
  }

  return {
    add(task, run) {
      isAhead = false
      return joined(task, run)
    },
    addAhead: joined,
    addLate(run) {
      if (late.length === 0) {
        lateTimer = setTimeout(flush, lateMsMax)
        beginWaiting(flush)
      }
      return queued(late, run)
    },
    flush,
  }
}
