/** The guard's door: schema from tools, load faults, decisions, confirmation, lists, cache. */
import { describe, expect, test } from 'vitest'
import { AirworthyError, type Fault } from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'
import type { Principal } from '../core/principal.ts'
import { type GuardPolicyInput, loadGuardPolicies, type PolicyQuery } from './guard-policies.ts'
import { shorthandPermit } from './shorthand-permit.ts'

const refund: JsonObject = {
  type: 'object',
  additionalProperties: false,
  required: ['order', 'amount'],
  properties: {
    order: { type: 'string', maxLength: 20 },
    amount: { type: 'number', minimum: 0, maximum: 500 },
    count: { type: 'integer' },
    urgent: { type: 'boolean' },
    kind: { enum: ['full', 'partial'] },
    tags: { type: 'array', items: { type: 'string' } },
    address: { type: 'object', additionalProperties: false, properties: { city: { type: 'string' } } },
    note: { type: ['string', 'null'] },
    extra: { type: 'object' },
    either: { anyOf: [{ type: 'string' }, { type: 'integer' }] },
    'a/b': { type: 'array' },
  },
}
const email: JsonObject = {
  type: 'object',
  additionalProperties: false,
  required: ['to'],
  properties: { to: { type: 'string' }, extra: { type: 'string' } },
}

function input(policies: string, more: Partial<GuardPolicyInput> = {}): GuardPolicyInput {
  return {
    agent: 'desk',
    principalAttributes: { role: 'string', teams: 'strings', level: 'integer', score: 'number', staff: 'boolean' },
    tools: [
      { name: 'refund', inputSchema: refund, groups: ['irreversible', 'internal', 'payments'] },
      { name: 'email', inputSchema: email, groups: ['write', 'external'] },
    ],
    sources: [{ file: 'policies/desk.cedar', text: policies }],
    ...more,
  }
}

const ana: Principal = {
  id: 'ana',
  attributes: { role: 'support', teams: ['a', 'b'], level: 3, score: 1.5, staff: true },
  verifiedBy: 'jwt',
}

function query(more: Partial<PolicyQuery> = {}): PolicyQuery {
  return {
    principal: ana,
    tool: 'refund',
    arguments: { order: 'o-1', amount: 12.5 },
    effect: 'irreversible',
    reach: 'internal',
    labels: [],
    untrusted: [],
    task: { tool_calls: 1, cost_usd_micros: 0, writes: 0, irreversible: 0 },
    ...more,
  }
}

const permitAll = 'permit (principal, action, resource);'
const decide = (policies: string, more: Partial<PolicyQuery> = {}) =>
  loadGuardPolicies(input(policies)).decide(query(more))

function faultsOf(load: () => unknown): readonly Fault[] {
  try {
    load()
  } catch (error) {
    if (error instanceof AirworthyError) return error.faults
    throw error
  }
  return []
}

