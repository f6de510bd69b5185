/** Rewriting a JSON value string by string, keys included: what redaction and pseudonyms share. */
import { type JsonValue, jsonDepthMax } from '../core/json.ts'
import type { Match } from './detectors/match.ts'
import { tooDeep } from './walk.ts'

export interface Rewrite {
  readonly key: (key: string) => string
  /** `name` is the member's key where the text is an object member's value. */
  readonly text: (text: string, name?: string) => JsonValue
  readonly number: (value: number) => JsonValue
}

/**
 * A copy with every key, string and number rewritten; the value itself where nothing changed. Two keys of one object that
 * become equal stay apart by a counter. Never writes to an object's prototype. @throws JSON_INVALID beyond 64 levels
 */
export function rewriteValue(value: JsonValue, rewrite: Rewrite): JsonValue {
  return rewriteAt(value, rewrite, undefined, jsonDepthMax)
}

function rewriteAt(value: JsonValue, rewrite: Rewrite, name: string | undefined, depthLeft: number): JsonValue {
  if (typeof value === 'string') return rewrite.text(value, name)
  if (typeof value === 'number') return rewrite.number(value)
  if (typeof value !== 'object' || value === null) return value
  if (depthLeft === 0) throw tooDeep()
  if (Array.isArray(value)) {
    const items = value.map((item: JsonValue) => rewriteAt(item, rewrite, name, depthLeft - 1))
    return items.some((item, index) => item !== value[index]) ? items : value
  }
  const entries = Object.entries(value)
  const members = new Map<string, JsonValue>()
  const counts = new Map<string, number>()
  let changed = false
  for (const [key, member] of entries) {
    const newKey = freeKey(rewrite.key(key), members, counts)
    const newMember = rewriteAt(member, rewrite, key, depthLeft - 1)
    changed ||= newKey !== key || newMember !== member
    members.set(newKey, newMember)
  }
  return changed ? Object.fromEntries(members) : value
}

/** @param counts  by key, the last counter it was given: where thousands become equal, none looks at all before it. */
function freeKey(key: string, members: ReadonlyMap<string, JsonValue>, counts: Map<string, number>): string {
  if (!members.has(key)) return key
  let count = counts.get(key) ?? 1
  do count++
  while (members.has(`${key} ${count}`))
  counts.set(key, count)
  return `${key} ${count}`
}

/** One stretch of a text to be replaced. */
export interface Stretch<M extends Match> {
  readonly start: number
  readonly end: number
  /** Every match that it covers, the one that starts first first. */
  readonly matches: readonly M[]
}

/** Matches joined where they overlap, in order of place: no character is replaced twice. */
export function stretchesOf<M extends Match>(matches: readonly M[]): Stretch<M>[] {
  const stretches: { start: number; end: number; matches: M[] }[] = []
  for (const match of matches.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const last = stretches.at(-1)
    if (last !== undefined && match.start < last.end) {
      last.end = Math.max(last.end, match.end)
      last.matches.push(match)
    } else {
      stretches.push({ start: match.start, end: match.end, matches: [match] })
    }
  }
  return stretches
}

/** The text with each stretch replaced. */
export function replaceStretches<M extends Match>(
  text: string,
  stretches: readonly Stretch<M>[],
  replacement: (stretch: Stretch<M>) => string,
): string {
  let replaced = ''
  let from = 0
  for (const stretch of stretches) {
    replaced += text.slice(from, stretch.start) + replacement(stretch)
    from = stretch.end
  }
  return replaced + text.slice(from)
}
