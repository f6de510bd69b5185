/**
 * Random Cedar policies: mostly well-typed, now and then not; scopes that often match; operators, extension functions,
 * hierarchies and tags all of them; integers around every edge of 64 bits and of doubles.
 */
import type { Random } from './random.ts'

type Kind = 'bool' | 'long' | 'string' | 'entity' | 'set' | 'record' | 'decimal' | 'ipaddr' | 'datetime' | 'duration'

const kinds: readonly Kind[] = [
  'bool',
  'long',
  'string',
  'entity',
  'set',
  'record',
  'decimal',
  'ipaddr',
  'datetime',
  'duration',
]

export const attributeNames = [
  'flag',
  'count',
  'name',
  'owner',
  'items',
  'box',
  'price',
  'source',
  'at',
  'span',
] as const
export const oddNames = ['x y', '__proto__', 'toString', 'é', ''] as const
export const entityIds = ['a', 'b', 'c', '1', '"q\\'] as const
export const entityTypes = ['User', 'Team', 'Doc', 'N::Item'] as const
export const actionIds = ['view', 'edit', 'both', 'all'] as const
const integers = [
  ...['0', '1', '-1', '2', '3', '10', '-7', '100', '4503599627370496', '9007199254740991', '9007199254740992'],
  ...['9007199254740993', '-9007199254740993', '9223372036854775807', '(-9223372036854775808)', '3037000500', '007'],
  ...['1152921504606846977', '9007199254740995', '-9223372036854775807'],
] as const
/** Values that the generated attributes take, so that comparisons meet their edge. */
const nearIntegers = ['0', '1', '-1', '2', '3', '100', '9007199254740991', '9007199254740992'] as const
const texts = [
  '',
  'a',
  'abc',
  'aXbXc',
  'é😀',
  'a*b',
  'line\nfeed',
  '"',
  '\\',
  '\u007f',
  '/*',
  '// no comment',
  ';',
] as const
const patterns = [
  '',
  '*',
  'a*',
  '*c',
  'a*b*c',
  '*X*',
  'a\\*b',
  '**',
  'é*',
  '*😀',
  'abc',
  '*a*a*',
  'a*a',
  'ab*bc',
  '*b*b*',
  '*\\n*',
] as const
const decimals = [
  '0.0',
  '1.5',
  '-0.0001',
  '922337203685477.5807',
  '-922337203685477.5808',
  '922337203685477.5808',
  '1.23456',
]
const moreDecimals = ['1', '.5', '00.10', '1.50', '-0.0', '3.1400']
const addresses = [
  '127.0.0.1',
  '127.255.0.1/8',
  '10.0.0.1',
  '10.0.0.0/8',
  '10.0.0.0/9',
  '224.0.0.1',
  '224.0.0.0/3',
  '::1',
]
const moreAddresses = [
  'ff00::/8',
  'ff00::1/7',
  '::ffff:1.2.3.4',
  '1:2:3:4:5:6:7::',
  '::/0',
  '0.0.0.0/0',
  '01.2.3.4',
  '1.2.3.4/33',
]
const lastAddresses = [
  '1.2.3.4/032',
  '127.0.0.1/0',
  '1::2::3',
  'fe80::1%eth0',
  '1.2.3',
  '1.2.3.4/',
  '::1/128',
  '127.0.0.1/32',
  '2001:DB8::1',
]
const datetimes = [
  '1970-01-01',
  '2024-02-29',
  '2023-02-29',
  '1969-12-31T23:59:59.999Z',
  '2024-10-15T11:35:00+0100',
  '0000-01-01',
]
const moreDatetimes = [
  '9999-12-31T23:59:59.999-2359',
  '2024-10-15T11:35:00.1Z',
  '2024-13-01',
  '2024-10-15T24:00:00Z',
  '2024-1-1',
]
const lastDatetimes = [
  '2024-10-15T11:35:60Z',
  '2024-10-15T10:35:00Z',
  '2024-10-15T11:35:00+2400',
  '2024-10-15T11:35:00.000Z',
  '1900-02-29',
]
const durations = [
  '0ms',
  '1d',
  '-1d2h3m4s5ms',
  '1h1d',
  '',
  '-',
  '9223372036854775807ms',
  '-9223372036854775808ms',
  '106751991168d',
]
const moreDurations = [
  '24h',
  '1s1000ms',
  '86400s',
  '9223372036854775808ms',
  '-106751991167d',
  '1m',
  '60s',
  '5',
  '1d 2h',
  '00001h',
]

