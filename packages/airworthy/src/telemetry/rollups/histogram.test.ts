import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addHistogram,
  addValue,
  countAbove,
  countOf,
  denseCounts,
  type GrowingHistogram,
  quantileOf,
} from './histogram.ts'

const of = (values: readonly number[]): GrowingHistogram => {
  const histogram: GrowingHistogram = new Map()
  for (const value of values) addValue(histogram, value)
  return histogram
}
const merged = (...parts: readonly GrowingHistogram[]): GrowingHistogram => {
  const into: GrowingHistogram = new Map()
  for (const part of parts) addHistogram(into, part)
  return into
}
const sorted = (histogram: GrowingHistogram): readonly (readonly [number, number])[] =>
  [...histogram].sort(([a], [b]) => a - b)
const exact = (values: readonly number[], q: number): number =>
  values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(q * values.length) - 1)] as number

const values = fc.array(
  fc.oneof(fc.double({ min: 0.01, max: 1e12, noNaN: true }), fc.integer({ min: 1, max: 100_000 })),
  { minLength: 1, maxLength: 200 },
)
const quantiles = fc.double({ min: 0, max: 1, noNaN: true })

describe('histograms', () => {
  it('counts side by side are the same histogram, and nothing of one is left in the next', () => {
    const dense = denseCounts()
    fc.assert(
      fc.property(values, quantiles, (given, q) => {
        const histogram = of(given)
        for (const [bucket, count] of histogram) {
          dense.add(bucket, 1)
          if (count > 1) dense.add(bucket, count - 1)
        }
        const counts = dense.take()
        expect([...counts]).toEqual(sorted(histogram))
        expect([...counts.keys()]).toEqual(sorted(histogram).map(([bucket]) => bucket))
        expect(counts.size).toBe(histogram.size)
        expect(countOf(counts)).toBe(given.length)
        expect(quantileOf(counts, q)).toBe(quantileOf(histogram, q))
        const again: GrowingHistogram = new Map()
        counts.forEach((count, bucket) => {
          again.set(bucket, count)
        })
        expect(again).toEqual(histogram)
        for (const [bucket, count] of histogram) expect(counts.get(bucket)).toBe(count)
        expect(counts.has(0.5)).toBe(false)
      }),
    )
  })

  it('every quantile is within 1 % of a value that was there', () => {
    fc.assert(
      fc.property(values, quantiles, (given, q) => {
        const want = exact(given, q)
        expect(Math.abs((quantileOf(of(given), q) as number) - want)).toBeLessThanOrEqual(want * 0.01)
      }),
    )
  })

  it('merging in any order and any parts is the histogram of all values', () => {
    fc.assert(
      fc.property(values, values, values, (a, b, c) => {
        const whole = sorted(of([...a, ...b, ...c]))
        expect(sorted(merged(of(c), of(a), of(b)))).toEqual(whole)
        expect(sorted(merged(merged(of(a), of(b)), of(c)))).toEqual(whole)
      }),
    )
  })

  it('counts what is above a bound, but for the bucket of the bound itself', () => {
    fc.assert(
      fc.property(values, fc.double({ min: 0.01, max: 1e12, noNaN: true }), (given, bound) => {
        const above = countAbove(of(given), bound)
        expect(above).toBeLessThanOrEqual(given.filter((value) => value > bound).length)
        expect(above).toBeGreaterThanOrEqual(given.filter((value) => value > bound * 1.02).length)
      }),
    )
  })

  it.each([
    ['nothing', [], undefined],
    ['zero', [0], 0],
    ['a negative value', [-5], 0],
    ['what is no number', [Number.NaN], 0],
    ['one value of the smallest kind', [0.0005], 0],
  ])('%s', (_name, given, expected) => {
    expect(quantileOf(of(given), 0.95)).toBe(expected)
    expect(countOf(of(given))).toBe(given.length)
  })

  it('what is beyond any size is one bucket, and no loop', () => {
    expect(of([1e300, Number.POSITIVE_INFINITY, 1e18]).size).toBe(1)
  })
})
