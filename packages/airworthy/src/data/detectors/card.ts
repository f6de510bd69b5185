/**
 * Payment card numbers: 12 to 19 digits, in one run or in groups of at least three (the last may be shorter) with one
 * separator between, that pass Luhn and belong to a scheme of that length (card-validator). One pass over the digits; each
 * start tries at most seven groups: linear.
 */
import cardValidator from 'card-validator'
import { isAsciiAlphanumeric, isDigit, isGroupSeparator, type Match } from './match.ts'

const digitsMin = 12
const digitsMax = 19

/** All card numbers in a text, in order, not overlapping. Pure; never throws. */
export function detectCard(text: string): Match[] {
  const matches: Match[] = []
  for (let index = 0; index < text.length; index++) {
    if (!isDigit(text.charCodeAt(index))) continue
    const end = runEnd(text, index)
    // A shorter run than a card's is the common case: years, prices, quantities.
    if (end - index >= digitsMin) {
      const groups = groupsFrom(text, index)
      for (const card of cardsIn(text, isBoundaryBefore(text, index) ? groups : groups.slice(1))) matches.push(card)
    }
    index = end
  }
  return matches
}

/** A card number written as a JSON number. */
export function isCardNumber(value: number): boolean {
  return value >= 10 ** (digitsMin - 1) && Number.isSafeInteger(value) && isCard(String(value))
}

interface Group {
  readonly start: number
  readonly end: number
}

/** Where a run of digits with single separators between them ends. */
function runEnd(text: string, from: number): number {
  let end = from
  for (;;) {
    while (isDigit(text.charCodeAt(end))) end++
    if (!isGroupSeparator(text.charCodeAt(end)) || !isDigit(text.charCodeAt(end + 1))) return end
    end++
  }
}

/** Groups of digits with one separator between, as many as follow each other. */
function groupsFrom(text: string, from: number): Group[] {
  const groups: Group[] = []
  let start = from
  for (;;) {
    let end = start
    while (isDigit(text.charCodeAt(end))) end++
    groups.push({ start, end })
    if (!isGroupSeparator(text.charCodeAt(end)) || !isDigit(text.charCodeAt(end + 1))) return groups
    start = end + 1
  }
}

function cardsIn(text: string, groups: readonly Group[]): Match[] {
  const matches: Match[] = []
  let first = 0
  while (first < groups.length) {
    const last = lastGroupOfCard(text, groups, first)
    if (last === undefined) {
      first++
      continue
    }
    matches.push({ kind: 'card', start: groups[first]!.start, end: groups[last]!.end, score: 1 })
    first = last + 1
  }
  return matches
}

/** The longest sequence of groups from `first` on that is a card number. */
function lastGroupOfCard(text: string, groups: readonly Group[], first: number): number | undefined {
  let digits = ''
  let found: number | undefined
  for (let last = first; last < groups.length; last++) {
    const { start, end } = groups[last]!
    if (digits.length + end - start > digitsMax) break
    digits += text.slice(start, end)
    const closed = last < groups.length - 1 || isBoundaryAfter(text, end)
    if (digits.length >= digitsMin && closed && isCard(digits)) found = last
    // Only the last group may be short; `12 04 2025 13 30` is a date, not a card.
    if (end - start < 3) break
  }
  return found
}

function isCard(digits: string): boolean {
  if (!passesLuhn(digits)) return false
  if (cardValidator.number(digits, { luhnValidateUnionPay: true }).isValid) return true
  return isOlderCard(digits)
}

/** Lengths that schemes once issued and card-validator leaves out: 13-digit Visa, 15-digit JCB. */
function isOlderCard(digits: string): boolean {
  if (digits.length === 13) return digits.startsWith('4')
  return digits.length === 15 && (digits.startsWith('2131') || digits.startsWith('1800'))
}

function passesLuhn(digits: string): boolean {
  let sum = 0
  for (let index = digits.length - 1, place = 0; index >= 0; index--, place++) {
    const digit = digits.charCodeAt(index) - 48
    sum += place % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2
  }
  return sum % 10 === 0
}

/** Not inside a word and not the fraction of a number. */
function isBoundaryBefore(text: string, start: number): boolean {
  if (start === 0) return true
  const before = text.charCodeAt(start - 1)
  if (isAsciiAlphanumeric(before)) return false
  return !((before === 46 || before === 44) && start > 1 && isDigit(text.charCodeAt(start - 2)))
}

function isBoundaryAfter(text: string, end: number): boolean {
  const after = text.charCodeAt(end)
  if (isAsciiAlphanumeric(after)) return false
  return !(after === 46 && isDigit(text.charCodeAt(end + 1)))
}
