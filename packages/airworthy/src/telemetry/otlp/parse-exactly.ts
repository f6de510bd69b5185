/** JSON with 64-bit numbers in it: beyond 2^53 a double rounds them, and the text that they were read from still has them. */
import type { JsonValue } from '../../core/json.ts'
import { valueOfJson } from '../../core/value-of-json.ts'

/** Numbers of OTLP's 64-bit fields come as their text where the text is long enough to matter. @throws SyntaxError */
export function parseExactly(text: string): JsonValue {
  // Looking at each value costs several times the parsing itself; most clients write these numbers as text.
  return valueOfJson(text, longNumber.test(text) ? keepExact : undefined) as JsonValue
}

const longNumber = /"(?:startTimeUnixNano|endTimeUnixNano|timeUnixNano|intValue)"\s*:\s*-?[\d.eE+]{16}/
const exactKeys: ReadonlySet<string> = new Set(['startTimeUnixNano', 'endTimeUnixNano', 'timeUnixNano', 'intValue'])

function keepExact(value: number, digits: string, key: string): number | string {
  return exactKeys.has(key) ? digits : value
}
