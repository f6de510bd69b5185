/**
 * Pseudonyms: a stand-in that a model can carry in place of a value, the same one for the same value all through a task, and
 * turned back where the value is needed. An e-mail address becomes an address (`pii-email-1@pseudonym.invalid`), so that
 * tools and models that check the form accept it; anything else a word (`PII_CARD_1`, and `PII_CARD_NUMBER_1` for a JSON number).
 * Equal means the same characters: `A@x.org` and `a@x.org` are two pseudonyms, because each must come back as it was.
 */
import { type DataClass, dataClasses } from '../core/action.ts'
import type { JsonValue } from '../core/json.ts'
import { classesOfDetector, type DataRules, detectClasses, type Finding } from './detect.ts'
import { isCardNumber } from './detectors/card.ts'
import { redactFully } from './redact.ts'
import { replaceStretches, rewriteValue, type Stretch, stretchesOf } from './replace.ts'

export interface Pseudonym {
  readonly pseudonym: string
  /** As it stood in the text; the decimal text of a number. */
  readonly value: string
  readonly dataClass: DataClass
}

/** More new ones than this in one value, or in one task, are redacted: a list of a whole company's customers is no working memory. */
export const pseudonymsPerValueMax = 200
export const pseudonymsPerTaskMax = 2_000

export interface Pseudonymized {
  readonly value: JsonValue
  /** New ones, to be kept with the task. */
  readonly added: readonly Pseudonym[]
}

/**
 * A value with everything of the given classes replaced by pseudonyms, keys included. What cannot be replaced so that it comes
 * back (something is still found around a pseudonym, a digit follows it, or there are too many) is redacted instead.
 * @param known  the task's pseudonyms so far; a value that has one keeps it.
 * @throws JSON_INVALID beyond 64 levels of nesting. Pure: `known` is not changed.
 */
export function pseudonymizeValue(
  value: JsonValue,
  rules: DataRules,
  classes: readonly DataClass[],
  known: readonly Pseudonym[],
): Pseudonymized {
  if (classes.length === 0) return { value, added: [] }
  const book = new PseudonymBook(value, known)
  const inText = (text: string, name?: string): string => {
    const findings = detectClasses(text, rules, name).filter((finding) => classes.includes(finding.class))
    if (findings.length === 0) return text
    const replacement = (stretch: Stretch<Finding>) => pseudonymFor(text, stretch, book)
    return redactFully(replaceStretches(text, stretchesOf(findings), replacement), rules, classes, name)
  }
  const cardClass = classesOfDetector(rules, 'card').find((dataClass) => classes.includes(dataClass))
  const replaced = rewriteValue(value, {
    key: inText,
    text: inText,
    number: (number) =>
      cardClass !== undefined && isCardNumber(number)
        ? (book.pseudonymOf(String(number), cardClass, 'card_number') ?? '[redacted:card]')
        : number,
  })
  return { value: replaced, added: book.added }
}

function pseudonymFor(text: string, { start, end, matches }: Stretch<Finding>, book: PseudonymBook): string {
  // One stand-in for the whole stretch; named after the strictest class, so that its export follows that class's rule.
  const dataClass = strictness.find((one) => matches.some((match) => match.class === one))!
  const kind = matches.find((match) => match.class === dataClass)!.kind
  // A digit right after it would run into the pseudonym's own number.
  if (/\d/.test(text.charAt(end))) return `[redacted:${kind}]`
  return book.pseudonymOf(text.slice(start, end), dataClass, kind) ?? `[redacted:${kind}]`
}

const strictness: readonly DataClass[] = ['secret', 'regulated', 'pii']
const pseudonymForm = new RegExp(
  `(?:${dataClasses.join('|')})-email-\\d{1,6}(?!\\d)@pseudonym\\.invalid|(?:${dataClasses.join('|').toUpperCase()})_[A-Z_]{2,32}_\\d{1,6}(?!\\d)`,
  'gi',
)

