/**
 * OTLP traces as JSON (opentelemetry-proto, docs/specification.md, "JSON Protobuf Encoding"): one request, an array of them, or one a
 * line as the collector's file exporter writes. One malformed span loses itself alone.
 */
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  jsonDepthMax,
  jsonFault,
  prototypeKeys,
} from '../../core/json.ts'
import { readRecords } from '../read-records.ts'
import type { Unread } from '../recorded-run.ts'
import { type SpanRecord, spanKinds, spanStatuses } from '../span.ts'
import { placeOf, UnreadableRun } from '../unreadable-run.ts'
import { attributesOf } from './attribute-value.ts'

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
    for (const [index, group] of (groups as readonly JsonValue[]).entries()) {
      readGroup(group, `.resourceSpans[${index}]`, (path, read) => {
        try {
          spans.push({ where: placeOf(where, path), span: read() })
        } catch (error) {
          if (!(error instanceof UnreadableRun)) throw error
          unread.push({ where: placeOf(where, `${path}${error.where}`), why: error.message })
        }
      })
    }
  }
  return { spans, unread }
}

/** Nanoseconds as numbers are beyond 2^53; the text that they were read from still has them. */
function parseExactly(text: string): JsonValue {
  const keep = (key: string, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === 'number' && exactKeys.has(key) ? (context?.source ?? value) : value
  return JSON.parse(text, keep) as JsonValue
}

const exactKeys: ReadonlySet<string> = new Set(['startTimeUnixNano', 'endTimeUnixNano', 'intValue'])

function whyNoTraces(value: JsonObject): string {
  const other = ['resourceLogs', 'resourceMetrics'].find((name) => value[name] !== undefined)
  return other === undefined ? 'there is no list resourceSpans' : `it holds ${other}, no traces`
}

function readGroup(group: JsonValue, path: string, take: (path: string, read: () => SpanRecord) => void): void {
  if (!isJsonObject(group)) {
    take(path, () => unreadable('it is no object'))
    return
  }
  const fault = jsonFault(group.resource ?? null, depthMax)
  if (fault !== undefined) take(`${path}.resource`, () => unreadable(fault.slice(0, 300)))
  const resource = isJsonObject(group.resource) && fault === undefined ? attributesOf(group.resource.attributes) : {}
  for (const [index, scoped] of listOf(group.scopeSpans).entries()) {
    const scopePath = `${path}.scopeSpans[${index}]`
    if (!isJsonObject(scoped)) {
      take(scopePath, () => unreadable('it is no object'))
      continue
    }
    const produced = { ...resource, ...scopeOf(scoped.scope) }
    for (const [number, span] of listOf(scoped.spans).entries()) {
      take(`${scopePath}.spans[${number}]`, () => readSpan(span, produced))
    }
  }
}

function scopeOf(scope: JsonValue | undefined): JsonObject {
  if (!isJsonObject(scope)) return {}
  return {
    ...(typeof scope.name === 'string' ? { 'otel.scope.name': scope.name } : {}),
    ...(typeof scope.version === 'string' ? { 'otel.scope.version': scope.version } : {}),
  }
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]) : []
}

function readSpan(span: JsonValue, resource: JsonObject): SpanRecord {
  if (!isJsonObject(span)) return unreadable('it is no object')
  const fault = jsonFault(span, depthMax)
  if (fault !== undefined) return unreadable(fault.slice(0, 300))
  const status = isJsonObject(span.status) ? span.status : {}
  const parent = span.parentSpanId
  const startNs = nanosOf(span.startTimeUnixNano, '.startTimeUnixNano')
  const endNs = nanosOf(span.endTimeUnixNano, '.endTimeUnixNano')
  const attributes = attributesOf(span.attributes)
  for (const key of Object.keys(attributes)) if (prototypeKeys.has(key)) unreadable(`it has an attribute ${key}`)
  return {
    traceId: idOf(span.traceId, 32, '.traceId'),
    spanId: idOf(span.spanId, 16, '.spanId'),
    ...(parent === undefined || parent === '' ? {} : { parentSpanId: idOf(parent, 16, '.parentSpanId') }),
    name: typeof span.name === 'string' ? span.name : '',
    kind: spanKinds[enumOf(span.kind, spanKinds.length, '.kind')] ?? 'unspecified',
    ...(startNs === undefined ? {} : { startNs }),
    ...(endNs === undefined ? {} : { endNs }),
    status: spanStatuses[enumOf(status.code, spanStatuses.length, '.status.code')] ?? 'unset',
    ...(typeof status.message === 'string' && status.message !== '' ? { statusMessage: status.message } : {}),
    attributes,
    resource,
  }
}

/** Hexadecimal in either case, unlike other bytes; all zeros is no id. */
function idOf(value: JsonValue | undefined, length: number, where: string): string {
  if (typeof value !== 'string' || value.length !== length || !/^[0-9a-f]+$/i.test(value)) {
    return unreadable(`it is not ${length} hexadecimal digits`, where)
  }
  return /^0+$/.test(value) ? unreadable('it is all zeros', where) : value.toLowerCase()
}

/** 0 and absence both mean that nobody wrote a time. */
function nanosOf(value: JsonValue | undefined, where: string): bigint | undefined {
  if (value === undefined || value === '0' || value === 0) return undefined
  if (typeof value !== 'string' || !/^\d{1,19}$/.test(value) || BigInt(value) > nanosMax) {
    return unreadable('it is no time in nanoseconds', where)
  }
  return BigInt(value)
}

/** OTLP wraps each level of a value in three of its own. */
const depthMax = 3 * jsonDepthMax

const nanosMax = 2n ** 63n - 1n

/** Integers only; one that a newer version may know counts as 0. */
function enumOf(value: JsonValue | undefined, size: number, where: string): number {
  if (value === undefined) return 0
  if (typeof value !== 'number' || !Number.isInteger(value)) return unreadable('it is no number', where)
  return value < size ? value : 0
}

function unreadable(why: string, where = ''): never {
  throw new UnreadableRun(where, why)
}
