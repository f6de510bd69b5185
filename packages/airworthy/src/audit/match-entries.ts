/**
 * Holds the entries of a log against its leaf hashes, block by block. A hash says which place an entry belongs to, whatever
 * index its line claims; what is left over on either side tells changed, missing, added and moved entries apart.
 */
import type { FaultList } from './log-fault.ts'
import { equalHashes, leafHash } from './merkle.ts'
import { outOfOrder } from './out-of-order.ts'

/** Bounds the memory that a log full of faults can take; beyond it, faults are counted and not told apart. */
const unmatchedMax = 10_000

interface Leftover {
  readonly index: number
  readonly hash: string
}

export class EntryMatcher {
  readonly #faults: FaultList
  #first = 0
  #hashes: readonly Uint8Array[] = []
  #isFilled = new Uint8Array(0)
  /** Position in the block that the next line belongs to when nothing is wrong. */
  #expected = 0
  /** Positions in the order of lines; kept only from the first surprise on. */
  #order: number[] | undefined
  #positionByHash: Map<string, number> | undefined
  #lastFilled = -1
  #renumbered: number | undefined
  readonly #lines: Leftover[] = []
  readonly #places: Leftover[] = []

  constructor(faults: FaultList) {
    this.#faults = faults
  }

  /** Leaf hashes of the entries whose lines come next. */
  beginBlock(first: number, hashes: readonly Uint8Array[]): void {
    this.#endBlock()
    this.#first = first
    this.#hashes = hashes
    this.#isFilled = new Uint8Array(hashes.length)
    this.#expected = 0
    this.#order = undefined
    this.#positionByHash = undefined
  }

  /** Index of the place that the entry belongs to; undefined when it is not an entry of this block. */
  readEntry(claimedIndex: number, text: string): number | undefined {
    const hash = leafHash(text)
    const position = this.#positionOf(hash)
    if (position === undefined) {
      this.#keep(this.#lines, { index: claimedIndex, hash: keyOf(hash) }, 'added')
      return undefined
    }
    if (this.#isFilled[position] === 1) {
      this.#faults.add('added', claimedIndex)
      return undefined
    }
    this.#isFilled[position] = 1
    this.#order?.push(position)
    this.#expected = Math.max(this.#expected, position + 1)
    const index = this.#first + position
    this.#lastFilled = Math.max(this.#lastFilled, index)
    if (claimedIndex !== index) this.#renumbered ??= index
    return index
  }

  /** Names what is left over, once all lines were read. */
  finish(): void {
    this.#endBlock()
    this.#hashes = []
    const openByHash = new Map(this.#places.map((place) => [place.hash, place]))
    const openByIndex = new Map(this.#places.map((place) => [place.index, place]))
    const settle = (place: Leftover) => {
      openByHash.delete(place.hash)
      openByIndex.delete(place.index)
      this.#lastFilled = Math.max(this.#lastFilled, place.index)
    }
    const strangers = this.#lines.filter((line) => {
      const place = openByHash.get(line.hash)
      if (place === undefined) return true
      this.#faults.add('reordered', place.index)
      settle(place)
      return false
    })
    for (const line of strangers) {
      const place = openByIndex.get(line.index)
      this.#faults.add(place === undefined ? 'added' : 'changed', line.index)
      if (place !== undefined) settle(place)
    }
    const open = [...openByIndex.keys()]
    for (const index of open) if (index < this.#lastFilled) this.#faults.add('missing', index)
    const tail = open.filter((index) => index > this.#lastFilled)
    if (tail.length > 0) {
      this.#faults.add(this.#lastFilled < 0 ? 'erased' : 'truncated', this.#lastFilled + 1, {
        lastIndex: tail.at(-1) as number,
      })
    }
    // Lines after a cut or an insertion carry shifted indexes; that is worth a word only when nothing else explains it.
    if (this.#renumbered !== undefined && this.#faults.count === 0) this.#faults.add('renumbered', this.#renumbered)
  }

  #positionOf(hash: Uint8Array): number | undefined {
    const expected = this.#hashes[this.#expected]
    if (expected !== undefined && equalHashes(expected, hash)) return this.#expected
    this.#order ??= Array.from({ length: this.#expected }, (_, position) => position)
    this.#positionByHash ??= new Map(this.#hashes.map((known, position) => [keyOf(known), position]))
    return this.#positionByHash.get(keyOf(hash))
  }

  #endBlock(): void {
    for (const position of outOfOrder(this.#order ?? [])) this.#faults.add('reordered', this.#first + position)
    this.#hashes.forEach((hash, position) => {
      if (this.#isFilled[position] === 1) return
      this.#keep(this.#places, { index: this.#first + position, hash: keyOf(hash) }, 'missing')
    })
  }

  #keep(list: Leftover[], item: Leftover, kindBeyond: 'added' | 'missing'): void {
    if (list.length < unmatchedMax) list.push(item)
    else this.#faults.add(kindBeyond, item.index)
  }
}

function keyOf(hash: Uint8Array): string {
  return Buffer.from(hash.buffer, hash.byteOffset, hash.length).toString('latin1')
}
