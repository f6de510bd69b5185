/** What changed between two locks, and what of it became wider: more arguments, looser bounds, a riskier mark by the server. */
import { canonicalJson } from '../canonical.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts'
import type { McpTool } from './definition-digest.ts'
import { type Lock, type LockedServer, lockedServers } from './lock.ts'
import { isSchema, modern, type Schema } from './schema-refs.ts'

export interface LockChange {
  readonly kind: 'server-added' | 'server-removed' | 'server-changed' | 'tool-added' | 'tool-removed' | 'tool-changed'
  /** `servers.helpdesk` or `caller`. */
  readonly place: string
  readonly tool?: string
  /** Members of the definition (or of the server) that differ. */
  readonly fields: readonly string[]
  /** Sentences; empty when nothing became wider. What cannot be compared counts as wider. */
  readonly wider: readonly string[]
}

const members = [
  'title',
  'description',
  'inputSchema',
  'outputSchema',
  'annotations',
] as const satisfies readonly (keyof McpTool)[]

/** In the order of places and tools of the newer lock, then what is gone. An empty list: nothing changed. Pure. */
export function diffLock(before: Lock | undefined, after: Lock): readonly LockChange[] {
  const old = new Map(before === undefined ? [] : lockedServers(before))
  const places = lockedServers(after)
  const changes = places.flatMap(([place, server]) => diffServer(place, old.get(place), server))
  const gone = [...old.keys()].filter((place) => !places.some(([other]) => other === place))
  return [...changes, ...gone.map((place): LockChange => ({ kind: 'server-removed', place, fields: [], wider: [] }))]
}

function diffServer(place: string, before: LockedServer | undefined, after: LockedServer): readonly LockChange[] {
  const changes: LockChange[] = []
  if (before === undefined) changes.push({ kind: 'server-added', place, fields: [], wider: [] })
  else if (!same(before.server, after.server)) {
    const fields = (['name', 'version'] as const).filter((key) => before.server?.[key] !== after.server?.[key])
    changes.push({ kind: 'server-changed', place, fields, wider: [] })
  }
  for (const [tool, definition] of Object.entries(after.tools)) {
    const earlier = own(before?.tools, tool)
    if (earlier === undefined) changes.push({ kind: 'tool-added', place, tool, fields: [], wider: [] })
    else if (earlier.digest !== definition.digest) {
      const fields = members.filter((key) => !same(earlier[key], definition[key]))
      changes.push({ kind: 'tool-changed', place, tool, fields, wider: toolWidening(earlier, definition) })
    }
  }
  for (const tool of Object.keys(before?.tools ?? {})) {
    if (own(after.tools, tool) === undefined) changes.push({ kind: 'tool-removed', place, tool, fields: [], wider: [] })
  }
  return changes
}

function toolWidening(before: McpTool, after: McpTool): readonly string[] {
  const wider = [...schemaWidening(before.inputSchema, after.inputSchema)]
  if (before.annotations?.readOnlyHint === true && after.annotations?.readOnlyHint !== true) {
    wider.push('its server no longer marks it as reading only')
  }
  for (const hint of ['destructiveHint', 'openWorldHint'] as const) {
    if (before.annotations?.[hint] !== true && after.annotations?.[hint] === true)
      wider.push(`its server now marks it by ${hint}`)
  }
  return wider
}

/** How the later schema may take what the earlier one refused; empty only when it surely takes no more. */
export function schemaWidening(before: Schema, after: Schema, path = ''): readonly string[] {
  if (same(before, after) || before === true || after === false) return []
  const at = path === '' ? 'the arguments' : `"${path}"`
  if (before === false) return [`${at} may be given now`]
  if (after === true || Object.keys(after).length === 0)
    return Object.keys(before).length === 0 ? [] : [`${at} may be anything now`]
  const old = modern(before)
  const now = modern(after)
  return [
    ...typeWidening(old, now, at),
    ...boundWidening(old, now, at),
    ...valueWidening(old, now, at),
    ...objectWidening(old, now, at, path),
    ...itemWidening(old, now, path),
    ...incomparable
      .filter((key) => old[key] !== undefined && !same(old[key], now[key]))
      .map((key) => `the "${key}" of ${at} changed, and may let more through`),
  ]
}

