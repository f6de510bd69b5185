/**
 * Attributes on their way from protobuf into a store: their JSON is written as bytes from the bytes that came, and only what a reading
 * looks at becomes a value. Most of a span is prompts and answers that nobody reads before they are stored, and to decode, print and
 * encode them was half of the time that a span took. What is written is what `JSON.stringify` writes of `attributeValues`, but for the
 * order of keys.
 */
import { isUtf8 } from 'node:buffer'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import { type AttributeKey, attributeKeys, keyOf } from './attribute-keys.ts'
import { type AttributeTaker, attributesPath } from './attribute-taker.ts'
import type { ExactTypes } from './exact-types.ts'
import { anyValue, arrayTag, itemTag, keyTag, textTag, valueTag } from './proto-attributes.ts'
import { MalformedWire, type WireReader } from './wire-reader.ts'

/** Of one span. Its bytes stand in `AttributeTexts.bytes` until `clear`. */
export interface AttributeText {
  readonly from: number
  readonly to: number
  /** As a text, in UTF-16. */
  readonly characters: number
  /** What a reading looks at (`readPartOf`). */
  readonly read: JsonObject
}

const bytesMin = 1024 * 1024
/** Of a part with a very large span; what is beyond is given back. */
const keptBytesMax = 32 * 1024 * 1024

export class AttributeTexts implements AttributeTaker<AttributeText> {
  bytes = Buffer.allocUnsafeSlow(bytesMin)
  private view = viewOf(this.bytes)
  private readonly keys = attributeKeys()
  /** Of a JSON object without names. */
  private readonly noName = keyOf('')
  private at = 0
  /** Where the texts end that are whole. */
  private whole = 0
  /** Bytes of this span's text that are no character of their own. */
  private wide = 0
  private span = 0
  /** Two names may be equal: they must be compared. */
  private isRepeating = false
  private isSpelled = false
  private isAscii = true
  private read: Record<string, JsonValue> = {}

  /** All texts are gone. */
  clear(): void {
    if (this.bytes.length > keptBytesMax) this.set(Buffer.allocUnsafeSlow(bytesMin))
    this.at = 0
    this.whole = 0
  }

  begin(): void {
    this.keys.trim()
    this.at = this.whole
    this.wide = 0
    this.span++
    this.isRepeating = false
    this.isSpelled = false
    this.isAscii = true
    this.read = {}
    this.reserve(2)
    this.bytes[this.at++] = openBrace
  }

