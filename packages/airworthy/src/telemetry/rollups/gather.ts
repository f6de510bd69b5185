/** Rollup rows, or the spans themselves, added up into the rows that were asked for. Pure. */
import type { Contribution } from './contribution.ts'
import type { DecodedValue, DecodedValues } from './decoded-values.ts'
import {
  addSum,
  addValueOf,
  emptyValue,
  type GrowingValue,
  type RollupDimension,
  type RollupGroup,
  type RollupValue,
} from './rollup.ts'
import { stepOf } from './tiers.ts'
import { type HistogramPairs, histogramOf } from './value-text.ts'

export interface Gathered {
  readonly atMs: number
  readonly group: Readonly<Partial<Record<RollupDimension, string>>>
  readonly value: RollupValue
}

export interface Gathering {
  /** Of a row. */
  addValue(atMs: number, group: RollupGroup, value: DecodedValue): void
  /** Of a span: its values are kept one by one, 8 bytes each. */
  addSpan(contribution: Contribution): void
  /** By time, then by group. */
  rows(): readonly Gathered[]
}

/** `fromMs` is where the window begins, in whole minutes: the time of its only step, when there is no `stepMs`. */
export function gathering({
  fromMs,
  stepMs,
  groupBy,
  histograms,
  names = [],
}: {
  readonly fromMs: number
  readonly stepMs: number | undefined
  readonly groupBy: readonly RollupDimension[]
  /** Those that are looked at; undefined: all. */
  readonly histograms: readonly string[] | undefined
  /** Of the sums of decoded values. */
  readonly names?: DecodedValues['names']
}): Gathering {
  const found = new Map<string, Map<number, GatheredRow>>()
  // Rows of one group come one after the other, by the thousand.
  let lastGroup: RollupGroup | undefined
  let lastOrder = ''
  let lastRows = new Map<number, GatheredRow>()
  function rowAt(atMs: number, group: RollupGroup): GatheredRow {
    if (group !== lastGroup) {
      lastGroup = group
      lastOrder = JSON.stringify(groupBy.map((dimension) => group[dimension]))
      lastRows = found.get(lastOrder) ?? new Map()
      found.set(lastOrder, lastRows)
    }
    const beginMs = stepMs === undefined ? fromMs : stepOf(atMs, stepMs)
    const known = lastRows.get(beginMs)
    if (known !== undefined) return known
    const picked = Object.fromEntries(groupBy.map((dimension) => [dimension, group[dimension]]))
    const row = { atMs: beginMs, group: picked, value: emptyValue(), sums: [], pairs: new Map(), order: lastOrder }
    lastRows.set(beginMs, row)
    return row
  }

  return {
    addValue(atMs, group, value) {
      const { sums, pairs } = rowAt(atMs, group)
      const own = value.sums
      for (let at = 0; at < own.length; at += 2) {
        const number = own[at] as number
        while (sums.length <= number) sums.push(0)
        sums[number] = (sums[number] as number) + (own[at + 1] as number)
      }
      for (const name of histograms ?? value.histogramNames) {
        const own = value.histogram(name)
        if (own === undefined) continue
        const known = pairs.get(name)
        if (known === undefined) pairs.set(name, [own])
        else known.push(own)
      }
    },
    addSpan({ atMs, group, value, singles }) {
      const row = rowAt(atMs, group)
      addValueOf(row.value, value)
      row.values ??= new Map()
      for (const [name, one] of singles) {
        const known = row.values.get(name)
        if (known === undefined) row.values.set(name, [one])
        else known.push(one)
      }
    },
    rows: () =>
      [...found.values()]
        .flatMap((rows) => [...rows.values()])
        .sort((a, b) => a.atMs - b.atMs || (a.order < b.order ? -1 : a.order > b.order ? 1 : 0))
        .map((row) => {
          const { atMs, group, value, values } = row
          return { atMs, group, value: values === undefined ? wholeValue(row, names) : { ...value, values } }
        }),
  }
}

interface GatheredRow {
  readonly atMs: number
  readonly group: Gathered['group']
  /** Of spans. */
  readonly value: GrowingValue
  values?: Map<string, number[]>
  /** Of decoded values, by the numbers of their names. */
  readonly sums: number[]
  /** Of their histograms, added up at the end, all at once. */
  readonly pairs: Map<string, HistogramPairs[]>
  readonly order: string
}

function wholeValue({ value, sums, pairs }: GatheredRow, names: readonly string[]): RollupValue {
  for (const [number, sum] of sums.entries()) addSum(value, names[number] as string, sum)
  return { sums: value.sums, histograms: new Map([...pairs].map(([name, lists]) => [name, histogramOf(lists)])) }
}
