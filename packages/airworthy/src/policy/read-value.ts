/** Cedar's JSON form of values, with a schema's type (implicit entities and extension values) or without (explicit escapes). */

import { Datetime, Duration } from './datetime.ts'
import { Decimal } from './decimal.ts'
import { EvaluationError } from './evaluation-error.ts'
import { extensionFunctions } from './extension-functions.ts'
import { IpAddress } from './ip-address.ts'
import { longOf } from './long.ts'
import { type Place, requestFault } from './request-fault.ts'
import type { EntityType, RecordType, SchemaType } from './schema.ts'
import { CedarSet, EntityUid, newRecord, type Value } from './value.ts'

/** A JSON value as callers write it; a bigint stands for a Long that a number cannot hold. */
export type CedarJson =
  | boolean
  | number
  | bigint
  | string
  | readonly CedarJson[]
  | { readonly [key: string]: CedarJson }

export interface EntityTypes {
  readonly entities: ReadonlyMap<string, EntityType>
}

const depthMax = 200

/** The value of a JSON without a schema: `__entity` and `__extn` mark what JSON lacks. @throws POLICY_REQUEST_INVALID */
export function readUntyped(json: unknown, where: Place, depth = 0): Value {
  const primitive = readPrimitive(json, where, depth)
  if (primitive !== undefined) return primitive
  if (Array.isArray(json))
    return new CedarSet(json.map((item, index) => readUntyped(item, { above: where, name: index }, depth + 1)))
  const members = json as Readonly<Record<string, unknown>>
  const escaped = readEscape(members, where, depth)
  if (escaped !== undefined) return escaped
  return recordFrom(Object.keys(members), (name) => readUntyped(members[name], { above: where, name }, depth + 1))
}

/** The value of a JSON that must have a type. @throws POLICY_REQUEST_INVALID */
export function readTyped(json: unknown, type: SchemaType, schema: EntityTypes, where: Place, depth = 0): Value {
  const mismatch = (): Error => requestFault(where, `is not a ${type.kind}`, 'Send what the schema declares.')
  switch (type.kind) {
    case 'string':
    case 'long':
    case 'bool': {
      const value = readPrimitive(json, where, depth)
      const isOfKind =
        type.kind === 'string'
          ? typeof value === 'string'
          : type.kind === 'bool'
            ? typeof value === 'boolean'
            : typeof value === 'number' || typeof value === 'bigint'
      if (value === undefined || !isOfKind) throw mismatch()
      return value
    }
    case 'set':
      if (!Array.isArray(json)) throw mismatch()
      return new CedarSet(
        json.map((item, index) => readTyped(item, type.element, schema, { above: where, name: index }, depth + 1)),
      )
    case 'record':
      return readRecord(json, type, schema, where, depth)
    case 'entity': {
      const uid = readEntityUid(json, where)
      if (uid.type !== type.name) throw requestFault(where, `is not a ${type.name}`, 'Send what the schema declares.')
      checkEnumerated(uid, schema, where)
      return uid
    }
    default: {
      const value = readExtension(json, type.kind, where, depth)
      if (!(value instanceof extensionClasses[type.kind])) throw mismatch()
      return value
    }
  }
}

/** A record with exactly the declared attributes. @throws POLICY_REQUEST_INVALID */
export function readRecord(
  json: unknown,
  type: RecordType,
  schema: EntityTypes,
  where: Place,
  depth = 0,
): Readonly<Record<string, Value>> {
  if (depth > depthMax || typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw requestFault(where, 'is not a record', 'Send what the schema declares.')
  }
  const members = json as Readonly<Record<string, unknown>>
  for (const [name, { required }] of type.attributes) {
    if (required && !Object.hasOwn(members, name)) {
      throw requestFault(where, `lacks the attribute "${name}"`, 'Send every attribute that the schema requires.')
    }
  }
  return recordFrom(Object.keys(members), (name) => {
    const attribute = type.attributes.get(name)
    if (attribute === undefined) {
      throw requestFault(where, `has the attribute "${name}", which the schema lacks`, 'Send what the schema declares.')
    }
    return readTyped(members[name], attribute.type, schema, { above: where, name }, depth + 1)
  })
}

/** `{type, id}` or `{__entity: {type, id}}`. @throws POLICY_REQUEST_INVALID */
export function readEntityUid(json: unknown, where: Place): EntityUid {
  const inner = isObject(json) && isObject(json.__entity) ? json.__entity : json
  if (!isObject(inner) || typeof inner.type !== 'string' || typeof inner.id !== 'string') {
    throw requestFault(where, 'is not an entity', 'Write it as {"type": "...", "id": "..."}.')
  }
  if (!isTypeName(inner.type)) throw requestFault(where, 'has a type that is no Cedar name', 'Correct the type.')
  if (!inner.id.isWellFormed())
    throw requestFault(where, 'has an id with a lone surrogate', 'Send well-formed Unicode.')
  return new EntityUid(inner.type, inner.id)
}

/** An entity of an enumerated type has one of its ids. @throws POLICY_REQUEST_INVALID */
export function checkEnumerated(uid: EntityUid, schema: EntityTypes, where: Place): void {
  const ids = schema.entities.get(uid.type)?.ids
  if (ids !== undefined && !ids.has(uid.id)) {
    throw requestFault(where, `is not one of the entities that ${uid.type} enumerates`, 'Send a declared one.')
  }
}