describe('decide', () => {
  test('nothing permits, everything is denied', () => {
    expect(decide('')).toMatchObject({ decision: 'deny', code: 'POLICY_NO_PERMIT', policies: [], errors: [] })
    expect(decide(permitAll, { tool: 'unlisted' })).toMatchObject({ decision: 'deny', code: 'POLICY_NO_PERMIT' })
  })

  test('an allow names its permits by file and line, and the retrieve action exists', () => {
    expect(decide(`// comment\n\n${permitAll}`)).toEqual({
      decision: 'allow',
      policies: ['policies/desk.cedar:3'],
      errors: [],
      confirm: [],
    })
    expect(decide('permit (principal, action == Action::"retrieve", resource);', { tool: 'retrieve' }).decision).toBe(
      'allow',
    )
  })

  test('a forbid wins, and an error denies even beside a permit', () => {
    const forbid =
      'forbid (principal, action == Action::"refund", resource) when { context.args.amount.greaterThan(decimal("10.0")) };'
    expect(decide(`${permitAll}\n${forbid}`)).toMatchObject({
      decision: 'deny',
      code: 'POLICY_FORBID',
      policies: ['policies/desk.cedar:2'],
    })
    const noRole = { ...ana, attributes: {} }
    const byRole = `${permitAll}\nforbid (principal, action, resource) when { principal.role == "intern" };`
    expect(decide(byRole).decision).toBe('allow')
    expect(decide(byRole, { principal: noRole })).toMatchObject({
      code: 'POLICY_ERROR',
      policies: [],
      errors: ['policies/desk.cedar:2'],
      message: expect.stringContaining('"role" is absent'),
    })
  })

  test('a forbid on what all tools have in common loads, and errs (which denies) where it is absent', () => {
    const only = { tools: [{ name: 'email', inputSchema: email, groups: ['read'] }] }
    const policies = `${permitAll}\nforbid (principal, action, resource) when { context.args.to == "x" };
forbid (principal, action in Group::Action::"read", resource) when { context.args.to == "x" };`
    const loaded = loadGuardPolicies(input(policies, only))
    expect(loaded.decide(query({ tool: 'email', arguments: { to: 'y' } })).decision).toBe('allow')
    expect(loaded.decide(query({ tool: 'retrieve', arguments: {} })).code).toBe('POLICY_ERROR')
  })

  // One condition each; all true for the query below.
  const holds = [
    'principal == User::"ana" && resource == Agent::"desk" && action == Action::"refund"',
    'principal.role == "support" && principal.teams.contains("b") && principal.level == 3 && principal.staff',
    'principal.score == decimal("1.5")',
    'context.args.amount == decimal("12.5") && context.args.order like "o-*"',
    'context.args has count && context.args.count == 9007199254740991',
    '!(context.args has urgent) && context.args.kind == "full"',
    'context.args.tags == ["x", "y"] && context.args.address.city == "Rome"',
    'context.effect == "irreversible" && context.reach == "internal" && context.labels.contains("pii")',
    'context.untrusted.contains("/order") && context.task.tool_calls == 7 && context.task.writes == 2',
    'action in Group::Action::"payments" && action in [Group::Action::"irreversible"]',
  ]
  test.each(holds)('policies see it: %s', (condition) => {
    const needed = condition.replaceAll(
      'context.args.',
      'context.args has kind && context.args has tags && context.args has address && context.args has address.city && context.args.',
    )
    const policy = `permit (principal, action == Action::"refund", resource) when { ${needed} };`
    const sent = {
      arguments: {
        order: 'o-1',
        amount: 12.5,
        count: Number.MAX_SAFE_INTEGER,
        kind: 'full',
        tags: ['y', 'x', 'y'],
        address: { city: 'Rome' },
        note: null,
        extra: { any: 1 },
      },
      labels: ['pii'],
      untrusted: ['/order'],
      task: { tool_calls: 7, cost_usd_micros: 0, writes: 2, irreversible: 0 },
    } as const
    expect(decide(policy, sent)).toMatchObject({ decision: 'allow' })
    expect(decide(policy, { ...sent, arguments: JSON.stringify(sent.arguments) })).toMatchObject({ decision: 'allow' })
  })

  test('integers in a JSON text are exact to 64 bits; in an object an unsafe one is refused', () => {
    const policy = `permit (principal, action == Action::"refund", resource) when { context.args has count && context.args.count == 9223372036854775807 };`
    const text = (count: string) => `{"order": "o", "amount": 1, "count": ${count}}`
    expect(decide(policy, { arguments: text('9223372036854775807') }).decision).toBe('allow')
    expect(decide(policy, { arguments: text('9223372036854775806') }).code).toBe('POLICY_NO_PERMIT')
    expect(decide(policy, { arguments: text('9223372036854775808') })).toMatchObject({
      code: 'ARGUMENTS_INVALID',
      path: '/count',
    })
    expect(decide(policy, { arguments: { order: 'o', amount: 1, count: 2 ** 60 } })).toMatchObject({
      code: 'ARGUMENTS_INVALID',
    })
  })

  const invalid: readonly [string, JsonObject | string, string][] = [
    ['five decimal places', { order: 'o', amount: 1.00001 }, '/amount'],
    ['a decimal out of range', { order: 'o', amount: 1e15 }, '/amount'],
    ['five decimal places, as text', '{"order": "o", "amount": 1.00001}', '/amount'],
    ['an integer beyond the decimals', '{"order": "o", "amount": 922337203685478000}', '/amount'],
    ['a number written as text', { order: 'o', amount: '12.5' }, '/amount'],
    ['a required argument missing', { amount: 1 }, '/order'],
    ['a fraction for an integer', { order: 'o', amount: 1, count: 1.5 }, '/count'],
    ['null', { order: null, amount: 1 }, '/order'],
    ['an item of the wrong type', { order: 'o', amount: 1, tags: ['a', 3] }, '/tags/1'],
    ['inside a record', { order: 'o', amount: 1, address: { city: 3 } }, '/address/city'],
    ['no object', '[]', ''],
    ['no JSON', '{', ''],
  ]
  test.each(invalid)('ARGUMENTS_INVALID: %s', (_name, args, path) => {
    expect(decide(permitAll, { arguments: args })).toMatchObject({ decision: 'deny', code: 'ARGUMENTS_INVALID', path })
  })

  test('a principal whose attribute is not of the declared kind is denied', () => {
    const principal = { ...ana, attributes: { ...ana.attributes, level: 'three' } }
    expect(decide(permitAll, { principal })).toMatchObject({
      code: 'POLICY_ERROR',
      message: expect.stringContaining('"level"'),
    })
  })
})

