/**
 * OTLP's attributes and values from their bytes as plain JSON (common.proto); `types` keeps what that cannot say. A span has tens of
 * them, so this is where decoding spends its time: no closures, and no pointer is written that nobody asks for.
 */
import { type JsonValue, jsonDepthMax, prototypeKeys } from '../../core/json.ts'
import { type ExactTypes, plainDouble, plainInteger, pointer } from './exact-types.ts'
import { SpanFault } from './span-fault.ts'
import { fixed64Tag, messageTag, varintTag } from './wire-fields.ts'
import type { WireReader } from './wire-reader.ts'

export const keyTag = messageTag(1)
export const valueTag = messageTag(2)

/** Reads one KeyValue into an object. The last of two equal keys counts. @throws SpanFault, MalformedWire */
export function keyValue(
  reader: WireReader,
  into: Record<string, JsonValue>,
  path: string,
  types: ExactTypes,
  depth = 0,
): void {
  let key = ''
  // The key may stand behind its value.
  let from = -1
  const outer = reader.enter()
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === keyTag) key = reader.text()
    else {
      if (tag === valueTag) from = reader.at
      reader.skip(tag)
    }
  }
  if (prototypeKeys.has(key)) throw new SpanFault('.attributes', `there is a key ${key}`)
  if (from === -1) into[key] = null
  else {
    reader.at = from
    into[key] = anyValue(reader, path, key, types, depth)
  }
  reader.leave(outer)
}

export const textTag = messageTag(1)
const boolTag = varintTag(2)
const intTag = varintTag(3)
const doubleTag = fixed64Tag(4)
export const arrayTag = messageTag(5)
const listTag = messageTag(6)
const bytesTag = messageTag(7)
export const itemTag = messageTag(1)

/** What `path` has under `key`. Nothing in it is null. @throws SpanFault, MalformedWire */
export function anyValue(reader: WireReader, path: string, key: string, types: ExactTypes, depth: number): JsonValue {
  if (depth > jsonDepthMax) throw new SpanFault('.attributes', 'a value is nested deeper than the limit')
  let value: JsonValue = null
  const outer = reader.enter()
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === textTag) value = reader.text()
    else if (tag === boolTag) value = reader.number() !== 0
    else if (tag === intTag) value = plainInteger(reader.int64(), path, key, types)
    else if (tag === doubleTag) value = plainDouble(reader.double(), path, key, types)
    else if (tag === arrayTag) value = items(reader, pointer(path, key), types, depth)
    else if (tag === listTag) value = fields(reader, pointer(path, key), types, depth)
    else if (tag === bytesTag) {
      types.set(pointer(path, key), 'bytes')
      value = reader.raw().toString('base64')
    } else reader.skip(tag)
  }
  reader.leave(outer)
  return value
}

function items(reader: WireReader, path: string, types: ExactTypes, depth: number): JsonValue {
  const found: JsonValue[] = []
  const outer = reader.enter()
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === itemTag) found.push(anyValue(reader, path, `${found.length}`, types, depth + 1))
    else reader.skip(tag)
  }
  reader.leave(outer)
  return found
}

function fields(reader: WireReader, path: string, types: ExactTypes, depth: number): JsonValue {
  const found: Record<string, JsonValue> = {}
  const outer = reader.enter()
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === itemTag) keyValue(reader, found, path, types, depth + 1)
    else reader.skip(tag)
  }
  reader.leave(outer)
  return found
}