const extensionClasses = { decimal: Decimal, ipaddr: IpAddress, datetime: Datetime, duration: Duration } as const
const extensionConstructors = { decimal: 'decimal', ipaddr: 'ip', datetime: 'datetime', duration: 'duration' } as const
const reserved = /^(?:if|then|else|true|false|in|is|like|has|__cedar)$/
const word = /^[A-Za-z_][A-Za-z0-9_]*$/

/** Names found good; requests repeat a few. Bounded, because names come from outside. */
const typeNamesKept = new Set<string>()
const typeNamesKeptMax = 1_000

function isTypeName(name: string): boolean {
  if (typeNamesKept.has(name)) return true
  if (!name.split('::').every((part) => word.test(part) && !reserved.test(part))) return false
  if (typeNamesKept.size < typeNamesKeptMax) typeNamesKept.add(name)
  return true
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Undefined for arrays and objects. */
function readPrimitive(json: unknown, where: Place, depth: number): Exclude<Value, object> | undefined {
  if (typeof json === 'boolean') return json
  if (typeof json === 'string') {
    if (json.isWellFormed()) return json
    throw requestFault(where, 'holds a lone surrogate', 'Send well-formed Unicode.')
  }
  if (typeof json === 'number') {
    if (Number.isSafeInteger(json)) return json + 0
    const why = Number.isInteger(json) ? 'is beyond what a number holds exactly' : 'is not an integer'
    throw requestFault(where, why, 'Send an integer; beyond 2^53 send a bigint.')
  }
  if (typeof json === 'bigint') {
    const long = longOf(json)
    if (long !== undefined) return long
    throw requestFault(where, 'does not fit 64 bits', 'Send an integer between -2^63 and 2^63-1.')
  }
  if (typeof json === 'object' && json !== null && depth <= depthMax) return undefined
  if (json === null) throw requestFault(where, 'is null, which Cedar does not have', 'Leave the attribute out.')
  throw requestFault(where, typeof json === 'object' ? 'is nested too deeply' : 'is not JSON', 'Send Cedar JSON.')
}

/** Undefined when the object is a plain record. */
function readEscape(members: Readonly<Record<string, unknown>>, where: Place, depth: number): Value | undefined {
  if (Object.hasOwn(members, '__expr')) {
    throw requestFault(where, 'uses __expr, which Cedar no longer supports', 'Use __entity or __extn.')
  }
  if (isEntityJson(members.__entity)) return readEntityUid(members.__entity, where)
  if (isCallJson(members.__extn)) return readCall(members.__extn, where, depth + 1, readUntyped)
  return undefined
}

function readExtension(json: unknown, kind: keyof typeof extensionClasses, where: Place, depth: number): Value {
  if (typeof json === 'string') return call(extensionConstructors[kind], [json], where)
  if (!isObject(json)) throw requestFault(where, `is not a ${kind}`, 'Send what the schema declares.')
  const inner = isCallJson(json.__extn) ? json.__extn : json
  if (!isCallJson(inner)) throw requestFault(where, `is not a ${kind}`, 'Send what the schema declares.')
  return readCall(inner, where, depth + 1, (argument, at, argumentDepth, index) => {
    // Cedar reads the arguments of a call by the function's own types: a text becomes the extension value it wants.
    const wanted = typeof argument === 'string' ? argumentKinds[inner.fn]?.[index] : undefined
    return wanted === undefined
      ? readUntyped(argument, at, argumentDepth)
      : readExtension(argument, wanted, at, argumentDepth)
  })
}

const argumentKinds: Readonly<Record<string, readonly (keyof typeof extensionClasses)[] | undefined>> = {
  offset: ['datetime', 'duration'],
  durationSince: ['datetime', 'datetime'],
  toDate: ['datetime'],
  toTime: ['datetime'],
}

type CallJson = { readonly fn: string; readonly arg?: unknown; readonly args?: readonly unknown[] }

function readCall(
  json: CallJson,
  where: Place,
  depth: number,
  readArgument: (json: unknown, where: Place, depth: number, index: number) => Value,
): Value {
  const given = json.args ?? [json.arg]
  return call(
    json.fn,
    given.map((argument, index) => readArgument(argument, where, depth, index)),
    where,
  )
}

function call(name: string, given: readonly Value[], where: Place): Value {
  const called = extensionFunctions.get(name)
  if (called === undefined || called.arity !== given.length) {
    throw requestFault(where, 'calls no function of Cedar', 'Use ip, decimal, datetime or duration.')
  }
  try {
    return called.call(given[0] as Value, given[given.length - 1] as Value)
  } catch (error) {
    if (error instanceof EvaluationError)
      throw requestFault(where, `is invalid: ${error.message}`, 'Correct the value.')
    throw error
  }
}

function isEntityJson(value: unknown): boolean {
  return isObject(value) && typeof value.type === 'string' && typeof value.id === 'string'
}

function isCallJson(value: unknown): value is CallJson {
  return isObject(value) && typeof value.fn === 'string' && (Array.isArray(value.args) || Object.hasOwn(value, 'arg'))
}

function recordFrom(names: readonly string[], read: (name: string) => Value): Readonly<Record<string, Value>> {
  const record = newRecord()
  for (const name of names) {
    if (!name.isWellFormed())
      throw requestFault('an attribute name', 'holds a lone surrogate', 'Send well-formed Unicode.')
    record[name] = read(name)
  }
  return record
}
