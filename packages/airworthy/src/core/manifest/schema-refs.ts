/** Local references of a JSON Schema: what they point at, which of them are recursive, and copies without the others. */
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts'
import { patternFault } from './linear-pattern.ts'

export type Schema = JsonObject | boolean

/** Copies of shared definitions add up; beyond this many places a schema is refused. */
const schemaNodesMax = 20_000

/** A schema that cannot be used; the message is a sentence for people. */
export class SchemaRefused extends Error {}

/** Keywords whose value is one schema, a list of schemas, a map of schemas. */
const one = [
  'items',
  'contains',
  'not',
  'if',
  'then',
  'else',
  'additionalProperties',
  'propertyNames',
  'unevaluatedProperties',
  'unevaluatedItems',
] as const
const lists = ['allOf', 'anyOf', 'oneOf', 'prefixItems'] as const
const maps = ['properties', 'patternProperties', 'dependentSchemas'] as const
/** Keywords with plain values that are kept. Others are annotations of other dialects and mean nothing to a check. */
const plain = [
  'type',
  'enum',
  'const',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'pattern',
  'format',
  'minItems',
  'maxItems',
  'uniqueItems',
  'minContains',
  'maxContains',
  'required',
  'minProperties',
  'maxProperties',
  'dependentRequired',
] as const
/** Formats that validators agree on; any other is only a remark. */
export const knownFormats: ReadonlySet<string> = new Set([
  'date',
  'time',
  'date-time',
  'duration',
  'uri',
  'uri-reference',
  'email',
  'hostname',
  'ipv4',
  'ipv6',
  'uuid',
])

export class SchemaRefs {
  /** Definitions that had to stay behind a reference, by their name under `$defs`. */
  readonly definitions: Record<string, JsonValue> = {}
  /** Places whose pattern is left out, because running it could take exponential time. */
  readonly droppedPatterns: string[] = []
  private readonly root: JsonObject
  private readonly recursive = new Map<string, string>()
  private nodes = 0

  constructor(root: JsonObject) {
    this.root = root
    this.findRecursive(root, [], new Set())
  }

  /** Counts one more place. @throws SchemaRefused beyond the limit. */
  visit(): void {
    if (++this.nodes > schemaNodesMax)
      throw new SchemaRefused(`the schema unfolds to more than ${schemaNodesMax} places`)
  }

  /** Name under `$defs` when the reference leads back to itself. */
  recursiveName(ref: string): string | undefined {
    return this.recursive.get(ref)
  }

  /** @throws SchemaRefused when it points outside or at nothing. */
  target(ref: string): Schema {
    if (ref !== '#' && !ref.startsWith('#/'))
      throw new SchemaRefused(`the reference "${ref.slice(0, 100)}" leads out of the schema`)
    let current: JsonValue | undefined = this.root
    for (const part of ref.split('/').slice(1)) {
      const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')
      if (Array.isArray(current)) current = (current as readonly JsonValue[])[Number(key)]
      else current = isJsonObject(current) && Object.hasOwn(current, key) ? current[key] : undefined
    }
    if (!isSchema(current)) throw new SchemaRefused(`the reference "${ref.slice(0, 100)}" points at nothing`)
    return current
  }

