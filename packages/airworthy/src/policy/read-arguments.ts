/** A tool's arguments as a Cedar record, by the type that `policy-schema.ts` gave them. */
import type { JsonObject } from '../core/json.ts'
import { decimalOfNumber } from './decimal.ts'
import { longOf } from './long.ts'
import type { RecordType, SchemaType } from './schema.ts'
import { CedarSet, type RecordValue, type Value } from './value.ts'

export type ReadArguments = { readonly record: RecordValue } | ArgumentsFault

export interface ArgumentsFault {
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
      json = JSON.parse(given)
    } catch {
      return { path: '', message: 'The arguments are not JSON.' }
    }
  }
  let read = readRecord(json, type, '')
  // The rare second reading: an integer that a double cannot hold exactly is read again from its own digits.
  if (read instanceof Fault && read.isInexact && typeof given === 'string') {
    read = readRecord(JSON.parse(given, keepDigits), type, '')
  }
  return read instanceof Fault ? { path: read.path, message: read.message } : { record: read }
}

class Fault {
  readonly path: string
  readonly message: string
  /** The text of the number could still tell what its double lost. */
  readonly isInexact: boolean

  constructor(path: string, message: string, isInexact = false) {
    this.path = path
    this.message = message
    this.isInexact = isInexact
  }
}

function keepDigits(_key: string, value: unknown, context?: { readonly source: string }): unknown {
  const isRounded = typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)
  return isRounded && /^-?\d+$/.test(context?.source ?? '') ? BigInt(context?.source as string) : value
}

function readRecord(json: unknown, type: RecordType, path: string): RecordValue | Fault {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return new Fault(path, 'It is not an object.')
  const members = json as Readonly<Record<string, unknown>>
  const record: Record<string, Value> = {}
  for (const [name, attribute] of type.attributes) {
    if (!Object.hasOwn(members, name)) {
      if (attribute.required) return new Fault(pointerTo(path, name), 'It is missing.')
      continue
    }
    const value = readMember(members[name], attribute.type)
    if (value === undefined) {
      const nested = readNested(members[name], attribute.type, pointerTo(path, name))
      if (nested instanceof Fault) return nested
      record[name] = nested
    } else record[name] = value
  }
  return record
}

/** The common cases without a path; undefined for all others, faults included. */
function readMember(json: unknown, type: SchemaType): Value | undefined {
  switch (type.kind) {
    case 'string':
      return typeof json === 'string' ? json : undefined
    case 'bool':
      return typeof json === 'boolean' ? json : undefined
    case 'long':
      return Number.isSafeInteger(json) ? (json as number) + 0 : undefined
    case 'decimal':
      return typeof json === 'number' ? decimalOfNumber(json) : undefined
    default:
      return undefined
  }
}

function readNested(json: unknown, type: SchemaType, path: string): Value | Fault {
  if (type.kind === 'record') return readRecord(json, type, path)
  if (type.kind === 'set') {
    if (!Array.isArray(json)) return new Fault(path, 'It is not an array.')
    const items: Value[] = []
    for (let index = 0; index < json.length; index++) {
      const item = readMember(json[index], type.element) ?? readNested(json[index], type.element, `${path}/${index}`)
      if (item instanceof Fault) return item
      items.push(item)
    }
    return new CedarSet(items)
  }
  const value = readMember(json, type)
  if (value !== undefined) return value
  if (type.kind === 'long') return readInteger(json, path)
  if (type.kind === 'decimal') return readDecimal(json, path)
  return new Fault(path, `It is not a ${type.kind === 'bool' ? 'boolean' : type.kind}.`)
}

function readInteger(json: unknown, path: string): Value | Fault {
  if (typeof json === 'bigint') return longOf(json) ?? new Fault(path, 'It does not fit 64 bits.')
  if (typeof json !== 'number' || !Number.isInteger(json)) return new Fault(path, 'It is not an integer.')
  return new Fault(path, 'It is beyond what a number holds exactly.', true)
}

function readDecimal(json: unknown, path: string): Value | Fault {
  if (typeof json !== 'number' && typeof json !== 'bigint') return new Fault(path, 'It is not a number.')
  return new Fault(path, 'It has more than four decimal places, or is beyond 922337203685477.5807.')
}

function pointerTo(path: string, name: string): string {
  return `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
}
