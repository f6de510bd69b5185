/**
 * Places where a schema is open or unbounded: an object that takes names it does not list, a string without length, values,
 * format or pattern, a number without least and most, an array without a most. Read from the schema itself, not from what the
 * manifest says about it.
 */
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts'

/** JSON Pointers into the arguments (`*`: any item, key or position) with what is missing. Pure. */
export function schemaGaps(schema: JsonObject): readonly string[] {
  const gaps = new Set<string>()
  const open = new Set<string>()
  visit(schema, '', { root: schema, gaps, open })
  return [...gaps]
}

interface Visit {
  readonly root: JsonObject
  readonly gaps: Set<string>
  /** References under way: a recursive definition is looked at once. */
  readonly open: Set<string>
}

function visit(schema: JsonValue | undefined, at: string, state: Visit): void {
  const gap = (what: string): void => void state.gaps.add(`${at === '' ? '/' : at} ${what}`)
  if (schema === false) return
  if (!isJsonObject(schema)) {
    gap('takes any value')
    return
  }
  if (typeof schema.$ref === 'string') {
    visitReference(schema.$ref, at, state)
    return
  }
  if (schema.const !== undefined || Array.isArray(schema.enum)) return
  const types = typeof schema.type === 'string' ? [schema.type] : Array.isArray(schema.type) ? schema.type : undefined
  if (types === undefined) {
    const choices = schema.anyOf ?? schema.oneOf
    if (Array.isArray(choices)) for (const choice of choices as readonly JsonValue[]) visit(choice, at, state)
    else gap('takes any value')
    return
  }
  for (const type of types) {
    if (type === 'string') {
      const isBounded = [schema.maxLength, schema.format, schema.pattern].some((bound) => bound !== undefined)
      if (!isBounded) gap('is a string without a bound')
    } else if (type === 'number' || type === 'integer') {
      const hasLeast = schema.minimum !== undefined || schema.exclusiveMinimum !== undefined
      const hasMost = schema.maximum !== undefined || schema.exclusiveMaximum !== undefined
      if (!hasLeast || !hasMost) gap(`is a number without ${hasLeast ? 'a most' : hasMost ? 'a least' : 'bounds'}`)
    } else if (type === 'array') visitArray(schema, at, state, gap)
    else if (type === 'object') visitObject(schema, at, state, gap)
  }
}

function visitReference(reference: string, at: string, state: Visit): void {
  if (state.open.has(reference)) return
  state.open.add(reference)
  let target: JsonValue | undefined = state.root
  for (const part of reference.split('/').slice(1)) {
    target = isJsonObject(target) ? target[part.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined
  }
  if (target === undefined) state.gaps.add(`${at} has a reference that points at nothing`)
  else visit(target, at, state)
}

function visitArray(schema: JsonObject, at: string, state: Visit, gap: (what: string) => void): void {
  const prefix = Array.isArray(schema.prefixItems) ? (schema.prefixItems as readonly JsonValue[]) : []
  for (const item of prefix) visit(item, `${at}/*`, state)
  const isTuple = prefix.length > 0 && schema.items === false
  if (!isTuple && schema.maxItems === undefined) gap('is an array without a most')
  if (!isTuple && schema.maxItems !== 0) visit(schema.items, `${at}/*`, state)
}

function visitObject(schema: JsonObject, at: string, state: Visit, gap: (what: string) => void): void {
  for (const [name, property] of Object.entries(isJsonObject(schema.properties) ? schema.properties : {})) {
    visit(property, `${at}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, state)
  }
  if (schema.additionalProperties === false || schema.unevaluatedProperties === false) return
  // A map is bounded by the number of its keys, their length, and its values.
  const { maxProperties, propertyNames } = schema
  const hasBoundedNames = isJsonObject(propertyNames) && propertyNames.maxLength !== undefined
  if (maxProperties === undefined || !hasBoundedNames) gap('takes names that it does not list')
  else visit(schema.additionalProperties, `${at}/*`, state)
}
