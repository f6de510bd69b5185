/**
 * Grows the tree from the exported leaf hashes and holds its root, at each size that somebody signed or saved, against that
 * checkpoint. Signed checkpoints inside the export catch whoever lacks the key; saved ones catch its holder too.
 */
import { type Checkpoint, openCheckpoint, parseCheckpoint } from './checkpoint.ts'
import type { FaultList } from './log-fault.ts'
import { CompactRange, equalHashes } from './merkle.ts'

interface Mark {
  readonly size: number
  readonly root: Uint8Array
}

export class RootChecker {
  readonly #faults: FaultList
  readonly #trusted: readonly string[]
  readonly #vkeyOfExport: string
  readonly #tree = new CompactRange()
  /** Signed in the export, not reached yet; smallest last. */
  readonly #signed: Mark[] = []
  /** Saved elsewhere, not reached yet; smallest last. */
  readonly #saved: Mark[]
  #signedGood = 0
  #savedGood: number | undefined
  #isDiverged = false
  /** Entries whose hashes are gone. From the first of them on there is no tree, and only counting goes on. */
  #skipped = 0
  /** A saved checkpoint that disagrees, until we know whether the export's history is signed as well. */
  #disagreed: Mark | undefined

  constructor(
    keys: { trusted: readonly string[]; vkeyOfExport: string },
    saved: readonly Checkpoint[],
    faults: FaultList,
  ) {
    this.#faults = faults
    this.#trusted = keys.trusted
    this.#vkeyOfExport = keys.vkeyOfExport
    this.#saved = saved.map(markOf).sort((left, right) => right.size - left.size)
    if (!keys.trusted.includes(keys.vkeyOfExport)) faults.add('key-swapped', 0)
    this.#checkRoots()
  }

  get size(): number {
    return this.#tree.size + this.#skipped
  }

  /** Size of the largest saved checkpoint that agreed. */
  get comparedSize(): number | undefined {
    return this.#savedGood
  }

  readCheckpoint(note: string): void {
    let checkpoint: Checkpoint
    try {
      checkpoint = openCheckpoint(note, this.#trusted)
    } catch {
      this.#blame(note)
      return
    }
    const mark = markOf(checkpoint)
    if (mark.size < this.size) {
      this.#faults.add('malformed', mark.size, {
        message: 'A checkpoint stands behind entries that it does not cover.',
      })
      return
    }
    const place = this.#signed.findIndex(({ size }) => size <= mark.size)
    this.#signed.splice(place < 0 ? this.#signed.length : place, 0, mark)
    this.#checkRoots()
  }

  /** A checkpoint that somebody else vouches for: the tree is held against it as against one that was saved. */
  addSaved(checkpoint: Checkpoint): void {
    const mark = markOf(checkpoint)
    if (mark.size < this.size) return
    const place = this.#saved.findIndex(({ size }) => size <= mark.size)
    this.#saved.splice(place < 0 ? this.#saved.length : place, 0, mark)
    this.#checkRoots()
  }

  readHashes(hashes: readonly Uint8Array[]): void {
    for (const hash of hashes) {
      if (this.#skipped > 0) this.#skipped += 1
      else this.#tree.append(hash)
      if (this.#signed.at(-1)?.size === this.size || this.#saved.at(-1)?.size === this.size) this.#checkRoots()
    }
  }

  /** The export goes on at `size`; what lies between is gone, hashes and all. */
  skipTo(size: number): void {
    const message = 'Entries from here on are gone with their hashes; no root behind them can be computed.'
    this.#faults.add('missing', this.size, { lastIndex: size - 1, message })
    this.#skipped += size - this.size
  }

  finish(): void {
    const { size } = this
    const hasSignatureFault = this.#faults.has('signature-invalid') || this.#faults.has('key-swapped')
    if (this.#disagreed !== undefined && !this.#isDiverged) {
      this.#addDisagreement(hasSignatureFault ? 'rewritten' : 'forked', this.#disagreed)
    }
    const largest = Math.max(this.#signed[0]?.size ?? 0, this.#saved[0]?.size ?? 0)
    if (largest > size) this.#faults.add(size === 0 ? 'erased' : 'truncated', size, { lastIndex: largest - 1 })
    if (size > this.#signedGood && !this.#isDiverged && this.#skipped === 0 && !hasSignatureFault && largest <= size) {
      const message = 'No signed checkpoint covers the entries from here on.'
      this.#faults.add('added', this.#signedGood, { lastIndex: size - 1, message })
    }
  }

  #checkRoots(): void {
    if (this.#skipped > 0) {
      for (const marks of [this.#saved, this.#signed])
        while ((marks.at(-1)?.size ?? this.size + 1) <= this.size) marks.pop()
      return
    }
    const root = this.#tree.root()
    while (this.#saved.at(-1)?.size === this.size) {
      const mark = this.#saved.pop() as Mark
      if (equalHashes(mark.root, root)) this.#savedGood = mark.size
      else this.#disagreed ??= mark
    }
    while (this.#signed.at(-1)?.size === this.size) {
      const mark = this.#signed.pop() as Mark
      if (this.#isDiverged) continue
      if (equalHashes(mark.root, root)) {
        this.#signedGood = mark.size
        if (this.#disagreed !== undefined) {
          this.#addDisagreement(this.#faults.has('key-swapped') ? 'rewritten' : 'forked', this.#disagreed)
          // One fork is named once; whatever else was saved behind it disagrees as well.
          this.#saved.length = 0
          this.#disagreed = undefined
        }
      } else {
        this.#isDiverged = true
        this.#faults.add('rewritten', this.#signedGood, { lastIndex: Math.max(this.#signedGood, mark.size - 1) })
      }
    }
  }

  #addDisagreement(kind: 'forked' | 'rewritten', mark: Mark): void {
    const index = this.#savedGood ?? 0
    this.#faults.add(kind, index, { lastIndex: Math.max(index, mark.size - 1) })
  }

  /** Says why a checkpoint of the export is not believed. */
  #blame(note: string): void {
    let size: number
    try {
      size = markOf(parseCheckpoint(note)).size
    } catch {
      this.#faults.add('malformed', this.size, { message: 'A line that should hold a checkpoint does not.' })
      return
    }
    try {
      openCheckpoint(note, this.#vkeyOfExport)
      // Signed all right, with the key that the export names and nobody trusts: named once, when that key was read.
      if (this.#faults.has('key-swapped')) return
    } catch {}
    this.#faults.add('signature-invalid', size)
  }
}

function markOf({ size, root }: Checkpoint): Mark {
  return { size: Number(size), root }
}
