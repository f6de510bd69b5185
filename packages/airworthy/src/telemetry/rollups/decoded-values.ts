/**
 * Values of rollups, taken apart once: a dashboard asks for the same hours and days again and again, and of a busy store the texts are
 * megabytes. A text that is as it was the last time says the same; one that changed is taken apart anew, so nothing here can be stale.
 */
import { emptyValue } from './rollup.ts'
import type { Tier } from './tiers.ts'
import { addSums, eachHistogram, type HistogramPairs, type HistogramText, pairsOf } from './value-text.ts'

/** Which row of a store a text is from. */
export interface RollupPlace {
  readonly groupRow: number
  readonly tier: Tier
  /** Of a store that several processes write. */
  readonly shard: number
}

export interface DecodedValue {
  readonly text: string
  /** Pairs: the number of a name (`DecodedValues.names`), and its sum. */
  readonly sums: readonly number[]
  readonly histogramNames: readonly string[]
  /** Undefined for none of that name. */
  histogram(name: string): HistogramPairs | undefined
}

export interface DecodedValues {
  /** Of sums, by their numbers. */
  readonly names: readonly string[]
  of(place: RollupPlace, atMs: number, text: string): DecodedValue
}

/**
 * Characters of the texts that are kept, at most: more than what a dashboard asks of ten million spans in a month. Each takes about two
 * bytes, so this is some fifty megabytes for a store as large as that, and little for others.
 */
const charactersMax = 24 * 1024 * 1024

export function decodedValues(max = charactersMax): DecodedValues {
  const names: string[] = []
  const numbers = new Map<string, number>()
  const kept = new Map<number, DecodedValue>()
  let characters = 0

  function drop(key: number, { text }: DecodedValue): void {
    kept.delete(key)
    characters -= text.length
  }

  function numberOf(name: string): number {
    const known = numbers.get(name)
    if (known !== undefined) return known
    numbers.set(name, names.length)
    return names.push(name) - 1
  }

  return {
    names,
    of(place, atMs, text) {
      const key = keyOf(place, atMs)
      const known = kept.get(key)
      if (known?.text === text) return known
      if (known !== undefined) drop(key, known)
      const value = new Decoded(text, numberOf)
      kept.set(key, value)
      characters += text.length
      // The ones that came first.
      for (const [key, one] of kept) {
        if (characters <= max) break
        drop(key, one)
      }
      return value
    },
  }
}

class Decoded implements DecodedValue {
  readonly text: string
  readonly sums: readonly number[]
  readonly histogramNames: readonly string[]
  private readonly bodies: readonly HistogramText[]
  /** Of those that somebody looked at: most readers look at one. */
  private readonly pairs: (HistogramPairs | undefined)[] = []

  constructor(text: string, numberOf: (name: string) => number) {
    this.text = text
    const value = emptyValue()
    addSums(value, text)
    const sums: number[] = []
    for (const [name, sum] of value.sums) sums.push(numberOf(name), sum)
    this.sums = sums
    const names: string[] = []
    const bodies: HistogramText[] = []
    eachHistogram(text, (name, body) => {
      names.push(name)
      bodies.push(body)
    })
    this.histogramNames = names
    this.bodies = bodies
  }

  histogram(name: string): HistogramPairs | undefined {
    const place = this.histogramNames.indexOf(name)
    const body = this.bodies[place]
    if (body === undefined) return undefined
    this.pairs[place] ??= pairsOf(body)
    return this.pairs[place]
  }
}

const shardsMax = 16
const minutesMax = 2 ** 27
const tierNumbers: Readonly<Record<Tier, number>> = { 1: 0, 60: 1, 1440: 2 }

/** A number for each row, exact for the first million groups; two rows of one number only take each other's place. */
function keyOf({ groupRow, tier, shard }: RollupPlace, atMs: number): number {
  return ((groupRow * shardsMax + shard) * 4 + tierNumbers[tier]) * minutesMax + atMs / 60_000
}
