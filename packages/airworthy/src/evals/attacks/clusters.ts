/**
 * Which texts say the same: two whose word 5-grams have a Jaccard similarity of at least 0.7, when every disguise is off and every value
 * of the attack is a placeholder, are in one cluster, and so is whatever hangs on them. MinHash proposes pairs; the exact similarity
 * decides. With 64 bands of 2, a pair at 0.7 is overlooked once in 5 x 10^18. Pure and deterministic.
 */
import { undisguised } from './disguises.ts'

export interface Clustered {
  readonly text: string
  readonly disguise: string
  /** Values and canaries, which are one and the same placeholder when texts are compared. */
  readonly values?: readonly string[]
}

const gramWords = 5
export const similarityMin = 0.7
const bands = 64
const bandRows = 2

/** For each text the number of its cluster; clusters are numbered in the order in which they first occur. */
export function clustersOf(rows: readonly Clustered[]): number[] {
  const codes = new Map<string, number>()
  const sets = rows.map((row) => {
    const grams = gramsOf(normalized(row))
    return new Set(grams.map((gram) => codes.get(gram) ?? codes.set(gram, codes.size).size - 1))
  })
  const parent = rows.map((_row, index) => index)
  const rootOf = (index: number): number => {
    let at = index
    while (parent[at] !== at) {
      parent[at] = parent[parent[at] as number] as number
      at = parent[at] as number
    }
    return at
  }
  for (const [left, right] of candidatePairs(sets)) {
    const [a, b] = [rootOf(left), rootOf(right)]
    if (a !== b && jaccard(sets[left] as Set<number>, sets[right] as Set<number>) >= similarityMin)
      parent[Math.max(a, b)] = Math.min(a, b)
  }
  const numbers = new Map<number, number>()
  return rows.map((_row, index) => {
    const root = rootOf(index)
    const known = numbers.get(root) ?? numbers.size
    numbers.set(root, known)
    return known
  })
}

/** The same as names: `c0000` and on. */
export function clusterNamesOf(rows: readonly Clustered[]): string[] {
  return clustersOf(rows).map((number) => `c${String(number).padStart(4, '0')}`)
}

/** What is compared: lower case, values as `value`, numbers as 0. */
export function normalized({ text, disguise, values = [] }: Clustered): string {
  let plain = undisguised(text, disguise)
  for (const value of [...values].sort((a, b) => b.length - a.length))
    if (value !== '') plain = plain.replaceAll(value, ' value ')
  return plain
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/\d+(?:[.,]\d+)*/g, '0')
}

/** Runs of five words; a shorter text is one run. Scripts that write no spaces give a word for each character. */
export function gramsOf(text: string): string[] {
  const words = text.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[\p{L}\p{N}_]+/gu) ?? []
  if (words.length <= gramWords) return [words.join(' ')]
  return words.slice(0, words.length - gramWords + 1).map((_word, at) => words.slice(at, at + gramWords).join(' '))
}

export function jaccard(one: ReadonlySet<number>, other: ReadonlySet<number>): number {
  const [small, large] = one.size <= other.size ? [one, other] : [other, one]
  let both = 0
  for (const item of small) if (large.has(item)) both++
  const all = one.size + other.size - both
  return all === 0 ? 1 : both / all
}

/** Pairs of which some band agrees. Each text is compared with the first of its bucket and with every other one in it. */
function* candidatePairs(sets: readonly ReadonlySet<number>[]): Generator<readonly [number, number]> {
  const signatures = sets.map(signatureOf)
  for (let band = 0; band < bands; band++) {
    const buckets = new Map<string, number[]>()
    for (const [index, signature] of signatures.entries()) {
      const key = signature.subarray(band * bandRows, (band + 1) * bandRows).join(',')
      const bucket = buckets.get(key)
      if (bucket === undefined) buckets.set(key, [index])
      else {
        for (const other of bucket) yield [other, index]
        bucket.push(index)
      }
    }
  }
}

const multipliers = Array.from({ length: bands * bandRows }, (_, at) => (Math.imul(at + 1, 0x9e3779b1) | 1) >>> 0)

function signatureOf(grams: ReadonlySet<number>): Uint32Array {
  const signature = new Uint32Array(bands * bandRows).fill(0xffffffff)
  for (const gram of grams) {
    for (let at = 0; at < signature.length; at++) {
      const hash = mixed(gram + 1, multipliers[at] as number)
      if (hash < (signature[at] as number)) signature[at] = hash
    }
  }
  return signature
}

/** Murmur's finaliser over the item, started anew for each function. */
function mixed(item: number, multiplier: number): number {
  let hash = Math.imul(item, 0xcc9e2d51) ^ multiplier
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
