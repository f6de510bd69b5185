/** One span from OTLP's JSON form: hexadecimal ids, integer enums, 64-bit numbers as text or number. */
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  jsonDepthMax,
  jsonFault,
  prototypeKeys,
} from '../../core/json.ts'
import {
  type DroppedCounts,
  type SpanDetails,
  type SpanEvent,
  type SpanLink,
  type SpanRecord,
  spanKinds,
  spanStatuses,
} from '../span.ts'
import { attributesOf } from './attribute-value.ts'
import type { ExactTypes } from './exact-types.ts'
import { detailsOf } from './span-details.ts'
import { SpanFault } from './span-fault.ts'
import { timeNsMax } from './span-limits.ts'

/** What a span has from what produced it. */
export interface JsonProducer {
  readonly resource: JsonObject
  readonly types: ExactTypes
  readonly details: SpanDetails
  readonly dropped: DroppedCounts
}

/** @throws SpanFault */
export function spanOfJson(span: JsonValue, producer: JsonProducer): SpanRecord {
  if (!isJsonObject(span)) return unreadable('it is no object')
  const fault = jsonFault(span, depthMax)
  if (fault !== undefined) return unreadable(shortened(fault))
  const status = isJsonObject(span.status) ? span.status : {}
  const parent = span.parentSpanId ?? ''
  const startNs = nanosOf(span.startTimeUnixNano, '.startTimeUnixNano')
  const endNs = nanosOf(span.endTimeUnixNano, '.endTimeUnixNano')
  const types: ExactTypes = new Map(producer.types)
  const attributes = checkedAttributes(span.attributes, '/attributes', types)
  const details = detailsOf({
    ...producer.details,
    traceState: textOf(span.traceState),
    flags: countOf(span.flags, '.flags'),
    events: listOf(span.events).map((event, index) => eventOf(event, index, types)),
    links: listOf(span.links).map((link, index) => linkOf(link, index, types)),
    dropped: {
      ...producer.dropped,
      attributes: countOf(span.droppedAttributesCount, '.droppedAttributesCount'),
      events: countOf(span.droppedEventsCount, '.droppedEventsCount'),
      links: countOf(span.droppedLinksCount, '.droppedLinksCount'),
    },
    types,
  })
  return {
    traceId: idOf(span.traceId, 32, '.traceId'),
    spanId: idOf(span.spanId, 16, '.spanId'),
    // Empty for a root; zeros name nobody either.
    ...(parent === '' || parent === noParent ? {} : { parentSpanId: idOf(parent, 16, '.parentSpanId') }),
    name: textOf(span.name),
    kind: spanKinds[enumOf(span.kind, spanKinds.length, '.kind')] ?? 'unspecified',
    ...(startNs === undefined ? {} : { startNs }),
    ...(endNs === undefined ? {} : { endNs }),
    status: spanStatuses[enumOf(status.code, spanStatuses.length, '.status.code')] ?? 'unset',
    ...(textOf(status.message) === '' ? {} : { statusMessage: textOf(status.message) }),
    attributes,
    resource: producer.resource,
    ...(details === undefined ? {} : { details }),
  }
}

/** What is wrong stands at the end, behind a path of any length. */
export function shortened(fault: string): string {
  return fault.length <= 200 ? fault : `...${fault.slice(-200)}`
}

function eventOf(event: JsonValue, index: number, types: ExactTypes): SpanEvent {
  const place = `.events[${index}]`
  if (!isJsonObject(event)) return unreadable('it is no object', place)
  const timeNs = nanosOf(event.timeUnixNano, `${place}.timeUnixNano`)
  const droppedAttributes = countOf(event.droppedAttributesCount, `${place}.droppedAttributesCount`)
  return {
    ...(timeNs === undefined ? {} : { timeNs: `${timeNs}` }),
    name: textOf(event.name),
    attributes: checkedAttributes(event.attributes, `/events/${index}`, types),
    ...(droppedAttributes === 0 ? {} : { droppedAttributes }),
  }
}

function linkOf(link: JsonValue, index: number, types: ExactTypes): SpanLink {
  const place = `.links[${index}]`
  if (!isJsonObject(link)) return unreadable('it is no object', place)
  const traceState = textOf(link.traceState)
  const flags = countOf(link.flags, `${place}.flags`)
  const droppedAttributes = countOf(link.droppedAttributesCount, `${place}.droppedAttributesCount`)
  return {
    traceId: idOf(link.traceId, 32, `${place}.traceId`),
    spanId: idOf(link.spanId, 16, `${place}.spanId`),
    ...(traceState === '' ? {} : { traceState }),
    ...(flags === 0 ? {} : { flags }),
    attributes: checkedAttributes(link.attributes, `/links/${index}`, types),
    ...(droppedAttributes === 0 ? {} : { droppedAttributes }),
  }
}

export function checkedAttributes(list: JsonValue | undefined, path: string, types: ExactTypes): JsonObject {
  const attributes = attributesOf(list, path, types)
  for (const key of Object.keys(attributes)) if (prototypeKeys.has(key)) unreadable(`it has an attribute ${key}`)
  return attributes
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
  if (value === undefined || value === null || value === '0' || value === 0) return undefined
  const text = typeof value === 'number' && Number.isSafeInteger(value) ? `${value}` : value
  if (typeof text !== 'string' || !/^\d{1,19}$/.test(text) || BigInt(text) > timeNsMax) {
    return unreadable('it is no time in nanoseconds', where)
  }
  return BigInt(text)
}

const noParent = '0'.repeat(16)

/** OTLP wraps each level of a value in three of its own. */
export const depthMax = 3 * jsonDepthMax

/** Integers only; one that a newer version may know counts as 0. */
function enumOf(value: JsonValue | undefined, size: number, where: string): number {
  if (value === undefined || value === null) return 0
  if (typeof value !== 'number' || !Number.isInteger(value)) return unreadable('it is no number', where)
  return value < size ? value : 0
}

/** 32 bits without a sign. */
export function countOf(value: JsonValue | undefined, where: string): number {
  if (value === undefined || value === null) return 0
  const number = typeof value === 'string' && /^\d{1,10}$/.test(value) ? Number(value) : value
  if (typeof number !== 'number' || !Number.isInteger(number) || number < 0 || number > 0xffffffff) {
    return unreadable('it is no count', where)
  }
  return number
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : ''
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]) : []
}

function unreadable(why: string, where = ''): never {
  throw new SpanFault(where, why)
}
