/**
 * The Cedar schema of an agent, from its tools: what policies may say about the arguments of each. JSON Schema types become
 * Cedar types; what Cedar cannot type is left out and listed, so that a policy which names it is refused at load.
 */
import type { SchemaJson } from '@cedar-policy/cedar-wasm/nodejs'
import { isJsonObject, type JsonObject, type JsonValue, prototypeKeys } from '../core/json.ts'
import type { RecordType, SchemaType } from './schema.ts'

/** What a policy may know about the principal: the manifest's declared attributes. */
export type AttributeKind = 'string' | 'integer' | 'number' | 'boolean' | 'strings'

export interface PolicyTool {
  readonly name: string
  /** The effective, closed JSON Schema of the arguments. */
  readonly inputSchema: JsonObject
  /** Groups it belongs to: `Group::Action::"<group>"`. Name its effect and its reach here. */
  readonly groups?: readonly string[]
}

export interface UntypedArgument {
  readonly tool: string
  /** JSON Pointer into the arguments. */
  readonly path: string
  readonly why: string
}

/** The counters of a task that policies may read, all Long. */
export const taskCounters = ['tool_calls', 'cost_usd_micros', 'writes', 'irreversible'] as const

/** Groups that always exist, so that a policy may name one that no tool is in yet. */
export const standardGroups = ['read', 'write', 'irreversible', 'internal', 'external'] as const

/** The action of document retrieval; it exists in every agent's schema. */
export const retrieveAction = 'retrieve'

export const userType = 'User'
export const agentType = 'Agent'
/** Groups live in a namespace of their own, so that no tool's name can clash with one. */
export const groupType = 'Group::Action'

export const principalTypes: Readonly<Record<AttributeKind, SchemaType>> = {
  string: { kind: 'string' },
  integer: { kind: 'long' },
  number: { kind: 'decimal' },
  boolean: { kind: 'bool' },
  strings: { kind: 'set', element: { kind: 'string' } },
}

/** The type of a tool's arguments as policies see them, and what had to be left out. */
export function argumentsTypeOf(tool: PolicyTool): { type: RecordType; untyped: readonly UntypedArgument[] } {
  const untyped: UntypedArgument[] = []
  const leaveOut = (path: string, why: string): undefined => {
    untyped.push({ tool: tool.name, path, why })
    return undefined
  }
  // The whole is closed whatever it says: the guard refuses arguments that the schema does not name.
  const type = recordTypeOf(tool.inputSchema, '', { root: tool.inputSchema, depth: 0, leaveOut })
  return { type: type ?? { kind: 'record', attributes: new Map() }, untyped }
}

/**
 * The schema in Cedar's JSON form, with the given tools as its only actions. The principal's declared attributes are
 * required: a policy may read them without `has`, and a principal that lacks one makes that policy err, which denies.
 */
export function cedarSchemaOf(
  tools: readonly { readonly name: string; readonly groups: readonly string[]; readonly type: RecordType }[],
  principalAttributes: Readonly<Record<string, AttributeKind>>,
  groups: readonly string[],
): SchemaJson<string> {
  const text = { type: 'String' } as const
  const texts = { type: 'Set', element: text } as const
  const counters = taskCounters.map((counter) => [counter, { type: 'Long' }] as const)
  const attributes = Object.entries(principalAttributes).map(([name, kind]) => [name, typeJson(principalTypes[kind])])
  const actions = tools.map(({ name, groups: memberOf, type }) => {
    const context = {
      args: typeJson(type),
      effect: text,
      reach: text,
      labels: texts,
      untrusted: texts,
      task: { type: 'Record', attributes: Object.fromEntries(counters) },
    }
    const action = {
      appliesTo: {
        principalTypes: [userType],
        resourceTypes: [agentType],
        context: { type: 'Record', attributes: context },
      },
      memberOf: memberOf.map((id) => ({ type: groupType, id })),
    }
    return [name, action] as const
  })
  return {
    '': {
      entityTypes: {
        [userType]: { shape: { type: 'Record', attributes: Object.fromEntries(attributes) } },
        [agentType]: {},
      },
      actions: Object.fromEntries(actions),
    },
    Group: { entityTypes: {}, actions: Object.fromEntries(groups.map((group) => [group, {}])) },
  } as SchemaJson<string>
}

interface Reading {
  readonly root: JsonObject
  readonly depth: number
  readonly leaveOut: (path: string, why: string) => undefined
}

const schemaDepthMax = 32
const scalarTypes: Readonly<Record<string, SchemaType>> = {
  string: { kind: 'string' },
  integer: { kind: 'long' },
  number: { kind: 'decimal' },
  boolean: { kind: 'bool' },
}