/** Cedar text of `count` policies, with comments and odd spacing between them. */
export function randomPolicies(random: Random, count: number): string {
  const policies = Array.from({ length: count }, () => randomPolicy(random))
  // Duplicates must behave as policies of their own.
  if (random.chance(0.2)) policies.push(random.pick(policies))
  return policies.map((policy) => policy + random.pick(['\n', ' ', '\n// a comment; "with" permit(\n', ''])).join('')
}

function randomPolicy(random: Random): string {
  const annotation = random.pick(['', '', '', '@id("x")\n', '@note("; // \\" permit") @flag '])
  const effect = random.chance(0.7) ? 'permit' : 'forbid'
  const scope = `${entityScope(random, 'principal', 'User')}, ${actionScope(random)}, ${entityScope(random, 'resource', 'Doc')}`
  const conditions = random
    .list(0, 2, () => ({ keyword: random.chance(0.8) ? 'when' : 'unless', body: randomCondition(random) }))
    .map(({ keyword, body }) => ` ${keyword} { ${body} }`)
  return `${annotation}${effect}(${scope})${conditions.join('')};`
}

function entityScope(random: Random, name: string, type: string): string {
  const choice = random.below(10)
  if (choice < 6) return name
  if (choice === 6) return `${name} == ${entity(random, type)}`
  if (choice === 7) return `${name} in ${entity(random)}`
  if (choice === 8) return `${name} is ${random.chance(0.8) ? type : random.pick(entityTypes)}`
  return `${name} is ${type} in ${entity(random)}`
}

function actionScope(random: Random): string {
  const action = (): string => `Action::"${random.pick(actionIds)}"`
  const choice = random.below(10)
  if (choice < 4) return 'action'
  if (choice < 6) return `action == ${action()}`
  if (choice < 8) return `action in ${action()}`
  return `action in [${random.list(0, 3, action).join(', ')}]`
}

/** Half of the conditions are guarded the way people write them; the others find their own way into an error. */
function randomCondition(random: Random): string {
  if (random.chance(0.4)) return guardedTest(random)
  const condition = expression(random, 'bool', random.pick([1, 2, 4]))
  if (random.chance(0.4)) return condition
  const root = random.pick(['context', 'principal', 'resource'])
  const name = random.pick(attributeNames)
  const operator = random.pick(['&&', '||', '&&'])
  return random.chance(0.5)
    ? `${root} has ${name} ${operator} ${condition}`
    : `${condition} ${operator} ${expression(random, 'bool', 2)}`
}

/** One operator on one attribute that is asked for first: no error hides what the operator says. */
function guardedTest(random: Random): string {
  const [name, make] = random.pick<readonly [string, (read: string) => string]>([
    ['count', (read) => `${read} ${random.pick(['<', '<=', '>', '>=', '==', '!='])} ${random.pick(nearIntegers)}`],
    [
      'count',
      (read) =>
        `${random.pick(nearIntegers)} ${random.pick(['<', '<=', '>', '>='])} ${read} ${random.pick(['+', '-', '*'])} 1`,
    ],
    ['name', (read) => `${read} like "${random.pick(patterns)}"`],
    ['name', (read) => `[${random.list(0, 12, () => quoted(random.pick(texts))).join(', ')}].contains(${read})`],
    [
      'items',
      (read) =>
        `${read}.${random.pick(['containsAny', 'containsAll'])}([${random.list(0, 10, () => random.pick(nearIntegers)).join(', ')}])`,
    ],
    [
      'items',
      (read) => `${read} == [${random.list(0, 3, () => random.pick(nearIntegers)).join(', ')}] || ${read}.contains(3)`,
    ],
    ['owner', (read) => `${read} in [${random.list(1, 3, () => entity(random)).join(', ')}]`],
    ['owner', (read) => `${read} has count && ${read}.count ${random.pick(['<=', '>='])} ${random.pick(nearIntegers)}`],
    ['box', (read) => `${read} has box.flag && ${read}.box.flag`],
    ['box', (read) => `${read} == {count: ${random.below(4)}, flag: true, name: "abc", box: {flag: false}}`],
    [
      'price',
      (read) =>
        `${read}.${random.pick(['lessThan', 'lessThanOrEqual', 'greaterThan', 'greaterThanOrEqual'])}(decimal("1.5"))`,
    ],
    ['source', (read) => `${read}.isInRange(${leaf(random, 'ipaddr')})`],
    [
      'at',
      (read) =>
        `${read} ${random.pick(['<', '<=', '>', '>=', '=='])} datetime("${random.pick(['2024-02-29', '1970-01-01'])}")`,
    ],
    ['at', (read) => `${read}.toDate().durationSince(${read}) ${random.pick(['<', '<=', '=='])} duration("0ms")`],
    [
      'span',
      (read) => `${read} ${random.pick(['<', '<=', '>', '>=', '=='])} duration("${random.pick(['1d', '-5ms'])}")`,
    ],
    ['span', (read) => `datetime("1970-01-01").offset(${read}).toTime() >= duration("0ms")`],
  ])
  const root = random.pick(['context', 'context', 'principal', 'resource'])
  return `${root} has ${name} && (${make(`${root}.${name}`)})`
}

