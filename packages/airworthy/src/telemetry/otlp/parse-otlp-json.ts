/**
 * OTLP traces in a file: one request, an array of them, or one a line as the collector's file exporter writes. One malformed span
 * loses itself alone.
 */
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { readRecords } from '../read-records.ts'
import type { Unread } from '../recorded-run.ts'
import type { SpanRecord } from '../span.ts'
import { placeOf } from '../unreadable-run.ts'
import { parseExactly } from './parse-exactly.ts'
import { readJsonSpans } from './read-json-spans.ts'

export interface OtlpSpans {
  /** In the order of the text. */
  readonly spans: readonly PlacedSpan[]
  readonly unread: readonly Unread[]
}

export interface PlacedSpan {
  readonly where: string
  readonly span: SpanRecord
}

/** Never throws. Pure. */
export function parseOtlpJson(text: string): OtlpSpans {
  const { records, unread: broken } = readRecords(text, { parse: parseExactly, faultOf: () => undefined })
  const spans: PlacedSpan[] = []
  const unread: Unread[] = [...broken]
  for (const { where, value } of records) {
    const groups = value.resourceSpans
    if (!Array.isArray(groups)) {
      unread.push({ where: placeOf(where, ''), why: whyNoTraces(value) })
      continue
    }
    for (const one of readJsonSpans(groups as readonly JsonValue[])) {
      const place = placeOf(where, `.${one.where}`)
      if (one.kind === 'span') spans.push({ where: place, span: one.span })
      else unread.push({ where: place, why: one.why })
    }
  }
  return { spans, unread }
}

export function whyNoTraces(value: JsonObject): string {
  const other = ['resourceLogs', 'resourceMetrics'].find((name) => value[name] !== undefined)
  return other === undefined ? 'there is no list resourceSpans' : `it holds ${other}, no traces`
}
