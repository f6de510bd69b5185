/**
 * Protocol Buffers on the wire, read forward within bounds: a cursor that never leaves the message it stands in. Fields that nobody
 * asks for are skipped, whatever they hold (protobuf.dev, "Encoding").
 */
import { isUtf8 } from 'node:buffer'

export class MalformedWire extends Error {}

/** Wire types. */
export const wire = { varint: 0, fixed64: 1, bytes: 2, group: 3, groupEnd: 4, fixed32: 5 } as const

/** Groups are long gone from every message of ours; a nest of unknown ones must not become a nest of calls. */
const groupDepthMax = 32

export class WireReader {
  readonly bytes: Buffer
  readonly view: DataView
  at: number
  /** Where the message ends that the cursor stands in. */
  end: number

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = 0
    this.end = bytes.byteLength
  }

  /** The next field's tag: `field << 3 | wire type`; 0 at the end of the message. @throws MalformedWire */
  tag(): number {
    if (this.at >= this.end) return 0
    const tag = this.number()
    if (tag >>> 3 === 0 || tag > 0xffffffff) throw new MalformedWire('a field has the number 0, or none that exists')
    return tag
  }

  /** Enters a message of known length; give what is returned to `leave`. @throws MalformedWire */
  enter(): number {
    const outer = this.end
    this.end = this.lengthEnd()
    return outer
  }

  leave(outer: number): void {
    this.at = this.end
    this.end = outer
  }

  /** A varint as a number: exact up to 2^53, and what is beyond is beyond any length or count. @throws MalformedWire */
  number(): number {
    const { bytes, end } = this
    let value = 0
    let scale = 1
    for (let count = 0; count < 10; count++) {
      if (this.at >= end) throw new MalformedWire('it ends within a number')
      const byte = bytes[this.at++] as number
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
      scale *= 128
    }
    throw new MalformedWire('a number is longer than ten bytes')
  }

  /** A varint of 64 bits, two's complement; a number where that is exact. @throws MalformedWire */
  int64(): bigint | number {
    const start = this.at
    const value = this.number()
    if (value <= Number.MAX_SAFE_INTEGER) return value
    let exact = 0n
    for (let i = this.at - 1; i >= start; i--) exact = (exact << 7n) | BigInt((this.bytes[i] as number) & 0x7f)
    return BigInt.asIntN(64, exact)
  }

  fixed64(): bigint {
    return this.view.getBigUint64(this.advance(8), true)
  }

  fixed32(): number {
    return this.view.getUint32(this.advance(4), true)
  }

  double(): number {
    return this.view.getFloat64(this.advance(8), true)
  }

  /** @throws MalformedWire for what is not UTF-8, as proto3 demands. */
  text(): string {
    const start = this.at
    const end = this.lengthEnd()
    const from = this.at
    this.at = end
    const text = this.bytes.toString('utf8', from, end)
    if (text.includes('\uFFFD') && !isUtf8(this.bytes.subarray(from, end))) {
      this.at = start
      throw new MalformedWire('a text is not UTF-8')
    }
    return text
  }

  /** Bytes as hexadecimal digits; undefined when there are not so many. @throws MalformedWire */
  hex(length: number): string | undefined {
    const end = this.lengthEnd()
    const from = this.at
    this.at = end
    return end - from === length ? this.bytes.toString('hex', from, end) : undefined
  }

  /** A view, no copy. */
  raw(): Buffer {
    const end = this.lengthEnd()
    const view = this.bytes.subarray(this.at, end)
    this.at = end
    return view
  }

  /** @throws MalformedWire */
  skip(tag: number, depth = 0): void {
    switch (tag & 7) {
      case wire.varint:
        this.number()
        return
      case wire.fixed64:
        this.advance(8)
        return
      case wire.bytes:
        this.at = this.lengthEnd()
        return
      case wire.fixed32:
        this.advance(4)
        return
      case wire.group:
        this.skipGroup(tag >>> 3, depth)
        return
      default:
        throw new MalformedWire('a field is of no known wire type')
    }
  }

  private skipGroup(field: number, depth: number): void {
    if (depth >= groupDepthMax) throw new MalformedWire('groups are nested deeper than the limit')
    for (let tag = this.tag(); ; tag = this.tag()) {
      if (tag === 0) throw new MalformedWire('it ends within a group')
      if ((tag & 7) !== wire.groupEnd) this.skip(tag, depth + 1)
      else if (tag >>> 3 === field) return
      else throw new MalformedWire('a group ends that did not begin')
    }
  }

  /** Reads a length; where what it measures ends. @throws MalformedWire */
  lengthEnd(): number {
    const length = this.number()
    if (length > this.end - this.at) throw new MalformedWire('a length goes beyond its message')
    return this.at + length
  }

  private advance(count: number): number {
    if (count > this.end - this.at) throw new MalformedWire('it ends within a number')
    const { at } = this
    this.at += count
    return at
  }
}
