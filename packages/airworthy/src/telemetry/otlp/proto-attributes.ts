/** OTLP's attributes and values from their bytes as plain JSON (common.proto); `types` keeps what that cannot say. */
import { type JsonValue, jsonDepthMax, prototypeKeys } from '../../core/json.ts'
import { type ExactTypes, plainDouble, plainInteger, pointer } from './exact-types.ts'
import { SpanFault } from './span-fault.ts'
import { fixed64Tag, inside, messageTag, varintTag } from './wire-fields.ts'
import type { WireReader } from './wire-reader.ts'

/** Reads one KeyValue into an object. The last of two equal keys counts. @throws SpanFault, MalformedWire */
export function keyValue(
  reader: WireReader,
  into: Record<string, JsonValue>,
  path: string,
  types: ExactTypes,
  depth = 0,
): void {
  let key = ''
  let from = -1
  inside(reader, (tag) => {
    if (tag === messageTag(1)) key = reader.text()
    else if (tag === messageTag(2)) {
      // The key may stand behind its value.
      from = reader.at
      reader.skip(tag)
    } else reader.skip(tag)
  })
  if (prototypeKeys.has(key)) throw new SpanFault('.attributes', `there is a key ${key}`)
  if (from === -1) into[key] = null
  else {
    const here = reader.at
    reader.at = from
    into[key] = anyValue(reader, pointer(path, key), types, depth)
    reader.at = here
  }
}

/** Nothing in it is null. */
function anyValue(reader: WireReader, path: string, types: ExactTypes, depth: number): JsonValue {
  if (depth > jsonDepthMax) throw new SpanFault('.attributes', 'a value is nested deeper than the limit')
  let value: JsonValue = null
  inside(reader, (tag) => {
    switch (tag) {
      case messageTag(1):
        value = reader.text()
        return
      case varintTag(2):
        value = reader.number() !== 0
        return
      case varintTag(3):
        value = plainInteger(reader.int64(), path, types)
        return
      case fixed64Tag(4):
        value = plainDouble(reader.double(), path, types)
        return
      case messageTag(5): {
        const items: JsonValue[] = []
        inside(reader, (inner) => {
          if (inner === messageTag(1)) items.push(anyValue(reader, `${path}/${items.length}`, types, depth + 1))
          else reader.skip(inner)
        })
        value = items
        return
      }
      case messageTag(6): {
        const fields: Record<string, JsonValue> = {}
        inside(reader, (inner) => {
          if (inner === messageTag(1)) keyValue(reader, fields, path, types, depth + 1)
          else reader.skip(inner)
        })
        value = fields
        return
      }
      case messageTag(7):
        types.set(path, 'bytes')
        value = reader.raw().toString('base64')
        return
      default:
        reader.skip(tag)
    }
  })
  return value
}
