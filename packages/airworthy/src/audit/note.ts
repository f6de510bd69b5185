/**
 * Signed notes (C2SP signed-note): a text and signature lines below it. Ed25519 keys (type 01) are read and written; a
 * signature of another type belongs to an unknown key and is passed over, as the specification asks (type 04: cosignature.ts).
 */
import type { ErrorCode } from '../core/error-codes.ts'
import { AirworthyError } from '../core/errors.ts'
import { sha256 } from '../core/hash.ts'
import { publicKeyFromRaw, type SigningKey, signEd25519, verifyEd25519 } from '../core/signature.ts'
import { fromBase64, toBase64 } from './base64.ts'

/** A checkpoint has some hundred bytes; a note beyond this is not one of ours. */
const noteBytesMax = 1024 * 1024
/** The specification asks for at least 16; each costs a hash at most, and a verification only when its key is trusted. */
const signaturesMax = 100
/** Types of keys: what stands before the 32 bytes of an Ed25519 key, and says what they sign. */
const ed25519Type = 1
export const cosignatureType = 4

export interface NoteSignature {
  readonly name: string
  /** Unsigned 32 bits; a hint for finding the key, not a digest to rely on. */
  readonly keyId: number
  readonly signature: Uint8Array
}

export interface OpenedNote {
  /** What was signed, its final line feed included. */
  readonly text: string
  /** Signatures of trusted keys; at least one, all of them verified. */
  readonly verified: readonly NoteSignature[]
  /** Signatures of keys that the caller did not name; they say nothing. */
  readonly unknown: readonly NoteSignature[]
}

/**
 * Opens a signed note: the text, when at least one trusted key signed it and no trusted key's signature is false.
 * @param note the whole note, as UTF-8 bytes or as text.
 * @param trusted vkey or vkeys (`name+id+key`) of the signers to believe.
 * @throws NOTE_INVALID, NOTE_UNTRUSTED, AUDIT_KEY_INVALID. Pure.
 * @example openNote(signNote('hello\n', [signer]), signer.vkey).text // 'hello\n'
 */
export function openNote(note: Uint8Array | string, trusted: string | readonly string[]): OpenedNote {
  const { text, signatures } = parseNote(note)
  const verifiers = (typeof trusted === 'string' ? [trusted] : trusted).map((vkey) => parseVkey(vkey))
  const signed = new TextEncoder().encode(text)
  const verified: NoteSignature[] = []
  const unknown: NoteSignature[] = []
  for (const signature of signatures) {
    const verifier = verifiers.find(({ name, keyId }) => name === signature.name && keyId === signature.keyId)
    if (verifier === undefined) {
      unknown.push(signature)
    } else if (!verified.some(({ name, keyId }) => name === signature.name && keyId === signature.keyId)) {
      if (!verifyEd25519(verifier.publicKey, signed, signature.signature)) {
        throw noteError('NOTE_UNTRUSTED', `The signature of the trusted key "${signature.name}" does not verify.`)
      }
      verified.push(signature)
    }
  }
  if (verified.length === 0) {
    throw noteError('NOTE_UNTRUSTED', 'None of the signatures on the note is of a trusted key.')
  }
  return { text, verified, unknown }
}

/** Takes a note apart without believing any signature. @throws NOTE_INVALID */
export function parseNote(note: Uint8Array | string): { text: string; signatures: NoteSignature[] } {
  const whole = typeof note === 'string' ? note : decodeUtf8(note)
  if (whole.length > noteBytesMax) throw noteError('NOTE_INVALID', `The note is longer than ${noteBytesMax} bytes.`)
  if (!whole.isWellFormed()) throw noteError('NOTE_INVALID', 'The note is not valid UTF-8.')
  if (/[\u0000-\u0009\u000b-\u001f]/.test(whole)) {
    throw noteError('NOTE_INVALID', 'The note holds a control character other than the line feed.')
  }
  // A text may hold blank lines of its own, so the signatures stand below the last one.
  const blank = whole.lastIndexOf('\n\n')
  if (blank < 0) throw noteError('NOTE_INVALID', 'The note has no blank line between text and signatures.')
  const block = whole.slice(blank + 2)
  if (!block.endsWith('\n')) throw noteError('NOTE_INVALID', 'The note does not end with a signature line.')
  const lines = block.slice(0, -1).split('\n')
  if (lines.length > signaturesMax) throw noteError('NOTE_INVALID', `The note has over ${signaturesMax} signatures.`)
  return { text: whole.slice(0, blank + 1), signatures: lines.map(parseSignature) }
}

