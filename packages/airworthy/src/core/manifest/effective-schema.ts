/**
 * The schema that arguments are checked against: the locked one, narrowed by `limits`, closed at every object and bounded at every
 * string, array and (in tools that only read) number.
 *
 * What it accepts, the locked schema accepts too. Bounds are only ever added where adding can do no harm; where a schema's own logic could
 * turn around on that (`oneOf`, `not`, `if`), the locked part stays word for word beside its narrowed form. One exception, reported in
 * `defaulted`: a pattern that could take exponential time is not run here, and left to the server.
 */
import type { Effect } from '../action.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts'
import { didYouMean } from './closest-name.ts'
import { conjuncts, type Limit, type LimitFault, LimitReader } from './limits.ts'
import { patternFault } from './linear-pattern.ts'
import { isSchema, knownFormats, modern, type Schema, SchemaRefs, SchemaRefused, schemasIn } from './schema-refs.ts'

export const stringLengthDefault = 8192
export const arrayItemsDefault = 100
/** Longest name of a property in a map whose keys a limit opened. */
const mapKeyLengthDefault = 256
const integerBound = Number.MAX_SAFE_INTEGER
/** Largest double within Cedar's decimal (922337203685477.5807). */
const numberBound = 922_337_203_685_477.5

export interface EffectiveSchema {
  readonly schema: JsonObject
  /** JSON Pointers into the arguments (`*` is any item or key) that still lack a bound. */
  readonly unbounded: readonly string[]
  /** What was filled in, by path below `limits`: writing the same there changes nothing. */
  readonly defaulted: readonly { readonly path: readonly string[]; readonly value: JsonValue; readonly why: string }[]
  readonly limitFaults: readonly LimitFault[]
  /** Why the locked schema cannot be used at all. */
  readonly refused?: string
}

/** Pure; never throws. @param limits argument name to the keywords that narrow it. */
export function effectiveSchema(locked: JsonObject, limits: JsonObject | undefined, effect: Effect): EffectiveSchema {
  try {
    return new Narrowing(locked, effect).run(limits ?? {})
  } catch (error) {
    if (!(error instanceof SchemaRefused)) throw error
    return {
      schema: { type: 'object', additionalProperties: false },
      unbounded: [],
      defaulted: [],
      limitFaults: [],
      refused: error.message,
    }
  }
}

/** A place in the arguments: where it is, and where a limit for it would be written. */
interface Place {
  readonly pointer: string
  readonly path: readonly string[]
}

