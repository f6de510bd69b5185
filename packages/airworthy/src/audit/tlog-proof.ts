/**
 * Offline proofs (C2SP tlog-proof): one small text that shows an entry to be in a signed log. Its `extra` line carries the entry;
 * the format does not authenticate that line, but here the proof begins at the entry's own hash, so it does.
 */
import { AirworthyError } from '../core/errors.ts'
import { fromBase64, toBase64 } from './base64.ts'
import { type Checkpoint, openCheckpoint } from './checkpoint.ts'
import { leafHash } from './merkle.ts'
import { verifyInclusion } from './verify-proof.ts'

const headLine = 'c2sp.org/tlog-proof@v1'

export interface TlogProof {
  readonly index: bigint
  /** Sibling hashes, leaf to root. */
  readonly proof: readonly Uint8Array[]
  /** The signed note. */
  readonly checkpoint: string
  /** The entry, byte for byte. */
  readonly extra?: Uint8Array | undefined
}

export function printTlogProof({ index, proof, checkpoint, extra }: TlogProof): string {
  const extraLine = extra === undefined ? '' : `extra ${toBase64(extra)}\n`
  return `${headLine}\n${extraLine}index ${index}\n${proof.map((hash) => `${toBase64(hash)}\n`).join('')}\n${checkpoint}`
}

/** @throws CHECKPOINT_INVALID when the text is not such a proof. It believes nothing: `verifyTlogProof` does that. */
function parseTlogProof(text: string): TlogProof {
  const blank = text.indexOf('\n\n')
  const [head, ...lines] = text.slice(0, Math.max(0, blank)).split('\n')
  const extraText = lines[0]?.startsWith('extra ') ? lines.shift()?.slice('extra '.length) : undefined
  const extra = extraText === undefined ? undefined : fromBase64(extraText)
  const index = /^index (0|[1-9][0-9]{0,18})$/.exec(lines.shift() ?? '')?.[1]
  const proof = lines.map(fromBase64)
  const isWhole = head === headLine && index !== undefined && (extraText === undefined || extra !== undefined)
  if (!isWhole || !proof.every((hash) => hash !== undefined)) {
    throw new AirworthyError({
      code: 'CHECKPOINT_INVALID',
      message: `The text is not a proof of the form ${headLine}.`,
      mend: 'Give a file that `airworthy audit prove` or another C2SP log wrote, unchanged.',
    })
  }
  return { index: BigInt(index), proof, checkpoint: text.slice(blank + 2), extra }
}

/**
 * True when the proof shows its entry to be in the log of the trusted key, under a checkpoint that this key signed.
 * @param entry the entry's text, when the proof carries none or the caller has it from elsewhere.
 * @throws CHECKPOINT_INVALID, AUDIT_KEY_INVALID. Pure, offline.
 */
export function verifyTlogProof(text: string, trusted: string | readonly string[], entry?: string): boolean {
  const { index, proof, checkpoint, extra } = parseTlogProof(text)
  const data = entry ?? extra
  if (data === undefined) return false
  let opened: Checkpoint
  try {
    opened = openCheckpoint(checkpoint, trusted)
  } catch (error) {
    if (error instanceof AirworthyError && error.code !== 'AUDIT_KEY_INVALID') return false
    throw error
  }
  return verifyInclusion({ leafHash: leafHash(data), index, size: opened.size, root: opened.root, proof })
}
