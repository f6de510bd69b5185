/** Random entities and requests for the random policies, and the schema that most of them fit. */
import { actionIds, attributeNames, entityIds, entityTypes, oddNames } from './generate-policies.ts'
import type { Random } from './random.ts'

type Json = boolean | number | string | null | Json[] | { [key: string]: Json }

export interface RandomRequest {
  readonly entities: {
    uid: { type: string; id: string }
    attrs: { [key: string]: Json }
    parents: Json[]
    tags?: { [key: string]: Json }
  }[]
  readonly request: {
    principal: { type: string; id: string }
    action: { type: string; id: string }
    resource: { type: string; id: string }
    context: { [key: string]: Json }
  }
}

/** Every attribute is optional and of the kind that the policies expect of its name. */
export const fuzzSchema = `
type Box = { flag?: Bool, count?: Long, name?: String, box?: { flag?: Bool, count?: Long } };
type Shape = {
  flag?: Bool, count?: Long, name?: String, owner?: User, items?: Set<Long>, box?: Box,
  price?: decimal, source?: ipaddr, at?: datetime, span?: duration
};
entity User in [User, Team] {
  flag?: Bool, count?: Long, name?: String, owner?: User, items?: Set<Long>, box?: Box,
  price?: decimal, source?: ipaddr, at?: datetime, span?: duration
} tags Long;
entity Team in [Team] { count: Long };
entity Doc in [Team] { flag?: Bool, count?: Long, owner?: User, items?: Set<Long> } tags String;
entity Level enum ["low", "high"];
namespace N { entity Item { level?: Level }; }
action all;
action both in [Action::"all"];
action view in [Action::"both"] appliesTo { principal: [User], resource: [Doc, N::Item], context: Shape };
action edit in [Action::"all"] appliesTo { principal: [User, Team], resource: [Doc], context: Shape };
`

/** Without a schema: values of every sort in every place, explicit escapes, hierarchies that may even have a circle. */
export function randomRequest(random: Random): RandomRequest {
  const broken = random.chance(0.15)
  const uids: RandomRequest['entities'][number]['uid'][] = entityTypes.flatMap((type) =>
    entityIds.map((id) => ({ type, id })),
  )
  const entities: RandomRequest['entities'] = uids
    .map((uid, index) => {
      const parents = random.list(0, 2, () => random.below(uids.length))
      // Parents further down the list only: no circle, except on purpose.
      const allowed = parents
        .filter((parent) => parent > index || (broken && random.chance(0.02)))
        .map((parent) => uids[parent] as Json)
      const tags = random.chance(0.5)
        ? { tags: members(random, ['', 'a', 'abc', '__proto__'], () => untyped(random, 1, broken)) }
        : {}
      return { uid, attrs: attributes(random, broken), parents: allowed, ...tags }
    })
    .filter(() => random.chance(0.6))
  const actions = [
    ['view', ['both']],
    ['edit', ['all']],
    ['both', ['all']],
  ] as const
  for (const [id, parents] of actions) {
    if (!random.chance(0.8)) continue
    const uid = { type: 'Action', id }
    entities.push({ uid, attrs: {}, parents: parents.map((parent) => ({ type: 'Action', id: parent })) })
  }
  return {
    entities,
    request: {
      principal: { type: random.chance(0.9) ? 'User' : random.pick(entityTypes), id: random.pick(entityIds) },
      action: { type: 'Action', id: random.pick(actionIds) },
      resource: { type: random.chance(0.9) ? 'Doc' : random.pick(entityTypes), id: random.pick(entityIds) },
      context: attributes(random, broken),
    },
  }
}

