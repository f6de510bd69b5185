/**
 * Histograms with logarithmic buckets, as DDSketch has them (Masson, Rim and Lee, VLDB 2019): each bucket is as wide as a fixed share
 * of its values, so every quantile is within that share of a value that was there, whatever the distribution. Two of them merge by
 * adding counts, so order does not matter and nothing is lost by merging. Pure.
 */

import { invariant } from '../../core/errors.ts'

/** Counts by bucket. Values up to `smallest` stand in one bucket, which reads as 0. */
export type Histogram = ReadonlyMap<number, number>
export type GrowingHistogram = Map<number, number>

/** A little below the 1 % that is promised, for the rounding of logarithms at the edge of a bucket. */
const relativeError = 0.0095
const gamma = (1 + relativeError) / (1 - relativeError)
const logGamma = Math.log(gamma)

/** Of whatever unit: a microsecond in milliseconds, a thousandth of a token. */
const smallest = 0.001
const zeroBucket = -1_000
/** Above 10^15 everything is one bucket. */
const bucketMax = Math.ceil(Math.log(1e15) / logGamma)

/** Negative values and what is no number count as 0. */
export function addValue(histogram: GrowingHistogram, value: number): void {
  const bucket = bucketOf(value)
  histogram.set(bucket, (histogram.get(bucket) ?? 0) + 1)
}

export function addHistogram(into: GrowingHistogram, from: Histogram): void {
  for (const [bucket, count] of from) into.set(bucket, (into.get(bucket) ?? 0) + count)
}

/** Counts of every bucket side by side: adding to one costs no search. */
export interface DenseCounts {
  add(bucket: number, count: number): void
  /** What was added since the last time. */
  take(): SortedCounts
}

/** Counts in the order of their buckets. A series is hundreds of histograms that are read once: to make a map of each was half its time. */
export class SortedCounts implements ReadonlyMap<number, number> {
  /** A bucket and its count, one after the other. */
  readonly pairs: Float64Array

  constructor(pairs: Float64Array) {
    this.pairs = pairs
  }

  get size(): number {
    return this.pairs.length / 2
  }

  get(bucket: number): number | undefined {
    for (const [one, count] of this) if (one === bucket) return count
    return undefined
  }

  has(bucket: number): boolean {
    return this.get(bucket) !== undefined
  }

  forEach(take: (count: number, bucket: number, map: ReadonlyMap<number, number>) => void): void {
    for (const [bucket, count] of this) take(count, bucket, this)
  }

  *entries(): Generator<[number, number], undefined> {
    const { pairs } = this
    for (let at = 0; at < pairs.length; at += 2) yield [pairs[at] as number, pairs[at + 1] as number]
    return undefined
  }

  *keys(): Generator<number, undefined> {
    for (const [bucket] of this) yield bucket
    return undefined
  }

  *values(): Generator<number, undefined> {
    for (const [, count] of this) yield count
    return undefined
  }

  [Symbol.iterator](): Generator<[number, number], undefined> {
    return this.entries()
  }
}

export function denseCounts(): DenseCounts {
  const counts = new Float64Array(bucketMax - zeroBucket + 1)
  const found = new Float64Array(2 * counts.length)
  let first = counts.length
  let last = -1
  return {
    add(bucket, count) {
      const place = bucket - zeroBucket
      invariant(place >= 0 && place < counts.length, 'a value has one of the buckets')
      if (place < first) first = place
      if (place > last) last = place
      counts[place] = (counts[place] as number) + count
    },
    take() {
      let length = 0
      for (let place = first; place <= last; place++) {
        const count = counts[place] as number
        if (count === 0) continue
        found[length++] = place + zeroBucket
        found[length++] = count
      }
      counts.fill(0, first, last + 1)
      first = counts.length
      last = -1
      return new SortedCounts(found.slice(0, length))
    },
  }
}

export function countOf(histogram: Histogram): number {
  let count = 0
  for (const one of histogram.values()) count += one
  return count
}

/**
 * The value at rank `ceil(q * count)`, within 1 %; undefined for an empty histogram.
 * @param q  from 0 to 1.
 */
export function quantileOf(histogram: Histogram, q: number): number | undefined {
  const { pairs } = histogram instanceof SortedCounts ? histogram : sortedCounts(histogram)
  let count = 0
  for (let at = 1; at < pairs.length; at += 2) count += pairs[at] as number
  const rank = Math.max(1, Math.ceil(q * count))
  let below = 0
  for (let at = 0; at < pairs.length; at += 2) {
    below += pairs[at + 1] as number
    if (below >= rank) return middleOf(pairs[at] as number)
  }
  return undefined
}

function sortedCounts(histogram: Histogram): SortedCounts {
  return new SortedCounts(Float64Array.from([...histogram].sort(([a], [b]) => a - b).flat()))
}

/** Values above `bound`, to within the 1 % of its bucket: for objectives such as "95 % of tasks within 20 s". */
export function countAbove(histogram: Histogram, bound: number): number {
  const edge = bucketOf(bound)
  let above = 0
  for (const [bucket, count] of histogram) if (bucket > edge) above += count
  return above
}

/** The sum of the squares of the values, within 2 %: with their sum and count, their spread. */
export function squaresOf(histogram: Histogram): number {
  let squares = 0
  for (const [bucket, count] of histogram) squares += count * middleOf(bucket) ** 2
  return squares
}

function bucketOf(value: number): number {
  if (!(value > smallest)) return zeroBucket
  return Math.min(Math.ceil(Math.log(value) / logGamma), bucketMax)
}

function middleOf(bucket: number): number {
  return bucket === zeroBucket ? 0 : (2 * gamma ** bucket) / (gamma + 1)
}
