/** Entities from Cedar's JSON, checked, with their ancestors worked out. */
import type { EntityData, EntityLookup } from './environment.ts'
import { checkEnumerated, readEntityUid, readRecord, readTyped, readUntyped } from './read-value.ts'
import { type Place, requestFault } from './request-fault.ts'
import type { CedarSchema, EntityType } from './schema.ts'
import { CedarObject, type EntityUid, equals, newRecord, type RecordValue, type Value } from './value.ts'

export interface EntityJson {
  readonly uid: unknown
  readonly attrs: unknown
  readonly parents: unknown
  readonly tags?: unknown
}

interface ReadEntity {
  readonly uid: EntityUid
  readonly attributes: RecordValue
  readonly tags: ReadonlyMap<string, Value>
  readonly parents: readonly EntityUid[]
}

/**
 * The entities of a request. With a schema, attributes, tags and parents must be as it declares, its actions are added, and
 * implicit entities and extension values are read by type.
 * @throws POLICY_REQUEST_INVALID, on an entity given twice with different content and on a hierarchy with a circle as well.
 */
export function readEntities(json: unknown, schema: CedarSchema | undefined): EntityLookup {
  if (!Array.isArray(json)) throw requestFault('entities', 'is not an array', 'Send an array of entities.')
  const read = new Map<string, ReadEntity>()
  for (let index = 0; index < json.length; index++) {
    const entity = readEntity(json[index], { above: 'entities', name: index }, schema)
    const known = read.get(entity.uid.key)
    if (known !== undefined && !isSame(known, entity)) {
      throw requestFault(
        { above: 'entities', name: index },
        'repeats an entity with other content',
        'Send each entity once.',
      )
    }
    read.set(entity.uid.key, entity)
  }
  const ancestorsOf = ancestorsIn(read)
  const store = new Map<string, EntityData>()
  for (const [key, { uid, attributes, tags, parents }] of read) {
    const ancestors = parents.length === 0 ? noAncestors : ancestorsOf(key, uid)
    if (schema !== undefined && isActionType(uid.type)) checkAction(uid, ancestors, schema)
    store.set(key, { attributes, tags, ancestors })
  }
  if (schema === undefined) return { get: (uid) => store.get(uid.key) }
  const { actions } = schema
  return { get: (uid) => store.get(uid.key) ?? actions.get(uid.key)?.data }
}

const noAttributes: RecordValue = newRecord()
const noTags: ReadonlyMap<string, Value> = new Map()
const noAncestors: ReadonlySet<string> = new Set()

function readEntity(json: unknown, where: Place, schema: CedarSchema | undefined): ReadEntity {
  if (!isObject(json)) throw requestFault(where, 'is not an entity', 'Send an object with uid, attrs and parents.')
  const uid = readEntityUid(json.uid, { above: where, name: 'uid' })
  if (!isObject(json.attrs))
    throw requestFault({ above: where, name: 'attrs' }, 'is not an object', 'Send {} for none.')
  if (!Array.isArray(json.parents))
    throw requestFault({ above: where, name: 'parents' }, 'is not an array', 'Send [] for none.')
  const parents = json.parents.map((parent, index) =>
    readEntityUid(parent, { above: { above: where, name: 'parents' }, name: index }),
  )
  const tagEntries = json.tags === undefined ? {} : json.tags
  if (!isObject(tagEntries))
    throw requestFault({ above: where, name: 'tags' }, 'is not an object', 'Send an object of tags.')
  const names = Object.keys(tagEntries)
  if (schema === undefined) {
    const attributes = newRecord()
    for (const name of Object.keys(json.attrs))
      attributes[name] = readUntyped(json.attrs[name], { above: { above: where, name: 'attrs' }, name })
    const tags = names.map(
      (name) => [name, readUntyped(tagEntries[name], { above: { above: where, name: 'tags' }, name })] as const,
    )
    return { uid, attributes, tags: tags.length === 0 ? noTags : new Map(tags), parents }
  }
  if (isActionType(uid.type)) return { uid, attributes: noAttributes, tags: noTags, parents }
  const type = schema.entities.get(uid.type)
  if (type === undefined)
    throw requestFault(where, 'has a type that the schema lacks', 'Send what the schema declares.')
  checkEnumerated(uid, schema, where)
  for (const parent of parents) checkParent(parent, type, schema, where)
  const attributes = readRecord(json.attrs, type.shape, schema, { above: where, name: 'attrs' })
  const { tags: tagType } = type
  if (tagType === undefined && names.length > 0) {
    throw requestFault(
      { above: where, name: 'tags' },
      'has tags, which the schema does not give it',
      'Leave the tags out.',
    )
  }
  const tags = names.map(
    (name) =>
      [
        name,
        readTyped(tagEntries[name], tagType as NonNullable<typeof tagType>, schema, {
          above: { above: where, name: 'tags' },
          name,
        }),
      ] as const,
  )
  return { uid, attributes, tags: tags.length === 0 ? noTags : new Map(tags), parents }
}