/** Undefined, and listed, where Cedar has no such type. */
function typeOf(given: JsonValue, path: string, reading: Reading): SchemaType | undefined {
  const { depth, leaveOut } = reading
  if (depth > schemaDepthMax) return leaveOut(path, 'it is nested too deeply, or within itself')
  const schema = resolved(given, reading)
  if (schema === undefined) return leaveOut(path, 'it has no schema that says its type')
  const deeper = { ...reading, depth: depth + 1 }
  const name = typeNameOf(schema)
  if (typeof name !== 'string') return leaveOut(path, name.why)
  if (name === 'array') {
    if (!isJsonObject(schema.items)) return leaveOut(path, 'its items have no single type')
    const element = typeOf(schema.items, `${path}/*`, deeper)
    return element === undefined ? undefined : { kind: 'set', element }
  }
  if (name !== 'object') return scalarTypes[name] ?? leaveOut(path, `Cedar has no type ${name}`)
  if (schema.additionalProperties !== false) return leaveOut(path, 'it is an open map')
  return recordTypeOf(schema, path, deeper)
}

function recordTypeOf(schema: JsonObject, path: string, reading: Reading): RecordType | undefined {
  const required = new Set(Array.isArray(schema.required) ? schema.required : [])
  const attributes = new Map<string, { type: SchemaType; required: boolean }>()
  const properties = isJsonObject(schema.properties) ? schema.properties : {}
  for (const [name, property] of Object.entries(properties)) {
    const at = `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
    if (prototypeKeys.has(name)) reading.leaveOut(at, 'its name is reserved')
    else {
      const type = typeOf(property, at, reading)
      if (type !== undefined) attributes.set(name, attributeOf(type, required.has(name)))
    }
  }
  return { kind: 'record', attributes }
}

/** Scalars share their entries: a thousand tools have a few kinds of attributes, and decisions walk them all. */
function attributeOf(type: SchemaType, required: boolean): { type: SchemaType; required: boolean } {
  return (required ? requiredScalars : optionalScalars).get(type.kind) ?? { type, required }
}

const requiredScalars = new Map(Object.values(scalarTypes).map((type) => [type.kind, { type, required: true }]))
const optionalScalars = new Map(Object.values(scalarTypes).map((type) => [type.kind, { type, required: false }]))

/** The schema behind local references (`#/$defs/Address`). */
function resolved(given: JsonValue, { root }: Reading): JsonObject | undefined {
  let schema = given
  for (let hops = 0; hops <= schemaDepthMax; hops++) {
    if (!isJsonObject(schema)) return undefined
    const reference = schema.$ref
    if (typeof reference !== 'string') return schema
    if (!reference.startsWith('#/')) return undefined
    let target: JsonValue | undefined = root
    for (const part of reference.slice(2).split('/')) {
      const name = part.replaceAll('~1', '/').replaceAll('~0', '~')
      target = isJsonObject(target) && Object.hasOwn(target, name) ? target[name] : undefined
    }
    if (target === undefined) return undefined
    schema = target
  }
  return undefined
}

/** The one JSON type of a schema, or why it has none. */
function typeNameOf(schema: JsonObject): string | { readonly why: string } {
  const { type } = schema
  if (typeof type === 'string') return schema.nullable === true ? { why: 'it may be null' } : type
  if (Array.isArray(type)) {
    if (type.length === 1 && typeof type[0] === 'string') return type[0]
    return { why: type.includes('null') ? 'it may be null' : 'it has several types' }
  }
  const values = 'const' in schema ? [schema.const as JsonValue] : schema.enum
  if (Array.isArray(values) && values.length > 0) {
    const names = new Set(values.map(jsonTypeOf))
    const [only] = names
    if (names.size === 1 && only !== undefined && only in scalarTypes) return only
    return { why: names.has('null') ? 'it may be null' : 'its values have several types' }
  }
  if ('anyOf' in schema || 'oneOf' in schema || 'allOf' in schema) return { why: 'it is a union' }
  return { why: 'it has no schema that says its type' }
}

function jsonTypeOf(value: JsonValue): string {
  if (value === null) return 'null'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value
}

/** Our type in Cedar's JSON form. */
function typeJson(type: SchemaType): unknown {
  switch (type.kind) {
    case 'string':
      return { type: 'String' }
    case 'long':
      return { type: 'Long' }
    case 'bool':
      return { type: 'Boolean' }
    case 'set':
      return { type: 'Set', element: typeJson(type.element) }
    case 'entity':
      return { type: 'Entity', name: type.name }
    case 'record': {
      const attributes = [...type.attributes].map(
        ([name, attribute]) =>
          [name, { ...(typeJson(attribute.type) as object), required: attribute.required }] as const,
      )
      return { type: 'Record', attributes: Object.fromEntries(attributes) }
    }
    default:
      return { type: 'Extension', name: type.kind }
  }
}
