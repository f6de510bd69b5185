import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { valueOfJson } from '../../core/value-of-json.ts'
import { emptyValue, type GrowingValue } from './rollup.ts'
import { valueOfText, valueText } from './value-text.ts'

const name = fc.oneof(
  fc.constantFrom('count', 'worked_ms', 'denied.A"},"h":{', 'x, "s": {', '#', '\\'),
  fc.string({ maxLength: 8 }),
)
const plainName = fc.constantFrom('worked_ms', 'tokens', 'duration_ms')
const value = fc
  .record({
    sums: fc.uniqueArray(
      fc.tuple(
        name.filter((one) => one !== '__proto__'),
        fc.integer({ min: 1, max: 1e12 }),
      ),
      { selector: ([one]) => one },
    ),
    histograms: fc.uniqueArray(
      fc.tuple(
        plainName,
        fc.uniqueArray(fc.tuple(fc.integer({ min: -1_000, max: 1_800 }), fc.integer({ min: 1, max: 1e9 })), {
          selector: ([bucket]) => bucket,
        }),
      ),
      { selector: ([one]) => one },
    ),
  })
  .map(
    ({ sums, histograms }): GrowingValue => ({
      sums: new Map(sums),
      histograms: new Map(histograms.map(([one, counts]) => [one, new Map(counts)])),
    }),
  )

/** As jsonb prints it: short keys first, then by bytes, a blank behind each colon and comma. */
function asPostgres(text: string): string {
  const printed = (one: unknown): string =>
    typeof one === 'object' && one !== null
      ? `{${Object.entries(one)
          .sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1))
          .map(([key, inner]) => `${JSON.stringify(key)}: ${printed(inner)}`)
          .join(', ')}}`
      : JSON.stringify(one)
  return printed(valueOfJson(text))
}

const sorted = ({ sums, histograms }: GrowingValue) => ({
  sums: [...sums].sort(),
  histograms: [...histograms].map(([one, counts]) => [one, [...counts].sort(([a], [b]) => a - b)] as const).sort(),
})

describe('the text of a value', () => {
  test('is read as it was written, whatever its names', () => {
    fc.assert(
      fc.property(value, (given) => {
        expect(sorted(valueOfText(valueText(given)))).toEqual(sorted(given))
      }),
    )
  })

  test('is read as PostgreSQL writes it', () => {
    fc.assert(
      fc.property(value, (given) => {
        expect(sorted(valueOfText(asPostgres(valueText(given))))).toEqual(sorted(given))
      }),
    )
  })

  test.each(['{"s":{}}', '{}', '{"h": {}}', '{"s":{},"h":{"a":"1:2', '{"s":{},"h":{"a":"99999:2"}}'])(
    '%s is none',
    (text) => {
      expect(() => valueOfText(text)).toThrow()
    },
  )

  test('of nothing', () => {
    expect(valueText(emptyValue())).toBe('{"s":{},"h":{}}')
    expect(valueOfText('{"h": {}, "s": {}}')).toEqual(emptyValue())
  })
})
