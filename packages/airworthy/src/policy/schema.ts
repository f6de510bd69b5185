/** A Cedar schema as the evaluator needs it: types to read entities and requests by. Cedar's engine parses and resolves it. */
import type { SchemaJson } from '@cedar-policy/cedar-wasm/nodejs'
import { AirworthyError, type Fault } from '../core/errors.ts'
import { withCedar } from './cedar-engine.ts'
import type { EntityData } from './environment.ts'
import { EntityUid, newRecord } from './value.ts'

export type SchemaType =
  | { readonly kind: 'string' | 'long' | 'bool' | 'decimal' | 'ipaddr' | 'datetime' | 'duration' }
  | { readonly kind: 'set'; readonly element: SchemaType }
  | { readonly kind: 'entity'; readonly name: string }
  | RecordType

export interface RecordType {
  readonly kind: 'record'
  readonly attributes: ReadonlyMap<string, { readonly type: SchemaType; readonly required: boolean }>
}

export interface EntityType {
  readonly shape: RecordType
  readonly tags: SchemaType | undefined
  /** All types that an entity of this type may be in, at any distance. */
  readonly ancestors: ReadonlySet<string>
  /** The only ids of an enumerated type. */
  readonly ids: ReadonlySet<string> | undefined
}

interface ActionType {
  readonly uid: EntityUid
  readonly principals: ReadonlySet<string>
  readonly resources: ReadonlySet<string>
  readonly context: RecordType
  /** The action as an entity: in all of its groups, at any distance. */
  readonly data: EntityData
}

export interface CedarSchema {
  readonly entities: ReadonlyMap<string, EntityType>
  /** By `EntityUid.key`. */
  readonly actions: ReadonlyMap<string, ActionType>
}

/** Schema texts read lately; a caller passes the same text with every request. */
const schemasKeptMax = 16
const schemasKept = new Map<string, CedarSchema>()

/** Reads Cedar's schema language. @throws POLICY_SCHEMA_INVALID */
export function parseSchema(text: string): CedarSchema {
  const kept = schemasKept.get(text)
  if (kept !== undefined) return kept
  const answer = withCedar((cedar) => cedar.schemaToJsonWithResolvedTypes(text))
  if (answer?.type !== 'success') throw new AirworthyError(schemaFault(answer?.errors[0], text))
  const schema = schemaOf(answer.json)
  if (schemasKept.size >= schemasKeptMax) schemasKept.delete(schemasKept.keys().next().value as string)
  schemasKept.set(text, schema)
  return schema
}

/** What is wrong with a schema text, from Cedar's own words. */
export function schemaFault(
  error: { message: string; help: string | null; sourceLocations?: readonly { start: number }[] } | undefined,
  text: string,
): Fault {
  const mend = error?.help ?? 'Correct the schema.'
  const start = error?.sourceLocations?.[0]?.start
  const before = start === undefined ? undefined : Buffer.from(text).subarray(0, start).toString().split('\n')
  return {
    code: 'POLICY_SCHEMA_INVALID',
    message: error?.message ?? 'The schema is nested too deeply.',
    mend: mend.endsWith('.') ? mend : `${mend}.`,
    ...(before === undefined ? {} : { line: before.length, column: (before.at(-1) as string).length + 1 }),
  }
}

const emptyRecord: RecordType = { kind: 'record', attributes: new Map() }
const builtins: ReadonlyMap<string, SchemaType> = new Map<string, SchemaType>([
  ['String', { kind: 'string' }],
  ['Long', { kind: 'long' }],
  ['Bool', { kind: 'bool' }],
  ['Boolean', { kind: 'bool' }],
  ['decimal', { kind: 'decimal' }],
  ['ipaddr', { kind: 'ipaddr' }],
  ['datetime', { kind: 'datetime' }],
  ['duration', { kind: 'duration' }],
])

interface TypeJson {
  readonly type: string
  readonly name?: string
  readonly element?: TypeJson
  readonly attributes?: Readonly<Record<string, TypeJson & { readonly required?: boolean }>>
}

