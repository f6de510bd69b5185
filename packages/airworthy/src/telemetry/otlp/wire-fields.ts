/** The fields of a message, one after the other. */
import { type WireReader, wire } from './wire-reader.ts'

/** Where a message, or a text, stands in the bytes. */
export interface Range {
  readonly from: number
  readonly to: number
}

/** Calls `take` with each tag of the message that the cursor is about to enter; it must read or skip the field. @throws MalformedWire */
export function inside(reader: WireReader, take: (tag: number) => void): void {
  const outer = reader.enter()
  eachField(reader, take)
  reader.leave(outer)
}

/** The same for a message whose place is known. What throws in here leaves the cursor anywhere; the next range sets it anew. */
export function at(reader: WireReader, { from, to }: Range, take: (tag: number) => void): void {
  reader.at = from
  reader.end = to
  eachField(reader, take)
}

/** The next field of that tag within a message, looked for from `from`; undefined when there is none. */
export function nextRange(reader: WireReader, from: number, { to }: Range, wanted: number): Range | undefined {
  reader.at = from
  reader.end = to
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === wanted) return rangeOf(reader)
    reader.skip(tag)
  }
  return undefined
}

/** Skips a field of known length. @returns where its content stands. @throws MalformedWire */
function rangeOf(reader: WireReader): Range {
  const outer = reader.enter()
  const range = { from: reader.at, to: reader.end }
  reader.leave(outer)
  return range
}

function eachField(reader: WireReader, take: (tag: number) => void): void {
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) take(tag)
}

export function messageTag(field: number): number {
  return (field << 3) | wire.bytes
}
export function varintTag(field: number): number {
  return (field << 3) | wire.varint
}
export function fixed64Tag(field: number): number {
  return (field << 3) | wire.fixed64
}
export function fixed32Tag(field: number): number {
  return (field << 3) | wire.fixed32
}