const patternDropped = 'a pattern that could take exponential time is not run here; the server still checks it'
const scalars = ['string', 'number', 'boolean', 'null'] as const
const annotations = ['title', 'description', 'default'] as const
const logic = [
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

class Narrowing {
  private readonly refs: SchemaRefs
  private readonly limits = new LimitReader()
  private readonly locked: JsonObject
  private readonly effect: Effect
  private readonly unbounded = new Set<string>()
  private readonly defaulted: { path: readonly string[]; value: JsonValue; why: string }[] = []

  constructor(locked: JsonObject, effect: Effect) {
    this.locked = locked
    this.effect = effect
    this.refs = new SchemaRefs(locked)
  }

  run(limits: JsonObject): EffectiveSchema {
    const root: Limit = { value: { properties: limits }, path: [] }
    const schema = this.narrow({ ...this.locked, type: this.locked.type ?? 'object' }, root, { pointer: '', path: [] })
    if (
      schema === false ||
      !(schema.type === 'object' || (Array.isArray(schema.type) && schema.type.includes('object')))
    ) {
      throw new SchemaRefused('the schema does not describe an object of arguments')
    }
    this.limits.reportUnused()
    for (const pattern of new Set(this.refs.droppedPatterns)) {
      if (!this.defaulted.some((entry) => entry.value === pattern)) this.note([], pattern, patternDropped)
    }
    const definitions = this.refs.definitions
    return {
      schema: { ...schema, type: 'object', ...(Object.keys(definitions).length > 0 && { $defs: definitions }) },
      unbounded: [...this.unbounded],
      defaulted: this.defaulted,
      limitFaults: this.limits.faults,
    }
  }

  private narrow(schema: Schema, limit: Limit | undefined, place: Place): JsonObject | false {
    this.refs.visit()
    if (schema === false) return false
    const { node, verbatim } = this.flattened(schema === true ? {} : schema, limit !== undefined)
    if (typeof node.$ref === 'string') return this.recursion(node.$ref, place)
    const out: Record<string, JsonValue> = {}
    for (const key of annotations) if (node[key] !== undefined) out[key] = node[key]
    if (verbatim.length > 0) out.allOf = verbatim

    const written = typesOf(node)
    if (written === undefined && node.enum === undefined && node.const === undefined) {
      const branches = schemasIn(node.anyOf ?? node.oneOf)
      if (branches.length > 0) return this.union(out, node, branches, limit, place)
    }
    this.keepLogic(out, node)
    const types = this.limits.narrowTypes(written ?? this.untypedDefault(node, limit, place), limit)
    const values = this.limits.narrowValues(
      node.const !== undefined ? [node.const] : (node.enum as JsonValue[] | undefined),
      limit,
    )
    if (types.length === 0) return false
    if (values !== undefined) return this.enumerated(out, node, values, written, limit, place)

    out.type = types.length === 1 ? types[0]! : types
    if (types.includes('string')) this.string(out, node, limit, place)
    if (types.includes('number') || types.includes('integer'))
      this.number(out, node, limit, place, types.includes('number'))
    if (types.includes('array')) this.array(out, node, limit, place)
    if (types.includes('object')) this.object(out, node, limit, place)
    return out
  }

  /**
   * `allOf` and references merged into one node, and the parts that merging alone would lose, word for word. A recursive reference
   * stays one, unless something beside it (or a limit) asks for a look inside.
   */
  private flattened(
    schema: JsonObject,
    unfold = false,
    seen: readonly string[] = [],
  ): { node: JsonObject; verbatim: readonly Schema[] } {
    this.refs.visit()
    const { $ref, allOf, ...rest } = modern(schema)
    const parts = [...schemasIn(allOf)]
    if (typeof $ref === 'string') {
      const isBare =
        parts.length === 0 && Object.keys(rest).every((key) => (annotations as readonly string[]).includes(key))
      if (isBare && !unfold && this.refs.recursiveName($ref) !== undefined)
        return { node: { ...rest, $ref }, verbatim: [] }
      if (seen.includes($ref)) throw new SchemaRefused('a reference leads only to itself')
      parts.push(this.refs.target($ref))
    }
    const inside = typeof $ref === 'string' ? [...seen, $ref] : seen
    const node: Record<string, JsonValue> = rest
    const verbatim: Schema[] = []
    for (const part of parts) {
      if (part === true) continue
      if (part === false) {
        verbatim.push(false)
        continue
      }
      const branch = this.flattened(part, true, inside)
      verbatim.push(...branch.verbatim)
      if (!merge(node, branch.node)) verbatim.push(this.refs.verbatim(part))
    }
    return { node, verbatim }
  }

  /** A recursive definition is narrowed once, without limits, and stays behind its reference. */
  private recursion(ref: string, place: Place): JsonObject {
    const name = this.refs.recursiveName(ref)!
    if (this.refs.definitions[name] === undefined) {
      this.refs.definitions[name] = true
      this.refs.definitions[name] = this.narrow({ allOf: [{ $ref: ref }] }, undefined, place)
    }
    return { $ref: `#/$defs/${name}` }
  }

  /** A choice between whole schemas: each is narrowed; `oneOf` also stays as it was, unless its branches differ in type anyway. */
  private union(
    out: Record<string, JsonValue>,
    node: JsonObject,
    branches: readonly Schema[],
    limit: Limit | undefined,
    place: Place,
  ): JsonObject {
    const isExclusive = node.anyOf === undefined && haveDisjointTypes(branches)
    const { anyOf: _any, oneOf, ...rest } = node
    this.keepLogic(out, { ...rest, ...(!isExclusive && oneOf !== undefined && { oneOf }) })
    const wantedTypes = limit?.value.type
    const inBranch = limit === undefined ? undefined : { ...limit, isOneOfMany: true }
    out.anyOf = branches.map((branch) => this.narrow(branch, inBranch, place))
    this.checkUnionLimit(out.anyOf as readonly (JsonObject | false)[], limit, wantedTypes)
    return out
  }

  /** A limit that names types or values of only some branches shuts the others; naming none of any branch is a slip. */
  private checkUnionLimit(
    branches: readonly (JsonObject | false)[],
    limit: Limit | undefined,
    wantedTypes: JsonValue | undefined,
  ): void {
    if (limit === undefined) return
    const open = branches.filter((branch) => branch !== false)
    if (open.length === 0) {
      const keyword = wantedTypes !== undefined ? 'type' : limit.value.const !== undefined ? 'const' : 'enum'
      this.limits.add(
        limit,
        keyword,
        'The locked schema takes no such value here.',
        'Name only types and values that the tool takes.',
      )
    }
    const wanted = limit.value.const !== undefined ? [limit.value.const] : limit.value.enum
    if (!Array.isArray(wanted)) return
    const accepted = new Set(
      open
        .flatMap((branch) => (branch.enum as readonly JsonValue[] | undefined) ?? [])
        .map((value) => JSON.stringify(value)),
    )
    const foreign = (wanted as readonly JsonValue[]).find((value) => !accepted.has(JSON.stringify(value)))
    if (foreign === undefined || accepted.size === 0) return
    this.limits.add(
      limit,
      limit.value.const !== undefined ? 'const' : 'enum',
      `${JSON.stringify(foreign)} is not among the values that the locked schema allows.`,
      'Name only values that the tool takes.',
    )
  }

  private untypedDefault(node: JsonObject, limit: Limit | undefined, place: Place): readonly string[] {
    if (node.enum !== undefined || node.const !== undefined)
      return ['string', 'number', 'boolean', 'null', 'array', 'object']
    // A limit that gives a type, items or properties has said what may stand here.
    if (limit?.value.type !== undefined) return ['string', 'number', 'boolean', 'null', 'array', 'object']
    if (limit?.value.properties !== undefined) return ['object']
    if (limit?.value.items !== undefined) return ['array']
    this.note(
      [...place.path, 'type'],
      [...scalars],
      'the locked schema takes anything here; only plain values are let through',
    )
    return scalars
  }

  private enumerated(
    out: Record<string, JsonValue>,
    node: JsonObject,
    values: readonly JsonValue[],
    types: readonly string[] | undefined,
    limit: Limit | undefined,
    place: Place,
  ): JsonObject | false {
    const fitting = types === undefined ? values : values.filter((value) => types.some((type) => isOfType(value, type)))
    if (
      fitting.length < values.length &&
      limit !== undefined &&
      limit.isOneOfMany !== true &&
      (limit.value.enum ?? limit.value.const) !== undefined
    ) {
      this.limits.add(
        limit,
        limit.value.const === undefined ? 'enum' : 'const',
        `The locked schema takes ${types!.join(' or ')} here.`,
        'Name only values of that type.',
      )
    }
    if (fitting.length === 0) return false
    const kinds = [...new Set(fitting.map(typeOf))]
    out.type = kinds.length === 1 ? kinds[0]! : kinds
    out.enum = fitting
    // Bounds beside a list hardly occur; they are kept, they can only take values away.
    for (const kind of ['string', 'number', 'array', 'object'] as const) {
      const isKind = kinds.some((each) => each === kind || (kind === 'number' && each === 'integer'))
      if (isKind) this.copy(out, node, boundsOf[kind])
      if (isKind) this.limits.narrow(out, limit, kind)
    }
    this.dropUnusable(out, place)
    return out
  }

  private string(out: Record<string, JsonValue>, node: JsonObject, limit: Limit | undefined, place: Place): void {
    this.copy(out, node, boundsOf.string)
    this.dropUnusable(out, place)
    this.limits.narrow(out, limit, 'string')
    if (out.maxLength === undefined) {
      out.maxLength = Math.max(stringLengthDefault, Number(out.minLength ?? 0))
      this.note([...place.path, 'maxLength'], out.maxLength, 'a string without a bound')
    }
  }

  private number(
    out: Record<string, JsonValue>,
    node: JsonObject,
    limit: Limit | undefined,
    place: Place,
    takesFractions: boolean,
  ): void {
    this.copy(out, node, boundsOf.number)
    this.limits.narrow(out, limit, 'number')
    const bound = takesFractions ? numberBound : integerBound
    const hasLeast = out.minimum !== undefined || out.exclusiveMinimum !== undefined
    const hasMost = out.maximum !== undefined || out.exclusiveMaximum !== undefined
    if (hasLeast && hasMost) return
    if (this.effect !== 'read') {
      this.unbounded.add(place.pointer)
      return
    }
    const why = 'a number without a bound, in a tool that only reads'
    if (!hasLeast) {
      out.minimum = -bound
      this.note([...place.path, 'minimum'], -bound, why)
    }
    if (!hasMost) {
      out.maximum = bound
      this.note([...place.path, 'maximum'], bound, why)
    }
  }

  private array(out: Record<string, JsonValue>, node: JsonObject, limit: Limit | undefined, place: Place): void {
    this.copy(out, node, boundsOf.array)
    this.limits.narrow(out, limit, 'array')
    const inner = { pointer: `${place.pointer}/*`, path: [...place.path, 'items'] }
    const itemLimit = this.limits.child(limit, 'items')
    const tuple = schemasIn(node.prefixItems)
    if (tuple.length > 0) {
      out.prefixItems = tuple.map((item) => this.narrow(item, itemLimit, inner))
      out.items = isSchema(node.items) && node.items !== true ? this.narrow(node.items, itemLimit, inner) : false
      if (out.items === false) out.maxItems = Math.min(tuple.length, Number(out.maxItems ?? tuple.length))
    } else out.items = this.narrow(isSchema(node.items) ? node.items : {}, itemLimit, inner)
    if (out.maxItems === undefined) {
      out.maxItems = Math.max(arrayItemsDefault, Number(out.minItems ?? 0))
      this.note([...place.path, 'maxItems'], out.maxItems, 'an array without a bound')
    }
  }

  private object(out: Record<string, JsonValue>, node: JsonObject, limit: Limit | undefined, place: Place): void {
    this.copy(out, node, boundsOf.object)
    this.limits.narrow(out, limit, 'object')
    const extra = node.additionalProperties
    const isOpen = extra !== false
    const declared = isJsonObject(node.properties) ? node.properties : {}
    const isRoot = place.path.length === 0
    const properties = new Map<string, Schema>()
    for (const [name, schema] of Object.entries(declared)) if (isSchema(schema)) properties.set(name, schema)
    // A closed schema takes only its own; an open one also what its branches and `required` speak of.
    if (isOpen) {
      for (const [name, schemas] of this.branchProperties(node)) {
        if (!properties.has(name)) properties.set(name, schemas.length === 1 ? schemas[0]! : { anyOf: schemas })
      }
      for (const name of required(node)) if (!properties.has(name)) properties.set(name, isSchema(extra) ? extra : {})
    }
    for (const name of this.limits.names(limit)) {
      if (properties.has(name)) continue
      // A limit may name the keys of an object that takes any; arguments themselves must be known to the lock.
      const mayAdd = isOpen && (!isRoot || properties.size === 0)
      if (mayAdd) properties.set(name, isSchema(extra) ? extra : {})
      else this.unknownProperty(limit!, name, [...properties.keys()], isRoot)
    }
    const at = (name: string): Place => ({
      pointer: `${place.pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`,
      path: isRoot ? [name] : [...place.path, 'properties', name],
    })
    const entries = [...properties].map(([name, schema]): [string, JsonValue] => {
      // Limits may give a required argument of an open object a schema, so they are read in either case.
      return [name, this.narrow(schema, this.limits.child(limit, 'properties', name), at(name))]
    })
    this.limits.use(limit, 'properties')
    out.properties = Object.fromEntries(entries)
    out.additionalProperties = this.extraProperties(out, extra, limit, place, entries.length)
  }

  /** A map with typed values stays open only where a limit says how many keys it may have. */
  private extraProperties(
    out: Record<string, JsonValue>,
    extra: JsonValue | undefined,
    limit: Limit | undefined,
    place: Place,
    known: number,
  ): JsonValue {
    if (isJsonObject(extra) && Object.keys(extra).length > 0) {
      if (limit?.value.maxProperties !== undefined) {
        out.propertyNames = { maxLength: mapKeyLengthDefault }
        return this.narrow(extra, undefined, {
          pointer: `${place.pointer}/*`,
          path: [...place.path, 'additionalProperties'],
        })
      }
      this.note(
        [...place.path, 'maxProperties'],
        known,
        'a map with free keys is closed; name its keys under `properties`, or allow a number of them by `maxProperties`',
      )
    } else if (extra !== false && known === 0 && place.path.length > 0) {
      this.note(
        [...place.path, 'properties'],
        {},
        'an object that takes anything is closed; name what it may hold under `properties`',
      )
    }
    return false
  }

  private branchProperties(node: JsonObject): Map<string, Schema[]> {
    const found = new Map<string, Schema[]>()
    const collect = (schema: JsonValue | undefined): void => {
      if (!isJsonObject(schema)) return
      const { node: branch } = this.flattened(schema)
      if (isJsonObject(branch.properties)) {
        for (const [name, property] of Object.entries(branch.properties)) {
          if (!isSchema(property)) continue
          const others = found.get(name) ?? []
          if (!others.some((other) => JSON.stringify(other) === JSON.stringify(property)))
            found.set(name, [...others, property])
        }
      }
      for (const name of required(branch)) if (!found.has(name)) found.set(name, [])
      branchesOf(branch).forEach(collect)
    }
    branchesOf(node).forEach(collect)
    for (const [name, schemas] of found) if (schemas.length === 0) found.set(name, [{}])
    return found
  }

  /** Logic that only the locked words can say stays, word for word. */
  private keepLogic(out: Record<string, JsonValue>, node: JsonObject): void {
    const kept = logic.filter((key) => node[key] !== undefined)
    if (kept.length === 0) return
    const needsWhole = kept.some(
      (key) => key.startsWith('unevaluated') || key === 'patternProperties' || key === 'contains',
    )
    const part = needsWhole ? node : Object.fromEntries(kept.map((key) => [key, node[key]!]))
    out.allOf = [...conjuncts(out), this.refs.verbatim(part)]
  }

  private copy(out: Record<string, JsonValue>, node: JsonObject, keys: readonly string[]): void {
    for (const key of keys) if (node[key] !== undefined) out[key] = node[key]
  }

  private dropUnusable(out: Record<string, JsonValue>, place: Place): void {
    if (typeof out.format === 'string' && !knownFormats.has(out.format)) delete out.format
    if (typeof out.pattern !== 'string' || patternFault(out.pattern) === undefined) return
    this.note([...place.path, 'pattern'], out.pattern, patternDropped)
    delete out.pattern
  }

  private unknownProperty(limit: Limit, name: string, known: readonly string[], isRoot: boolean): void {
    const message = `The tool has no argument "${name}".${didYouMean(name, known)}`
    const mend = known.length === 0 ? 'Remove it.' : `Limit one of ${known.slice(0, 20).join(', ')}.`
    this.limits.faults.push({ path: isRoot ? [name] : [...limit.path, 'properties', name], message, mend })
    this.limits.use(limit, 'properties')
  }

  private note(path: readonly string[], value: JsonValue, why: string): void {
    const text = path.join('\u0000')
    if (!this.defaulted.some((entry) => entry.path.join('\u0000') === text && entry.value === value))
      this.defaulted.push({ path, value, why })
  }
}

const boundsOf = {
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
function typesOf(node: JsonObject): readonly string[] | undefined {
  if (typeof node.type === 'string') return [node.type]
  if (Array.isArray(node.type)) {
    const names = (node.type as readonly JsonValue[]).filter((name) => typeof name === 'string')
    return names.includes('number') ? names.filter((name) => name !== 'integer') : names
  }
  const kinds = Object.entries(hints).filter(([, keys]) => keys.some((key) => node[key] !== undefined))
  return kinds.length === 0 ? undefined : kinds.map(([kind]) => kind)
}

function branchesOf(node: JsonObject): readonly JsonValue[] {
  const conditional = [node.then, node.else].filter((part) => part !== undefined)
  const dependent = isJsonObject(node.dependentSchemas) ? Object.values(node.dependentSchemas) : []
  return [...schemasIn(node.anyOf), ...schemasIn(node.oneOf), ...conditional, ...dependent]
}

function required(node: JsonObject): readonly string[] {
  return Array.isArray(node.required)
    ? (node.required as readonly JsonValue[]).filter((name) => typeof name === 'string')
    : []
}

function haveDisjointTypes(branches: readonly Schema[]): boolean {
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

/** Merges a branch of `allOf` into a node. False when the branch says more than the merged node holds, and must also stay. */
function merge(node: Record<string, JsonValue>, branch: JsonObject): boolean {
  let isWhole = true
  for (const [key, value] of Object.entries(branch)) {
    const own = node[key]
    if ((annotations as readonly string[]).includes(key)) node[key] = own ?? value
    else if (key === 'properties' && isJsonObject(value)) {
      const properties: Record<string, JsonValue> = isJsonObject(own) ? { ...own } : {}
      const isClosed = node.additionalProperties !== undefined && node.additionalProperties !== true
      for (const [name, schema] of Object.entries(value)) {
        if (properties[name] !== undefined) properties[name] = { allOf: [properties[name], schema] }
        else if (isClosed) isWhole = false
        else properties[name] = schema
      }
      node.properties = properties
    } else if (key === 'required' && Array.isArray(value))
      node.required = [...new Set([...required(node), ...required(branch)])]
    else if (key === 'allOf') node.allOf = [...schemasIn(own), ...schemasIn(value)]
    else if (key === 'additionalProperties' && value !== true) isWhole = false
    else if (own === undefined && !(logic as readonly string[]).includes(key) && key !== '$ref') node[key] = value
    else if (own === undefined && (key === 'anyOf' || key === 'oneOf')) node[key] = value
    else if (JSON.stringify(own) !== JSON.stringify(value)) {
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

function typeOf(value: JsonValue): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value
}

function isOfType(value: JsonValue, type: string): boolean {
  const own = typeOf(value)
  return own === type || (own === 'integer' && type === 'number')
}