/**
 * A value with known pseudonyms turned back, keys included: one pass, so that a value which itself looks like a pseudonym
 * stays what it is. A text that is a number's pseudonym and nothing else becomes that number. Unknown ones are left alone.
 * @throws JSON_INVALID beyond 64 levels of nesting. Pure.
 */
export function resolvePseudonyms(value: JsonValue, known: readonly Pseudonym[]): JsonValue {
  if (known.length === 0) return value
  const byName = valuesByName(known)
  const resolve = (text: string): string =>
    text.replace(pseudonymForm, (name) => byName.get(name.toLowerCase()) ?? name)
  return rewriteValue(value, {
    key: resolve,
    text: (text) => (isNumberPseudonym(text) && byName.has(text.toLowerCase()) ? Number(resolve(text)) : resolve(text)),
    number: (number) => number,
  })
}

/** A task's list is asked at every call and only ever replaced, so its index is built once. */
const indexes = new WeakMap<readonly Pseudonym[], ReadonlyMap<string, string>>()

function valuesByName(known: readonly Pseudonym[]): ReadonlyMap<string, string> {
  let byName = indexes.get(known)
  if (byName === undefined) {
    byName = new Map(known.map((one) => [one.pseudonym.toLowerCase(), one.value]))
    indexes.set(known, byName)
  }
  return byName
}

function isNumberPseudonym(text: string): boolean {
  return text.length < 64 && /^[A-Z]{2,16}_CARD_NUMBER_\d{1,6}$/i.test(text)
}

/** The pseudonyms of a task while one value is being rewritten. */
class PseudonymBook {
  readonly added: Pseudonym[] = []
  private readonly byValue = new Map<string, string>()
  private readonly used = new Set<string>()
  private readonly counters = new Map<string, number>()
  private readonly source: JsonValue
  private readonly room: number
  private literals: ReadonlySet<string> | undefined

  constructor(source: JsonValue, known: readonly Pseudonym[]) {
    this.source = source
    this.room = Math.min(pseudonymsPerValueMax, pseudonymsPerTaskMax - known.length)
    for (const { pseudonym, value, dataClass } of known) {
      this.byValue.set(keyOf(value, dataClass, kindOf(pseudonym)), pseudonym)
      this.used.add(pseudonym)
    }
  }

  /** Undefined when the value has none and there is no room for one more. */
  pseudonymOf(value: string, dataClass: DataClass, kind: string): string | undefined {
    const key = keyOf(value, dataClass, kind)
    const known = this.byValue.get(key)
    if (known !== undefined) return known
    if (this.added.length >= this.room) return undefined
    const pseudonym = this.nextPseudonym(dataClass, kind)
    this.byValue.set(key, pseudonym)
    this.added.push({ pseudonym, value, dataClass })
    return pseudonym
  }

  /** The next number that is free and that the source does not already contain: that one would be turned back too. */
  private nextPseudonym(dataClass: DataClass, kind: string): string {
    this.literals ??= new Set(JSON.stringify(this.source).toLowerCase().match(pseudonymForm))
    const series = `${dataClass}_${kind}`
    for (let count = (this.counters.get(series) ?? 0) + 1; ; count++) {
      const pseudonym =
        kind === 'email' ? `${dataClass}-email-${count}@pseudonym.invalid` : `${series.toUpperCase()}_${count}`
      if (this.used.has(pseudonym) || this.literals.has(pseudonym.toLowerCase())) continue
      this.counters.set(series, count)
      this.used.add(pseudonym)
      return pseudonym
    }
  }
}

function keyOf(value: string, dataClass: DataClass, kind: string): string {
  return `${dataClass} ${kind} ${value}`
}

/** `pii-email-1@...` is an email, `PII_CARD_NUMBER_1` a card_number. */
function kindOf(pseudonym: string): string {
  return pseudonym.includes('@') ? 'email' : pseudonym.split('_').slice(1, -1).join('_').toLowerCase()
}
