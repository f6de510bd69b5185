/** Random bytes from a pool: asking the system for sixteen costs as much as asking for thousands. */
import { randomFillSync } from 'node:crypto'

const pool = Buffer.alloc(8192)
let used = pool.length

/** A copy of `count` fresh random bytes, at most 64. Each byte of the pool is given out once and then erased. */
export function randomBytesPooled(count: number): Buffer {
  const from = take(count)
  const bytes = Buffer.from(pool.subarray(from, used))
  pool.fill(0, from, used)
  return bytes
}

/** As hexadecimal digits, two for each of `count` bytes. */
export function randomHexPooled(count: number): string {
  const from = take(count)
  const digits = pool.toString('hex', from, used)
  pool.fill(0, from, used)
  return digits
}

/** Where in the pool `count` fresh bytes begin; they end at `used`. */
function take(count: number): number {
  if (used + count > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += count
  return used - count
}
