/**
 * The sequencer gives committed entries their index, grows the tree, signs and publishes (C2SP tlog-checkpoint). The order is
 * what makes it safe: an index is durable before a root over it is signed, and a signed checkpoint is durable before anybody
 * sees it. So after a crash at any point the next round goes on with exactly the entries that the last one left:
 *
 *   killed before `sequence` commits            nothing happened; the entries are still without an index
 *   killed between `sequence` and `publish`     indexes without a checkpoint: the next round integrates them first
 *   killed after `publish`, before the anchors  the checkpoint is offered to the anchors again on start
 *
 * Two sequencers on one store are safe: both acts compare and set, and the loser reads again. Where many gateways share a store,
 * it also names one leader for a time, so that the others do not do the same work for nothing; a leader that slept past its time
 * is refused by the acts themselves.
 */
import { openCheckpoint, signCheckpoint } from '../../audit/checkpoint.ts'
import { LogTree } from '../../audit/log-tree.ts'
import { equalHashes } from '../../audit/merkle.ts'
import type { NoteSigner } from '../../audit/note.ts'
import { edgeTiles } from '../../audit/tiles.ts'
import { AirworthyError } from '../../core/errors.ts'
import type { SequencerPort, StoredCheckpoint } from './port.ts'

export interface SequencerOptions {
  readonly port: SequencerPort
  /** Its name is the log's origin. */
  readonly signer: NoteSigner
  /** Called after a checkpoint is durable, in order of size; must not throw and not wait (anchors queue). */
  readonly onCheckpoint?: (checkpoint: StoredCheckpoint) => void
  /** Called when rounds begin to fail, or fail for another reason; the next poll tries again. */
  readonly onError?: (error: unknown) => void
  /** How long a wake-up gathers entries, so that a busy log signs ten times a second and not at each entry. */
  readonly gatherMs?: number
  /** How often to look for entries of other processes. */
  readonly pollMs?: number
  /** Entries in one slice: bounds how long the event loop is held. */
  readonly sliceEntriesMax?: number
}

export interface Sequencer {
  /**
   * Reads where the log stands, publishes the empty checkpoint of a new log, and begins to work.
   * @throws AUDIT_LOG_INCONSISTENT when the store disagrees with its last checkpoint, or that is not of this key.
   */
  start(): Promise<void>
  /** Says that an entry was committed. Costs next to nothing; call it after each. */
  wake(): void
  /** Returns when every entry committed before the call is covered. @throws what a round throws. */
  drain(): Promise<void>
  /** Drains and ends. @throws what a round throws; it has ended all the same. */
  stop(): Promise<void>
  /** Entries below this index are covered by a published checkpoint. */
  readonly coveredSize: number
  /** Why the last round failed; undefined while all is well. */
  readonly failure: unknown
}

type RoundOutcome = 'idle' | 'more' | 'conflict' | 'following'

