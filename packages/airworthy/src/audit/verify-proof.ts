/** Verification of Merkle proofs (RFC 6962, sections 2.1.1 and 2.1.2; RFC 9162 restates the algorithms). Hostile input is the normal case. */
import { equalHashes, hashBytes, nodeHash } from './merkle.ts'

/** Sizes and indexes end here, as they do in every log that speaks 64-bit integers. */
const countMax = 2n ** 63n - 1n

export interface InclusionClaim {
  readonly leafHash: Uint8Array
  readonly index: bigint
  readonly size: bigint
  readonly root: Uint8Array
  readonly proof: readonly Uint8Array[]
}

/**
 * Verifies that a leaf is in the log that a checkpoint commits to (RFC 6962, section 2.1.1).
 * @param claim `index` is the 0-based position of the leaf, below `size`; `proof` the sibling hashes, leaf to root, 32 bytes each.
 * @returns true when the recomputed root equals `root`. Pure, synchronous.
 * @throws never: a hash that is not 32 bytes, an index out of range or above 2^63-1 is `false`.
 * @example verifyInclusion({ leafHash: leafHash('one'), index: 0n, size: 1n, root: leafHash('one'), proof: [] }) // true
 */
export function verifyInclusion(claim: InclusionClaim): boolean {
  const { leafHash, index, size, root, proof } = claim
  if (!isCount(index) || !isCount(size) || index >= size) return false
  if (!isHash(leafHash) || !isHash(root) || !isProof(proof)) return false
  const inner = bitLength(index ^ (size - 1n))
  const border = onesIn(index >> BigInt(inner))
  if (proof.length !== inner + border) return false
  let hash = leafHash
  for (let level = 0; level < proof.length; level++) {
    const sibling = proof[level] as Uint8Array
    const siblingIsRight = level < inner && ((index >> BigInt(level)) & 1n) === 0n
    hash = siblingIsRight ? nodeHash(hash, sibling) : nodeHash(sibling, hash)
  }
  return equalHashes(hash, root)
}

export interface ConsistencyClaim {
  readonly size1: bigint
  readonly size2: bigint
  readonly root1: Uint8Array
  readonly root2: Uint8Array
  readonly proof: readonly Uint8Array[]
}

/**
 * Verifies that the log at `size2` begins with the log at `size1`: nothing was removed, changed or reordered in between.
 * @returns true when both roots follow from the proof. Pure, synchronous.
 * @throws never. A `size1` of 0 is `false`: the empty log is a prefix of all, so there is nothing to prove; whoever speaks a
 * protocol in which that is meaningful says so before calling.
 * @example verifyConsistency({ size1: 1n, size2: 1n, root1: leafHash('one'), root2: leafHash('one'), proof: [] }) // true
 */
export function verifyConsistency(claim: ConsistencyClaim): boolean {
  const { size1, size2, root1, root2, proof } = claim
  if (!isCount(size1) || !isCount(size2) || size1 === 0n || size1 > size2) return false
  // Between equal sizes nothing is hashed: the roots are the same bytes or they are not (so a vector of transparency-dev has it).
  if (size1 === size2) return isProof(proof) && proof.length === 0 && isSame(root1, root2)
  if (!isHash(root1) || !isHash(root2) || !isProof(proof)) return false

  const isPowerOfTwo = (size1 & (size1 - 1n)) === 0n
  const [start, ...rest] = isPowerOfTwo ? [root1, ...proof] : proof
  if (start === undefined) return false
  let [first, second] = [size1 - 1n, size2 - 1n]
  while ((first & 1n) === 1n) [first, second] = [first >> 1n, second >> 1n]
  let [hash1, hash2] = [start, start]
  for (const sibling of rest) {
    if (second === 0n) return false
    if ((first & 1n) === 1n || first === second) {
      hash1 = nodeHash(sibling, hash1)
      hash2 = nodeHash(sibling, hash2)
      while ((first & 1n) === 0n && first !== 0n) [first, second] = [first >> 1n, second >> 1n]
    } else {
      hash2 = nodeHash(hash2, sibling)
    }
    ;[first, second] = [first >> 1n, second >> 1n]
  }
  return second === 0n && equalHashes(hash1, root1) && equalHashes(hash2, root2)
}

function isCount(value: unknown): value is bigint {
  return typeof value === 'bigint' && value >= 0n && value <= countMax
}

function isHash(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length === hashBytes
}

function isSame(left: unknown, right: unknown): boolean {
  if (!(left instanceof Uint8Array && right instanceof Uint8Array) || left.length !== right.length) return false
  return left.every((byte, position) => byte === right[position])
}

function isProof(value: unknown): value is readonly Uint8Array[] {
  return Array.isArray(value) && value.every(isHash)
}

function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length
}

function onesIn(value: bigint): number {
  return value.toString(2).replaceAll('0', '').length
}
