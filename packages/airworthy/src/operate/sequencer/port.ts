/**
 * What the sequencer asks of a store. Each act is one transaction, value in and value out; any number of sequencers may call
 * them at once, because the two that write compare before they set: whoever loses reads again.
 */
import type { TileAddress } from '../../audit/tiles.ts'

export interface SequencerPort {
  /** True while this sequencer may write the log; asked before each round, which also keeps it the leader. */
  lead(): Promise<boolean>
  /** Lets another one lead at once. */
  resign(): Promise<void>
  /** The newest signed checkpoint; undefined for a log that was never started. */
  latestCheckpoint(): Promise<StoredCheckpoint | undefined>
  /** How many entries have an index. */
  indexedSize(): Promise<number>
  /** Entries without an index, oldest first. */
  readUnsequenced(limit: number): Promise<readonly UnsequencedEntry[]>
  /** Leaf hashes of entries that have an index, from `first` on. */
  readLeafHashes(first: number, limit: number): Promise<readonly Uint8Array[]>
  /** Gives entries the indexes `firstIndex` and up. 'conflict' and nothing written unless exactly `firstIndex` entries had one. */
  sequence(act: SequenceAct): Promise<'done' | 'conflict'>
  /** Keeps a checkpoint and its tiles. 'conflict' and nothing written unless the newest checkpoint is of `expectedSize`. */
  publishCheckpoint(act: PublishAct): Promise<'done' | 'conflict'>
  /** All hashes that the tile has by now; undefined when there is no such tile. */
  readTile(address: TileAddress): Promise<Uint8Array | undefined>
}

export interface StoredCheckpoint {
  readonly size: number
  /** The signed note. */
  readonly note: string
}

interface UnsequencedEntry {
  /** The store's own key of the entry; it grows in the order of commits. */
  readonly key: number
  readonly leafHash: Uint8Array
}

export interface SequenceAct {
  readonly firstIndex: number
  readonly entryKeys: readonly number[]
}

export interface PublishAct {
  /** Undefined for the first checkpoint of a log. */
  readonly expectedSize: number | undefined
  readonly size: number
  readonly note: string
  /** Tiles that grew, whole: each begins with what the store holds of it. */
  readonly tiles: readonly (TileAddress & { readonly hashes: Uint8Array })[]
}
