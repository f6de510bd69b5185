/**
 * IBANs: two letters, two check digits, and the length that the country demands, in one run or in groups with one separator
 * between; ibantools checks the country's format and the mod-97 sum. Anchored at each pair of digits: linear.
 */
import { electronicFormatIBAN, getCountrySpecifications, isValidIBAN } from 'ibantools'
import { isAsciiAlphanumeric, isAsciiLetter, isDigit, isGroupSeparator, type Match } from './match.ts'

const lengthByCountry: ReadonlyMap<string, number> = new Map(
  Object.entries(getCountrySpecifications()).flatMap(([country, { chars }]) =>
    chars === null ? [] : [[country, chars] as const],
  ),
)

/** All IBANs in a text, in order, not overlapping. Pure; never throws. */
export function detectIban(text: string): Match[] {
  const matches: Match[] = []
  for (let index = 2; index < text.length - 10; index++) {
    if (!isDigit(text.charCodeAt(index)) || !isAsciiLetter(text.charCodeAt(index - 1))) continue
    const end = ibanEnd(text, index - 2)
    if (end === undefined) continue
    matches.push({ kind: 'iban', start: index - 2, end, score: 1 })
    index = end
  }
  return matches
}

function ibanEnd(text: string, start: number): number | undefined {
  if (!isAsciiLetter(text.charCodeAt(start)) || !isDigit(text.charCodeAt(start + 3))) return undefined
  if (start > 0 && isAsciiAlphanumeric(text.charCodeAt(start - 1))) return undefined
  const length = lengthByCountry.get(text.slice(start, start + 2).toUpperCase())
  if (length === undefined) return undefined
  let end = start
  for (let count = 0; count < length; count++, end++) {
    if (count > 0 && isGroupSeparator(text.charCodeAt(end))) end++
    if (!isAsciiAlphanumeric(text.charCodeAt(end))) return undefined
  }
  if (isAsciiAlphanumeric(text.charCodeAt(end))) return undefined
  return isValidIBAN(compactIban(text.slice(start, end))) ? end : undefined
}

/** An IBAN without separators and in capitals: the form in which two of them compare. */
export function compactIban(text: string): string {
  return electronicFormatIBAN(text.replaceAll(/[\u00a0\u202f\u2010-\u2013]/g, '')) ?? text
}
