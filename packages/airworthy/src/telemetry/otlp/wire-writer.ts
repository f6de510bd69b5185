/** Protocol Buffers written to the wire: as much of it as the answers to an exporter, and requests, need. */
import { wire } from './wire-reader.ts'

export class WireWriter {
  private readonly parts: Uint8Array[] = []

  /** A field that is 0 is left out, as proto3 does. */
  int(field: number, value: number | bigint): this {
    return BigInt(value) === 0n ? this : this.chosen(field, value)
  }

  /** Written even where it is 0: in a oneof, that it is there says which one it is. */
  chosen(field: number, value: number | bigint): this {
    return this.put(varint((field << 3) | wire.varint), varint(value))
  }

  fixed64(field: number, value: bigint): this {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64LE(value)
    return this.put(varint((field << 3) | wire.fixed64), bytes)
  }

  fixed32(field: number, value: number): this {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32LE(value)
    return this.put(varint((field << 3) | wire.fixed32), bytes)
  }

  double(field: number, value: number): this {
    const bytes = Buffer.alloc(8)
    bytes.writeDoubleLE(value)
    return this.put(varint((field << 3) | wire.fixed64), bytes)
  }

  /** Written even where it is empty: in a oneof that says which one it is. */
  bytes(field: number, value: Uint8Array): this {
    return this.put(varint((field << 3) | wire.bytes), varint(value.length), value)
  }

  text(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value))
  }

  message(field: number, write: (inner: WireWriter) => void): this {
    const inner = new WireWriter()
    write(inner)
    return this.bytes(field, inner.end())
  }

  end(): Uint8Array {
    return Buffer.concat(this.parts)
  }

  private put(...parts: readonly Uint8Array[]): this {
    this.parts.push(...parts)
    return this
  }
}

/** Negative ones as 64 bits, two's complement. */
function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  return Uint8Array.from(bytes)
}
