/** Cedar's decimal: a 64-bit integer of ten-thousandths. */
import { longOf } from './long.ts'
import { CedarObject, type Long } from './value.ts'

export class Decimal extends CedarObject {
  readonly typeName = 'decimal'
  /** Ten-thousandths. */
  readonly units: Long

  constructor(units: Long) {
    super()
    this.units = units
  }

  get key(): string {
    return String(this.units)
  }
}

const written = /^(-?)(\d+)\.(\d{1,4})$/

/** `"12.5"` -> 125000 units; undefined when the text is not Cedar's decimal or is out of range. */
export function decimalOf(text: string): Decimal | undefined {
  const match = written.exec(text)
  if (match === null) return undefined
  const magnitude = BigInt(match[2] as string) * 10_000n + BigInt((match[3] as string).padEnd(4, '0'))
  const units = longOf(match[1] === '-' ? -magnitude : magnitude)
  return units === undefined ? undefined : new Decimal(units)
}

/** Numbers up to here times 10,000 are exact enough for the round trip below to prove that no digit is lost. */
const fastMax = 100_000_000_000

/** A JSON number as a decimal; undefined with more than four places or out of range. */
export function decimalOfNumber(value: number): Decimal | undefined {
  if (Math.abs(value) <= fastMax) {
    const units = Math.round(value * 10_000)
    return units / 10_000 === value ? new Decimal(units + 0) : undefined
  }
  // The shortest text that reads back as this double, which is also how RFC 8785 writes it; no exponent below 1e21.
  const text = String(value)
  return decimalOf(text.includes('.') ? text : `${text}.0`)
}
