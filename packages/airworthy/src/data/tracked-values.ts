/**
 * Which values of a source are worth remembering, so that an argument which holds one can be traced back to it. Compared are
 * exact values, up to case and surrounding white space: what a model paraphrases, translates or encodes is not traced.
 */

import { type JsonValue, jsonFault } from '../core/json.ts'
import { builtDetectors } from '../core/manifest/detectors.ts'
import { valueOfJson } from '../core/value-of-json.ts'
import { detect } from './detect.ts'
import { compactIban } from './detectors/iban.ts'
import { walkLeaves } from './walk.ts'

/** One source (a result, a document, a user's message) is tracked this far; see `overflowValue` for what lies beyond. */
export const valuesMax = 2000
const valuesBytesMax = 256 * 1024

/**
 * Last among the values of a source that has more than the limits hold. An untrusted source with it stands for every value
 * that nobody named before: a flood of junk must not push the one value that matters out of sight.
 */
export const overflowValue = '*'

const lengthMin = 4
const wholeLengthMax = 512

/**
 * The values of a source: whole strings of 4 to 512 characters; numbers of 3 digits or more, or with a fraction; and from
 * within texts, lines, quoted phrases, and words that hold a digit, an `@` or a `://` or are a host's name (ids, amounts, addresses,
 * IBANs, URLs and their hosts, `www.example.com/offer`). A text that is JSON is read as JSON. Trimmed, lower-case, each once, in order of appearance.
 * @param phrases  true for what a trusted source says: also runs of 1 to 5 words, so that a name inside a user's sentence
 *   counts as named by the user.
 * @returns at most 2,000 values of 256 KiB together, then `overflowValue` if there are more. Pure.
 * @throws JSON_INVALID beyond 64 levels of nesting.
 */
export function valuesOf(source: JsonValue, phrases = false): string[] {
  const collected = new Collected()
  collectFrom(source, collected, phrases)
  return collected.all()
}

function collectFrom(source: JsonValue, collected: Collected, phrases: boolean): void {
  walkLeaves(source, ({ value, of }) => {
    if (typeof value === 'number') collected.add(decimalOf(value))
    // A key's name is the service's word; only an address or an id inside one is somebody's value.
    else if (of === 'key') collectWords(value, collected)
    else collectText(value, collected, phrases)
  })
}