  keyValue(reader: WireReader, types: ExactTypes): void {
    let key: AttributeKey = this.noName
    // The key may stand behind its value.
    let from = -1
    const outer = reader.enter()
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === keyTag) key = this.keys.read(reader)
      else {
        if (tag === valueTag) from = reader.at
        reader.skip(tag)
      }
    }
    this.name(key)
    if (from === -1) this.json(key, null)
    else {
      reader.at = from
      if (!this.isText(reader, key)) {
        reader.at = from
        this.json(key, anyValue(reader, attributesPath, key.name, types, 0))
      }
    }
    this.reserve(2)
    this.bytes[this.at++] = comma
    reader.leave(outer)
  }

  end(): AttributeText {
    const from = this.whole
    // Over the last comma.
    if (this.at > from + 1) this.at--
    this.bytes[this.at++] = closeBrace
    if (!this.isAscii && !isUtf8(this.bytes.subarray(from, this.at))) throw new MalformedWire('a text is not UTF-8')
    if (this.isRepeating) {
      const once = JSON.stringify(valueOfJson(this.bytes.toString('utf8', from, this.at)))
      this.at = from
      this.wide = 0
      this.put(once)
    }
    this.whole = this.at
    return { from, to: this.at, characters: this.at - from - this.wide, read: this.read }
  }

  of(attributes: JsonObject): AttributeText {
    this.begin()
    this.at = this.whole
    this.put(JSON.stringify(attributes))
    const from = this.whole
    this.whole = this.at
    return { from, to: this.at, characters: this.at - from - this.wide, read: attributes }
  }

  private name(key: AttributeKey): void {
    if (!key.isKept || key.lastSpan === this.span) this.isRepeating = true
    key.lastSpan = this.span
    this.reserve(key.json.length)
    this.bytes.set(key.json, this.at)
    this.at += key.json.length
    this.wide += key.wide
    // Of names that only tell a spelling, the first one does.
    if (key.readPart === 'name' && !this.isSpelled) {
      this.isSpelled = true
      this.read[key.name] = null
    }
  }

  /** Reads and writes a value that is one text, or a list of them; false: it is none, and the cursor is anywhere. */
  private isText(reader: WireReader, { name, readPart }: AttributeKey): boolean {
    const { at, wide } = this
    const outer = reader.enter()
    const tag = reader.tag()
    const start = reader.at
    // Nothing stands behind it: of several, the last one counts.
    const isOne = (tag === textTag || (tag === arrayTag && readPart !== 'value')) && reader.lengthEnd() === reader.end
    const isDone = isOne && (tag === textTag || this.isList(reader, start))
    if (isOne && tag === textTag) {
      this.text(reader, reader.at, reader.end)
      if (readPart === 'value') this.read[name] = reader.bytes.toString('utf8', reader.at, reader.end)
    }
    reader.leave(outer)
    if (isDone) return true
    this.at = at
    this.wide = wide
    return false
  }

  private isList(reader: WireReader, start: number): boolean {
    reader.at = start
    const outer = reader.enter()
    let isDone = true
    this.reserve(2)
    this.bytes[this.at++] = openBracket
    const first = this.at
    for (let tag = reader.tag(); tag !== 0 && isDone; tag = reader.tag()) {
      isDone = tag === itemTag
      if (!isDone) break
      const list = reader.enter()
      isDone = reader.tag() === textTag && reader.lengthEnd() === reader.end
      if (isDone) {
        this.text(reader, reader.at, reader.end)
        this.bytes[this.at++] = comma
      }
      reader.leave(list)
    }
    reader.leave(outer)
    // Over the last comma.
    if (this.at > first) this.at--
    this.bytes[this.at++] = closeBracket
    return isDone
  }

  /** Whether it is UTF-8 is looked at once, when the span ends. */
  private text(reader: WireReader, from: number, end: number): void {
    this.reserve(2 * (end - from) + longestEscape)
    let { bytes, view, at } = this
    const source = reader.bytes
    const sourceView = reader.view
    let seen = 0
    bytes[at++] = quote
    for (let place = from; place < end; ) {
      // Four bytes at once, as long as none has to be escaped: five times as fast as one by one.
      while (place + 4 <= end) {
        const four = sourceView.getInt32(place, true)
        if (escapesAmong(four)) break
        seen |= four
        view.setInt32(at, four, true)
        at += 4
        place += 4
      }
      for (const stop = Math.min(place + 4, end); place < stop; place++) {
        const byte = source[place] as number
        const second = escapes[byte] as number
        seen |= byte
        if (second === plain) bytes[at++] = byte
        else {
          bytes[at++] = backslash
          if (second !== asNumber) bytes[at++] = second
          else {
            const left = 2 * (end - place) + longestEscape
            if (at + left > bytes.length) {
              this.at = at
              this.reserve(left)
              bytes = this.bytes
              view = this.view
            }
            at += bytes.write(`u${byte.toString(16).padStart(4, '0')}`, at, 'latin1')
          }
        }
      }
    }
    bytes[at++] = quote
    this.at = at
    if ((seen & highBits) === 0) return
    this.isAscii = false
    this.wide += wideOf(source, from, end)
  }

  private json({ name, readPart }: AttributeKey, value: JsonValue): void {
    this.put(JSON.stringify(value))
    if (readPart === 'value') this.read[name] = value
  }

  private put(text: string): void {
    this.reserve(3 * text.length)
    const length = this.bytes.write(text, this.at)
    this.wide += length - text.length
    this.at += length
  }

  private set(bytes: Buffer<ArrayBuffer>): void {
    this.bytes = bytes
    this.view = viewOf(bytes)
  }

  private reserve(more: number): void {
    // A byte for the brace that ends it.
    const wanted = this.at + more + 1
    if (wanted <= this.bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(wanted, 2 * this.bytes.length))
    this.bytes.copy(larger, 0, 0, this.at)
    this.set(larger)
  }
}

const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b
const closeBracket = 0x5d
const comma = 0x2c
const quote = 0x22
const backslash = 0x5c
/** With two quotes, and what stands behind them. */
const longestEscape = 10

/** By byte: what stands behind the backslash, or one of the two. */
const plain = 0
const asNumber = 1
const escapes = Uint8Array.from({ length: 256 }, (_, byte) => {
  const text = JSON.stringify(String.fromCharCode(byte))
  return text.length === 3 ? plain : text.length === 4 ? text.charCodeAt(2) : asNumber
})

const highBits = 0x80808080 | 0
const ones = 0x01010101

/** Whether one of four bytes is a quote, a backslash or below a space (the carry trick of Mycroft: below n, if it borrows). */
function escapesAmong(four: number): boolean {
  const quotes = four ^ 0x22222222
  const backslashes = four ^ 0x5c5c5c5c
  const found = ((four - 0x20202020) & ~four) | ((quotes - ones) & ~quotes) | ((backslashes - ones) & ~backslashes)
  return (found & highBits) !== 0
}

/** Bytes that are no character of their own; a character of four bytes is two of them in UTF-16. */
function wideOf(bytes: Uint8Array, from: number, end: number): number {
  let wide = 0
  for (let place = from; place < end; place++) {
    const byte = bytes[place] as number
    if (byte < 0x80) continue
    if (byte < 0xc0) wide++
    else if (byte >= 0xf0) wide--
  }
  return wide
}

function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length)
}
