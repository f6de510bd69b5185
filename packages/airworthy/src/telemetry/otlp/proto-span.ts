/** One span from its bytes (trace.proto). */
import type { JsonObject, JsonValue } from '../../core/json.ts'
import {
  type DroppedCounts,
  type SpanDetails,
  type SpanEvent,
  type SpanLink,
  spanKinds,
  spanStatuses,
} from '../span.ts'
import type { AttributeTaker, SpanWith } from './attribute-taker.ts'
import type { ExactTypes } from './exact-types.ts'
import { keyValue } from './proto-attributes.ts'
import { detailsOf } from './span-details.ts'
import { SpanFault } from './span-fault.ts'
import { spanBytesMax, timeNsMax } from './span-limits.ts'
import { at, fixed32Tag, fixed64Tag, inside, messageTag, type Range, varintTag } from './wire-fields.ts'
import type { WireReader } from './wire-reader.ts'

/** What a span has from what produced it. */
export interface Producer {
  readonly resource: JsonObject
  readonly types: ExactTypes
  readonly details: SpanDetails
  readonly dropped: DroppedCounts
}

/** @throws SpanFault, MalformedWire */
export function spanAt<Attributes>(
  reader: WireReader,
  range: Range,
  producer: Producer,
  taker: AttributeTaker<Attributes>,
): SpanWith<Attributes> {
  if (range.to - range.from > spanBytesMax) throw new SpanFault('', `it is larger than ${spanBytesMax} bytes`)
  taker.begin()
  const types: ExactTypes = new Map(producer.types)
  const events: SpanEvent[] = []
  const links: SpanLink[] = []
  const dropped: Record<string, number> = { ...producer.dropped }
  let traceId: string | undefined
  let spanId: string | undefined
  let parentSpanId: string | undefined
  let name = ''
  let kind = 0
  let startNs: bigint | undefined
  let endNs: bigint | undefined
  let code = 0
  let statusMessage = ''
  let traceState = ''
  let flags = 0
  at(reader, range, (tag) => {
    switch (tag) {
      case messageTag(1):
        traceId = idOf(reader, 16, '.traceId')
        return
      case messageTag(2):
        spanId = idOf(reader, 8, '.spanId')
        return
      case messageTag(3):
        traceState = reader.text()
        return
      case messageTag(4): {
        const start = reader.at
        // Empty for a root; zeros name nobody either.
        const isNone = reader.raw().every((byte) => byte === 0)
        if (isNone) parentSpanId = undefined
        else {
          reader.at = start
          parentSpanId = idOf(reader, 8, '.parentSpanId')
        }
        return
      }
      case messageTag(5):
        name = reader.text()
        return
      case varintTag(6):
        kind = reader.number()
        return
      case fixed64Tag(7):
        startNs = timeOf(reader, '.startTimeUnixNano')
        return
      case fixed64Tag(8):
        endNs = timeOf(reader, '.endTimeUnixNano')
        return
      case messageTag(9):
        taker.keyValue(reader, types)
        return
      case varintTag(10):
        dropped.attributes = reader.number()
        return
      case messageTag(11):
        events.push(eventOf(reader, `/events/${events.length}`, types))
        return
      case varintTag(12):
        dropped.events = reader.number()
        return
      case messageTag(13):
        links.push(linkOf(reader, `/links/${links.length}`, types))
        return
      case varintTag(14):
        dropped.links = reader.number()
        return
      case messageTag(15):
        inside(reader, (inner) => {
          if (inner === messageTag(2)) statusMessage = reader.text()
          else if (inner === varintTag(3)) code = reader.number()
          else reader.skip(inner)
        })
        return
      case fixed32Tag(16):
        flags = reader.fixed32()
        return
      default:
        reader.skip(tag)
    }
  })
  if (traceId === undefined) throw new SpanFault('.traceId', 'there is none')
  if (spanId === undefined) throw new SpanFault('.spanId', 'there is none')
  const details = detailsOf({ ...producer.details, traceState, flags, events, links, dropped, types })
  return {
    traceId,
    spanId,
    ...(parentSpanId === undefined ? {} : { parentSpanId }),
    name,
    kind: spanKinds[kind] ?? 'unspecified',
    ...(startNs === undefined ? {} : { startNs }),
    ...(endNs === undefined ? {} : { endNs }),
    status: spanStatuses[code] ?? 'unset',
    ...(statusMessage === '' ? {} : { statusMessage }),
    attributes: taker.end(),
    resource: producer.resource,
    ...(details === undefined ? {} : { details }),
  }
}

function eventOf(reader: WireReader, path: string, types: ExactTypes): SpanEvent {
  const attributes: Record<string, JsonValue> = {}
  let timeNs: bigint | undefined
  let name = ''
  let droppedAttributes = 0
  inside(reader, (tag) => {
    if (tag === fixed64Tag(1)) timeNs = timeOf(reader, `${placeOf(path)}.timeUnixNano`)
    else if (tag === messageTag(2)) name = reader.text()
    else if (tag === messageTag(3)) keyValue(reader, attributes, path, types)
    else if (tag === varintTag(4)) droppedAttributes = reader.number()
    else reader.skip(tag)
  })
  return {
    ...(timeNs === undefined ? {} : { timeNs: `${timeNs}` }),
    name,
    attributes,
    ...(droppedAttributes === 0 ? {} : { droppedAttributes }),
  }
}

function linkOf(reader: WireReader, path: string, types: ExactTypes): SpanLink {
  const attributes: Record<string, JsonValue> = {}
  let traceId: string | undefined
  let spanId: string | undefined
  let traceState = ''
  let flags = 0
  let droppedAttributes = 0
  inside(reader, (tag) => {
    if (tag === messageTag(1)) traceId = idOf(reader, 16, `${placeOf(path)}.traceId`)
    else if (tag === messageTag(2)) spanId = idOf(reader, 8, `${placeOf(path)}.spanId`)
    else if (tag === messageTag(3)) traceState = reader.text()
    else if (tag === messageTag(4)) keyValue(reader, attributes, path, types)
    else if (tag === varintTag(5)) droppedAttributes = reader.number()
    else if (tag === fixed32Tag(6)) flags = reader.fixed32()
    else reader.skip(tag)
  })
  if (traceId === undefined || spanId === undefined) throw new SpanFault(placeOf(path), 'the link names no span')
  return {
    traceId,
    spanId,
    ...(traceState === '' ? {} : { traceState }),
    ...(flags === 0 ? {} : { flags }),
    attributes,
    ...(droppedAttributes === 0 ? {} : { droppedAttributes }),
  }
}

/** `/events/0` as a person reads it. */
function placeOf(path: string): string {
  return path.replaceAll(/\/(\w+)\/(\d+)/g, '.$1[$2]')
}

function idOf(reader: WireReader, length: 8 | 16, where: string): string {
  const id = reader.hex(length)
  if (id === undefined) throw new SpanFault(where, `it is not ${length} bytes long`)
  if (id === zeros[length]) throw new SpanFault(where, 'it is all zeros')
  return id
}

const zeros = { 8: '0'.repeat(16), 16: '0'.repeat(32) } as const

/** 0 means that nobody wrote a time. */
function timeOf(reader: WireReader, where: string): bigint | undefined {
  const time = reader.fixed64()
  if (time > timeNsMax) throw new SpanFault(where, 'it is no time in nanoseconds')
  return time === 0n ? undefined : time
}