  /** The schema as it was, in the dialect 2020-12, with references unfolded and remarks left out. */
  verbatim(schema: Schema): Schema {
    this.visit()
    if (typeof schema === 'boolean') return schema
    const node = modern(schema)
    if (typeof node.$ref === 'string') {
      const { $ref, ...rest } = node
      const name = this.recursiveName($ref)
      const target = name === undefined ? this.verbatim(this.target($ref)) : this.verbatimDefinition(name, $ref)
      const siblings = this.verbatim(rest)
      return typeof siblings === 'object' && Object.keys(siblings).length > 0 ? { allOf: [target, siblings] } : target
    }
    const copy: Record<string, JsonValue> = {}
    for (const key of plain) if (node[key] !== undefined) copy[key] = node[key]
    for (const key of one) if (isSchema(node[key])) copy[key] = this.verbatim(node[key])
    for (const key of lists)
      if (Array.isArray(node[key])) copy[key] = schemasIn(node[key]).map((part) => this.verbatim(part))
    for (const key of maps) {
      if (!isJsonObject(node[key])) continue
      const entries = Object.entries(node[key]).filter((entry): entry is [string, Schema] => isSchema(entry[1]))
      copy[key] = Object.fromEntries(
        entries
          .filter(([name]) => key !== 'patternProperties' || this.keepsPattern(name))
          .map(([name, part]) => [name, this.verbatim(part)]),
      )
    }
    if (typeof copy.pattern === 'string' && !this.keepsPattern(copy.pattern)) delete copy.pattern
    if (typeof copy.format === 'string' && !knownFormats.has(copy.format)) delete copy.format
    return copy
  }

  private keepsPattern(pattern: string): boolean {
    if (patternFault(pattern) === undefined) return true
    this.droppedPatterns.push(pattern)
    return false
  }

  private verbatimDefinition(name: string, ref: string): Schema {
    const key = `${name}_as_locked`
    if (this.definitions[key] === undefined) {
      this.definitions[key] = true
      this.definitions[key] = this.verbatim(this.target(ref))
    }
    return { $ref: `#/$defs/${key}` }
  }

  private findRecursive(schema: JsonValue | undefined, path: readonly string[], done: Set<string>): void {
    if (Array.isArray(schema)) {
      for (const part of schema as readonly JsonValue[]) this.findRecursive(part, path, done)
      return
    }
    if (!isJsonObject(schema)) return
    const ref = schema.$ref
    if (typeof ref === 'string') {
      const start = path.indexOf(ref)
      if (start >= 0) {
        for (const member of path.slice(start)) {
          if (!this.recursive.has(member)) this.recursive.set(member, `recursive_${this.recursive.size + 1}`)
        }
      } else if (!done.has(ref)) {
        this.findRecursive(this.target(ref), [...path, ref], done)
        done.add(ref)
      }
    }
    for (const key of [...one, ...lists]) this.findRecursive(schema[key], path, done)
    for (const key of maps)
      if (isJsonObject(schema[key])) for (const part of Object.values(schema[key])) this.findRecursive(part, path, done)
  }
}

export function isSchema(value: JsonValue | undefined): value is Schema {
  return typeof value === 'boolean' || isJsonObject(value)
}

export function schemasIn(value: JsonValue | undefined): readonly Schema[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]).filter(isSchema) : []
}

/** The same schema in the words of 2020-12: tuples, dependencies and exclusive bounds of older dialects are rewritten. */
export function modern(schema: JsonObject): JsonObject {
  const node: Record<string, JsonValue> = { ...schema }
  if (Array.isArray(node.items)) {
    node.prefixItems = node.items
    delete node.items
    if (isSchema(node.additionalItems)) node.items = node.additionalItems
  }
  for (const [exclusive, bound] of [
    ['exclusiveMinimum', 'minimum'],
    ['exclusiveMaximum', 'maximum'],
  ] as const) {
    if (typeof node[exclusive] !== 'boolean') continue
    if (node[exclusive] === true && node[bound] !== undefined) {
      node[exclusive] = node[bound]
      delete node[bound]
    } else delete node[exclusive]
  }
  if (isJsonObject(node.dependencies)) {
    const entries = Object.entries(node.dependencies)
    node.dependentRequired = {
      ...object(node.dependentRequired),
      ...Object.fromEntries(entries.filter(([, value]) => Array.isArray(value))),
    }
    node.dependentSchemas = {
      ...object(node.dependentSchemas),
      ...Object.fromEntries(entries.filter(([, value]) => isSchema(value))),
    }
  }
  return node
}

function object(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {}
}
