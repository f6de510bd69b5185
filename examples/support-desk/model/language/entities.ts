/** The things that a text names by their form: addresses, amounts, ids, accounts, names. */
import { stemOf, stopWords, verbGroups, wordsOf } from './words.ts'

type EntityKind = 'email' | 'url' | 'account' | 'money' | 'date' | 'phone' | 'id' | 'number' | 'quote' | 'name'

export interface Entity {
  readonly kind: EntityKind
  readonly value: string
  /** Where it begins in the text. */
  readonly at: number
  /** Stem of the noun that it belongs to, when one stands close before it: "order" in "order no. 12-B". */
  readonly label?: string
  /** Small word right before it: to, of, from, for. */
  readonly before: string
  /** It is what something is to be changed to, and so finds nothing. */
  readonly given?: true
}

const forms: readonly (readonly [EntityKind, RegExp])[] = [
  ['quote', /"([^"]{1,4000})"|“([^”]{1,4000})”|(?<![\p{L}\p{N}])'([^']{3,4000})'(?![\p{L}\p{N}])/gu],
  ['url', /https?:\/\/[^\s<>"]+/g],
  ['email', /[^\s@<>,;:"'()[\]]+@[^\s@<>,;:"'()[\]]*[\p{L}\p{N}]/gu],
  // Platforms put stand-ins such as PII_PHONE_1 in place of values; a model carries them like the values themselves.
  ['account', /\b[A-Z]+_(?:IBAN|ACCOUNT)_\d{1,6}\b/g],
  ['phone', /\b[A-Z]+_PHONE_\d{1,6}\b/g],
  ['name', /\b[A-Z]+_PERSON_\d{1,6}\b/g],
  ['account', /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b/g],
  [
    'money',
    /(?:[$€£]|\b(?:USD|EUR)\s?)(\d[\d,]*(?:\.\d{1,2})?)|(\d[\d,]*(?:\.\d{1,2})?)\s?(?:dollars?|USD|euros?|EUR)\b/gi,
  ],
  ['date', /\b\d{4}-\d{2}-\d{2}\b/g],
  ['phone', /\+\d[\d ()-]{6,}\d/g],
  ['id', /#?\b(?=[\p{L}\d_-]*\d)[\p{L}]{1,12}[-_]?\d[\p{L}\d-]*|#\d{2,}|\b\d{5,}\b/gu],
  ['number', /\b\d+(?:\.\d+)?\b/g],
  ['name', /\b\p{Lu}[\p{Ll}’'-]+(?:\s+\p{Lu}[\p{Ll}’'-]+)+/gu],
]

/** Longer texts are read to here: what follows costs time and says little. */
export const textLengthMax = 20_000
/** How many words before a thing its noun may stand. */
const labelDistanceMax = 5

/** @param nouns stems of the nouns that things may belong to. */
export function entitiesOf(text: string, nouns: ReadonlySet<string>): Entity[] {
  const found: Entity[] = []
  let rest = text.slice(0, textLengthMax)
  for (const [kind, form] of forms) {
    for (const match of rest.matchAll(form)) {
      const value = (match.slice(1).find((group) => group !== undefined) ?? match[0]).trim()
      const entity =
        kind === 'name' && !value.includes('_') ? withoutLeadingVerb(value, match.index) : { value, at: match.index }
      if (entity === undefined) continue
      const before = wordsOf(text.slice(0, entity.at))
      const label = kind === 'quote' ? undefined : labelIn(before.slice(-labelDistanceMax), nouns)
      found.push({
        kind,
        value: kind === 'money' ? value.replaceAll(',', '') : kind === 'id' ? value.replace(/^#/, '') : value,
        at: entity.at,
        before: before.at(-1)?.toLowerCase() ?? '',
        ...(label !== undefined && { label }),
      })
      // What is taken is masked, so that the digits of an address are not read again as a number.
      rest = rest.slice(0, match.index) + ' '.repeat(match[0].length) + rest.slice(match.index + match[0].length)
    }
  }
  return found.sort((a, b) => a.at - b.at)
}

/** The nearest noun before a thing; but in "orders of 12-B" the orders are not 12-B. */
function labelIn(words: readonly string[], nouns: ReadonlySet<string>): string | undefined {
  const at = words.findLastIndex((word) => nouns.has(stemOf(word)))
  const word = words[at]
  if (word === undefined) return undefined
  const plural =
    /[^s]s$/i.test(word) &&
    words.slice(at + 1).some((between) => /^(?:of|for|by|from|does|did|has|have)$/i.test(between))
  return plural ? undefined : stemOf(word)
}

/** "Refund Ada Byron" names Ada Byron; a lone capital word left over is no name. */
function withoutLeadingVerb(value: string, at: number): { value: string; at: number } | undefined {
  const words = value.split(/\s+/)
  let start = at
  while (words.length > 0 && (stopWords.has(words[0]!.toLowerCase()) || verbGroups(stemOf(words[0]!)).size > 0)) {
    start += words.shift()!.length + 1
  }
  return words.length > 1 ? { value: words.join(' '), at: start } : undefined
}
