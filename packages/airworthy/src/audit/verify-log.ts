/** Verification of a whole log from its export, line by line, and what it says about what it could not see. */
import { AirworthyError } from '../core/errors.ts'
import { BodyChecker } from './check-bodies.ts'
import { RootChecker } from './check-roots.ts'
import { type Checkpoint, openCheckpoint, parseCheckpoint } from './checkpoint.ts'
import { type CheckpointCosignature, findCosignature } from './cosignature.ts'
import type { ExportHeader, ExportLine } from './export.ts'
import { FaultList, type LogFault } from './log-fault.ts'
import { EntryMatcher } from './match-entries.ts'
import { cosignatureType, parseVkey } from './note.ts'

export interface VerifyOptions {
  /** The log's vkey, from somewhere else than the export; several when a key was replaced. */
  readonly publicKey?: string | readonly string[]
  /** Signed checkpoints that were saved earlier or read back from an anchor. */
  readonly since?: readonly string[]
  /** Keys of witnesses (vkeys of type 04): what one of them cosigned counts as saved elsewhere, wherever it is found. */
  readonly witnesses?: readonly string[]
}

export interface LogVerification {
  readonly ok: boolean
  /** Entries that the export's hashes are of. */
  readonly size: number
  readonly origin: string | undefined
  /** At most 1,000, by index; `faultCount` counts all. */
  readonly faults: readonly LogFault[]
  readonly faultCount: number
  /** What this verification could not have seen, in sentences. */
  readonly notes: readonly string[]
  /** The export's newest signed checkpoint: save it, and the next verification can be held against it. */
  readonly checkpoint: string | undefined
  /** Size of the largest saved checkpoint that agreed. */
  readonly comparedSize: number | undefined
  /** The largest checkpoint that a witness of `witnesses` cosigned, and when; undefined when none did. */
  readonly witnessed: (CheckpointCosignature & { readonly size: number }) | undefined
}

/**
 * Verifies a log line by line: `read` each line of the export in order (undefined for a line that is none), then `finish`.
 * @throws AUDIT_EXPORT_INVALID when the first line is no header; NOTE_INVALID, NOTE_UNTRUSTED, CHECKPOINT_INVALID for a saved
 * checkpoint that `publicKey` did not sign; AUDIT_KEY_INVALID. A false log is a result, never an error.
 */
export class LogVerifier {
  readonly #options: VerifyOptions
  readonly #faults = new FaultList()
  readonly #matcher = new EntryMatcher(this.#faults)
  readonly #bodies = new BodyChecker(this.#faults)
  #header: ExportHeader | undefined
  #roots: RootChecker | undefined
  #witnessed: LogVerification['witnessed']

  constructor(options: VerifyOptions = {}) {
    this.#options = options
    for (const witness of options.witnesses ?? []) parseVkey(witness, cosignatureType)
  }

  read(line: ExportLine | undefined): void {
    if (this.#roots === undefined) this.#begin(line)
    else this.#readInside(line, this.#roots)
  }

  finish(): LogVerification {
    const { since = [], publicKey } = this.#options
    if (this.#roots === undefined || this.#header === undefined) {
      // Nothing is left. Without a saved checkpoint, an erased log cannot be told from one that never was.
      const largest = Math.max(0, ...since.map((note) => Number(parseCheckpoint(note).size)))
      if (largest === 0) throw exportInvalid('It is empty.')
      this.#faults.add('erased', 0, { lastIndex: largest - 1 })
      return this.#result(0, undefined)
    }
    this.#roots.finish()
    this.#matcher.finish()
    if (this.#header.bodies) this.#bodies.finish()
    return this.#result(this.#roots.size, this.#roots.comparedSize, publicKey === undefined)
  }

  #begin(line: ExportLine | undefined): void {
    if (line?.kind !== 'header') throw exportInvalid('Its first line is not a header.')
    const { publicKey = [line.vkey] } = this.#options
    const trusted = typeof publicKey === 'string' ? [publicKey] : publicKey
    this.#header = line
    this.#roots = new RootChecker({ trusted, vkeyOfExport: line.vkey }, this.#openSaved(trusted), this.#faults)
    this.#readCheckpoint(line.checkpoint, this.#roots)
    if (!isHeaderOf(line)) this.#malformed('The header is not that of its checkpoint.')
  }

  #readInside(line: ExportLine | undefined, roots: RootChecker): void {
    if (line?.kind === 'checkpoint') this.#readCheckpoint(line.note, roots)
    else if (line?.kind === 'hashes') this.#readHashes(line.first, line.hashes, roots)
    else if (line?.kind === 'entry') this.#readEntry(line.index, line.text)
    else if (line?.kind === 'body') this.#bodies.readBody(line.index, line.name, line.kept)
    else if (line?.kind === 'uncovered') this.#bodies.readUncovered(line.text)
    else this.#malformed('A line of the export is not in its form.')
  }

