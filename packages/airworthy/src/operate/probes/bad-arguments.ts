/** Arguments that a tool's schema refuses, by construction: each is the valid sample with one thing wrong. */
import { isJsonObject, type JsonObject, type JsonValue, prototypeKeys } from '../../core/json.ts'
import { valueOfJson } from '../../core/value-of-json.ts'

export const badKinds = ['extra', 'missing', 'wrong-type', 'out-of-range', 'prototype-key'] as const
export type BadKind = (typeof badKinds)[number]

export interface BadArguments {
  readonly kind: BadKind
  /** Where, for people. */
  readonly place: string
  readonly arguments: JsonObject
}

/** Of each kind at most this many for one tool; the first arguments stand for all. */
const placesMax = 4

/**
 * @param schema effective and closed; places with choices or references are left out, because what they refuse cannot be told
 * without a validator, and the validator is what is probed.
 * @param sample valid for the schema. Pure.
 */
export function badArguments(schema: JsonObject, sample: JsonObject): readonly BadArguments[] {
  const properties = Object.entries(isJsonObject(schema.properties) ? schema.properties : {})
  const required = Array.isArray(schema.required) ? (schema.required as readonly string[]) : []
  const made: BadArguments[] = []
  const add = (kind: BadKind, place: string, args: JsonObject): void => {
    if (made.filter((each) => each.kind === kind).length < placesMax) made.push({ kind, place, arguments: args })
  }
  if (schema.additionalProperties === false) {
    add('extra', freeName(schema), { ...sample, [freeName(schema)]: 'extra' })
    for (const [name, property] of properties) {
      const inner = sample[name]
      if (!isJsonObject(property) || property.additionalProperties !== false || !isJsonObject(inner)) continue
      add('extra', `${name}/${freeName(property)}`, { ...sample, [name]: { ...inner, [freeName(property)]: 'extra' } })
    }
  }
  for (const name of required) {
    if (Object.hasOwn(sample, name)) add('missing', name, without(sample, name))
  }
  for (const [name, property] of properties) {
    if (!isJsonObject(property) || isChoice(property)) continue
    const wrong = wrongType(property)
    if (wrong !== undefined) add('wrong-type', name, { ...sample, [name]: wrong })
    for (const value of outOfRange(property, sample[name])) add('out-of-range', name, { ...sample, [name]: value })
  }
  for (const key of prototypeKeys) add('prototype-key', key, withKey(sample, key))
  return made
}

function isChoice(schema: JsonObject): boolean {
  return (
    schema.$ref !== undefined || (schema.type === undefined && schema.enum === undefined && schema.const === undefined)
  )
}

/** A value of a type that the place does not take. */
function wrongType(schema: JsonObject): JsonValue | undefined {
  const types = takenTypes(schema)
  const candidates: readonly (readonly [string, JsonValue])[] = [
    ['object', {}],
    ['array', []],
    ['boolean', true],
    ['string', 'text'],
    ['null', null],
  ]
  return candidates.find(([type]) => !types.has(type))?.[1]
}

function takenTypes(schema: JsonObject): ReadonlySet<string> {
  const values = schema.const !== undefined ? [schema.const] : Array.isArray(schema.enum) ? schema.enum : undefined
  if (values !== undefined) return new Set((values as readonly JsonValue[]).map(typeOfValue))
  return new Set(Array.isArray(schema.type) ? (schema.type as readonly string[]) : [String(schema.type)])
}

function typeOfValue(value: JsonValue): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return typeof value === 'number' ? 'number' : typeof value
}

/** Values of the right type that lie outside. Each lies outside for every type that the place takes. */
function outOfRange(schema: JsonObject, sample: JsonValue | undefined): readonly JsonValue[] {
  const values = schema.const !== undefined ? [schema.const] : Array.isArray(schema.enum) ? schema.enum : undefined
  if (values !== undefined) {
    const foreign = 'airworthy-probe-not-listed'
    return (values as readonly JsonValue[]).includes(foreign) ? [] : [foreign]
  }
  const types = takenTypes(schema)
  const found: JsonValue[] = []
  if (types.has('string') && typeof schema.maxLength === 'number' && schema.maxLength < 60_000) {
    found.push('x'.repeat(schema.maxLength + 1))
  }
  if (types.has('number') || types.has('integer')) {
    const most = numberOf(schema.maximum) ?? numberOf(schema.exclusiveMaximum)
    const least = numberOf(schema.minimum) ?? numberOf(schema.exclusiveMinimum)
    if (most !== undefined) found.push(Math.floor(most) + distance(most))
    if (least !== undefined) found.push(Math.ceil(least) - distance(least))
  }
  if (types.has('array') && typeof schema.maxItems === 'number' && schema.maxItems < 2_000) {
    const item = Array.isArray(sample) ? (sample[0] ?? null) : null
    found.push(Array.from({ length: schema.maxItems + 1 }, () => item as JsonValue))
  }
  return found.filter((value) => typeof value !== 'number' || Number.isFinite(value))
}

/** Far enough that the sum differs even where doubles are wider apart than 1. */
function distance(value: number): number {
  return Math.max(1, Math.ceil(Math.abs(value) * 0.001))
}

/** As JSON text would carry it: an own member, whatever the name means to an object. */
function withKey(sample: JsonObject, key: string): JsonObject {
  const text = JSON.stringify(sample)
  const member = `${JSON.stringify(key)}:{"isAdmin":true}`
  return valueOfJson(text === '{}' ? `{${member}}` : `${text.slice(0, -1)},${member}}`) as JsonObject
}

function without(sample: JsonObject, name: string): JsonObject {
  return Object.fromEntries(Object.entries(sample).filter(([key]) => key !== name))
}

function freeName(schema: JsonObject): string {
  let name = 'airworthy_probe'
  while (isJsonObject(schema.properties) && Object.hasOwn(schema.properties, name)) name = `${name}_`
  return name
}

function numberOf(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined
}
