/** Names of attributes, each looked at once: instrumentations send the same few hundred with every span. */
import { prototypeKeys } from '../../core/json.ts'
import { type ReadPart, readPartOf } from '../gen-ai-reading.ts'
import { SpanFault } from './span-fault.ts'
import type { WireReader } from './wire-reader.ts'

export interface AttributeKey {
  readonly name: string
  /** `"name":` in UTF-8. */
  readonly json: Uint8Array
  /** Bytes of `json` that are no character of their own. */
  readonly wide: number
  readonly readPart: ReadPart
  /** False: the next one of that name is another object. */
  readonly isKept: boolean
  /** The span that had it last. */
  lastSpan: number
}

export interface AttributeKeys {
  /** Reads a name. @throws MalformedWire for what is not UTF-8, SpanFault for a name that reaches a prototype */
  read(reader: WireReader): AttributeKey
  /** To be called between two spans. */
  trim(): void
}

/** Whoever sends more is served without them: names that agents make up must not fill the memory. */
const keysMax = 4_096
const keptBytesMax = 256

interface Known extends AttributeKey {
  readonly bytes: Uint8Array
}

export function attributeKeys(): AttributeKeys {
  const known = new Map<number, Known>()

  function read(reader: WireReader): AttributeKey {
    const start = reader.at
    const end = reader.lengthEnd()
    const { bytes, at: from } = reader
    let hash = end - from
    for (let at = from; at < end; at++) hash = (Math.imul(hash, 31) + (bytes[at] as number)) | 0
    const found = known.get(hash)
    if (found !== undefined && isSame(found.bytes, bytes, from, end)) {
      reader.at = end
      return found
    }
    reader.at = start
    const name = reader.text()
    const isKept = found === undefined && known.size < keysMax && end - from <= keptBytesMax
    const made = { ...keyOf(name, isKept), bytes: Uint8Array.prototype.slice.call(bytes, from, end) }
    if (isKept) known.set(hash, made)
    return made
  }

  return {
    read,
    trim() {
      if (known.size >= keysMax) known.clear()
    },
  }
}

/** @throws SpanFault */
export function keyOf(name: string, isKept = false): AttributeKey {
  if (prototypeKeys.has(name)) throw new SpanFault('.attributes', `there is a key ${name}`)
  const text = `${JSON.stringify(name)}:`
  const json = Buffer.from(text)
  return { name, json, wide: json.length - text.length, readPart: readPartOf(name), isKept, lastSpan: -1 }
}

/** By hand: they are short, and a call costs more. */
function isSame(name: Uint8Array, bytes: Uint8Array, from: number, end: number): boolean {
  if (name.length !== end - from) return false
  for (let n = 0; n < name.length; n++) if (name[n] !== bytes[from + n]) return false
  return true
}
