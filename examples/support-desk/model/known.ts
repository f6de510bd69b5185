/** What is known about what somebody asks for: looked up among the facts, nearest first. */
import { type Fact, fieldSays, ringsAround, type Scalar } from './facts.ts'
import type { Ask } from './language/asks.ts'
import type { Entity } from './language/entities.ts'
import { stemsOf, stopStems, verbGroups } from './language/words.ts'
import type { Tool } from './tools.ts'

export interface Situation {
  readonly tools: readonly Tool[]
  readonly idNouns: ReadonlySet<string>
  readonly facts: readonly Fact[]
  /** How many calls of the conversation came before the user's newest text: `Fact.call` counts from the very first. */
  readonly callsBefore: number
  /** Things named elsewhere in the conversation, newest last: what "it" may mean. */
  readonly mentioned: readonly Entity[]
}

/** What the asking is about: what it names, else what was named last. */
export function seedsOf(ask: Ask, { mentioned }: Pick<Situation, 'mentioned'>): string[] {
  const named = (entities: readonly Entity[]): string[] =>
    entities
      .filter(({ kind, given }) => given === undefined && ['id', 'email', 'name'].includes(kind))
      .map(({ value }) => value)
  const own = named(ask.entities)
  return own.length > 0 ? own : named(mentioned)
}

/** What the asking is after, in stems: without verbs of asking, names of things, and the nouns of records. */
export function askedAbout(ask: Ask, idNouns: ReadonlySet<string>): string[] {
  const named = new Set(ask.entities.flatMap(({ value }) => stemsOf(value)))
  const idle = (stem: string): boolean =>
    stopStems.has(stem) || idNouns.has(stem) || named.has(stem) || stem === ask.verb || verbGroups(stem).has('read')
  return [...ask.stems].filter((stem) => !idle(stem))
}

/**
 * The value of a field in the nearest record that has it. Where several records at one distance differ, the asking must pick:
 * "the last order", "the open ticket"; else there is no answer.
 */
export function knownField(
  facts: readonly Fact[],
  seeds: readonly string[],
  stems: readonly string[],
  ask: Ask,
): Scalar | undefined {
  for (const ring of ringsAround(facts, seeds)) {
    const holders = ring.flatMap((fact) => {
      const field = Object.keys(fact.fields).find((key) => fieldSays(key, stems))
      return field === undefined ? [] : [{ fact, value: fact.fields[field] as Scalar }]
    })
    if (holders.length === 0) continue
    const values = new Set(holders.map(({ value }) => value))
    if (values.size === 1) return holders[0]!.value
    return pick(
      holders.map(({ fact }) => fact),
      ask,
    ).map((fact) => holders.find((one) => one.fact === fact)!.value)[0]
  }
  return undefined
}

/** Of several records, the one that the asking describes; empty when it does not. */
export function pick(facts: readonly Fact[], ask: Ask): Fact[] {
  const matching = facts.filter(({ fields }) =>
    Object.values(fields).some(
      (value) =>
        typeof value === 'string' &&
        value.length < 40 &&
        !/\d/.test(value) &&
        stemsOf(value).some((stem) => !stopStems.has(stem) && ask.stems.has(stem)),
    ),
  )
  const left = matching.length > 0 ? matching : facts
  if (matching.length === 1) return matching
  const dated = left.flatMap((fact) => {
    const date = Object.values(fact.fields).find(
      (value) => typeof value === 'string' && /^\d{4}-\d{2}-\d{2}/.test(value),
    )
    return date === undefined ? [] : [{ fact, date: String(date) }]
  })
  const sorted = dated.toSorted((a, b) => a.date.localeCompare(b.date))
  if (ask.stems.has('last')) return sorted.slice(-1).map(({ fact }) => fact)
  if (ask.stems.has('first')) return sorted.slice(0, 1).map(({ fact }) => fact)
  return []
}

/** What kind of record has this id, as far as tools have told. */
export function nounOfId(value: string, facts: readonly Fact[], nouns: ReadonlySet<string>): string | undefined {
  for (const { fields } of facts) {
    for (const [field, held] of Object.entries(fields)) {
      if (held !== value) continue
      const noun = [...nouns].find((one) => fieldSays(field, [one, 'id']))
      if (noun !== undefined) return noun
    }
  }
  return undefined
}
