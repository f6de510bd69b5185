/**
 * A JSON text's value, with the keys that the text has. The engine does not promise that: from V8 12.8 on, to that of Node 26,
 * `JSON.parse` may take a key that is written with an escape for another key. It compares the key's first characters as they are
 * written with the name that an earlier object of this shape had next, so after `{"a":1,"\\u0061":2}` the text `{"a":1,"\u0061mount":2}`
 * has no "amount" (https://github.com/nodejs/node/issues/63785, https://issues.chromium.org/issues/521080746). Whoever may send us
 * both texts chooses what we read. So no other file of ours calls `JSON.parse`.
 */

/**
 * What a number is to be.
 * @param value  the double.
 * @param digits  as written.
 * @param key  of the member; of an array, the index.
 */
type NumberOf = (value: number, digits: string, key: string) => unknown

/** As `JSON.parse`. @throws SyntaxError */
export function valueOfJson(text: string, numberOf?: NumberOf): unknown {
  return text.includes('\\') && hasKeyWithEscape(text) ? walk(text, numberOf) : byEngine(text, numberOf)
}

/**
 * Looks back from each colon, of which a text has fewer than escapes. Linear, since no look goes past another colon or, but for the first
 * one behind it, past a quote; of what is not JSON it may say anything.
 */
function hasKeyWithEscape(text: string): boolean {
  for (let colon = text.indexOf(':'); colon !== -1; colon = text.indexOf(':', colon + 1)) {
    let end = colon - 1
    while (whitespace.includes(text[end] ?? '-')) end--
    if (text.charCodeAt(end) !== quote) continue
    if (isEscaped(text, end)) continue
    for (let at = end - 1; at >= 0; at--) {
      const code = text.charCodeAt(at)
      // No key begins behind a backslash: a quote that stands there is in the middle of one.
      if (code === backslash || (code === quote && text.charCodeAt(at - 1) === backslash)) return true
      if (code === quote) break
    }
  }
  return false
}

/** Of a quote: behind an odd number of backslashes it stands in the middle of a string. */
function isEscaped(text: string, at: number): boolean {
  let from = at
  while (text.charCodeAt(from - 1) === backslash) from--
  return (at - from) % 2 === 1
}

const backslash = 0x5c
const quote = 0x22

function byEngine(text: string, numberOf: NumberOf | undefined): unknown {
  if (numberOf === undefined) return JSON.parse(text)
  return JSON.parse(text, (key: string, value: unknown, context?: { readonly source?: string }) =>
    typeof value === 'number' ? numberOf(value, context?.source ?? String(value), key) : value,
  )
}

/** Without recursion: a text may be nested as deep as it is long. */
function walk(text: string, numberOf: NumberOf | undefined): unknown {
  // The engine knows well what is JSON and what is not; from here on it is.
  JSON.parse(text)
  const open: (unknown[] | Record<string, unknown>)[] = []
  let whole: unknown
  let key: string | undefined

  const put = (value: unknown): void => {
    const inside = open.at(-1)
    if (inside === undefined) whole = value
    else if (Array.isArray(inside)) inside.push(value)
    else setMember(inside, key as string, value)
    key = undefined
  }
  const begin = (container: unknown[] | Record<string, unknown>): void => {
    put(container)
    open.push(container)
  }

  let at = 0
  while (at < text.length) {
    const from = at
    const character = text[at++] as string
    if (character === '{') begin({})
    else if (character === '[') begin([])
    else if (character === '}' || character === ']') open.pop()
    else if (character === '"') {
      at = endOfString(text, at)
      // A string alone has no shape that it could be taken for.
      const string = JSON.parse(text.slice(from, at)) as string
      const inside = open.at(-1)
      if (inside === undefined || Array.isArray(inside) || key !== undefined) put(string)
      else key = string
    } else if (!separators.includes(character)) {
      literal.lastIndex = from
      const [written] = literal.exec(text) as RegExpExecArray
      at = from + written.length
      const value: unknown = JSON.parse(written)
      const inside = open.at(-1)
      const place = Array.isArray(inside) ? String(inside.length) : (key ?? '')
      put(typeof value === 'number' && numberOf !== undefined ? numberOf(value, written, place) : value)
    }
  }
  return whole
}

const whitespace = ' \t\n\r'
const separators = `${whitespace},:`
/** A number, true, false or null. */
const literal = /[^ \t\n\r,\]}]+/y

/** @param at  behind the opening quote. @returns the place behind the closing one. */
function endOfString(text: string, at: number): number {
  let end = at
  while (text[end] !== '"') end += text[end] === '\\' ? 2 : 1
  return end + 1
}

function setMember(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') object[key] = value
  else Object.defineProperty(object, key, { value, configurable: true, enumerable: true, writable: true })
}