export function createSequencer(options: SequencerOptions): Sequencer {
  const { port, signer, gatherMs = 100, pollMs = 200, sliceEntriesMax = 512 } = options
  let tree: LogTree | undefined
  let publishedSize: number | undefined
  let offeredSize = -1
  let failure: unknown
  let told: string | undefined
  let isLeading = false
  let gathering: NodeJS.Timeout | undefined
  let polling: NodeJS.Timeout | undefined
  let rounds: Promise<RoundOutcome> = Promise.resolve('idle')

  /** Takes the tree from the store. What is signed next must extend what was signed last, so a disagreement ends here. */
  async function load(): Promise<LogTree> {
    const latest = await port.latestCheckpoint()
    if (latest === undefined) {
      publishedSize = undefined
      return new LogTree()
    }
    const signed = readOwnCheckpoint(latest, signer)
    const edge = await Promise.all(
      edgeTiles(latest.size).map(async ({ level, n }) => ({
        level,
        n,
        hashes: (await port.readTile({ level, n })) ?? nothing,
      })),
    )
    let loaded: LogTree
    try {
      loaded = new LogTree(latest.size, edge)
    } catch (cause) {
      throw inconsistent(`the tiles below the checkpoint of size ${latest.size} are incomplete`, cause)
    }
    if (signed.size !== BigInt(latest.size) || !equalHashes(signed.root, loaded.root())) {
      throw inconsistent(`the tiles do not lead to the root of the checkpoint of size ${latest.size}`)
    }
    if ((await port.indexedSize()) < latest.size) {
      throw inconsistent(`the index holds fewer entries than the checkpoint of size ${latest.size}`)
    }
    publishedSize = latest.size
    // The leader before may have ended between this checkpoint and its anchors; or it is our own and its reply was lost.
    offer(latest)
    return loaded
  }

  function offer(checkpoint: StoredCheckpoint): void {
    if (checkpoint.size <= offeredSize) return
    offeredSize = checkpoint.size
    options.onCheckpoint?.(checkpoint)
  }

  /** One bounded slice of work: at most `sliceEntriesMax` entries from unsequenced to covered. */
  async function slice(): Promise<RoundOutcome> {
    tree ??= await load()
    const indexed = await port.indexedSize()
    const leaves: Uint8Array[] = []
    if (tree.size < indexed) {
      // Left behind by a round that ended between its two acts, ours or another process's.
      leaves.push(...(await port.readLeafHashes(tree.size, Math.min(sliceEntriesMax, indexed - tree.size))))
    } else {
      const entries = await port.readUnsequenced(sliceEntriesMax)
      if (entries.length > 0) {
        const outcome = await port.sequence({ firstIndex: tree.size, entryKeys: entries.map(({ key }) => key) })
        if (outcome === 'conflict') return forget()
        leaves.push(...entries.map(({ leafHash }) => leafHash))
        await breath()
      }
    }
    if (leaves.length === 0 && publishedSize !== undefined) return 'idle'
    // Whatever comes while this slice is made gathers until the next round; a busy log would otherwise be signed without a pause.
    const isLast = tree.size === indexed && leaves.length < sliceEntriesMax
    for (const leaf of leaves) tree.append(leaf)
    const note = signCheckpoint(signer, BigInt(tree.size), tree.root())
    const act = { expectedSize: publishedSize, size: tree.size, note, tiles: tree.takeGrownTiles() }
    if ((await port.publishCheckpoint(act)) === 'conflict') return forget()
    publishedSize = act.size
    offer({ size: act.size, note })
    return isLast ? 'idle' : 'more'
  }

  function forget(): RoundOutcome {
    tree = undefined
    return 'conflict'
  }

  /** Rounds never overlap: each begins when the one before has ended, however that ended. */
  function round(): Promise<RoundOutcome> {
    rounds = rounds
      .catch(() => 'idle' as const)
      .then(async () => {
        try {
          if (!(await port.lead())) return await follow()
          if (!isLeading) takeOver()
          let outcome = await slice()
          while (outcome === 'more') {
            await breath()
            outcome = await slice()
          }
          failure = undefined
          return outcome
        } catch (error) {
          // What the tree holds may not be what the store holds; it is read again.
          tree = undefined
          failure = error
          throw error
        }
      })
    return rounds
  }

  /** Somebody else writes the log: what this one knew of the tree may be old when its turn comes. */
  async function follow(): Promise<RoundOutcome> {
    isLeading = false
    tree = undefined
    publishedSize = (await port.latestCheckpoint())?.size
    failure = undefined
    return 'following'
  }

  /** What others wrote meanwhile is read anew. */
  function takeOver(): void {
    isLeading = true
    tree = undefined
  }

  /** For a follower: says when the leader has covered what is committed now, whatever comes after it meanwhile. */
  async function coverage(): Promise<() => Promise<boolean>> {
    const newest = (await port.readUnsequenced(Number.MAX_SAFE_INTEGER)).at(-1)?.key
    let size: number | undefined
    return async () => {
      if (size === undefined) {
        const [oldest] = newest === undefined ? [] : await port.readUnsequenced(1)
        if (oldest !== undefined && newest !== undefined && oldest.key <= newest) return false
        size = await port.indexedSize()
      }
      return publishedSize !== undefined && publishedSize >= size
    }
  }

  /** Five rounds a second fail alike while the store is away; that is told once. */
  function roundInBackground(): void {
    round().then(
      () => {
        told = undefined
      },
      (error: unknown) => {
        const why = error instanceof Error ? error.message : String(error)
        if (why !== told) options.onError?.(error)
        told = why
      },
    )
  }

  async function drain(): Promise<void> {
    let isCovered: (() => Promise<boolean>) | undefined
    for (;;) {
      const outcome = await round()
      if (outcome === 'idle') return
      if (outcome === 'following') {
        isCovered ??= await coverage()
        if (await isCovered()) return
      }
      await pause(conflictPauseMs)
    }
  }

  return {
    async start() {
      // A follower has nothing to wait for: what comes all the time is its leader's to cover.
      if ((await round()) !== 'following') await drain()
      polling = setInterval(roundInBackground, pollMs)
      polling.unref()
    },
    wake() {
      if (gathering !== undefined || polling === undefined) return
      gathering = setTimeout(() => {
        gathering = undefined
        roundInBackground()
      }, gatherMs)
      gathering.unref()
    },
    drain,
    async stop() {
      clearInterval(polling)
      clearTimeout(gathering)
      polling = undefined
      gathering = undefined
      // A round that runs yet may make it the leader, after it resigned if nobody waits for it.
      await rounds.catch(() => {})
      try {
        // What a follower leaves uncovered is its leader's to cover.
        if (isLeading) await drain()
      } finally {
        await port.resign()
      }
    },
    get coveredSize() {
      return publishedSize ?? 0
    },
    get failure() {
      return failure
    },
  }
}

const nothing = new Uint8Array(0)
const conflictPauseMs = 20

/** Lets the hot path run between two pieces of work. */
function breath(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function readOwnCheckpoint(latest: StoredCheckpoint, signer: NoteSigner): { size: bigint; root: Uint8Array } {
  try {
    return openCheckpoint(latest.note, signer.vkey)
  } catch (cause) {
    throw inconsistent(`the key "${signer.name}" did not sign the checkpoint of size ${latest.size}`, cause)
  }
}

function inconsistent(why: string, cause?: unknown): AirworthyError {
  return new AirworthyError(
    {
      code: 'AUDIT_LOG_INCONSISTENT',
      message: `The audit log cannot go on: ${why}. Signing more would make a second history.`,
      mend: 'Run `airworthy audit verify`; restore the folder, its keys included, from one backup.',
    },
    { cause },
  )
}
