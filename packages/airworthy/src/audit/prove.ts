/**
 * Proofs of a Merkle log (RFC 6962, sections 2.1.1 and 2.1.2), made from the hashes of complete subtrees. Where those come
 * from is the caller's business: a list in memory, or tiles (tile-nodes.ts).
 */
import { invariant } from '../core/errors.ts'
import { emptyRoot, nodeHash } from './merkle.ts'

/** The complete subtree over leaves `index * 2^level` to `(index + 1) * 2^level - 1`. */
export interface NodeAddress {
  readonly level: number
  readonly index: number
}

export type NodeReader = (level: number, index: number) => Uint8Array

/** Sibling hashes, leaf to root, that lead from leaf `index` to the root at `size`. Needs `index < size`. */
export function inclusionProof(index: number, size: number, read: NodeReader): Uint8Array[] {
  invariant(index >= 0 && index < size, 'a leaf is proven only into a log that holds it')
  const proof: Uint8Array[] = []
  let [first, end] = [0, size]
  while (end - first > 1) {
    const middle = first + largestPowerBelow(end - first)
    if (index < middle) {
      proof.push(rangeRoot(middle, end, read))
      end = middle
    } else {
      proof.push(rangeRoot(first, middle, read))
      first = middle
    }
  }
  return proof.reverse()
}

/** Hashes that show the log at `size2` to begin with the log at `size1`. Needs `0 < size1 <= size2`. */
export function consistencyProof(size1: number, size2: number, read: NodeReader): Uint8Array[] {
  invariant(size1 > 0 && size1 <= size2, 'consistency runs from a size above 0 to one not below it')
  const proof: Uint8Array[] = []
  let [first, end] = [0, size2]
  while (end > size1) {
    const middle = first + largestPowerBelow(end - first)
    if (size1 <= middle) {
      proof.push(rangeRoot(middle, end, read))
      end = middle
    } else {
      proof.push(rangeRoot(first, middle, read))
      first = middle
    }
  }
  // The verifier knows the root at size1 already; it needs the hash only when that range is not the whole old log.
  if (first > 0) proof.push(rangeRoot(first, end, read))
  return proof.reverse()
}

/** Root of the leaves from `first` up to `end`, where `first` is aligned as it is for any range inside a proof. */
function rangeRoot(first: number, end: number, read: NodeReader): Uint8Array {
  const nodes = completeSubtrees(first, end)
  let root: Uint8Array | undefined
  for (const { level, index } of nodes.toReversed()) {
    const hash = read(level, index)
    root = root === undefined ? hash : nodeHash(hash, root)
  }
  return root ?? emptyRoot
}

/** The fewest complete subtrees that cover leaves `first` up to `end`, left to right. */
export function completeSubtrees(first: number, end: number): NodeAddress[] {
  const nodes: NodeAddress[] = []
  let position = first
  while (position < end) {
    let [level, width] = [0, 1]
    while (width * 2 <= end - position) [level, width] = [level + 1, width * 2]
    invariant(position % width === 0, 'a range in a Merkle tree begins at a multiple of its largest subtree')
    nodes.push({ level, index: position / width })
    position += width
  }
  return nodes
}

/** Where RFC 6962 splits a range: the largest power of two strictly below its width. */
function largestPowerBelow(width: number): number {
  let power = 1
  while (power * 2 < width) power *= 2
  return power
}
