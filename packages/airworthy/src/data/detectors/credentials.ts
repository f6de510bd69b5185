/**
 * Credentials: vendors' formats, private key blocks, user and password inside a URL, and values assigned to a secret's name.
 * Synchronous and in one pass, because a guard step waits for it; every look around a place is bounded, so it is linear.
 * Not seen: keys that are plain hexadecimal without a name (a hash looks the same), ids of tenants and clients, encoded text.
 */
import { type Alphabet, type CredentialFormat, credentialFormats } from './credential-formats.ts'
import { isAsciiAlphanumeric, type Match } from './match.ts'
import { isPassword, isPasswordName, isPlaceholder, isSecretName, isSecretValue } from './secret-names.ts'

/** All credentials in a text, in order, not overlapping. Pure; never throws. */
export function detectCredentials(text: string): Match[] {
  const matches: Match[] = []
  const search: Search = { text, blocksOpen: false, runs: new Map(), documentStarts: 0 }
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    const kind = code < 128 ? anchors[code]! : 0
    if (kind === 0) continue
    const match = matchAt(search, index, kind)
    if (match === undefined || match.start < (matches.at(-1)?.end ?? 0)) continue
    matches.push(match)
    index = match.end - 1
  }
  return matches
}

interface Search {
  readonly text: string
  /** True once a private key block was found without an end: no later one can have an end either. */
  blocksOpen: boolean
  /** By alphabet, the last run that was followed: a place inside it needs no second look. */
  readonly runs: Map<Alphabet, { readonly start: number; readonly end: number }>
  /** How many documents were tried in one run. */
  documentStarts: number
}

/** How many places of one run are tried as the start of a document: with more, `eyJ-eyJ-` would cost its length squared. */
const documentStartsMax = 32

function matchAt(search: Search, index: number, kind: number): Match | undefined {
  const { text } = search
  if (kind === anchorDash) return privateKeyAt(search, index)
  if (kind === anchorAssignment) {
    return text.startsWith('://', index) ? userinfoAt(text, index + 3) : assignmentAt(text, index)
  }
  if (index > 0 && isAsciiAlphanumeric(text.charCodeAt(index - 1))) return undefined
  for (const format of formatsByFirst.get(text.charCodeAt(index))!) {
    if (!text.startsWith(format.prefix, index)) continue
    const end = formatEnd(search, index, format)
    if (end !== undefined) return credential(index, end, 1)
  }
  return undefined
}

function formatEnd(search: Search, start: number, format: CredentialFormat): number | undefined {
  const { text } = search
  const from = start + format.prefix.length
  if (format.max === Number.POSITIVE_INFINITY && !mayStartDocument(search, start, format.alphabet)) return undefined
  let end = runEnd(search, from, format.alphabet)
  if (end - from > format.max) return undefined
  // A sentence's full stop is not part of a token.
  while (end > from && isTrailing(text.charCodeAt(end - 1))) end--
  if (end - from < format.min || isAsciiAlphanumeric(text.charCodeAt(end))) return undefined
  if (format.holds !== undefined && !format.holds(text.slice(from, end))) return undefined
  return end
}

function runEnd({ text, runs }: Search, from: number, alphabet: Alphabet): number {
  const last = runs.get(alphabet)
  if (last !== undefined && from >= last.start && from < last.end) return last.end
  const accepted = alphabets[alphabet]
  let end = from
  while (accepted[text.charCodeAt(end)] === 1) end++
  runs.set(alphabet, { start: from, end })
  return end
}

function mayStartDocument(search: Search, start: number, alphabet: Alphabet): boolean {
  search.documentStarts = start < (search.runs.get(alphabet)?.end ?? 0) ? search.documentStarts + 1 : 0
  return search.documentStarts < documentStartsMax
}

const blockLengthMax = 16_384
const blockHead = /^-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/

/** A PEM or PGP private key. Without an end it is cut off, and what stands there is still a secret. */
function privateKeyAt(search: Search, index: number): Match | undefined {
  const { text } = search
  if (!text.startsWith('-----BEGIN ', index)) return undefined
  const head = blockHead.exec(text.slice(index, index + 96))
  if (head === null) return undefined
  const bodyStart = index + head[0].length
  const tail = search.blocksOpen ? -1 : text.indexOf('-----END ', bodyStart)
  if (tail === -1) search.blocksOpen = true
  if (tail === -1 || tail - index > blockLengthMax)
    return credential(index, Math.min(text.length, index + blockLengthMax), 1)
  const close = text.indexOf('-----', tail + 9)
  return credential(index, close === -1 || close - tail > 80 ? tail + 9 : close + 5, 1)
}

