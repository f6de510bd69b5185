/** JSON as values, and the bounded parser that every text from outside goes through. */
import { AirworthyError } from './errors.ts'
import { valueOfJson } from './value-of-json.ts'

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject
export interface JsonObject {
  readonly [key: string]: JsonValue
}

export const argumentsBytesMax = 64 * 1024
export const jsonDepthMax = 64

/** Names that reach an object's prototype; refused as keys wherever they come from outside. */
export const prototypeKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * The first thing that makes a value unfit as arguments: nested deeper than `depthMax`, a prototype key, a number that is not
 * finite, a lone surrogate (no UTF-8 form, so no digest). Undefined when it is fit. Never recurses deeper than `depthMax`.
 */
export function jsonFault(value: JsonValue, depthMax = jsonDepthMax, path = ''): string | undefined {
  if (typeof value === 'string') return value.isWellFormed() ? undefined : `${path || '/'} holds a lone surrogate`
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : `${path || '/'} is not a finite number`
  if (typeof value !== 'object' || value === null) return undefined
  if (depthMax === 0) return `${path || '/'} is nested deeper than the limit`
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const fault = jsonFault(value[index] as JsonValue, depthMax - 1, `${path}/${index}`)
      if (fault !== undefined) return fault
    }
    return undefined
  }
  for (const key of Object.keys(value)) {
    if (prototypeKeys.has(key)) return `${path}/${key} is a prototype key`
    if (!key.isWellFormed()) return `${path || '/'} has a key with a lone surrogate`
    const fault = jsonFault((value as JsonObject)[key] as JsonValue, depthMax - 1, `${path}/${key}`)
    if (fault !== undefined) return fault
  }
  return undefined
}

/** Parses a JSON text of at most `bytesMax` UTF-8 bytes and `depthMax` levels. @throws JSON_INVALID */
export function parseJson(text: string, limits: { bytesMax?: number; depthMax?: number } = {}): JsonValue {
  const { bytesMax = argumentsBytesMax, depthMax = jsonDepthMax } = limits
  const bytes = Buffer.byteLength(text)
  if (bytes > bytesMax) throw invalid(`The text has ${bytes} bytes; the limit is ${bytesMax}.`)
  let value: JsonValue
  try {
    value = valueOfJson(text) as JsonValue
  } catch (cause) {
    throw invalid('The text is not JSON.', cause)
  }
  const fault = jsonFault(value, depthMax)
  if (fault !== undefined) throw invalid(`The JSON is refused: ${fault}.`)
  return value
}

function invalid(message: string, cause?: unknown): AirworthyError {
  return new AirworthyError(
    { code: 'JSON_INVALID', message, mend: 'Send well-formed JSON within the limits.' },
    { cause },
  )
}
