/**
 * Hashing of a Merkle log (RFC 6962, section 2.1) and the compact range: the few hashes that are enough to append to a
 * log and to know its root. Sizes and indexes here are safe integers; the public verifiers take bigint.
 */
import { sha256 } from '../core/hash.ts'

/** A hash is SHA-256: 32 bytes. */
export const hashBytes = 32

/** Root of the log without entries: SHA-256 of nothing. */
export const emptyRoot: Uint8Array = sha256('')

/** SHA-256(0x00 || data): what keeps a leaf from ever being taken for a node. A text stands for its UTF-8 bytes. */
export function leafHash(data: Uint8Array | string): Uint8Array {
  if (typeof data === 'string') return sha256(`\u0000${data}`)
  const prefixed = new Uint8Array(data.length + 1)
  prefixed.set(data, 1)
  return sha256(prefixed)
}

const nodeInput = new Uint8Array(1 + 2 * hashBytes)
nodeInput[0] = 1

/** SHA-256(0x01 || left || right); both are 32 bytes. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  nodeInput.set(left, 1)
  nodeInput.set(right, 1 + hashBytes)
  return sha256(nodeInput)
}

/** Told about every subtree that an append completes: it covers leaves `index * 2^level` up to the next multiple. */
export type NodeVisitor = (level: number, index: number, hash: Uint8Array) => void

/** The hashes of the largest complete subtrees of the first `size` leaves, left to right. Appending costs one node hash on average. */
export class CompactRange {
  #size: number
  readonly #hashes: Uint8Array[]

  /** `hashes` are those of `completeSubtrees(0, size)`, in that order. */
  constructor(size = 0, hashes: readonly Uint8Array[] = []) {
    this.#size = size
    this.#hashes = [...hashes]
  }

  get size(): number {
    return this.#size
  }

  append(leaf: Uint8Array, visit?: NodeVisitor): void {
    let hash = leaf
    let index = this.#size
    let level = 0
    visit?.(level, index, hash)
    while (index % 2 === 1) {
      hash = nodeHash(this.#hashes.pop() as Uint8Array, hash)
      index = (index - 1) / 2
      level += 1
      visit?.(level, index, hash)
    }
    this.#hashes.push(hash)
    this.#size += 1
  }

  root(): Uint8Array {
    let root = this.#hashes.at(-1)
    if (root === undefined) return emptyRoot
    for (let position = this.#hashes.length - 2; position >= 0; position--) {
      root = nodeHash(this.#hashes[position] as Uint8Array, root)
    }
    return root
  }
}

/** True when both are the same 32 bytes. */
export function equalHashes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== hashBytes || right.length !== hashBytes) return false
  for (let position = 0; position < hashBytes; position++) if (left[position] !== right[position]) return false
  return true
}