/** For `fuzzSchema`: implicit entities and extension values, and now and then something that does not fit. */
export function randomTypedRequest(random: Random): RandomRequest {
  const broken = random.chance(0.25)
  const wrong = (): boolean => broken && random.chance(0.04)
  const user = (): Json => {
    const uid = { type: wrong() ? 'Team' : 'User', id: random.pick(entityIds) }
    return random.chance(0.5) ? uid : { __entity: uid }
  }
  const box = (depth: number): { [key: string]: Json } => ({
    ...(random.chance(0.7) ? { flag: wrong() ? 'true' : random.chance(0.5) } : {}),
    ...(random.chance(0.7) ? { count: wrong() ? 1.5 : random.below(200) - 100 } : {}),
    ...(depth > 0 && random.chance(0.5) ? { box: box(depth - 1) } : {}),
    ...(depth > 0 && random.chance(0.5) ? { name: wrong() ? 7 : random.pick(['', 'a', 'abc']) } : {}),
    ...(wrong() ? { surplus: 1 } : {}),
  })
  const implicit = (fn: string, good: readonly string[]): Json => {
    const arg = wrong() ? 'garbage' : random.pick(good)
    return random.pick<Json>([arg, arg, { fn, arg }, { __extn: { fn, arg } }, { fn: wrong() ? 'ip' : fn, arg }])
  }
  const shape = (): { [key: string]: Json } => ({
    ...box(0),
    ...(random.chance(0.7) ? { name: random.pick(['', 'a', 'abc', 'aXbXc']) } : {}),
    ...(random.chance(0.7) ? { owner: user() } : {}),
    ...(random.chance(0.7) ? { items: wrong() ? ['a'] : random.list(0, 12, () => random.below(15)) } : {}),
    ...(random.chance(0.7) ? { box: box(1) } : {}),
    ...(random.chance(0.7) ? { price: implicit('decimal', ['1.5', '0.0', '922337203685477.5807']) } : {}),
    ...(random.chance(0.7) ? { source: implicit('ip', ['10.0.0.1', '::1', '10.0.0.0/8']) } : {}),
    ...(random.chance(0.7) ? { at: implicit('datetime', ['2024-02-29', '1970-01-01T00:00:00Z']) } : {}),
    ...(random.chance(0.7) ? { span: implicit('duration', ['1d', '-5ms']) } : {}),
  })
  const uidOf = (type: string): { type: string; id: string } => ({ type, id: random.pick(entityIds) })
  const byKey = new Map<string, RandomRequest['entities'][number]>()
  const add = (entity: RandomRequest['entities'][number]): void => {
    const key = `${entity.uid.type}::${entity.uid.id}`
    // A repetition with other content must be refused by both.
    if (!byKey.has(key) || wrong()) byKey.set(`${key}${byKey.size}`, entity)
    byKey.set(key, byKey.get(key) ?? entity)
  }
  for (let count = random.below(6); count > 0; count--) {
    const parents = random.list(0, 2, () => uidOf(wrong() ? 'Doc' : 'Team'))
    add({
      uid: uidOf('User'),
      attrs: shape(),
      parents,
      tags: members(random, ['', 'a', 'abc'], () => (wrong() ? 'x' : 3)),
    })
  }
  for (let count = random.below(3); count > 0; count--) {
    const attrs: { [key: string]: Json } = wrong() ? {} : { count: random.below(10) }
    add({ uid: uidOf('Team'), attrs, parents: wrong() ? [uidOf('User')] : [] })
  }
  for (let count = random.below(3); count > 0; count--) {
    const { flag, count: number, owner, items } = shape()
    const attrs = Object.fromEntries(
      Object.entries({ flag, count: number, owner, items }).filter(([, value]) => value !== undefined),
    )
    add({ uid: uidOf('Doc'), attrs: attrs as { [key: string]: Json }, parents: random.list(0, 1, () => uidOf('Team')) })
  }
  if (random.chance(0.2)) {
    const level = { type: 'Level', id: wrong() ? 'middle' : 'high' }
    add({ uid: uidOf('N::Item'), attrs: { level }, parents: [] })
  }
  if (random.chance(0.1)) add({ uid: { type: 'Level', id: wrong() ? 'x' : 'low' }, attrs: {}, parents: [] })
  if (random.chance(0.1)) {
    const parents = ['both', ...(wrong() ? [] : ['all'])].map((id) => ({ type: 'Action', id }))
    add({ uid: { type: 'Action', id: 'view' }, attrs: {}, parents })
  }
  if (wrong()) add({ uid: uidOf('Nowhere'), attrs: {}, parents: [] })
  return {
    entities: [...new Set(byKey.values())],
    request: {
      principal: uidOf(wrong() ? 'Doc' : 'User'),
      action: { type: 'Action', id: wrong() ? random.pick(actionIds) : random.pick(['view', 'edit']) },
      resource: uidOf(wrong() ? 'User' : 'Doc'),
      context: shape(),
    },
  }
}

function attributes(random: Random, broken: boolean): { [key: string]: Json } {
  const values: { [key: string]: Json } = {}
  for (const name of attributeNames) {
    if (random.chance(0.6)) values[name] = random.chance(0.92) ? fitting(random, name) : untyped(random, 2, broken)
  }
  return { ...values, ...members(random, oddNames, () => untyped(random, 1, broken), 0.1) }
}

function fitting(random: Random, name: (typeof attributeNames)[number]): Json {
  switch (name) {
    case 'flag':
      return random.chance(0.5)
    case 'count':
      return random.pick([0, 1, -1, 3, 100, 9007199254740991, -9007199254740991])
    case 'name':
      return random.pick(['', 'a', 'abc', 'aXbXc', 'é😀'])
    case 'owner':
      return { __entity: { type: 'User', id: random.pick(entityIds) } }
    case 'items':
      return random.list(0, 12, () => random.pick<Json>([0, 1, 2, 3, 100, 'a', true]))
    case 'box':
      return { count: random.below(4), flag: true, name: 'abc', box: { flag: false } }
    case 'price':
      return { __extn: { fn: 'decimal', arg: random.pick(['1.5', '0.0', '-0.0001']) } }
    case 'source':
      return { __extn: { fn: 'ip', arg: random.pick(['10.0.0.1', '127.0.0.1', '::1', '10.0.0.0/8']) } }
    case 'at':
      return { __extn: { fn: 'datetime', arg: random.pick(['2024-02-29', '1970-01-01', '2024-10-15T10:35:00Z']) } }
    case 'span':
      return { __extn: { fn: 'duration', arg: random.pick(['1d', '24h', '-5ms']) } }
  }
}

function untyped(random: Random, depth: number, broken: boolean): Json {
  const choice = random.below(depth > 0 ? 9 : 6)
  if (choice < 6) return fitting(random, random.pick(['flag', 'count', 'name', 'owner', 'price', 'at'] as const))
  if (choice === 6) return random.list(0, 3, () => untyped(random, depth - 1, broken))
  if (choice === 7)
    return members(random, [...attributeNames, ...oddNames], () => untyped(random, depth - 1, broken), 0.2)
  const unusual: Json[] = [
    { type: 'User', id: 'a' },
    { fn: 'ip', arg: '::1' },
    { __entity: 1 },
    { __extn: [] },
    'plain',
  ]
  return random.pick<Json>(broken ? [null, 1.5, { __extn: { fn: 'ip', arg: 'x' } }, { __expr: '1' }] : unusual)
}

function members(
  random: Random,
  names: readonly string[],
  make: () => Json,
  probability = 0.5,
): { [key: string]: Json } {
  return Object.fromEntries(names.filter(() => random.chance(probability)).map((name) => [name, make()]))
}