function checkParent(parent: EntityUid, type: EntityType, schema: CedarSchema, where: Place): void {
  if (!type.ancestors.has(parent.type)) {
    throw requestFault(where, `may not be in a ${parent.type}`, 'Send parents that the schema allows.')
  }
  checkEnumerated(parent, schema, where)
}

/** An action may be sent along only as the schema declares it, with all of its groups. */
function checkAction(uid: EntityUid, ancestors: ReadonlySet<string>, schema: CedarSchema): void {
  const action = schema.actions.get(uid.key)
  const where = `the action ${uid.id}`
  if (action === undefined) throw requestFault(where, 'is not in the schema', 'Leave actions out of the entities.')
  if (ancestors.size !== action.data.ancestors.size || ![...ancestors].every((key) => action.data.ancestors.has(key))) {
    throw requestFault(where, 'is in other groups than the schema says', 'Leave actions out of the entities.')
  }
}

/** Every ancestor of each entity; a parent that is not given has no ancestors known. */
function ancestorsIn(read: ReadonlyMap<string, ReadEntity>): (key: string, uid: EntityUid) => ReadonlySet<string> {
  const done = new Map<string, ReadonlySet<string>>()
  return (start, uid) => {
    // Depth first with an explicit stack: hierarchies come from outside and may be deep.
    const open = new Set<string>()
    const stack = [start]
    while (stack.length > 0) {
      const key = stack[stack.length - 1] as string
      const parents = read.get(key)?.parents ?? []
      const pending = done.has(key) ? undefined : parents.find((parent) => !done.has(parent.key))
      if (pending === undefined) {
        stack.pop()
        open.delete(key)
        if (!done.has(key)) done.set(key, parents.length === 0 ? noAncestors : unionOf(parents, done))
        continue
      }
      open.add(key)
      if (open.has(pending.key)) {
        throw requestFault('entities', `form a circle through a ${uid.type}`, 'Send a hierarchy without circles.')
      }
      stack.push(pending.key)
    }
    return done.get(start) as ReadonlySet<string>
  }
}

function unionOf(parents: readonly EntityUid[], done: ReadonlyMap<string, ReadonlySet<string>>): ReadonlySet<string> {
  const ancestors = new Set<string>()
  for (const { key } of parents) {
    ancestors.add(key)
    for (const above of done.get(key) ?? []) ancestors.add(above)
  }
  return ancestors
}

function isSame(left: ReadEntity, right: ReadEntity): boolean {
  const parents = new Set(left.parents.map((parent) => parent.key))
  return (
    equals(left.attributes, right.attributes) &&
    equals(recordOf(left.tags), recordOf(right.tags)) &&
    parents.size === new Set(right.parents.map((parent) => parent.key)).size &&
    right.parents.every((parent) => parents.has(parent.key))
  )
}

function recordOf(tags: ReadonlyMap<string, Value>): RecordValue {
  const record = newRecord()
  for (const [name, value] of tags) record[name] = value
  return record
}

function isActionType(type: string): boolean {
  return type === 'Action' || type.endsWith('::Action')
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof CedarObject)
}
