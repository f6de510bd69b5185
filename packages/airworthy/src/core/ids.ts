/** Ids: a prefix that names the kind, 48 bits of time so that they sort, 64 random bits. */
import { randomFillSync } from 'node:crypto'

const pool = Buffer.alloc(4096)
let poolAt = pool.length

/** `act_0199d3c5f2a1` + 16 hexadecimal digits; the last 16 also serve as the span id of an action. */
export function newId(prefix: string, nowMs: number): string {
  if (poolAt === pool.length) {
    randomFillSync(pool)
    poolAt = 0
  }
  const random = pool.toString('hex', poolAt, poolAt + 8)
  poolAt += 8
  return `${prefix}_${nowMs.toString(16).padStart(12, '0')}${random}`
}
