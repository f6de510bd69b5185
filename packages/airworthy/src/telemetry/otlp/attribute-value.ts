/** OTLP's tagged attribute values of the JSON form as plain JSON (opentelemetry-proto, common.proto); `types` keeps what that cannot say. */
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts'
import { type ExactTypes, plainDouble, plainInteger, pointer } from './exact-types.ts'
import { SpanFault } from './span-fault.ts'

/**
 * `[{key, value: {stringValue}}]` as an object. The last of two equal keys counts; entries that are none are left out. Integers
 * beyond 2^53 stay decimal texts, bytes stay base64.
 * @throws SpanFault for a value that is not what its name says.
 */
export function attributesOf(list: JsonValue | undefined, path: string, types: ExactTypes): JsonObject {
  if (!Array.isArray(list)) return {}
  return Object.fromEntries(
    (list as readonly JsonValue[]).flatMap((entry) =>
      isJsonObject(entry) && typeof entry.key === 'string'
        ? [[entry.key, plainOf(entry.value, path, entry.key, types)]]
        : [],
    ),
  )
}

/** In proto3's JSON null stands for absence. */
function plainOf(value: JsonValue | undefined, path: string, key: string, types: ExactTypes): JsonValue {
  if (!isJsonObject(value)) return null
  const { stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue, bytesValue } = value
  if (isThere(stringValue)) return typeof stringValue === 'string' ? stringValue : wrong('a stringValue is no text')
  if (isThere(boolValue))
    return typeof boolValue === 'boolean' ? boolValue : wrong('a boolValue is neither true nor false')
  if (isThere(intValue)) return plainInteger(integerOf(intValue), path, key, types)
  if (isThere(doubleValue)) return plainDouble(doubleOf(doubleValue), path, key, types)
  if (isJsonObject(arrayValue)) {
    return listOf(arrayValue.values).map((item, index) => plainOf(item, pointer(path, key), `${index}`, types))
  }
  if (isJsonObject(kvlistValue)) return attributesOf(kvlistValue.values, pointer(path, key), types)
  if (!isThere(bytesValue)) return null
  if (typeof bytesValue !== 'string' || !/^[\w+/-]*={0,2}$/.test(bytesValue)) return wrong('a bytesValue is not base64')
  types.set(pointer(path, key), 'bytes')
  return bytesValue
}

function isThere(value: JsonValue | undefined): value is Exclude<JsonValue, null> {
  return value !== undefined && value !== null
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]) : []
}

/** Decimal text or a number, as proto3's JSON takes both. */
function integerOf(value: JsonValue): bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value)
  if (typeof value !== 'string' || !/^-?\d{1,19}$/.test(value)) return wrong('an intValue is no integer')
  const integer = BigInt(value)
  return integer === BigInt.asIntN(64, integer) ? integer : wrong('an intValue has more than 64 bits')
}

const named: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
}

function doubleOf(value: JsonValue): number {
  if (typeof value === 'number') return value
  if (typeof value !== 'string') return wrong('a doubleValue is no number')
  const number = Object.hasOwn(named, value)
    ? (named[value] as number)
    : value.trim() === ''
      ? undefined
      : Number(value)
  return number === undefined || (Number.isNaN(number) && value !== 'NaN')
    ? wrong('a doubleValue is no number')
    : number
}

function wrong(why: string): never {
  throw new SpanFault('.attributes', why)
}