function parseSignature(line: string): NoteSignature {
  const match = /^— ([^ ]+) ([A-Za-z0-9+/=]+)$/u.exec(line)
  const name = match?.[1]
  const bytes = match?.[2] === undefined ? undefined : fromBase64(match[2])
  if (name === undefined || !isKeyName(name) || bytes === undefined || bytes.length < 5) {
    throw noteError('NOTE_INVALID', 'A signature line is not "— name base64".')
  }
  return { name, keyId: readKeyId(bytes), signature: bytes.subarray(4) }
}

export interface NoteSigner {
  readonly name: string
  readonly vkey: string
  readonly publicKeyRaw: Uint8Array
  /** The signature line for a text, its line feed included. */
  signatureLine(text: string): string
}

/** A signer of notes under a name; the name of a log's key is its origin. @throws AUDIT_KEY_INVALID for a name that no vkey can carry. */
export function noteSigner(name: string, key: SigningKey): NoteSigner {
  const vkey = printVkey(name, key.publicKeyRaw)
  const id = keyIdBytes(name, withType(key.publicKeyRaw))
  return {
    name,
    vkey,
    publicKeyRaw: key.publicKeyRaw,
    signatureLine(text) {
      const signature = signEd25519(key.privateKey, new TextEncoder().encode(text))
      return `— ${name} ${toBase64(Buffer.concat([id, signature]))}\n`
    },
  }
}

/** The note over `text`, which ends with a line feed. @throws NOTE_INVALID for a text that no note can hold. */
export function signNote(text: string, signers: readonly NoteSigner[]): string {
  if (!text.endsWith('\n')) throw noteError('NOTE_INVALID', 'The text of a note ends with a line feed.')
  const note = `${text}\n${signers.map((signer) => signer.signatureLine(text)).join('')}`
  parseNote(note)
  return note
}

/** `name+id+key`: the public key as C2SP tools take it. `publicKeyRaw` is a raw Ed25519 key of 32 bytes. @throws AUDIT_KEY_INVALID */
export function printVkey(name: string, publicKeyRaw: Uint8Array): string {
  if (!isKeyName(name)) {
    throw noteError('AUDIT_KEY_INVALID', `"${name}" cannot name a key: a name holds no space and no plus sign.`)
  }
  const typed = withType(publicKeyRaw)
  return `${name}+${Buffer.from(keyIdBytes(name, typed)).toString('hex')}+${toBase64(typed)}`
}

export interface NoteVerifier {
  readonly name: string
  readonly keyId: number
  readonly publicKey: ReturnType<typeof publicKeyFromRaw>
}

/** @param type  of the key: a log's (01), or a witness's (04). @throws AUDIT_KEY_INVALID: not in the form, another type than Ed25519, or an id that is not that key's. */
export function parseVkey(vkey: string, type: number = ed25519Type): NoteVerifier {
  // Base64 may hold plus signs, so only the first two of them separate.
  const match = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/u.exec(vkey)
  const [, name = '', id = '', key = ''] = match ?? []
  const typed = fromBase64(key)
  if (match === null || !isKeyName(name) || typed === undefined) {
    throw noteError('AUDIT_KEY_INVALID', 'The public key is not in the form name+id+base64.')
  }
  if (typed[0] !== type || typed.length !== 33) {
    throw noteError('AUDIT_KEY_INVALID', `The key of "${name}" is not an Ed25519 key of type 0${type} (32 bytes).`)
  }
  const keyId = readKeyId(keyIdBytes(name, typed))
  if (keyId !== Number.parseInt(id, 16)) {
    throw noteError('AUDIT_KEY_INVALID', `The id in the public key of "${name}" is not that key's id.`)
  }
  return { name, keyId, publicKey: publicKeyFromRaw(typed.subarray(1)) }
}

function isKeyName(name: string): boolean {
  return name !== '' && name.isWellFormed() && !/[\p{White_Space}\u0000-\u001f+]/u.test(name)
}

function withType(publicKeyRaw: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(ed25519Type), publicKeyRaw])
}

/** First four bytes of SHA-256(name || LF || type || key). */
function keyIdBytes(name: string, typed: Uint8Array): Uint8Array {
  return sha256(Buffer.concat([Buffer.from(`${name}\n`), typed])).subarray(0, 4)
}

function readKeyId(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0)
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw noteError('NOTE_INVALID', 'The note is not valid UTF-8.', cause)
  }
}

const mends = {
  NOTE_INVALID: 'Fetch the note again, whole and unchanged.',
  NOTE_UNTRUSTED: 'Check that you have the right public key; if you do, do not believe this note.',
  AUDIT_KEY_INVALID: 'Copy the public key again, as `name+id+base64`.',
} as const satisfies Partial<Record<ErrorCode, string>>

function noteError(code: keyof typeof mends, message: string, cause?: unknown): AirworthyError {
  return new AirworthyError({ code, message, mend: mends[code] }, { cause })
}
