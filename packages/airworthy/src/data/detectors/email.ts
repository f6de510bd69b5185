/**
 * E-mail addresses: found from each `@` outwards, so a text without one costs a single indexOf. Latin script, or any other
 * script where the address is written in it throughout (RFC 6531). Quoted local parts and encoded text (`%40`, `(at)`) are
 * not seen. Each `@` looks at most 256 characters back and 253 forward: linear.
 */
import { isAsciiAlphanumeric, isDigit, type Match } from './match.ts'

const localLengthMax = 256
const domainLengthMax = 253

/** The form that `pseudonyms.ts` gives to e-mail addresses: personal no longer. */
const pseudonymAddress = /^[a-z]{2,16}-email-\d{1,6}@pseudonym\.invalid$/i

/** All addresses in a text, in order, not overlapping. Pure; never throws. */
export function detectEmail(text: string): Match[] {
  const matches: Match[] = []
  let floor = 0
  let at = text.indexOf('@')
  while (at !== -1) {
    const start = localStart(text, at, floor)
    const end = start === at ? at : domainEnd(text, at + 1)
    if (end > at && isPersonal(text, start, at, end)) {
      matches.push({ kind: 'email', start, end, score: 0.95 })
      floor = end
    }
    at = text.indexOf('@', Math.max(at + 1, end))
  }
  return matches
}

function localStart(text: string, at: number, floor: number): number {
  const lowest = Math.max(floor, at - localLengthMax)
  if (at === lowest) return at
  const accepts = isLatinLocal(text.charCodeAt(at - 1)) ? isLatinLocal : isLetter
  let start = at
  while (start > lowest && accepts(text.charCodeAt(start - 1))) start--
  while (start < at && isEdge(text.charCodeAt(start))) start++
  return start
}

/** The end of the longest domain that starts here, or -1: two labels or more, the last one starting with a letter. */
function domainEnd(text: string, from: number): number {
  const limit = Math.min(text.length, from + domainLengthMax)
  let end = -1
  let labels = 0
  let index = from
  while (index < limit) {
    const labelStart = index
    const first = text.charCodeAt(index)
    const accepts = isLatinAlphanumeric(first) ? isLatinLabel : isLetter
    while (index < limit && accepts(text.charCodeAt(index))) index++
    let labelEnd = index
    while (labelEnd > labelStart && text.charCodeAt(labelEnd - 1) === 45) labelEnd--
    if (labelEnd === labelStart || first === 45) break
    labels++
    if (labels > 1 && labelEnd - labelStart > 1 && !isDigit(first)) end = labelEnd
    if (labelEnd !== index || text.charCodeAt(index) !== 46) break
    index++
  }
  return end
}

/** A clone address (`git@host:path`) names a machine's account, and a pseudonym nobody. */
function isPersonal(text: string, start: number, at: number, end: number): boolean {
  if (at - start === 3 && text.charCodeAt(end) === 58 && text.startsWith('git@', start)) return false
  return !text.startsWith('@pseudonym.invalid', at) || !pseudonymAddress.test(text.slice(start, end))
}

function isLatinLocal(code: number): boolean {
  // . _ % + - '
  return (
    isLatinAlphanumeric(code) || code === 46 || code === 95 || code === 37 || code === 43 || code === 45 || code === 39
  )
}

function isLatinLabel(code: number): boolean {
  return isLatinAlphanumeric(code) || code === 45
}

function isLatinAlphanumeric(code: number): boolean {
  return isAsciiAlphanumeric(code) || (code >= 0xc0 && code <= 0x24f)
}

const letter = /[\p{L}\p{N}\p{M}]/u
function isLetter(code: number): boolean {
  return code >= 0x250 && letter.test(String.fromCharCode(code))
}

/** Punctuation that may stand inside a local part, never at its start. */
function isEdge(code: number): boolean {
  return code === 46 || code === 45 || code === 39
}
