/** What the model has learned from tools: records with their fields, and which records have to do with one another. */
import { nameWords, stemOf } from './language/words.ts'
import { isRecord, type PastCall } from './transcript.ts'

export type Scalar = string | number | boolean

export interface Fact {
  readonly tool: string
  /** Which call it came from. */
  readonly call: number
  readonly fields: Readonly<Record<string, Scalar>>
  /** Values that tie it to other records: ids, addresses, names, and what the call was asked with. */
  readonly ties: ReadonlySet<string>
}

/** Records of every answer that went well, oldest first. */
export function factsOf(calls: readonly PastCall[]): Fact[] {
  const facts: Fact[] = []
  calls.forEach(({ tool, arguments: asked, result }, call) => {
    if (result.state !== 'ok') return
    const askedWith = Object.values(asked).filter((value): value is string => typeof value === 'string' && isTie(value))
    gather(result.value, { tool, call, ties: askedWith.map((value) => value.toLowerCase()) }, facts)
  })
  return facts
}

interface Origin {
  readonly tool: string
  readonly call: number
  readonly ties: readonly string[]
}

function gather(value: unknown, origin: Origin, facts: Fact[]): void {
  if (Array.isArray(value)) {
    for (const item of value) gather(item, origin, facts)
    return
  }
  if (!isRecord(value)) return
  const entries = Object.entries(value)
  const fields = entries.filter((entry): entry is [string, Scalar] =>
    ['string', 'number', 'boolean'].includes(typeof entry[1]),
  )
  const own = fields.flatMap(([, field]) => (typeof field === 'string' && isTie(field) ? [field.toLowerCase()] : []))
  const ties = new Set([...origin.ties, ...own])
  if (fields.length > 0) facts.push({ tool: origin.tool, call: origin.call, fields: Object.fromEntries(fields), ties })
  for (const [, inner] of entries) if (typeof inner === 'object') gather(inner, { ...origin, ties: [...ties] }, facts)
}

/** Short texts with a digit or an at sign, and two-word names, identify; sentences and plain words do not. */
function isTie(value: string): boolean {
  if (value.length < 3 || value.length > 80) return false
  return /^\S*\d\S*$/.test(value) || value.includes('@') || /^\p{Lu}\S+ \p{Lu}\S+$/u.test(value)
}

/**
 * Facts by how near they are to the given values: first those that hold one of them, then those that share a tie with these,
 * and so on. Without values, all facts, newest first, as one ring.
 */
export function ringsAround(facts: readonly Fact[], seeds: readonly string[]): Fact[][] {
  if (seeds.length === 0) return facts.length === 0 ? [] : [facts.toReversed()]
  const rings: Fact[][] = []
  const reached = new Set(seeds.map((seed) => seed.toLowerCase()))
  let left = [...facts]
  for (;;) {
    const ring = left.filter(({ ties }) => [...ties].some((tie) => reached.has(tie)))
    if (ring.length === 0) return rings
    rings.push(ring)
    left = left.filter((fact) => !ring.includes(fact))
    for (const { ties } of ring) for (const tie of ties) reached.add(tie)
  }
}

/** Whether a field's name says this: `order_id` for the id of an order, `shipped_on` for "shipped". */
export function fieldSays(field: string, stems: readonly string[]): boolean {
  const own = nameWords(field).map(stemOf)
  return stems.every((stem) => own.includes(stem))
}
