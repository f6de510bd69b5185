/**
 * A rollup's value as the text that stores keep: `{"s":{name:sum},"h":{name:"bucket:count,bucket:count"}}`. Text, because PostgreSQL
 * merges two of them by itself; histograms as one text each, because most readers want one of them.
 */
import { invariant } from '../../core/errors.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import { addHistogram, denseCounts, type Histogram, type SortedCounts } from './histogram.ts'
import { addSum, emptyValue, type GrowingValue, type RollupValue } from './rollup.ts'

export function valueText({ sums, histograms }: RollupValue): string {
  const counts: Record<string, string> = {}
  for (const [name, histogram] of histograms) counts[name] = histogramText(histogram)
  return JSON.stringify({ s: Object.fromEntries(sums), h: counts })
}

/** @param text  as a store holds it. */
export function valueOfText(text: string): GrowingValue {
  const value = emptyValue()
  addValueText(value, text)
  return value
}

/** Adds what the text says. */
function addValueText(into: GrowingValue, text: string): void {
  addSums(into, text)
  eachHistogram(text, (name, body) => {
    const counts = histogramOf([pairsOf(body)])
    const known = into.histograms.get(name)
    if (known === undefined) into.histograms.set(name, new Map(counts))
    else addHistogram(known, counts)
  })
}

/** Where in a value's text the counts of one histogram stand. */
export interface HistogramText {
  readonly text: string
  readonly from: number
  readonly to: number
}

/** Of a value's text: its sums alone are parsed, histograms being most of it. */
export function addSums(into: GrowingValue, text: string): void {
  const { sumsFrom, sumsTo } = layoutOf(text)
  const sums = valueOfJson(text.slice(sumsFrom, sumsTo)) as Readonly<Record<string, number>>
  for (const name in sums) addSum(into, name, sums[name] as number)
}

/** Of a value's text, each histogram with its name; nothing is parsed. */
export function eachHistogram(text: string, take: (name: string, body: HistogramText) => void): void {
  for (let at = layoutOf(text).histogramsFrom; text.charCodeAt(at) === quote; ) {
    const nameEnd = text.indexOf('"', at + 1)
    const from = text.indexOf('"', nameEnd + 1) + 1
    const to = text.indexOf('"', from)
    invariant(nameEnd > at && from > nameEnd && to >= from, 'the text of a rollup ends where it says')
    take(text.slice(at + 1, nameEnd), { text, from, to })
    at = to + 1
    if (text.charCodeAt(at) === comma) at++
    if (text.charCodeAt(at) === space) at++
  }
}

interface Layout {
  readonly sumsFrom: number
  readonly sumsTo: number
  /** Of the first name, if there is one. */
  readonly histogramsFrom: number
}

/** As this file writes it, and as PostgreSQL does. What stands between the two is in no name: a name's quotes are escaped. */
const ours = { begin: '{"s":', between: ',"h":{' }
const postgres = { begin: '{"h": {', between: '}, "s": {' }

function layoutOf(text: string): Layout {
  if (text.startsWith(ours.begin)) {
    const at = text.indexOf(ours.between)
    invariant(at > 0, 'the text of a rollup has its sums before its histograms')
    return { sumsFrom: ours.begin.length, sumsTo: at, histogramsFrom: at + ours.between.length }
  }
  const at = text.indexOf(postgres.between)
  invariant(text.startsWith(postgres.begin) && at > 0, 'the text of a rollup has its sums behind its histograms')
  return { sumsFrom: at + postgres.between.length - 1, sumsTo: text.length - 1, histogramsFrom: postgres.begin.length }
}

function histogramText(histogram: Histogram): string {
  let text = ''
  for (const [bucket, count] of [...histogram].sort(([a], [b]) => a - b))
    text += `${text === '' ? '' : ','}${bucket}:${count}`
  return text
}

const colon = 0x3a
const comma = 0x2c
const minus = 0x2d
const quote = 0x22
const space = 0x20

/** Pairs of a bucket and its count, in the order of the text. */
export type HistogramPairs = Int32Array | Float64Array

/** By hand: a month of a busy agent has a million of these numbers. */
export function pairsOf({ text, from, to }: HistogramText): HistogramPairs {
  // A pair is four characters at least, with the comma behind it.
  if (scratch.length < to - from) scratch = new Float64Array(2 * (to - from))
  let length = 0
  let largest = 0
  let bucket = 0
  let number = 0
  let sign = 1
  for (let at = from; at <= to; at++) {
    const code = at === to ? comma : text.charCodeAt(at)
    if (code === minus) sign = -1
    else if (code === colon) {
      bucket = sign * number
      number = 0
      sign = 1
    } else if (code === comma) {
      if (number > 0) {
        scratch[length++] = bucket
        scratch[length++] = number
        if (number > largest) largest = number
      }
      number = 0
    } else number = number * 10 + code - 0x30
  }
  const pairs = scratch.subarray(0, length)
  return largest > int32Max ? pairs.slice() : new Int32Array(pairs)
}

const int32Max = 2 ** 31 - 1
/** Of one call. */
let scratch = new Float64Array(4_096)

/** One for all: nothing waits in it. */
const dense = denseCounts()

/** All of them added up, by bucket, in their order. */
export function histogramOf(lists: readonly HistogramPairs[]): SortedCounts {
  for (const pairs of lists) {
    for (let at = 0; at < pairs.length; at += 2) dense.add(pairs[at] as number, pairs[at + 1] as number)
  }
  return dense.take()
}
