/** One node out of `allOf` and references, so that whoever walks a schema meets neither. */
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts'
import { annotationKeywords, logicKeywords, required, same } from './schema-facts.ts'
import { modern, type Schema, type SchemaRefs, SchemaRefused, schemasIn } from './schema-refs.ts'

export interface Flat {
  readonly node: Record<string, JsonValue>
  readonly verbatim: Schema[]
  readonly unfolded: string[]
  /** Recursive references that stay references. */
  readonly kept: string[]
}

/**
 * `allOf` and references merged into one node, and the parts that merging alone would lose, word for word. A recursive reference
 * stays one, unless something beside it (or a limit) asks for a look inside; below a place that looked inside, it stays one as well,
 * or there would be no end.
 */
export function flattenSchema(
  refs: SchemaRefs,
  schema: JsonObject,
  outer: readonly string[],
  isAsked = false,
  seen: readonly string[] = [],
): Flat {
  refs.visit()
  const { $ref, allOf, ...rest } = modern(schema)
  const parts = [...schemasIn(allOf)]
  const flat: Flat = { node: rest, verbatim: [], unfolded: [...outer], kept: [] }
  if (typeof $ref === 'string') {
    const isRecursive = refs.recursiveName($ref) !== undefined
    const isBare =
      parts.length === 0 && Object.keys(rest).every((key) => (annotationKeywords as readonly string[]).includes(key))
    if (isRecursive && ((isBare && !isAsked) || outer.includes($ref))) flat.kept.push($ref)
    else {
      if (seen.includes($ref)) throw new SchemaRefused('a reference leads only to itself')
      if (isRecursive) flat.unfolded.push($ref)
      parts.push(refs.target($ref))
    }
  }
  const inside = typeof $ref === 'string' ? [...seen, $ref] : seen
  for (const part of parts) {
    if (part === true) continue
    if (part === false) {
      flat.verbatim.push(false)
      continue
    }
    const branch = flattenSchema(refs, part, outer, true, inside)
    flat.verbatim.push(...branch.verbatim)
    flat.unfolded.push(...branch.unfolded)
    flat.kept.push(...branch.kept)
    if (!merge(flat.node, branch.node)) flat.verbatim.push(refs.verbatim(part))
  }
  return flat
}

/** Merges a branch of `allOf` into a node. False when the branch says more than the merged node holds, and must also stay. */
function merge(node: Record<string, JsonValue>, branch: JsonObject): boolean {
  let isWhole = true
  for (const [key, value] of Object.entries(branch)) {
    const own = node[key]
    if ((annotationKeywords as readonly string[]).includes(key)) node[key] = own ?? value
    else if (key === 'properties' && isJsonObject(value)) {
      const properties: Record<string, JsonValue> = isJsonObject(own) ? { ...own } : {}
      const isClosed = node.additionalProperties !== undefined && node.additionalProperties !== true
      for (const [name, schema] of Object.entries(value)) {
        if (properties[name] !== undefined)
          properties[name] = same(properties[name], schema) ? schema : { allOf: [properties[name], schema] }
        else if (isClosed) isWhole = false
        else properties[name] = schema
      }
      node.properties = properties
    } else if (key === 'required' && Array.isArray(value))
      node.required = [...new Set([...required(node), ...required(branch)])]
    else if (key === 'allOf') node.allOf = [...schemasIn(own), ...schemasIn(value)]
    else if (key === 'additionalProperties' && value !== true) isWhole = false
    else if (own === undefined && !(logicKeywords as readonly string[]).includes(key) && key !== '$ref')
      node[key] = value
    else if (own === undefined && (key === 'anyOf' || key === 'oneOf')) node[key] = value
    else if (own === undefined || !same(own, value)) {
      isWhole = false
      if (key === '$ref') continue
      if (typeof own === 'number' && typeof value === 'number') {
        if (key.startsWith('min')) node[key] = Math.max(own, value)
        else if (key.startsWith('max')) node[key] = Math.min(own, value)
      }
    }
  }
  return isWhole
}