function entity(random: Random, type?: string): string {
  return `${type ?? random.pick(entityTypes)}::${quoted(random.pick(entityIds))}`
}

export function quoted(text: string): string {
  const escaped = text.replace(/["\\]/g, (character) => `\\${character}`).replace(/\n/g, '\\n')
  return `"${escaped.replace(/\u007f/g, '\\u{7f}')}"`
}

function expression(random: Random, wanted: Kind, depth: number): string {
  const kind = random.chance(0.04) ? random.pick(kinds) : wanted
  if (depth <= 0 || random.chance(0.15)) return leaf(random, kind)
  if (random.chance(0.08)) {
    const [condition, yes, no] = [
      expression(random, 'bool', depth - 1),
      expression(random, kind, depth - 1),
      expression(random, kind, depth - 1),
    ]
    return `(if ${condition} then ${yes} else ${no})`
  }
  if (random.chance(0.15)) return access(random, kind, depth)
  return operators[kind](random, depth - 1)
}

/** An attribute or a tag that holds a value of the kind where the generated entities and context have it. */
function access(random: Random, kind: Kind, depth: number): string {
  const byKind: Readonly<Record<Kind, string>> = {
    ...{ bool: 'flag', long: 'count', string: 'name', entity: 'owner', set: 'items', record: 'box' },
    ...{ decimal: 'price', ipaddr: 'source', datetime: 'at', duration: 'span' },
  }
  const root = random.pick(['context', 'principal', 'resource', 'context', 'principal.owner', 'context.box'])
  const target = random.chance(0.85) ? root : `${expression(random, 'entity', depth - 1)}`
  if (random.chance(0.1)) return `${target}.getTag(${expression(random, 'string', 0)})`
  if (random.chance(0.05)) return `${target}[${quoted(random.pick(oddNames))}]`
  return `${target}.${random.chance(0.95) ? byKind[kind] : random.pick(attributeNames)}`
}

function leaf(random: Random, kind: Kind): string {
  const extension = (name: string, values: readonly string[]): string => `${name}(${quoted(random.pick(values))})`
  switch (kind) {
    case 'bool':
      return random.pick(['true', 'false'])
    case 'long':
      return random.pick(integers)
    case 'string':
      return quoted(random.pick(texts))
    case 'entity':
      return random.pick(['principal', 'resource', 'action', entity(random), entity(random), 'Action::"view"'])
    case 'set':
      return `[${random.list(0, 3, () => leaf(random, random.pick(['long', 'string', 'entity', 'bool']))).join(', ')}]`
    case 'record':
      return random.pick(['context', '{}', `{${random.pick(attributeNames)}: ${leaf(random, 'long')}, "__proto__": 1}`])
    case 'decimal':
      return extension('decimal', random.chance(0.7) ? decimals : moreDecimals)
    case 'ipaddr':
      return extension('ip', [addresses, addresses, moreAddresses, lastAddresses][random.below(4)] as readonly string[])
    case 'datetime':
      return extension(
        'datetime',
        [datetimes, datetimes, moreDatetimes, lastDatetimes][random.below(4)] as readonly string[],
      )
    case 'duration':
      return extension('duration', random.chance(0.6) ? durations : moreDurations)
  }
}

type Operator = (random: Random, depth: number) => string

const operators: Readonly<Record<Kind, Operator>> = {
  bool: (random, depth) => random.pick(tests)(random, depth),
  long: (random, depth) => {
    if (random.chance(0.2)) return `(-(${expression(random, 'long', depth)}))`
    if (random.chance(0.2)) {
      const method = random.pick(['toMilliseconds', 'toSeconds', 'toMinutes', 'toHours', 'toDays'])
      return `${expression(random, 'duration', depth)}.${method}()`
    }
    return `(${expression(random, 'long', depth)} ${random.pick(['+', '-', '*'])} ${expression(random, 'long', depth)})`
  },
  string: (random) => leaf(random, 'string'),
  entity: (random) => leaf(random, 'entity'),
  set: (random, depth) => {
    const kind = random.pick(kinds)
    return `[${random.list(0, 12, () => expression(random, kind, Math.min(depth, 1))).join(', ')}]`
  },
  record: (random, depth) => {
    const names = new Set(random.list(0, 3, () => quoted(random.pick([...attributeNames, ...oddNames]))))
    const members = [...names].map((name) => `${name}: ${expression(random, random.pick(kinds), depth)}`)
    return `{${members.join(', ')}}`
  },
  decimal: (random) => leaf(random, 'decimal'),
  ipaddr: (random) => leaf(random, 'ipaddr'),
  datetime: (random, depth) =>
    random.chance(0.3)
      ? `${expression(random, 'datetime', depth)}.toDate()`
      : `${expression(random, 'datetime', depth)}.offset(${expression(random, 'duration', depth)})`,
  duration: (random, depth) =>
    random.chance(0.3)
      ? `${expression(random, 'datetime', depth)}.toTime()`
      : `${expression(random, 'datetime', depth)}.durationSince(${expression(random, 'datetime', depth)})`,
}

const infix =
  (operator: string, left: Kind, right: Kind = left): Operator =>
  (random, depth) =>
    `(${expression(random, left, depth)} ${operator} ${expression(random, right, depth)})`
const method =
  (name: string, left: Kind, right?: Kind): Operator =>
  (random, depth) =>
    `${expression(random, left, depth)}.${name}(${right === undefined ? '' : expression(random, right, depth)})`

const equality: Operator = (random, depth) => {
  const kind = random.pick(kinds)
  return infix(random.pick(['==', '!=']), kind)(random, depth)
}
const ordering: Operator = (random, depth) =>
  infix(random.pick(['<', '<=', '>', '>=']), random.pick(['long', 'long', 'datetime', 'duration'] as const))(
    random,
    depth,
  )

const tests: readonly Operator[] = [
  ...[infix('&&', 'bool'), infix('||', 'bool'), infix('&&', 'bool'), infix('||', 'bool')],
  (random, depth) => `!(${expression(random, 'bool', depth)})`,
  ...[equality, equality, equality, ordering, ordering, ordering],
  infix('in', 'entity'),
  (random, depth) =>
    `(${expression(random, 'entity', depth)} in [${random.list(0, 3, () => expression(random, 'entity', 0)).join(', ')}])`,
  (random, depth) => `(${expression(random, 'entity', depth)} is ${random.pick(entityTypes)})`,
  (random, depth) =>
    `(${expression(random, 'entity', depth)} is ${random.pick(entityTypes)} in ${expression(random, 'entity', 0)})`,
  (random, depth) =>
    `(${expression(random, random.pick(['entity', 'record'] as const), depth)} has ${random.pick(attributeNames)})`,
  (random, depth) => `(${expression(random, 'record', depth)} has ${quoted(random.pick(oddNames))})`,
  (random) =>
    `(${random.pick(['context', 'principal', 'resource'])} has ${random.pick(attributeNames)}.${random.pick(attributeNames)})`,
  (random) => `(${random.pick(['context', 'principal'])} has owner.box.${random.pick(attributeNames)})`,
  (random, depth) => `(${expression(random, 'string', depth)} like "${random.pick(patterns)}")`,
  (random, depth) => {
    const kind = random.pick(kinds)
    return `[${random.list(0, 12, () => expression(random, kind, 0)).join(', ')}].contains(${expression(random, kind, depth)})`
  },
  ...[method('contains', 'set', 'long'), method('containsAll', 'set', 'set'), method('containsAny', 'set', 'set')],
  ...[method('isEmpty', 'set'), method('hasTag', 'entity', 'string')],
  ...[method('isIpv4', 'ipaddr'), method('isIpv6', 'ipaddr'), method('isLoopback', 'ipaddr')],
  ...[
    method('isMulticast', 'ipaddr'),
    method('isInRange', 'ipaddr', 'ipaddr'),
    method('isInRange', 'ipaddr', 'ipaddr'),
  ],
  ...[method('lessThan', 'decimal', 'decimal'), method('lessThanOrEqual', 'decimal', 'decimal')],
  ...[method('greaterThan', 'decimal', 'decimal'), method('greaterThanOrEqual', 'decimal', 'decimal')],
]