describe('@confirm', () => {
  test('every satisfied permit with a role demands it, whatever the others say', () => {
    const policies = `${permitAll}
@confirm("a") permit (principal, action, resource);
@confirm("b") permit (principal, action, resource) when { context.reach == "internal" };
@confirm("c") permit (principal, action, resource) when { context.reach == "external" };
@confirm("a") permit (principal, action == Action::"refund", resource);`
    expect(decide(policies).confirm).toEqual(['a', 'b'])
    expect(decide(`${policies} forbid (principal, action, resource);`).confirm).toEqual([])
  })
})

describe('load faults, all at once, each with its place', () => {
  const refused: readonly [string, string, RegExp][] = [
    ['syntax', 'permit (principal, action, resource) when { 1 + };', /unexpected token/i],
    ['a template', 'permit (principal == ?principal, action, resource);', /template/],
    ['an unknown tool', 'permit (principal, action == Action::"refnd", resource);', /no tool of this agent/i],
    ['an unknown group', 'permit (principal, action in Group::Action::"payment", resource);', /no group/],
    [
      'an unknown tool in a condition',
      'permit (principal, action, resource) when { action == Action::"x" };',
      /no tool/,
    ],
    [
      'an unknown argument',
      'permit (principal, action == Action::"refund", resource) when { context.args.amuont == decimal("1.0") };',
      /amuont/,
    ],
    [
      'an unknown argument in has',
      'forbid (principal, action, resource) when { context.args has amuont };',
      /no tool that this policy/i,
    ],
    [
      'an unknown principal attribute',
      'forbid (principal, action, resource) when { principal has rol };',
      /no attribute "rol"/,
    ],
    [
      'an optional argument without has',
      'permit (principal, action == Action::"refund", resource) when { context.args.count == 1 };',
      /optional|has/,
    ],
    [
      'a number written as text',
      'permit (principal, action == Action::"refund", resource) when { context.args.amount == "12.5" };',
      /types/,
    ],
    [
      'a nullable argument',
      'forbid (principal, action == Action::"refund", resource) when { context.args has note };',
      /may be null/,
    ],
    [
      'an open map',
      'forbid (principal, action == Action::"refund", resource) when { context.args has extra };',
      /open map/,
    ],
    [
      'an argument untyped in one of the tools',
      'forbid (principal, action, resource) when { context.args has extra };',
      /open map/,
    ],
    ['a union', 'forbid (principal, action == Action::"refund", resource) when { context.args has either };', /union/],
    ['a misspelt @confirm', '@confrim("a") permit (principal, action, resource);', /annotation/],
    ['@confirm on a forbid', '@confirm("a") forbid (principal, action, resource);', /does nothing/],
    ['@confirm without a role', '@confirm permit (principal, action, resource);', /names no role/],
    ['a scope that can never hold', 'permit (principal is Agent, action, resource);', /impossible/],
    [
      'an effect that does not exist',
      'forbid (principal, action, resource) when { context.effect == "raed" };',
      /never "raed"/,
    ],
    [
      'a data class that does not exist',
      'forbid (principal, action, resource) when { context.labels.contains("PII") };',
      /never "PII"/,
    ],
    [
      'brackets too deep',
      `permit (principal, action, resource) when { ${'('.repeat(80)}true${')'.repeat(80)} };`,
      /deeper than 64/,
    ],
    ['an unknown function', 'permit (principal, action, resource) when { unknown("x") };', /not a function/],
  ]
  test.each(refused)('%s', (_name, policy, message) => {
    const faults = faultsOf(() => loadGuardPolicies(input(`\n${policy}`)))
    expect(faults).toHaveLength(1)
    expect(faults[0]).toMatchObject({ code: 'POLICY_INVALID', file: 'policies/desk.cedar', line: 2 })
    expect(faults[0]?.message).toMatch(message)
  })

  test('a policy switched off, and one for a group that is still empty, are no faults', () => {
    const idle = 'forbid (principal, action in Group::Action::"read", resource) when { context.reach == "external" };'
    const policies = `${permitAll} ${idle} forbid (principal, action, resource) when { false };
permit (principal, action == Action::"email", resource); permit (principal, action == Action::"refund", resource);`
    expect(faultsOf(() => loadGuardPolicies(input(policies)))).toEqual([])
  })

  test('three faults in two files are three, the line of a shorthand is the manifest’s', () => {
    const sources = [
      { file: 'a.cedar', text: `${permitAll}\npermit (principal, action, resource) when { 1 + };\npermit (x);` },
      { file: 'airworthy.yaml', line: 41, text: shorthandPermit('refund', { rank: ['x'] }) },
    ]
    const faults = faultsOf(() => loadGuardPolicies(input('', { sources })))
    expect(faults.map(({ file, line }) => `${file}:${line}`)).toEqual(['a.cedar:2', 'a.cedar:3', 'airworthy.yaml:41'])
  })

  test('what Cedar cannot type is listed with the reason', () => {
    expect(loadGuardPolicies(input('')).untyped.map(({ tool, path }) => `${tool}${path}`)).toEqual([
      'refund/note',
      'refund/extra',
      'refund/either',
      'refund/a~1b',
    ])
  })
})

