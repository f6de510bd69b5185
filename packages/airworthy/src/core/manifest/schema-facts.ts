/** Plain questions about one node of a JSON Schema. */
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts'
import { type Schema, schemasIn } from './schema-refs.ts'

export const annotationKeywords = ['title', 'description', 'default'] as const
export const logicKeywords = [
  'anyOf',
  'oneOf',
  'not',
  'if',
  'then',
  'else',
  'dependentSchemas',
  'unevaluatedProperties',
  'unevaluatedItems',
  'contains',
  'patternProperties',
  'propertyNames',
] as const

export const boundsOf = {
  string: ['minLength', 'maxLength', 'pattern', 'format'],
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  array: ['minItems', 'maxItems', 'uniqueItems'],
  object: ['minProperties', 'maxProperties', 'required', 'dependentRequired'],
} as const
const hints = {
  string: boundsOf.string,
  number: boundsOf.number,
  array: [...boundsOf.array, 'items', 'prefixItems'],
  object: [...boundsOf.object, 'properties', 'additionalProperties'],
} as const

/** The types that a schema names, or else those that its keywords are about; undefined when it says nothing. */
export function typesOf(node: JsonObject): readonly string[] | undefined {
  if (typeof node.type === 'string') return [node.type]
  if (Array.isArray(node.type)) {
    const names = (node.type as readonly JsonValue[]).filter((name) => typeof name === 'string')
    return names.includes('number') ? names.filter((name) => name !== 'integer') : names
  }
  const kinds = Object.entries(hints).filter(([, keys]) => keys.some((key) => node[key] !== undefined))
  return kinds.length === 0 ? undefined : kinds.map(([kind]) => kind)
}

export function branchesOf(node: JsonObject): readonly JsonValue[] {
  const conditional = [node.then, node.else].filter((part) => part !== undefined)
  const dependent = isJsonObject(node.dependentSchemas) ? Object.values(node.dependentSchemas) : []
  return [...schemasIn(node.anyOf), ...schemasIn(node.oneOf), ...conditional, ...dependent]
}

export function required(node: JsonObject): readonly string[] {
  return Array.isArray(node.required)
    ? (node.required as readonly JsonValue[]).filter((name) => typeof name === 'string')
    : []
}

export function haveDisjointTypes(branches: readonly Schema[]): boolean {
  const seen = new Set<string>()
  for (const branch of branches) {
    if (!isJsonObject(branch) || branch.$ref !== undefined) return false
    const types = typeof branch.type === 'string' ? [branch.type] : undefined
    if (types === undefined) return false
    for (const type of types) {
      const kind = type === 'integer' ? 'number' : type
      if (seen.has(kind)) return false
      seen.add(kind)
    }
  }
  return true
}

export function same(left: JsonValue, right: JsonValue): boolean {
  return JSON.stringify(left) === JSON.stringify(right)
}

export function typeOf(value: JsonValue): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value
}

export function isOfType(value: JsonValue, type: string): boolean {
  const own = typeOf(value)
  return own === type || (own === 'integer' && type === 'number')
}
