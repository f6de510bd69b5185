/** What recording tasks asks of a store. Recordings can be deleted, and hold nothing that the log does not commit to. */
import type { EntryDraft } from '../../audit/seal-entry.ts'
import type { Digest } from '../../core/digest.ts'
import type { RecordedAct } from '../../evals/cassette/join-recording.ts'

export interface RecordingStore {
  /** Parts as they stand now and new pieces, in one transaction. A piece that is there stays. */
  keepRecording(act: { readonly parts: readonly StoredPart[]; readonly pieces: readonly StoredPiece[] }): Promise<void>
  /** Undefined: nothing of this task was recorded, or it is deleted. */
  readRecording(task: string): Promise<StoredRecording | undefined>
  /** Tasks of a release in an environment that were recorded and are closed, newest first. */
  listRecordings(filter: RecordingFilter): Promise<readonly string[]>
  /** Bytes that recordings use. */
  recordedBytes(): Promise<number>
  /** Deletes what is old, what was only kept in case its task failed, and what is too much; also cassettes of trials that are old. */
  expireRecordings(act: ExpireRecordings): Promise<ExpiredRecordings>
  /** Deletes a task's recording and its cassette, and appends the entry. @returns false: there was none; nothing is appended. */
  forgetRecording(act: { readonly task: string; readonly entry: EntryDraft }): Promise<boolean>
}

export interface StoredPart {
  readonly task: string
  readonly part: string
  readonly begun: number
  readonly isOpen: boolean
  readonly atMs: number
  /** Bytes of its pieces. */
  readonly bytes: number
  /** False: kept only if the task fails. */
  readonly isWanted: boolean
  /** Whoever closed the task said that it failed. */
  readonly hasFailed: boolean
  /** JSON: what else is known of it. */
  readonly about: string
}

export interface StoredPiece {
  readonly task: string
  readonly part: string
  readonly n: number
  /** Packed. */
  readonly body: Uint8Array
}

export interface StoredRecording {
  readonly parts: readonly StoredPart[]
  readonly pieces: readonly StoredPiece[]
  readonly acts: readonly RecordedAct[]
}

export interface RecordingFilter {
  readonly release: Digest
  readonly environment: string
  /** Those alone that failed: an action or a model call failed or is in doubt, a budget ran out, or whoever closed it said so. */
  readonly hasFailed: boolean
  readonly limit: number
}

export interface ExpireRecordings {
  /** Last written before this, and did not fail. */
  readonly beforeMs: number
  /** Last written before this. */
  readonly keptBeforeMs: number
  /** Closed before this: what was kept in case they fail is decided. */
  readonly decidedBeforeMs: number
  /** More than this is deleted, the oldest that did not fail first. */
  readonly bytesMax: number
  /** Tasks at most. */
  readonly limit: number
}

export interface ExpiredRecordings {
  readonly deleted: number
  readonly bytes: number
}
