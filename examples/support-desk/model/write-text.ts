/** Writes the free texts of a call: subjects, reasons, messages, notes. */
import { type Fact, ringsAround } from './facts.ts'
import { type Situation, seedsOf } from './known.ts'
import type { Ask } from './language/asks.ts'
import { nameWords, stemOf, stopStems, wordsOf } from './language/words.ts'

const subjectWordsMax = 9

export function writeText(kind: 'subject' | 'reason' | 'text', ask: Ask, situation: Situation): string | undefined {
  if (kind === 'reason') return ask.reason ?? ask.content ?? capital(told(ask)) ?? 'As requested.'
  if (kind === 'subject') {
    const said = /\bsubject\b\W*["“]([^"”]+)["”]/i.exec(ask.text)
    return (
      said?.[1] ??
      shortened(ask.content ?? capital(dataPhrase.exec(ask.text)?.[1]) ?? ask.statements[0] ?? ask.reason ?? ask.text)
    )
  }
  const data = dataAskedFor(ask, situation)
  const parts = [ask.content, data, summaryAskedFor(ask, situation)].filter((part) => part !== undefined)
  if (parts.length > 0) return parts.join('\n')
  return capital(told(ask)) ?? capital(ask.reason) ?? capital(ask.text)
}

/** Whether the text is to hold things that have to be known first: data of a record, or a summary of one. */
export function lacksKnowledge(ask: Ask, situation: Situation): boolean {
  if (ask.content !== undefined) return false
  if (ask.stems.has('summary')) return summaryAskedFor(ask, situation) === undefined
  return dataPhrase.test(ask.text) && dataAskedFor(ask, situation) === undefined
}

const dataPhrase =
  /\b(?:with|containing|including|include|listing|attach(?:ing)?|contents? of|details? of|data of|copy of|list of)\b(.+)$/is

/** "With the street of ...", "containing all data": the fields that were asked for, as known. */
function dataAskedFor(ask: Ask, situation: Situation): string | undefined {
  const asked = dataPhrase.exec(ask.text)
  if (asked === null || ask.content !== undefined) return undefined
  const wanted = new Set(
    wordsOf(asked[1]!)
      .map(stemOf)
      .filter((stem) => !situation.idNouns.has(stem)),
  )
  const facts = ringsAround(situation.facts, seedsOf(ask, situation)).flat()
  const lines = facts.flatMap((fact) => matchingFields(fact, wanted))
  if (lines.length > 0) return [...new Set(lines)].join('\n')
  const all = [
    /\b(?:all|every|everything|details?|data|record|list|information|contents?)\b/i.test(asked[1]! + asked[0]),
    facts.length > 0,
  ]
  return all.every(Boolean) ? facts.map(({ fields }) => rowOf(fields)).join('\n') : undefined
}

function matchingFields({ fields }: Fact, wanted: ReadonlySet<string>): string[] {
  return Object.entries(fields).flatMap(([field, value]) => {
    const stems = nameWords(field).map(stemOf)
    return stems.includes('id') || !stems.some((stem) => wanted.has(stem) && !stopStems.has(stem))
      ? []
      : [`${field}: ${value}`]
  })
}

function summaryAskedFor(ask: Ask, situation: Situation): string | undefined {
  if (!ask.stems.has('summary')) return undefined
  const [ring = []] = ringsAround(situation.facts, seedsOf(ask, situation))
  const texts = ring
    .flatMap(({ fields }) => Object.values(fields))
    .filter((value) => typeof value === 'string' && value.includes(' '))
  return texts.length === 0 ? undefined : `Summary: ${[...new Set(texts)].join(' – ').slice(0, 600)}`
}

export function rowOf(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields)
    .map(([field, value]) => `${nameWords(field).join(' ')}: ${value}`)
    .join(', ')
}

/** What was told around the asking, without bare answers such as "It is order 12". */
function told({ statements }: Ask): string {
  return statements.filter((text) => !/^(?:it|that|this) is\b/i.test(text) && text.split(/\s+/).length > 3).join(' ')
}

function shortened(text: string): string {
  return text
    .split(/\s+/)
    .slice(0, subjectWordsMax)
    .join(' ')
    .replace(/[.,;:!?]+$/, '')
}

function capital(text: string | undefined): string | undefined {
  const trimmed = text?.trim() ?? ''
  return trimmed === '' ? undefined : trimmed.charAt(0).toUpperCase() + trimmed.slice(1)
}
