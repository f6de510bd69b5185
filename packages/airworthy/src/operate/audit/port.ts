/** What reading the log asks of a store: export, proofs, tiles, and the screens that show entries. */
import type { TileAddress } from '../../audit/tiles.ts'
import type { CosignatureStore } from '../anchors/port.ts'
import type { StoredCheckpoint } from '../sequencer/port.ts'

export interface AuditReaderPort {
  latestCheckpoint(): Promise<StoredCheckpoint | undefined>
  /** Checkpoints whose size is above `after` and at most `through`, smallest first. */
  readCheckpoints(range: { readonly after: number; readonly through: number }): Promise<readonly StoredCheckpoint[]>
  readTile(address: TileAddress): Promise<Uint8Array | undefined>
  /** Leaf hashes as they stand beside the entries, from index `first` on. */
  readLeafHashes(first: number, limit: number): Promise<readonly Uint8Array[]>
  /** Entries that have an index, from `first` on, in order. An entry that is gone from the store is left out. */
  readEntries(first: number, limit: number): Promise<readonly StoredEntry[]>
  entryById(id: string): Promise<StoredEntry | undefined>
  /** Oldest first; those without an index included. */
  entriesOfTask(task: string, limit: number): Promise<readonly StoredEntry[]>
  /** Entries of kind `body-erased` behind the first `size` of the log, with an index or not yet. */
  readErasuresAfter(size: number, limit: number): Promise<readonly StoredEntry[]>
  /** Bodies of the entries with index `first` up to, not including, `end`. */
  readBodies(first: number, end: number): Promise<readonly StoredBody[]>
  readBody(entryId: string, name: string): Promise<StoredBody | undefined>
}

/** What witnesses said of checkpoints. */
export type CosignatureReader = Pick<CosignatureStore, 'readCosignatures'>

export interface StoredEntry {
  /** Undefined until the sequencer has given it one. */
  readonly index: number | undefined
  readonly id: string
  /** Canonical JSON, the leaf's data. */
  readonly text: string
}

export interface StoredBody {
  readonly index: number | undefined
  readonly name: string
  /** Undefined when the body was erased. */
  readonly kept: { readonly salt: Uint8Array; readonly content: string } | undefined
}
