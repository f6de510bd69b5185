/** Exact 64-bit integers: numbers while safe, bigints beyond; undefined where Cedar reports an overflow. */
import type { Long } from './value.ts'

const longMin = -(2n ** 63n)
export const longMax = 2n ** 63n - 1n

/** The one form of an integer: a number when safe, a bigint when only int64 holds it, undefined when neither does. */
export function longOf(value: bigint): Long | undefined {
  if (value >= -9007199254740991n && value <= 9007199254740991n) return Number(value)
  return value >= longMin && value <= longMax ? value : undefined
}

export function isLong(value: unknown): value is Long {
  return typeof value === 'number' || typeof value === 'bigint'
}

export function addLongs(left: Long, right: Long): Long | undefined {
  if (typeof left === 'number' && typeof right === 'number') {
    const sum = left + right
    if (Number.isSafeInteger(sum)) return sum
  }
  return longOf(BigInt(left) + BigInt(right))
}

export function subtractLongs(left: Long, right: Long): Long | undefined {
  if (typeof left === 'number' && typeof right === 'number') {
    const difference = left - right
    if (Number.isSafeInteger(difference)) return difference
  }
  return longOf(BigInt(left) - BigInt(right))
}

export function multiplyLongs(left: Long, right: Long): Long | undefined {
  if (typeof left === 'number' && typeof right === 'number') {
    const product = left * right
    // A safe product is exact; adding zero turns -0 into 0.
    if (Number.isSafeInteger(product)) return product + 0
  }
  return longOf(BigInt(left) * BigInt(right))
}

export function negateLong(value: Long): Long | undefined {
  return subtractLongs(0, value)
}
