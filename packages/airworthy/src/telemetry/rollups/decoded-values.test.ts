import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodedValues } from './decoded-values.ts'
import { addHistogram, type GrowingHistogram } from './histogram.ts'
import { addSum, emptyValue } from './rollup.ts'
import { tiers } from './tiers.ts'
import { valueOfText, valueText } from './value-text.ts'

const value = fc.record({
  sums: fc.dictionary(fc.constantFrom('count', 'tokens', 'denied.X'), fc.integer({ min: 1, max: 1e9 })),
  counts: fc.dictionary(fc.constantFrom('worked_ms', 'tokens'), fc.array(fc.integer({ min: 1, max: 1e10 }))),
})

test('whatever was asked before, and however little is kept, each text says what it says', () => {
  const asked = fc.record({
    groupRow: fc.integer({ min: 1, max: 3 }),
    tier: fc.constantFrom(...tiers),
    shard: fc.integer({ min: 0, max: 3 }),
    atMs: fc.integer({ min: 0, max: 3 }).map((minute) => minute * 1_440 * 60_000),
    value,
  })
  fc.assert(
    fc.property(fc.array(asked, { maxLength: 60 }), fc.constantFrom(0, 300, 1e6), (rows, max) => {
      const values = decodedValues(max)
      for (const { groupRow, tier, shard, atMs, value: given } of rows) {
        const made = emptyValue()
        for (const [name, sum] of Object.entries(given.sums)) addSum(made, name, sum)
        for (const [name, counts] of Object.entries(given.counts)) {
          const histogram: GrowingHistogram = new Map()
          addHistogram(histogram, new Map(counts.map((count, bucket) => [bucket * 3 - 10, count])))
          made.histograms.set(name, histogram)
        }
        const text = valueText(made)
        for (const _ of [1, 2]) {
          const decoded = values.of({ groupRow, tier, shard }, atMs, text)
          const expected = valueOfText(text)
          const sums = new Map<string, number>()
          for (let at = 0; at < decoded.sums.length; at += 2) {
            sums.set(values.names[decoded.sums[at] as number] as string, decoded.sums[at + 1] as number)
          }
          expect(sums).toEqual(expected.sums)
          expect(decoded.histogramNames).toEqual([...expected.histograms.keys()])
          for (const [name, counts] of expected.histograms) {
            expect([...(decoded.histogram(name) ?? [])]).toEqual([...counts].flat())
          }
          expect(decoded.histogram('none')).toBeUndefined()
        }
      }
    }),
  )
})

test('a text that is the same is taken apart once, as long as it is kept', () => {
  const values = decodedValues(1_000)
  const text = valueText({ sums: new Map([['count', 1]]), histograms: new Map([['worked_ms', new Map([[1, 2]])]]) })
  const place = { groupRow: 1, tier: 60, shard: 0 } as const
  const first = values.of(place, 0, text)
  expect(values.of(place, 0, `${text}`)).toBe(first)
  expect(values.of({ ...place, tier: 1 }, 0, text)).not.toBe(first)
  for (let minute = 1; minute < 100; minute++) values.of(place, minute * 60_000, text)
  expect(values.of(place, 0, text)).not.toBe(first)
})