describe('mayList', () => {
  const list = (policies: string, principal = ana) => loadGuardPolicies(input(policies)).mayList(principal, 'refund')
  test.each([
    ['', false],
    [permitAll, true],
    ['permit (principal, action == Action::"email", resource);', false],
    ['permit (principal == User::"bob", action, resource);', false],
    ['permit (principal == User::"ana", action, resource);', true],
    ['permit (principal, action in Group::Action::"payments", resource);', true],
    ['permit (principal, action in Group::Action::"external", resource);', false],
    // Conditions are not asked: the list may show too much, never too little.
    ['permit (principal, action, resource) when { principal.role == "other" };', true],
    [`${permitAll} forbid (principal, action, resource);`, false],
    [`${permitAll} forbid (principal == User::"bob", action, resource);`, true],
    [`${permitAll} forbid (principal, action, resource) when { true };`, false],
    [`${permitAll} forbid (principal, action, resource) when { context.reach == "internal" };`, true],
  ])('%s', (policies, expected) => {
    expect(list(policies)).toBe(expected)
  })
})

describe('cache', () => {
  test('the same input revives, decides the same, and keeps its digest', () => {
    const policies = `${permitAll}\n@confirm("a") permit (principal, action, resource) when { context.task.tool_calls < 9007199254740993 };`
    const cold = loadGuardPolicies(input(policies))
    const serialised = JSON.parse(JSON.stringify(cold.serialised))
    const warm = loadGuardPolicies(input(policies), { serialised })
    expect(warm.digest).toBe(cold.digest)
    expect(warm.decide(query())).toEqual(cold.decide(query()))
    expect(warm.decide(query()).confirm).toEqual(['a'])
  })

  test('another input, or a damaged cache, is passed over', () => {
    const serialised = JSON.parse(JSON.stringify(loadGuardPolicies(input(permitAll)).serialised))
    expect(loadGuardPolicies(input(''), { serialised }).decide(query()).decision).toBe('deny')
    const flipped = JSON.parse(
      JSON.stringify(loadGuardPolicies(input('forbid (principal, action, resource);')).serialised),
    )
    flipped.policies.policies[0].effect = 'permit'
    const loaded = loadGuardPolicies(input('forbid (principal, action, resource);'), { serialised: flipped })
    expect(loaded.decide(query()).code).toBe('POLICY_FORBID')
  })

  test('the digest changes with anything that decides', () => {
    const digests = [
      input(permitAll),
      input(`${permitAll} `),
      input(permitAll, { agent: 'other' }),
      input(permitAll, { principalAttributes: {} }),
      input(permitAll, { tools: [{ name: 'refund', inputSchema: email }] }),
      input(permitAll, { tools: [{ name: 'refund', inputSchema: email, groups: ['read'] }] }),
    ].map((each) => loadGuardPolicies(each).digest)
    expect(new Set(digests).size).toBe(digests.length)
  })
})

