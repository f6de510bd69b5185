/**
 * The schema that arguments are checked against: the locked one, narrowed by `limits`, closed at every object and bounded at every
 * string, array and (in tools that only read) number.
 *
 * What it accepts, the locked schema accepts too. Bounds are only ever added where adding can do no harm; where a schema's own logic could
 * turn around on that (`oneOf`, `not`, `if`), the locked part stays word for word beside its narrowed form. One exception, reported in
 * `defaulted`: a pattern that could take exponential time is not run here, and left to the server.
 */
import type { Effect } from '../action.ts'
import { isJsonObject, type JsonObject, type JsonValue, jsonDepthMax } from '../json.ts'
import { didYouMean } from './closest-name.ts'
import { flattenSchema } from './flatten-schema.ts'
import { conjuncts, type Limit, type LimitFault, LimitReader } from './limits.ts'
import { patternFault } from './linear-pattern.ts'
import {
  annotationKeywords,
  boundsOf,
  branchesOf,
  haveDisjointTypes,
  isOfType,
  logicKeywords,
  required,
  typeOf,
  typesOf,
} from './schema-facts.ts'
import { isSchema, knownFormats, type Schema, SchemaRefs, SchemaRefused, schemasIn } from './schema-refs.ts'

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
  readonly depth: number
  /** Recursive references that were looked into on the way here. */
  readonly unfolded: readonly string[]
}

const patternDropped = 'a pattern that could take exponential time is not run here; the server still checks it'
const scalars = ['string', 'number', 'boolean', 'null'] as const
class Narrowing {
  private readonly refs: SchemaRefs
  private readonly limits = new LimitReader()
  private readonly locked: JsonObject
  private readonly effect: Effect
  private readonly unbounded = new Set<string>()
  private readonly noted = new Set<string>()
  private readonly defaulted: { path: readonly string[]; value: JsonValue; why: string }[] = []

  constructor(locked: JsonObject, effect: Effect) {
    this.locked = locked
    this.effect = effect
    this.refs = new SchemaRefs(locked)
  }

  run(limits: JsonObject): EffectiveSchema {
    const root: Limit = { value: { properties: limits }, path: [] }
    const schema = this.narrow({ ...this.locked, type: this.locked.type ?? 'object' }, root, {
      pointer: '',
      path: [],
      depth: 0,
      unfolded: [],
    })
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

  private narrow(schema: Schema, limit: Limit | undefined, at: Place): JsonObject | false {
    this.refs.visit()
    if (schema === false) return false
    if (at.depth > jsonDepthMax) throw new SchemaRefused(`the schema nests deeper than ${jsonDepthMax} levels`)
    const flat = flattenSchema(this.refs, schema === true ? {} : schema, at.unfolded, limit !== undefined)
    const { node, verbatim, kept } = flat
    const place: Place = { ...at, depth: at.depth + 1, unfolded: flat.unfolded }
    const out: Record<string, JsonValue> = {}
    for (const key of annotationKeywords) if (node[key] !== undefined) out[key] = node[key]
    const references = [...new Set(kept)].map((ref) => this.recursion(ref, place))
    if (verbatim.length + references.length > 0) out.allOf = [...verbatim, ...references]
    const isEmpty = Object.keys(node).every((key) => key in out)
    // A reference by itself says it all, and the definition behind it is narrowed.
    if (isEmpty && kept.length > 0) return verbatim.length + references.length === 1 ? references[0]! : out

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

  /** A recursive definition is narrowed once, without limits, and stays behind its reference. */
  private recursion(ref: string, place: Place): JsonObject {
    const name = this.refs.recursiveName(ref)!
    if (this.refs.definitions[name] === undefined) {
      this.refs.definitions[name] = true
      this.refs.definitions[name] = this.narrow({ allOf: [{ $ref: ref }] }, undefined, { ...place, unfolded: [] })
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
      const hasValues = limit.value.enum !== undefined || limit.value.const !== undefined
      const keyword = wantedTypes !== undefined ? 'type' : limit.value.const !== undefined ? 'const' : 'enum'
      this.limits.add(
        limit,
        keyword,
        hasValues
          ? 'These values are not among those that the locked schema allows.'
          : 'The locked schema takes no such type here.',
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
    const inner = { ...place, pointer: `${place.pointer}/*`, path: [...place.path, 'items'] }
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
      ...place,
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
          ...place,
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
    const collect = (schema: JsonValue | undefined, seen: readonly string[]): void => {
      if (!isJsonObject(schema)) return
      const flat = flattenSchema(this.refs, schema, seen)
      const branch = flat.node
      if (isJsonObject(branch.properties)) {
        for (const [name, property] of Object.entries(branch.properties)) {
          if (!isSchema(property)) continue
          const others = found.get(name) ?? []
          if (!others.some((other) => JSON.stringify(other) === JSON.stringify(property)))
            found.set(name, [...others, property])
        }
      }
      for (const name of required(branch)) if (!found.has(name)) found.set(name, [])
      for (const inner of branchesOf(branch)) collect(inner, flat.unfolded)
    }
    for (const branch of branchesOf(node)) collect(branch, [])
    for (const [name, schemas] of found) if (schemas.length === 0) found.set(name, [{}])
    return found
  }

  /** Logic that only the locked words can say stays, word for word. */
  private keepLogic(out: Record<string, JsonValue>, node: JsonObject): void {
    const kept = logicKeywords.filter((key) => node[key] !== undefined)
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
    const key = `${path.join('\u0000')}\n${JSON.stringify(value)}`
    if (this.noted.has(key)) return
    this.noted.add(key)
    this.defaulted.push({ path, value, why })
  }
}
