/** OTLP's tagged attribute values as plain JSON (opentelemetry-proto, common.proto). */
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts'

/**
 * `[{key, value: {stringValue}}]` as an object. The last of two equal keys counts; entries that are none are left out. Integers
 * beyond 2^53 stay decimal texts, bytes stay base64.
 */
export function attributesOf(list: JsonValue | undefined): JsonObject {
  if (!Array.isArray(list)) return {}
  return Object.fromEntries(
    (list as readonly JsonValue[]).flatMap((entry) =>
      isJsonObject(entry) && typeof entry.key === 'string' ? [[entry.key, plainOf(entry.value)]] : [],
    ),
  )
}

function plainOf(value: JsonValue | undefined): JsonValue {
  if (!isJsonObject(value)) return null
  const { stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue, bytesValue } = value
  if (stringValue !== undefined) return stringValue
  if (boolValue !== undefined) return boolValue
  if (intValue !== undefined) return integerOf(intValue)
  if (doubleValue !== undefined) return doubleValue
  if (isJsonObject(arrayValue)) {
    return Array.isArray(arrayValue.values) ? (arrayValue.values as readonly JsonValue[]).map(plainOf) : []
  }
  if (isJsonObject(kvlistValue)) return attributesOf(kvlistValue.values)
  return bytesValue ?? null
}

function integerOf(value: JsonValue): JsonValue {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}
