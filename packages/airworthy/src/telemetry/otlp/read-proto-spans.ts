/**
 * ExportTraceServiceRequest from its bytes (opentelemetry-proto: trace.proto, resource.proto). The frame around the spans is walked
 * first, so that a request which breaks off is known before anything of it is kept; what is wrong inside one span loses that span
 * alone. One span is decoded at a time: memory holds the bytes and one span.
 */
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { SpanDetails } from '../span.ts'
import type { AttributeTaker, SpanWith } from './attribute-taker.ts'
import type { ExactTypes } from './exact-types.ts'
import { keyValue } from './proto-attributes.ts'
import { type Producer, spanAt } from './proto-span.ts'
import { type RejectedSpan, SpanFault, TooManyParts } from './span-fault.ts'
import { partsMax } from './span-limits.ts'
import { at, inside, messageTag, nextRange, type Range, varintTag } from './wire-fields.ts'
import { MalformedWire, WireReader } from './wire-reader.ts'

/** @throws MalformedWire, TooManyParts at once, before the first span, when the frame is broken. */
export function readProtoSpans<Attributes>(
  bytes: Uint8Array,
  taker: AttributeTaker<Attributes>,
): Generator<SpanWith<Attributes> | RejectedSpan> {
  const reader = new WireReader(bytes)
  checkFrame(reader)
  return spansOf(reader, { from: 0, to: bytes.byteLength }, taker)
}

function checkFrame(reader: WireReader): void {
  let parts = 0
  const part = (): void => {
    if (++parts > partsMax) throw new TooManyParts(`it holds more than ${partsMax} resources, scopes and spans`)
  }
  at(reader, { from: 0, to: reader.end }, (tag) => {
    if (tag !== messageTag(1)) return reader.skip(tag)
    part()
    inside(reader, (inResource) => {
      if (inResource !== messageTag(2)) return reader.skip(inResource)
      part()
      inside(reader, (inScope) => {
        if (inScope === messageTag(2)) part()
        reader.skip(inScope)
      })
    })
  })
}

function* spansOf<Attributes>(
  reader: WireReader,
  request: Range,
  taker: AttributeTaker<Attributes>,
): Generator<SpanWith<Attributes> | RejectedSpan> {
  let index = 0
  for (const group of ranges(reader, request, messageTag(1))) {
    const place = `resourceSpans[${index++}]`
    let number = 0
    for (const scoped of ranges(reader, group, messageTag(2))) {
      const scopePlace = `${place}.scopeSpans[${number++}]`
      let producer: Producer = { resource: {}, types: new Map(), details: {}, dropped: {} }
      try {
        producer = producerOf(reader, group, scoped)
      } catch (error) {
        yield rejected(scopePlace, error, false)
      }
      let position = 0
      for (const range of ranges(reader, scoped, messageTag(2))) {
        try {
          yield spanAt(reader, range, producer, taker)
        } catch (error) {
          yield rejected(`${scopePlace}.spans[${position}]`, error, true)
        }
        position++
      }
    }
  }
}

function* ranges(reader: WireReader, message: Range, tag: number): Generator<Range> {
  let found = nextRange(reader, message.from, message, tag)
  while (found !== undefined) {
    yield found
    found = nextRange(reader, found.to, message, tag)
  }
}

function rejected(place: string, error: unknown, isSpan: boolean): RejectedSpan {
  if (error instanceof SpanFault)
    return { kind: 'rejected', where: `${place}${error.where}`, why: error.message, isSpan }
  if (error instanceof MalformedWire) return { kind: 'rejected', where: place, why: error.message, isSpan }
  throw error
}

/** In wire format the order of fields is free: a resource may stand behind the spans that it describes. */
function producerOf(reader: WireReader, group: Range, scoped: Range): Producer {
  const types: ExactTypes = new Map()
  const resource: Record<string, JsonValue> = {}
  const scopeAttributes: Record<string, JsonValue> = {}
  const dropped: { resourceAttributes?: number; scopeAttributes?: number } = {}
  const urls: { resourceSchemaUrl?: string; scopeSchemaUrl?: string } = {}
  at(reader, group, (outer) => {
    if (outer === messageTag(3)) urls.resourceSchemaUrl = reader.text()
    else if (outer !== messageTag(1)) reader.skip(outer)
    else
      inside(reader, (tag) => {
        if (tag === messageTag(1)) keyValue(reader, resource, '/resource', types)
        else if (tag === varintTag(2)) dropped.resourceAttributes = reader.number()
        else reader.skip(tag)
      })
  })
  at(reader, scoped, (outer) => {
    if (outer === messageTag(3)) urls.scopeSchemaUrl = reader.text()
    else if (outer !== messageTag(1)) reader.skip(outer)
    else
      inside(reader, (tag) => {
        if (tag === messageTag(1)) resource['otel.scope.name'] = reader.text()
        else if (tag === messageTag(2)) resource['otel.scope.version'] = reader.text()
        else if (tag === messageTag(3)) keyValue(reader, scopeAttributes, '/scope', types)
        else if (tag === varintTag(4)) dropped.scopeAttributes = reader.number()
        else reader.skip(tag)
      })
  })
  const details: SpanDetails = {
    ...(Object.keys(scopeAttributes).length === 0 ? {} : { scopeAttributes: scopeAttributes as JsonObject }),
    ...urls,
  }
  return { resource, types, details, dropped }
}
