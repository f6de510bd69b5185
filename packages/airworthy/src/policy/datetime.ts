/** Cedar's datetime (milliseconds since 1970, int64) and duration (milliseconds, int64), RFC 80 of Cedar. */
import { addLongs, longOf, subtractLongs } from './long.ts'
import { CedarObject, type Long } from './value.ts'

export class Datetime extends CedarObject {
  readonly typeName = 'datetime'
  readonly epochMs: Long

  constructor(epochMs: Long) {
    super()
    this.epochMs = epochMs
  }

  get key(): string {
    return String(this.epochMs)
  }
}

export class Duration extends CedarObject {
  readonly typeName = 'duration'
  readonly lengthMs: Long

  constructor(lengthMs: Long) {
    super()
    this.lengthMs = lengthMs
  }

  get key(): string {
    return String(this.lengthMs)
  }
}

const dayMs = 86_400_000
const unitsMs = { d: 86_400_000n, h: 3_600_000n, m: 60_000n, s: 1_000n, ms: 1n } as const
const writtenDatetime = /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{3}))?(?:Z|([+-])(\d{2})(\d{2})))?$/
const writtenDuration = /^(-?)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?$/

/** `2024-10-15`, `2024-10-15T11:35:00Z`, `...00.000+0100`; undefined for anything else, days and times that do not exist included. */
export function datetimeOf(text: string): Datetime | undefined {
  const match = writtenDatetime.exec(text)
  if (match === null) return undefined
  const part = (index: number): number => Number(match[index] ?? '0')
  const [year, month, day] = [part(1), part(2), part(3)]
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined
  if (part(4) > 23 || part(5) > 59 || part(6) > 59 || part(9) > 23 || part(10) > 59) return undefined
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  const timeMs = ((part(4) * 60 + part(5)) * 60 + part(6)) * 1_000 + part(7)
  const offsetMs = (part(9) * 60 + part(10)) * 60_000 * (match[8] === '-' ? -1 : 1)
  return new Datetime(date.getTime() + timeMs - offsetMs)
}

/** `1d2h3m4s5ms`, any part left out but not all, `-` before the whole; undefined for anything else and on overflow. */
export function durationOf(text: string): Duration | undefined {
  const match = writtenDuration.exec(text)
  if (match === null || match.slice(2).every((part) => part === undefined)) return undefined
  const part = (index: number): bigint => BigInt(match[index] ?? '0')
  const sum = part(2) * unitsMs.d + part(3) * unitsMs.h + part(4) * unitsMs.m + part(5) * unitsMs.s + part(6)
  const lengthMs = longOf(match[1] === '-' ? -sum : sum)
  return lengthMs === undefined ? undefined : new Duration(lengthMs)
}

/** Undefined on overflow. */
export function offsetDatetime(datetime: Datetime, duration: Duration): Datetime | undefined {
  const epochMs = addLongs(datetime.epochMs, duration.lengthMs)
  return epochMs === undefined ? undefined : new Datetime(epochMs)
}

/** Undefined on overflow. */
export function durationSince(later: Datetime, earlier: Datetime): Duration | undefined {
  const lengthMs = subtractLongs(later.epochMs, earlier.epochMs)
  return lengthMs === undefined ? undefined : new Duration(lengthMs)
}

/** The start of the UTC day; undefined on overflow (the first, incomplete day of int64). */
export function toDate(datetime: Datetime): Datetime | undefined {
  const epochMs = subtractLongs(datetime.epochMs, timeOfDayMs(datetime))
  return epochMs === undefined ? undefined : new Datetime(epochMs)
}

export function toTime(datetime: Datetime): Duration {
  return new Duration(timeOfDayMs(datetime))
}

/** Whole units, rounded toward zero. */
export function durationIn(duration: Duration, unit: keyof typeof unitsMs): Long {
  return longOf(BigInt(duration.lengthMs) / unitsMs[unit]) as Long
}

function timeOfDayMs(datetime: Datetime): number {
  const remainder = Number(BigInt(datetime.epochMs) % BigInt(dayMs))
  return remainder < 0 ? remainder + dayMs : remainder
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return [4, 6, 9, 11].includes(month) ? 30 : 31
}