describe('shorthandPermit', () => {
  const kinds = input('').principalAttributes
  const allowed = (permit: Parameters<typeof shorthandPermit>[1], principal = ana): boolean => {
    const text = shorthandPermit('refund', permit, { attributes: kinds })
    return loadGuardPolicies(input(text)).decide(query({ principal })).decision === 'allow'
  }
  test.each([
    [true, true],
    [{}, true],
    [{ role: ['support', 'lead'] }, true],
    [{ role: 'support' }, true],
    [{ role: ['lead'] }, false],
    [{ role: [] }, false],
    [{ role: 'support', teams: ['z', 'b'] }, true],
    [{ role: 'support', teams: ['z'] }, false],
    [{ level: ['3'], staff: 'true', score: '1.5' }, true],
    [{ level: ['4'] }, false],
  ] as const)('%j is %s', (permit, expected) => {
    expect(allowed(permit)).toBe(expected)
  })

  test('a principal without the attribute is not permitted, and nothing errs', () => {
    const text = shorthandPermit('refund', { role: ['support'] })
    const principal = { ...ana, attributes: {} }
    expect(decide(text, { principal })).toMatchObject({ code: 'POLICY_NO_PERMIT', errors: [] })
  })

  test('values stay values, whatever they hold', () => {
    const hostile = ['"] || true || ["', '\\"', '\n', '\u2028', '\u0000', '😀', '*']
    for (const value of hostile) {
      const principal = { ...ana, attributes: { role: value } }
      const text = shorthandPermit('refund', { role: value }, value.trim() === '' ? {} : { confirmRole: value })
      expect(decide(text, { principal })).toMatchObject({
        decision: 'allow',
        confirm: value.trim() === '' ? [] : [value],
      })
      expect(decide(text)).toMatchObject({ code: 'POLICY_NO_PERMIT' })
    }
  })
})
