/**
 * `limits` of a tool: a small part of JSON Schema that may only narrow what the locked schema says. This file knows single keywords;
 * `effective-schema.ts` walks the schema and asks it at each place.
 */
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts'
import { didYouMean } from './closest-name.ts'
import { patternFault } from './linear-pattern.ts'
import { knownFormats } from './schema-refs.ts'

export interface LimitFault {
  /** Keys below `limits`. */
  readonly path: readonly string[]
  readonly message: string
  readonly mend: string
}

/** Limits at one place of the arguments, with the path of keys that lead to them. */
export interface Limit {
  readonly value: JsonObject
  readonly path: readonly string[]
  /** It stands over a choice of schemas: what one branch cannot take, another may. */
  readonly isOneOfMany?: boolean
}

type Kind = 'number' | 'string' | 'array' | 'object'
const keywords: Readonly<Record<string, Kind | 'any'>> = {
  minimum: 'number',
  maximum: 'number',
  exclusiveMinimum: 'number',
  exclusiveMaximum: 'number',
  multipleOf: 'number',
  minLength: 'string',
  maxLength: 'string',
  pattern: 'string',
  format: 'string',
  minItems: 'array',
  maxItems: 'array',
  uniqueItems: 'array',
  items: 'array',
  minProperties: 'object',
  maxProperties: 'object',
  required: 'object',
  properties: 'object',
  enum: 'any',
  const: 'any',
  type: 'any',
}
const lower = new Set(['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties'])
const upper = new Set(['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties'])
const decimal = /^-?\d{1,15}(\.\d{1,6})?$/

export class LimitReader {
  readonly faults: LimitFault[] = []
  private readonly applied = new Set<string>()
  private readonly asked = new Map<string, Limit>()

  /** The limit of a property or of the items; undefined when there is none. */
  child(limit: Limit | undefined, keyword: 'properties' | 'items', name?: string): Limit | undefined {
    const value = limit?.value[keyword]
    if (limit === undefined || value === undefined) return undefined
    this.applied.add(placeOf(limit, keyword))
    if (keyword === 'items')
      return isJsonObject(value) ? this.place({ value, path: [...limit.path, 'items'] }) : undefined
    if (!isJsonObject(value) || name === undefined || !Object.hasOwn(value, name)) return undefined
    const inner = value[name]
    // The root's own `properties` is not written in the manifest: `limits` is that map.
    const path = limit.path.length === 0 ? [name] : [...limit.path, 'properties', name]
    return isJsonObject(inner) ? this.place({ value: inner, path }) : undefined
  }

  /** Names that a limit gives under `properties`. */
  names(limit: Limit | undefined): readonly string[] {
    return isJsonObject(limit?.value.properties) ? Object.keys(limit.value.properties) : []
  }

  /** Adds a kind's own bounds to a schema, as far as they narrow it. */
  narrow(into: Record<string, JsonValue>, limit: Limit | undefined, kind: Kind): void {
    if (limit === undefined) return
    for (const [keyword, value] of Object.entries(limit.value)) {
      if (keywords[keyword] !== kind || keyword === 'items' || keyword === 'properties') continue
      this.applied.add(placeOf(limit, keyword))
      const slip = addKeyword(into, keyword, value)
      if (slip !== undefined) this.add(limit, keyword, slip.message, slip.mend)
    }
  }

  /** The values that remain: those of the limit when all of them are among `values` (or there was no list). */
  narrowValues(values: readonly JsonValue[] | undefined, limit: Limit | undefined): readonly JsonValue[] | undefined {
    const wanted = limit?.value.const !== undefined ? [limit.value.const] : limit?.value.enum
    if (limit === undefined || wanted === undefined) return values
    const keyword = limit.value.const !== undefined ? 'const' : 'enum'
    this.applied.add(placeOf(limit, keyword))
    if (
      !Array.isArray(wanted) ||
      wanted.length === 0 ||
      wanted.some((value) => typeof value === 'object' && value !== null)
    ) {
      this.add(limit, keyword, `"${keyword}" must list plain values.`, 'Write the values that are allowed.')
      return values
    }
    const texts = values?.map((value) => JSON.stringify(value))
    if (limit.isOneOfMany)
      return texts === undefined ? wanted : wanted.filter((value) => texts.includes(JSON.stringify(value)))
    const foreign =
      texts === undefined
        ? undefined
        : (wanted as readonly JsonValue[]).find((value) => !texts.includes(JSON.stringify(value)))
    if (foreign !== undefined) {
      const guess =
        typeof foreign === 'string'
          ? didYouMean(
              foreign,
              values!.filter((value) => typeof value === 'string'),
            )
          : ''
      this.add(
        limit,
        keyword,
        `${JSON.stringify(foreign)} is not among the values that the locked schema allows.${guess}`,
        'Name only values that the tool takes.',
      )
    }
    return wanted as readonly JsonValue[]
  }

  /** The types that remain. */
  narrowTypes(types: readonly string[], limit: Limit | undefined): readonly string[] {
    const wanted = limit?.value.type
    if (limit === undefined || wanted === undefined) return types
    this.applied.add(placeOf(limit, 'type'))
    const names = (Array.isArray(wanted) ? wanted : [wanted]) as readonly JsonValue[]
    if (limit.isOneOfMany)
      return types.filter((type) => names.includes(type) || (type === 'integer' && names.includes('number')))
    const foreign = names.find(
      (name) => typeof name !== 'string' || !(types.includes(name) || (name === 'integer' && types.includes('number'))),
    )
    if (foreign === undefined && names.length > 0) return names as readonly string[]
    this.add(
      limit,
      'type',
      `The locked schema takes ${types.join(' or ')} here.`,
      'Name only types that the tool takes.',
    )
    return types
  }

