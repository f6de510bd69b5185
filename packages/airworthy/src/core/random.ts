/** Random bytes from a pool: asking the system for sixteen costs as much as asking for thousands. */
import { randomFillSync } from 'node:crypto'

const pool = Buffer.alloc(8192)
let used = pool.length

/** A copy of `count` fresh random bytes, at most 64. Each byte of the pool is given out once and then erased. */
export function randomBytesPooled(count: number): Buffer {
  if (used + count > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const bytes = Buffer.from(pool.subarray(used, used + count))
  pool.fill(0, used, used + count)
  used += count
  return bytes
}