function schemaOf(json: SchemaJson<string>): CedarSchema {
  const aliases = new Map<string, TypeJson>()
  for (const [namespace, { commonTypes }] of Object.entries(json)) {
    for (const [name, type] of Object.entries(commonTypes ?? {}))
      aliases.set(qualified(namespace, name), type as TypeJson)
  }
  const typeOf = (type: TypeJson): SchemaType => {
    if (type.type === 'Set') return { kind: 'set', element: typeOf(type.element as TypeJson) }
    if (type.type === 'Record') return recordOf(type)
    if (type.type === 'Entity') return { kind: 'entity', name: type.name as string }
    const name = type.type === 'Extension' || type.type === 'EntityOrCommon' ? (type.name as string) : type.type
    const alias = aliases.get(name)
    if (alias !== undefined) return typeOf(alias)
    const builtin = builtins.get(name.replace(/^__cedar::/, ''))
    if (builtin === undefined) throw new Error(`Invariant broken: Cedar resolved the type ${name} to nothing known`)
    return builtin
  }
  const recordOf = (type: TypeJson): RecordType => ({
    kind: 'record',
    attributes: new Map(
      Object.entries(type.attributes ?? {}).map(([name, attribute]) => [
        name,
        { type: typeOf(attribute), required: attribute.required !== false },
      ]),
    ),
  })
  const recordAt = (type: unknown): RecordType =>
    type === undefined ? emptyRecord : (typeOf(type as TypeJson) as RecordType)

  const parentTypes = new Map<string, readonly string[]>()
  const parentActions = new Map<string, readonly EntityUid[]>()
  for (const [namespace, definition] of Object.entries(json)) {
    for (const [name, type] of Object.entries(definition.entityTypes)) {
      parentTypes.set(qualified(namespace, name), 'memberOfTypes' in type ? (type.memberOfTypes ?? []) : [])
    }
    for (const [id, { memberOf = [] }] of Object.entries(definition.actions)) {
      const parents = memberOf.map((group) => new EntityUid(group.type ?? qualified(namespace, 'Action'), group.id))
      parentActions.set(new EntityUid(qualified(namespace, 'Action'), id).key, parents)
    }
  }
  const entities = new Map<string, EntityType>()
  const actions = new Map<string, ActionType>()
  for (const [namespace, definition] of Object.entries(json)) {
    for (const [name, type] of Object.entries(definition.entityTypes)) {
      const fullName = qualified(namespace, name)
      entities.set(fullName, {
        shape: 'shape' in type ? recordAt(type.shape) : emptyRecord,
        tags: 'tags' in type && type.tags !== undefined ? typeOf(type.tags as TypeJson) : undefined,
        ancestors: reachable(fullName, (of) => parentTypes.get(of) ?? []),
        ids: 'enum' in type ? new Set(type.enum) : undefined,
      })
    }
    for (const [id, action] of Object.entries(definition.actions)) {
      const uid = new EntityUid(qualified(namespace, 'Action'), id)
      actions.set(uid.key, {
        uid,
        principals: new Set(action.appliesTo?.principalTypes),
        resources: new Set(action.appliesTo?.resourceTypes),
        context: recordAt(action.appliesTo?.context),
        data: {
          attributes: newRecord(),
          tags: new Map(),
          ancestors: reachable(uid.key, (of) => (parentActions.get(of) ?? []).map((parent) => parent.key)),
        },
      })
    }
  }
  return { entities, actions }
}

function qualified(namespace: string, name: string): string {
  return namespace === '' ? name : `${namespace}::${name}`
}

/** Everything above `start`; `start` itself only where it is above itself. */
function reachable(start: string, above: (of: string) => readonly string[]): ReadonlySet<string> {
  const found = new Set<string>()
  const pending = [...above(start)]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (found.has(next)) continue
    found.add(next)
    pending.push(...above(next))
  }
  return found
}
