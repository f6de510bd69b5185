/** JSON with 64-bit numbers in it: beyond 2^53 `JSON.parse` rounds them, and the text that they were read from still has them. */
import type { JsonValue } from '../../core/json.ts'

/** Numbers of OTLP's 64-bit fields come as their text where the text is long enough to matter. @throws SyntaxError */
export function parseExactly(text: string): JsonValue {
  // Looking at each value costs several times the parsing itself; most clients write these numbers as text.
  return JSON.parse(text, longNumber.test(text) ? keepExact : undefined) as JsonValue
}

const longNumber = /"(?:startTimeUnixNano|endTimeUnixNano|timeUnixNano|intValue)"\s*:\s*-?[\d.eE+]{16}/
const exactKeys: ReadonlySet<string> = new Set(['startTimeUnixNano', 'endTimeUnixNano', 'timeUnixNano', 'intValue'])

function keepExact(key: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' && exactKeys.has(key) ? (context?.source ?? value) : value
}
