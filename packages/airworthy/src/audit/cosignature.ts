/**
 * Cosignatures (C2SP tlog-cosignature, Ed25519): a witness says that at a time it had seen this checkpoint, and none that contradicts it.
 * It is a signature line on the checkpoint's note, so whoever does not know the witness passes over it.
 */
import { AirworthyError } from '../core/errors.ts'
import { verifyEd25519 } from '../core/signature.ts'
import { cosignatureType, parseNote, parseVkey } from './note.ts'

const timeBytes = 8
/** Seconds; a later time than the year 9999 is no time. */
const timeMax = 253_402_300_799n

export interface CheckpointCosignature {
  /** The witness's name. */
  readonly witness: string
  /** Seconds since 1970, as the witness's clock had it. */
  readonly timeSeconds: number
}

/**
 * The witness's cosignature on a checkpoint, the newest when there are several; undefined when it gave none.
 * @param note  a signed note, whole. @param vkey  the witness's key (`name+id+key`, type 04).
 * @throws NOTE_INVALID, AUDIT_KEY_INVALID; NOTE_UNTRUSTED for a line under the witness's name and id that it did not sign. Pure.
 * @example findCosignature(note, 'witness.example+0b1cf24c+BD...')?.timeSeconds
 */
export function findCosignature(note: Uint8Array | string, vkey: string): CheckpointCosignature | undefined {
  const witness = parseVkey(vkey, cosignatureType)
  const { text, signatures } = parseNote(note)
  let newest: CheckpointCosignature | undefined
  for (const { name, keyId, signature } of signatures) {
    if (name !== witness.name || keyId !== witness.keyId) continue
    const timeSeconds = signature.length > timeBytes ? readTime(signature) : undefined
    const isSigned =
      timeSeconds !== undefined &&
      verifyEd25519(witness.publicKey, cosignedMessage(timeSeconds, text), signature.subarray(timeBytes))
    if (!isSigned) throw untrusted(name)
    if (newest === undefined || timeSeconds > newest.timeSeconds) newest = { witness: name, timeSeconds }
  }
  return newest
}

/** The note with further signature lines below its own, each with its line feed. */
export function withCosignatures(note: string, lines: readonly string[]): string {
  return note + lines.join('')
}

function readTime(signature: Uint8Array): number | undefined {
  const seconds = new DataView(signature.buffer, signature.byteOffset, timeBytes).getBigUint64(0)
  return seconds > timeMax ? undefined : Number(seconds)
}

function cosignedMessage(timeSeconds: number, text: string): Uint8Array {
  return new TextEncoder().encode(`cosignature/v1\ntime ${timeSeconds}\n${text}`)
}

function untrusted(name: string): AirworthyError {
  return new AirworthyError({
    code: 'NOTE_UNTRUSTED',
    message: `The cosignature of the witness "${name}" does not verify.`,
    mend: "Check that you have the witness's right public key; if you do, do not believe this checkpoint.",
  })
}
