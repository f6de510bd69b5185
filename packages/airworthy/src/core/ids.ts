/** Ids: a prefix that names the kind, 48 bits of time so that they sort, 64 random bits. */
import { randomHexPooled } from './random.ts'

/** `act_0199d3c5f2a1` + 16 hexadecimal digits; the last 16 also serve as the span id of an action. */
export function newId(prefix: string, nowMs: number): string {
  return `${prefix}_${nowMs.toString(16).padStart(12, '0')}${randomHexPooled(8)}`
}
