/** A tool's arguments as a Cedar record, by the type that `policy-schema.ts` gave them. */
import type { JsonObject } from '../core/json.ts'
import { valueOfJson } from '../core/value-of-json.ts'
import { decimalOfNumber } from './decimal.ts'
import { longOf } from './long.ts'
import type { RecordType, SchemaType } from './schema.ts'
import { CedarSet, newRecord, type RecordValue, type Value } from './value.ts'

export type ReadArguments = { readonly record: RecordValue } | ArgumentsFault

interface ArgumentsFault {
  /** JSON Pointer to the argument. */
  readonly path: string
  readonly message: string
}

/**
 * Reads the declared arguments; others are not visible to policies (the guard's closed schema refuses them before). A number
 * is the double that JSON gives it, except that a JSON text's integers are exact to 64 bits; in an object an unsafe integer
 * is a fault.
 */
export function readArguments(given: JsonObject | string, type: RecordType): ReadArguments {
  let json: unknown = given
  if (typeof given === 'string') {
    try {
      json = valueOfJson(given)
    } catch {
      return { path: '', message: 'The arguments are not JSON.' }
    }
  }
  let read = readRecord(json, type)
  // The rare second reading: an integer that a double cannot hold exactly is read again from its own digits.
  if (read instanceof Fault && read.isInexact && typeof given === 'string') {
    read = readRecord(valueOfJson(given, keepDigits), type)
  }
  return read instanceof Fault ? { path: read.path, message: read.message } : { record: read }
}

/** Its path grows on the way out: a reading without a fault never writes one. */
class Fault {
  readonly path: string
  readonly message: string
  /** The text of the number could still tell what its double lost. */
  readonly isInexact: boolean

  constructor(message: string, isInexact = false, path = '') {
    this.message = message
    this.isInexact = isInexact
    this.path = path
  }

  below(name: string): Fault {
    const pointer = name.replaceAll('~', '~0').replaceAll('/', '~1')
    return new Fault(this.message, this.isInexact, `/${pointer}${this.path}`)
  }
}

function keepDigits(value: number, digits: string): number | bigint {
  const isRounded = Number.isInteger(value) && !Number.isSafeInteger(value)
  return isRounded && /^-?\d+$/.test(digits) ? BigInt(digits) : value
}

function readRecord(json: unknown, type: RecordType): RecordValue | Fault {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return new Fault('It is not an object.')
  const members = json as Readonly<Record<string, unknown>>
  const record = newRecord()
  for (const [name, attribute] of type.attributes) {
    if (!Object.hasOwn(members, name)) {
      if (attribute.required) return new Fault('It is missing.').below(name)
      continue
    }
    const value = readMember(members[name], attribute.type)
    if (value instanceof Fault) return value.below(name)
    record[name] = value
  }
  return record
}

function readMember(json: unknown, type: SchemaType): Value | Fault {
  switch (type.kind) {
    case 'string':
      return typeof json === 'string' ? json : new Fault('It is not a string.')
    case 'bool':
      return typeof json === 'boolean' ? json : new Fault('It is not a boolean.')
    case 'long':
      return Number.isSafeInteger(json) ? (json as number) + 0 : readBigInteger(json)
    case 'decimal':
      return readDecimal(json)
    case 'set':
      return readSet(json, type.element)
    case 'record':
      return readRecord(json, type)
    default:
      return new Fault('It has a type that arguments do not have.')
  }
}

function readSet(json: unknown, element: SchemaType): Value | Fault {
  if (!Array.isArray(json)) return new Fault('It is not an array.')
  const items: Value[] = []
  for (let index = 0; index < json.length; index++) {
    const item = readMember(json[index], element)
    if (item instanceof Fault) return item.below(String(index))
    items.push(item)
  }
  return new CedarSet(items)
}

function readBigInteger(json: unknown): Value | Fault {
  if (typeof json === 'bigint') return longOf(json) ?? new Fault('It does not fit 64 bits.')
  if (typeof json !== 'number' || !Number.isInteger(json)) return new Fault('It is not an integer.')
  return new Fault('It is beyond what a number holds exactly.', true)
}

function readDecimal(json: unknown): Value | Fault {
  if (typeof json !== 'number' && typeof json !== 'bigint') return new Fault('It is not a number.')
  const value = typeof json === 'number' ? decimalOfNumber(json) : undefined
  return value ?? new Fault('It has more than four decimal places, or is beyond 922337203685477.5807.')
}
