/** Checkpoints (C2SP tlog-checkpoint): a log's signed statement of its size and root. */
import { AirworthyError } from '../core/errors.ts'
import { fromBase64, toBase64 } from './base64.ts'
import { hashBytes } from './merkle.ts'
import { type NoteSigner, openNote, signNote } from './note.ts'

export interface Checkpoint {
  /** The log's name; its key carries the same. */
  readonly origin: string
  /** Number of entries, 0 to 2^63-1. */
  readonly size: bigint
  /** 32 bytes. */
  readonly root: Uint8Array
  /** Further lines that were signed along. We write none. */
  readonly extensions: readonly string[]
}

const sizeMax = 2n ** 63n - 1n

/**
 * Reads a checkpoint, either the bare text or the whole signed note. It believes no signature: `openCheckpoint` does that.
 * @throws CHECKPOINT_INVALID. Pure.
 * @example parseCheckpoint('example.com/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n').size // 0n
 */
export function parseCheckpoint(text: string): Checkpoint {
  const blank = text.lastIndexOf('\n\n— ')
  const body = blank < 0 ? text : text.slice(0, blank + 1)
  if (!body.endsWith('\n')) throw invalid('it does not end with a line feed')
  const [origin = '', sizeText = '', rootText = '', ...extensions] = body.slice(0, -1).split('\n')
  if (origin === '') throw invalid('its first line, the origin, is empty')
  if (!/^(0|[1-9][0-9]{0,18})$/.test(sizeText)) throw invalid('its second line is not a size')
  const size = BigInt(sizeText)
  if (size > sizeMax) throw invalid('its size is above 2^63-1')
  const root = fromBase64(rootText)
  if (root?.length !== hashBytes) throw invalid('its third line is not the base64 of a 32-byte root')
  if (extensions.includes('')) throw invalid('it holds an empty line')
  return { origin, size, root, extensions }
}

/** The text that is signed. */
export function printCheckpoint({ origin, size, root }: Pick<Checkpoint, 'origin' | 'size' | 'root'>): string {
  return `${origin}\n${size}\n${toBase64(root)}\n`
}

/** The signed note of a log that the signer's name stands for. */
export function signCheckpoint(signer: NoteSigner, size: bigint, root: Uint8Array): string {
  return signNote(printCheckpoint({ origin: signer.name, size, root }), [signer])
}

/**
 * Opens a signed checkpoint: believed when a trusted key, whose name is the checkpoint's origin, signed it.
 * @throws NOTE_INVALID, NOTE_UNTRUSTED, CHECKPOINT_INVALID, AUDIT_KEY_INVALID. Pure.
 */
export function openCheckpoint(note: Uint8Array | string, trusted: string | readonly string[]): Checkpoint {
  const { text, verified } = openNote(note, trusted)
  const checkpoint = parseCheckpoint(text)
  if (!verified.some(({ name }) => name === checkpoint.origin)) {
    throw new AirworthyError({
      code: 'NOTE_UNTRUSTED',
      message: `The checkpoint is of "${checkpoint.origin}", but no trusted key of that name signed it.`,
      mend: 'Use the public key of that log.',
    })
  }
  return checkpoint
}

function invalid(why: string): AirworthyError {
  return new AirworthyError({
    code: 'CHECKPOINT_INVALID',
    message: `The text is not a checkpoint: ${why}.`,
    mend: 'Take the checkpoint again from the log or the anchor, whole and unchanged.',
  })
}
