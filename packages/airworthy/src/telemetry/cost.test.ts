import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { costOf, saneUsage } from './cost.ts'

const price = { input: 2_500_000, output: 10_000_000, cache_read: 250_000, cache_write: 3_125_000 }
const count = fc.integer({ min: 0, max: 10_000_000 })
const usage = fc
  .tuple(count, count, fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([input, output, read, write]) => {
    const cacheRead = Math.floor(input * read)
    return { input, output, cacheRead, cacheWrite: Math.floor((input - cacheRead) * write) }
  })

describe('the cost of a call', () => {
  it.each([
    ['input and output', { input: 1_000_000, output: 1_000_000, cacheRead: 0, cacheWrite: 0 }, 12_500_000],
    [
      'cached input is part of the input',
      { input: 1_000_000, output: 0, cacheRead: 400_000, cacheWrite: 100_000 },
      1_662_500,
    ],
    ['a single token rounds up', { input: 1, output: 0, cacheRead: 0, cacheWrite: 0 }, 3],
    ['nothing', { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }, 0],
  ])('%s', (_name, used, usdMicros) => {
    expect(costOf(used, price)).toEqual({ kind: 'priced', usdMicros })
  })

  it('without a price it is unpriced, never zero', () => {
    expect(costOf({ input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }, undefined)).toEqual({ kind: 'unpriced' })
  })

  it('never falls when a count grows, and a cheaper cache never costs more', () => {
    const micros = (used: Parameters<typeof costOf>[0]): number => {
      const cost = costOf(used, price)
      return cost.kind === 'priced' ? cost.usdMicros : Number.NaN
    }
    fc.assert(
      fc.property(usage, count, (used, more) => {
        expect(micros({ ...used, output: used.output + more })).toBeGreaterThanOrEqual(micros(used))
        expect(micros({ ...used, input: used.input + more })).toBeGreaterThanOrEqual(micros(used))
        expect(micros({ ...used, cacheWrite: 0 })).toBeLessThanOrEqual(micros({ ...used, cacheRead: 0, cacheWrite: 0 }))
      }),
    )
  })
})

describe('counts as they are reported', () => {
  it.each([
    [
      'a part over its total',
      { input: 10, output: 1, cacheRead: 25, cacheWrite: 0 },
      { input: 10, output: 1, cacheRead: 10, cacheWrite: 0 },
    ],
    [
      'two parts over their total',
      { input: 10, output: 1, cacheRead: 8, cacheWrite: 8 },
      { input: 10, output: 1, cacheRead: 8, cacheWrite: 2 },
    ],
    [
      'what is no count',
      { input: Number.NaN, output: -3, cacheRead: 1.5, cacheWrite: 0 },
      { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
    ],
  ])('%s is cut and flagged', (_name, reported, sane) => {
    expect(saneUsage(reported)).toEqual({ usage: sane, isClamped: true })
  })

  it('sane ones stay as they are', () => {
    fc.assert(
      fc.property(usage, (used) => {
        expect(saneUsage(used)).toEqual({ usage: used, isClamped: false })
      }),
    )
  })
})