const userinfoLengthMax = 384

/** `user:password` of a URL whose `://` ends at `from`; the last `@` before the path closes it, for passwords that hold one. */
function userinfoAt(text: string, from: number): Match | undefined {
  const limit = Math.min(text.length, from + userinfoLengthMax)
  let colon = -1
  let at = -1
  for (let index = from; index < limit; index++) {
    const code = text.charCodeAt(index)
    if (code === 58 && colon === -1 && at === -1) colon = index
    else if (code === 64) at = index
    else if (isUserinfoEnd(code)) break
  }
  if (colon === -1 || at <= colon + 1) return undefined
  const user = text.slice(from, colon)
  const password = text.slice(colon + 1, at)
  return user === password || isPlaceholder(password) ? undefined : credential(from, at, 0.9)
}

/** White space, quotes, brackets, `/`, `?`, `#`: none may stand in userinfo (RFC 3986, section 3.2.1). */
function isUserinfoEnd(code: number): boolean {
  return code <= 32 || [34, 35, 39, 47, 60, 62, 63, 91, 93, 96].includes(code)
}

const valueLengthMax = 256

/** `name = value`, `name: "value"`, `"name": "value"`, `name := 'value'` around an `=` or `:` at `index`. */
function assignmentAt(text: string, index: number): Match | undefined {
  let nameEnd = index
  if (text.charCodeAt(nameEnd - 1) === 58) nameEnd--
  while (nameEnd > 0 && index - nameEnd < 6 && isQuoteOrBlank(text.charCodeAt(nameEnd - 1))) nameEnd--
  let nameStart = nameEnd
  while (nameStart > 0 && nameEnd - nameStart < 64 && alphabets.key[text.charCodeAt(nameStart - 1)] === 1) nameStart--
  if (nameEnd - nameStart < 3) return undefined
  const name = text.slice(nameStart, nameEnd)
  if (!isSecretName(name)) return undefined
  let start = index + 1
  while (start - index < 6 && isQuoteOrBlank(text.charCodeAt(start))) start++
  const limit = start + valueLengthMax
  let end = start
  while (end < limit && isAssignable(text.charCodeAt(end))) end++
  const value = text.slice(start, end)
  return isAssignedSecret(name, value) ? credential(start, end, 0.7) : undefined
}

/** In running text a word after `password:` is a word; a password shows itself by a digit or a sign. */
function isAssignedSecret(name: string, value: string): boolean {
  return isPasswordName(name) ? isPassword(value) && /[^a-z]/i.test(value) : isSecretValue(value)
}

function credential(start: number, end: number, score: number): Match {
  return { kind: 'credentials', start, end, score }
}

function isTrailing(code: number): boolean {
  return code === 46 || code === 47
}

function isQuoteOrBlank(code: number): boolean {
  return code === 32 || code === 34 || code === 39 || code === 96 || code === 92
}

/** Visible ASCII but quotes, backslash, comma, semicolon and brackets. */
function isAssignable(code: number): boolean {
  return code > 32 && code < 127 && ![34, 39, 40, 41, 44, 59, 60, 62, 91, 92, 93, 96, 123, 125].includes(code)
}

const anchorFormat = 1
const anchorDash = 2
const anchorAssignment = 3

const alphabets: Readonly<Record<Alphabet, Uint8Array>> = {
  upper: alphabetOf(/[A-Z0-9]/),
  hex: alphabetOf(/[0-9a-fA-F]/),
  word: alphabetOf(/[A-Za-z0-9]/),
  key: alphabetOf(/[A-Za-z0-9_-]/),
  jwt: alphabetOf(/[A-Za-z0-9_.-]/),
  base64: alphabetOf(/[A-Za-z0-9_./+=-]/),
}

function alphabetOf(accepted: RegExp): Uint8Array {
  return Uint8Array.from({ length: 128 }, (_, code) => (accepted.test(String.fromCharCode(code)) ? 1 : 0))
}

const formatsByFirst: ReadonlyMap<number, readonly CredentialFormat[]> = Map.groupBy(credentialFormats, (format) =>
  format.prefix.charCodeAt(0),
)

/** By character code: what may start or stand in the middle of a credential there; 0 is nothing. */
const anchors = Uint8Array.from({ length: 128 }, (_, code) => {
  if (code === 45) return anchorDash
  if (code === 58 || code === 61) return anchorAssignment
  return formatsByFirst.has(code) ? anchorFormat : 0
})