function collectText(text: string, collected: Collected, phrases: boolean): void {
  if (collected.isFull) return
  const inner = jsonOf(text)
  if (inner !== undefined) {
    collectFrom(inner, collected, phrases)
    return
  }
  const read = text.slice(0, valuesBytesMax)
  collected.addWhole(read)
  collectWords(read, collected)
  if (read.includes('\n')) for (const line of read.split('\n')) collectLine(line, collected)
  else if (read.includes(': ')) collectLine(read, collected)
  if (/["“‘'`«]/.test(read)) {
    for (const [, quoted] of read.matchAll(/["“‘'`«]([^"”’'`»\n]{4,256})["”’'`»]/g)) collected.addWhole(quoted!)
  }
  if (phrases) collectPhrases(read, collected)
  if (read.length < text.length) collected.overflow()
}

/** A text that is a JSON object or array within the limits of one. */
function jsonOf(text: string): JsonValue | undefined {
  if (text.length > valuesBytesMax || !/^\s{0,64}[[{]/.test(text)) return undefined
  try {
    const value = valueOfJson(text) as JsonValue
    return jsonFault(value) === undefined ? value : undefined
  } catch {
    return undefined
  }
}

/** A line, and what stands after its label: `Address: 12 Elm Street`. */
function collectLine(line: string, collected: Collected): void {
  collected.addWhole(line)
  const colon = line.indexOf(': ')
  if (colon !== -1 && colon < 64) collected.addWhole(line.slice(colon + 2))
}

function collectWords(text: string, collected: Collected): void {
  if (!/[\d@]|:\/\/|\p{L}\.\p{L}/u.test(text)) return
  let rest = ''
  let from = 0
  for (const { kind, start, end } of detect(text, builtDetectors)) {
    const found = text.slice(start, end)
    collected.add(kind === 'iban' ? compactIban(found) : kind === 'card' ? found.replaceAll(/\D/g, '') : found)
    if (start < from) continue
    // The groups of an IBAN or a card are no values of their own.
    rest += `${text.slice(from, start)} `
    from = end
  }
  for (const [word] of (rest + text.slice(from)).matchAll(/[^\s"'<>()[\]{}`“”«»]{3,2048}/g)) {
    if (/\d|:\/\//.test(word) || hostName.test(word)) collectWord(word, collected)
  }
}

/** Names with a last part of letters, as people write an address without its scheme; a file's name looks the same, and is a value too. */
const hostName = /^(?:[\p{L}\p{N}_-]{1,63}\.){1,8}\p{L}{2,24}(?=[/?#:.,;!]|$)/u

const edge = /^[^\p{L}\p{N}]|[^\p{L}\p{N}]$/u
const edges = /^[.,:;!?*_~#$€£¥]{1,16}|[.,:;!?*_~%$€£¥]{1,16}$/g

function collectWord(word: string, collected: Collected): void {
  const bare = edge.test(word) ? word.replaceAll(edges, '') : word
  const amount = amountOf(bare)
  if (amount !== undefined) {
    collected.add(amount)
    return
  }
  if (bare.length >= lengthMin) collected.add(bare)
  const scheme = bare.indexOf('://')
  if (scheme !== -1) {
    collected.add(hostOf(bare, scheme + 3))
    return
  }
  if (hostName.test(bare)) collected.add(hostName.exec(bare)?.[0])
  // `id=ORD-1,ORD-2`: the whole is no value, its parts are.
  const parts = bare.split(/[,;:=|/]/)
  if (parts.length === 1) return
  for (const part of parts) {
    const piece = part.replaceAll(edges, '')
    if (/\d/.test(piece)) collected.add(amountOf(piece) ?? (piece.length >= lengthMin ? piece : undefined))
  }
}

/** Host of a URL: an attacker's address stays an attacker's address with other things behind it. */
function hostOf(url: string, from: number): string {
  const authority = /^[^/?#]{1,300}/.exec(url.slice(from))?.[0] ?? ''
  return authority.slice(authority.lastIndexOf('@') + 1)
}

/** Runs of one to five words. */
function collectPhrases(text: string, collected: Collected): void {
  const words = text.match(/[\p{L}\p{N}][\p{L}\p{N}'’.@_-]{0,64}/gu) ?? []
  for (let first = 0; first < words.length && !collected.isFull; first++) {
    for (let count = 1; count <= 5 && first + count <= words.length; count++) {
      collected.addWhole(
        words
          .slice(first, first + count)
          .join(' ')
          .replace(/[.'’-]{1,8}$/, ''),
      )
    }
  }
}

const plainNumber = /^-?\d{1,18}(?:\.\d{1,12})?$/
const groupedNumber = /^-?\d{1,3}(?:,\d{3}){1,5}(?:\.\d{1,6})?$/
const commaDecimal = /^-?\d{1,3}(?:\.\d{3}){0,5},\d{1,2}$/

/** `1,250.00`, `1.250,00` and `1250` are one amount: its decimal text. Undefined for anything but a number, or one too short to tell. */
function amountOf(word: string): string | undefined {
  if (plainNumber.test(word)) return decimalOf(word)
  if (groupedNumber.test(word)) return decimalOf(word.replaceAll(',', ''))
  return commaDecimal.test(word) ? decimalOf(word.replaceAll('.', '').replace(',', '.')) : undefined
}

/** Decimal text without trailing zeros; undefined below 3 digits, where everything is equal to something. */
function decimalOf(number: number | string): string | undefined {
  const text = String(number)
  const decimal = text.includes('.') && !text.includes('e') ? text.replace(/\.?0{1,20}$/, '') : text
  return decimal.replaceAll(/\D/g, '').length >= 3 || decimal.includes('.') ? decimal : undefined
}

class Collected {
  private readonly values = new Set<string>()
  private bytes = 0
  private overflown = false

  get isFull(): boolean {
    return this.overflown
  }

  /** A string as a value of its own, if it is not too short to tell and not too long to be one. */
  addWhole(text: string): void {
    const trimmed = text.trim()
    if (trimmed.length < lengthMin || trimmed.length > wholeLengthMax) return
    // A number is one value however it is written; other texts compare as they are.
    this.add(amountOf(trimmed) ?? trimmed)
  }

  add(value: string | undefined): void {
    if (value === undefined || value === '' || this.overflown) return
    const folded = value.trim().toLowerCase()
    if (this.values.has(folded) || folded === overflowValue) return
    this.bytes += folded.length * 2
    if (this.values.size === valuesMax || this.bytes > valuesBytesMax) this.overflown = true
    else this.values.add(folded)
  }

  overflow(): void {
    this.overflown = true
  }

  all(): string[] {
    return this.overflown ? [...this.values, overflowValue] : [...this.values]
  }
}