  /** Notes that a keyword had its effect. */
  use(limit: Limit | undefined, keyword: string): void {
    if (limit?.value[keyword] !== undefined) this.applied.add(placeOf(limit, keyword))
  }

  add(limit: Limit, keyword: string, message: string, mend: string): void {
    const path = [...limit.path, keyword]
    if (!this.faults.some((fault) => fault.path.join('.') === path.join('.'))) this.faults.push({ path, message, mend })
  }

  /** Registers the limits of one place. */
  place(limit: Limit): Limit {
    this.asked.set(limit.path.join('\u0000'), limit)
    return limit
  }

  /** Faults for every keyword that found nothing to narrow: unknown ones, and those of another type. */
  reportUnused(): void {
    for (const limit of this.asked.values()) {
      for (const keyword of Object.keys(limit.value)) {
        if (this.applied.has(placeOf(limit, keyword))) continue
        if (keywords[keyword] === undefined) {
          const message = `"${keyword}" is not a limit.${didYouMean(keyword, Object.keys(keywords))}`
          this.add(limit, keyword, message, `Use one of ${Object.keys(keywords).join(', ')}.`)
        } else {
          const message = `"${keyword}" narrows nothing: the locked schema has no ${keywords[keyword] === 'any' ? 'value' : keywords[keyword]} here.`
          this.add(limit, keyword, message, 'Remove it, or limit the argument that it was meant for.')
        }
      }
    }
  }
}

interface Slip {
  readonly message: string
  readonly mend: string
}

/** Adds one keyword to a schema; or says why it may not be added. */
function addKeyword(into: Record<string, JsonValue>, keyword: string, written: JsonValue): Slip | undefined {
  if (keyword === 'pattern') return addPattern(into, written)
  if (keyword === 'format') {
    if (typeof written !== 'string' || !knownFormats.has(written)) {
      return { message: 'This format is not known.', mend: `Use one of ${[...knownFormats].join(', ')}.` }
    }
    if (into.format !== undefined && into.format !== written) {
      return { message: `The locked schema has the format ${JSON.stringify(into.format)} here.`, mend: 'Remove it.' }
    }
    into.format = written
    return undefined
  }
  if (keyword === 'uniqueItems') {
    if (written !== true) return { message: '"uniqueItems" can only be true.', mend: 'Remove it.' }
    into.uniqueItems = true
    return undefined
  }
  if (keyword === 'required') {
    const isList = Array.isArray(written) && written.every((name) => typeof name === 'string')
    if (!isList) return { message: '"required" must be a list of names.', mend: 'List the names.' }
    into.required = [...new Set([...((into.required as string[] | undefined) ?? []), ...written])]
    return undefined
  }
  return addBound(into, keyword, written)
}

function addPattern(into: Record<string, JsonValue>, written: JsonValue): Slip | undefined {
  const fault = typeof written === 'string' ? patternFault(written) : 'it is not a text'
  if (fault !== undefined) {
    const mend = 'Write it so that each next character decides which way to go.'
    return { message: `This pattern may not run: ${fault}.`, mend }
  }
  if (into.pattern !== undefined && into.pattern !== written) into.allOf = [...conjuncts(into), { pattern: written }]
  else into.pattern = written
  return undefined
}

function addBound(into: Record<string, JsonValue>, keyword: string, written: JsonValue): Slip | undefined {
  const bound = boundOf(written, keyword)
  if (bound === undefined) {
    const message = `"${keyword}" must be a number; decimals may stand in quotes, such as "500.00".`
    return { message, mend: 'Write the bound as a number.' }
  }
  const locked = into[keyword]
  const isWider =
    typeof locked === 'number' && ((lower.has(keyword) && bound < locked) || (upper.has(keyword) && bound > locked))
  if (isWider) {
    const message = `${keyword} ${bound} is wider than the locked schema, which says ${locked}.`
    return { message, mend: `Write ${lower.has(keyword) ? 'at least' : 'at most'} ${locked}; limits can only narrow.` }
  }
  const isSecondDivisor = keyword === 'multipleOf' && locked !== undefined && locked !== bound
  if (isSecondDivisor) into.allOf = [...conjuncts(into), { multipleOf: bound }]
  else into[keyword] = bound
  return undefined
}

function boundOf(written: JsonValue, keyword: string): number | undefined {
  const bound = typeof written === 'string' && decimal.test(written) ? Number(written) : written
  if (typeof bound !== 'number' || !Number.isFinite(bound)) return undefined
  if (keyword === 'multipleOf') return bound > 0 ? bound : undefined
  const counts = keyword.endsWith('Length') || keyword.endsWith('Items') || keyword.endsWith('Properties')
  return counts && !(Number.isInteger(bound) && bound >= 0) ? undefined : bound
}

export function conjuncts(schema: Readonly<Record<string, JsonValue>>): readonly JsonValue[] {
  return (schema.allOf as readonly JsonValue[] | undefined) ?? []
}

function placeOf(limit: Limit, keyword: string): string {
  return [...limit.path, keyword].join('\u0000')
}
