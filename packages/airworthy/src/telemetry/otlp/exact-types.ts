/** Notes what plain JSON cannot tell of a value (`SpanDetails.types`), so that it can be written again exactly as it came. */
import type { ExactType } from '../span.ts'

/** By JSON Pointer. */
export type ExactTypes = Map<string, ExactType>

/** `parent` and a key of it, as RFC 6901 writes it. */
export function pointer(parent: string, key: string): string {
  return `${parent}/${/[~/]/.test(key) ? key.replaceAll('~', '~0').replaceAll('/', '~1') : key}`
}

/** `path` and `key` say where it stands. Integers that JSON numbers hold exactly stand as numbers, others as decimal text. */
export function plainInteger(value: bigint | number, path: string, key: string, types: ExactTypes): number | string {
  const number = Number(value)
  if (Number.isSafeInteger(number)) return number
  types.set(pointer(path, key), 'int')
  return `${value}`
}

/** What JSON has no number for stands as text, as proto3's JSON writes it. */
export function plainDouble(value: number, path: string, key: string, types: ExactTypes): number | string {
  if (!Number.isFinite(value) || Object.is(value, -0)) {
    types.set(pointer(path, key), 'double')
    return Object.is(value, -0) ? '-0' : `${value}`
  }
  if (Number.isInteger(value)) types.set(pointer(path, key), 'double')
  return value
}