  #readCheckpoint(note: string, roots: RootChecker): void {
    roots.readCheckpoint(note)
    let checkpoint: Checkpoint | undefined
    try {
      checkpoint = this.#seeWitnesses(note)
    } catch (error) {
      // What is no note at all has been named above.
      if (error instanceof AirworthyError && error.code === 'NOTE_UNTRUSTED') {
        this.#faults.add('signature-invalid', roots.size, { message: error.message })
      }
    }
    if (checkpoint !== undefined) roots.addSaved(checkpoint)
  }

  /** The checkpoint when a witness cosigned it. @throws NOTE_INVALID, NOTE_UNTRUSTED, CHECKPOINT_INVALID */
  #seeWitnesses(note: string): Checkpoint | undefined {
    const { witnesses = [] } = this.#options
    if (witnesses.length === 0) return undefined
    let seen: Checkpoint | undefined
    for (const witness of witnesses) {
      const cosignature = findCosignature(note, witness)
      if (cosignature === undefined) continue
      seen = parseCheckpoint(note)
      const size = Number(seen.size)
      if (size >= (this.#witnessed?.size ?? 0)) this.#witnessed = { ...cosignature, size }
    }
    return seen
  }

  #readHashes(first: number, hashes: readonly Uint8Array[], roots: RootChecker): void {
    if (first < roots.size) {
      this.#malformed('Hashes stand there twice.')
      return
    }
    if (first > roots.size) roots.skipTo(first)
    this.#matcher.beginBlock(first, hashes)
    roots.readHashes(hashes)
  }

  #readEntry(claimedIndex: number, text: string): void {
    const index = this.#matcher.readEntry(claimedIndex, text)
    if (this.#header?.bodies !== true) return
    if (index === undefined) this.#bodies.skipEntry()
    else this.#bodies.readEntry(index, text)
  }

  #malformed(message: string): void {
    this.#faults.add('malformed', this.#roots?.size ?? 0, { message })
  }

  #openSaved(trusted: readonly string[]): Checkpoint[] {
    return (this.#options.since ?? []).map((note) => {
      this.#seeWitnesses(note)
      if (this.#options.publicKey !== undefined) return openCheckpoint(note, trusted)
      try {
        return openCheckpoint(note, trusted)
      } catch {
        // Nobody named a key to trust, and the saved checkpoint is of another than the export's: the key was swapped.
        if (!this.#faults.has('key-swapped')) this.#faults.add('key-swapped', 0)
        return parseCheckpoint(note)
      }
    })
  }

  #result(size: number, comparedSize: number | undefined, isKeyFromExport = false): LogVerification {
    const { count } = this.#faults
    const notes: string[] = []
    if (isKeyFromExport) notes.push(keyFromExportNote)
    const saved = this.#options.since?.length ?? 0
    const { witnesses = [] } = this.#options
    if (this.#witnessed !== undefined) notes.push(witnessedNote(this.#witnessed))
    else if (witnesses.length > 0) notes.push(unwitnessedNote)
    if (saved === 0 && this.#witnessed === undefined) notes.push(nothingSavedNote)
    else if (comparedSize !== undefined && comparedSize < size) notes.push(savedNote(comparedSize))
    if (this.#header?.bodies === false) notes.push(noBodiesNote)
    const { uncoveredErasures } = this.#bodies
    if (uncoveredErasures > 0) notes.push(uncoveredNote(uncoveredErasures))
    return {
      ok: count === 0,
      size,
      origin: this.#header?.origin,
      faults: this.#faults.sorted(),
      faultCount: count,
      notes,
      checkpoint: this.#header?.checkpoint,
      comparedSize,
      witnessed: this.#witnessed,
    }
  }
}

const keyFromExportNote =
  'The public key was taken from the export itself: whoever swapped the key would not show. Give the key that you were handed.'
const nothingSavedNote =
  'No saved checkpoint and no anchor to compare with: a holder of the signing key could have rewritten this log, and a cut tail, a fork or an erased log would not show.'
const unwitnessedNote = 'No checkpoint here is cosigned by the witness whose key was given.'
const noBodiesNote = 'The export holds no bodies, so they were not held against their digests.'

function witnessedNote({ witness, timeSeconds, size }: NonNullable<LogVerification['witnessed']>): string {
  return `The witness "${witness}" cosigned the first ${size} entries at ${new Date(timeSeconds * 1000).toISOString()}.`
}

function isHeaderOf({ checkpoint, origin, size }: ExportHeader): boolean {
  try {
    const parsed = parseCheckpoint(checkpoint)
    return parsed.origin === origin && parsed.size === BigInt(size)
  } catch {
    return false
  }
}

function uncoveredNote(count: number): string {
  return `Bodies that were erased by entries that no checkpoint covers yet: ${count}. Verify again when one does.`
}

function savedNote(comparedSize: number): string {
  return `Nothing saved covers the entries from ${comparedSize} on: a holder of the signing key could have rewritten or cut those.`
}

function exportInvalid(why: string): AirworthyError {
  return new AirworthyError({
    code: 'AUDIT_EXPORT_INVALID',
    message: `This is not an export of an audit log. ${why}`,
    mend: 'Give a file that `airworthy audit export` wrote.',
  })
}