/** Keywords that are not compared in depth; any change of one that stood there before may have widened it. */
const incomparable = [
  'pattern',
  'format',
  'multipleOf',
  'uniqueItems',
  'anyOf',
  'oneOf',
  'allOf',
  'not',
  'if',
  'then',
  'else',
  '$ref',
  'contains',
  'prefixItems',
  'dependentRequired',
  'dependentSchemas',
  'propertyNames',
  'patternProperties',
  'unevaluatedProperties',
  '$defs',
  'definitions',
] as const
const lowest = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties'] as const
const highest = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties'] as const

function typeWidening(old: JsonObject, now: JsonObject, at: string): readonly string[] {
  if (old.type === undefined) return []
  const types = (value: JsonValue | undefined): readonly JsonValue[] =>
    (Array.isArray(value) ? value : value === undefined ? [] : [value]) as readonly JsonValue[]
  const before = types(old.type)
  if (now.type === undefined) return [`${at} may be of any type now`]
  const added = types(now.type).filter(
    (type) => !before.includes(type) && !(type === 'integer' && before.includes('number')),
  )
  return added.map((type) => `${at} takes ${String(type)} now`)
}

function boundWidening(old: JsonObject, now: JsonObject, at: string): readonly string[] {
  const wider: string[] = []
  const compare = (keys: readonly string[], isLooser: (before: number, after: number) => boolean): void => {
    for (const key of keys) {
      const before = old[key]
      const after = now[key]
      if (typeof before !== 'number') continue
      if (typeof after !== 'number') wider.push(`${at} has lost its ${key} of ${before}`)
      else if (isLooser(before, after)) wider.push(`the ${key} of ${at} went from ${before} to ${after}`)
    }
  }
  compare(lowest, (before, after) => after < before)
  compare(highest, (before, after) => after > before)
  return wider
}

function valueWidening(old: JsonObject, now: JsonObject, at: string): readonly string[] {
  const values = (node: JsonObject): readonly string[] | undefined => {
    const list = node.const !== undefined ? [node.const] : node.enum
    return Array.isArray(list) ? list.map((value) => JSON.stringify(value)) : undefined
  }
  const before = values(old)
  const after = values(now)
  if (before === undefined) return []
  if (after === undefined) return [`${at} is no longer one of a few values`]
  const added = after.filter((value) => !before.includes(value))
  return added.length === 0
    ? []
    : [`${at} may also be ${added.slice(0, 5).join(', ')}${added.length > 5 ? ', ...' : ''}`]
}

function objectWidening(old: JsonObject, now: JsonObject, at: string, path: string): readonly string[] {
  const wider: string[] = []
  const before = isJsonObject(old.properties) ? old.properties : {}
  const after = isJsonObject(now.properties) ? now.properties : {}
  for (const [name, schema] of Object.entries(after)) {
    const inner = path === '' ? name : `${path}.${name}`
    const earlier = own(before, name)
    if (earlier === undefined) wider.push(`"${inner}" is a new argument`)
    else if (isSchema(earlier) && isSchema(schema)) wider.push(...schemaWidening(earlier, schema, inner))
  }
  const required = Array.isArray(now.required) ? now.required : []
  for (const name of Array.isArray(old.required) ? (old.required as readonly JsonValue[]) : []) {
    if (!required.includes(name)) wider.push(`"${path === '' ? '' : `${path}.`}${String(name)}" is no longer required`)
  }
  const [closed, open] = [old.additionalProperties, now.additionalProperties]
  if (closed === false && open !== false) wider.push(`${at} may hold keys that the schema does not name now`)
  else if (isJsonObject(closed) && isSchema(open ?? true))
    wider.push(...schemaWidening(closed, (open ?? true) as Schema, `${path}.*`))
  return wider
}

function itemWidening(old: JsonObject, now: JsonObject, path: string): readonly string[] {
  return isSchema(old.items) ? schemaWidening(old.items, isSchema(now.items) ? now.items : true, `${path}[]`) : []
}

function own<Value>(record: Readonly<Record<string, Value>> | undefined, key: string): Value | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined
}

/** Equal whatever the order of keys. */
function same(left: unknown, right: unknown): boolean {
  if (left === undefined || right === undefined) return left === right
  return left === right || canonicalJson(left) === canonicalJson(right)
}
