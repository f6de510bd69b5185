/** The public door by examples: results, error modes, exact integers, schemas, and every way to be refused. */
import { describe, expect, test } from 'vitest'
import { AirworthyError } from '../core/errors.ts'
import { type AuthorizeInput, authorize } from './authorize.ts'
import { compilePolicies } from './parse-policies.ts'
import { reviveCompiled, serialiseCompiled } from './policy-json.ts'
import { validatePolicies } from './validate-policies.ts'

const ana = { type: 'User', id: 'ana' }
const view = { type: 'Action', id: 'view' }
const doc = { type: 'Doc', id: '1' }

function ask(policies: AuthorizeInput['policies'], more: Partial<AuthorizeInput> & { context?: object } = {}) {
  const { context = {}, ...rest } = more
  const request = { principal: ana, action: view, resource: doc, context: context as never }
  return authorize({ policies, entities: [], request, ...rest })
}

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof AirworthyError) return error.code
    throw error
  }
  return 'none'
}

const holds = (condition: string, more: Parameters<typeof ask>[1] = {}): boolean =>
  ask(`permit(principal, action, resource) when { ${condition} };`, { onPolicyError: 'skip', ...more }).decision ===
  'allow'

const permit = 'permit(principal, action, resource);'
const forbid = 'forbid(principal, action, resource);'
const errs = 'permit(principal, action, resource) when { context.absent };'

describe('results', () => {
  test('no policy at all denies', () => {
    for (const empty of ['', '  \n', '// only a comment; permit(principal, action, resource);']) {
      expect(ask(empty)).toEqual({ decision: 'deny', reasons: [], errors: [] })
    }
  })

  test('ids count policies in the order of the text, beyond ten as well', () => {
    const policies = Array.from({ length: 12 }, (_, index) =>
      index === 10 ? permit : 'permit(principal == User::"x", action, resource);',
    )
    expect(ask(policies.join('// ;\n')).reasons).toEqual(['policy10'])
    const files = policies.map((text, index) => ({ file: `${index}.cedar`, text }))
    expect(ask(compilePolicies(files)).reasons).toEqual(['policy10'])
  })

  const modes: readonly [string, 'deny' | 'skip', ReturnType<typeof ask>][] = [
    [permit + errs, 'deny', { decision: 'deny', reasons: [], errors: ['policy1'] }],
    [permit + errs, 'skip', { decision: 'allow', reasons: ['policy0'], errors: ['policy1'] }],
    [permit + errs + forbid, 'deny', { decision: 'deny', reasons: ['policy2'], errors: ['policy1'] }],
    [permit + errs + forbid, 'skip', { decision: 'deny', reasons: ['policy2'], errors: ['policy1'] }],
    [errs, 'skip', { decision: 'deny', reasons: [], errors: ['policy0'] }],
    [permit + permit, 'deny', { decision: 'allow', reasons: ['policy0', 'policy1'], errors: [] }],
  ]
  test.each(modes)('%s with %s', (policies, onPolicyError, expected) => {
    expect(ask(policies, { onPolicyError })).toEqual(expected)
    const { onPolicyError: _, ...byDefault } = { onPolicyError }
    if (onPolicyError === 'deny') expect(ask(policies, byDefault)).toEqual(expected)
  })

  test('an error in a policy that does not apply is none', () => {
    const other = 'permit(principal, action == Action::"edit", resource) when { context.absent };'
    expect(ask(permit + other)).toEqual({ decision: 'allow', reasons: ['policy0'], errors: [] })
  })

  test('a compiled set survives JSON, and a foreign value is refused', () => {
    const compiled = compilePolicies('permit(principal, action, resource) when { context.n == 9223372036854775807 };')
    const revived = reviveCompiled(JSON.parse(JSON.stringify(serialiseCompiled(compiled))))
    expect(ask(revived, { context: { n: 2n ** 63n - 1n } }).decision).toBe('allow')
    expect(codeOf(() => reviveCompiled({ format: 'airworthy-policies-0', policies: [] }))).toBe('POLICY_INVALID')
  })
})

describe('integers are exact to 64 bits', () => {
  test.each([
    ['context.n == 9007199254740993', 9007199254740993n, true],
    ['context.n == 9007199254740993', 9007199254740992n, false],
    ['context.n + 1 == 9007199254740993', 9007199254740992n, true],
    ['context.n == -9223372036854775808', -(2n ** 63n), true],
    ['-(context.n) == 9223372036854775807', -(2n ** 63n) + 1n, true],
    ['context.n * 3 == 9007199254740993', 3002399751580331, true],
    ['context.n == 7', 7n, true],
    ['[9007199254740993].contains(context.n)', 9007199254740993n, true],
    ['{a: 9007199254740993} == {a: context.n}', 9007199254740993n, true],
    // 4503599627370496 is the first stand-in of the parser: it must not be mistaken for the literal that it replaces.
    ['context.n == 9007199254740993 && 4503599627370496 != 9007199254740993', 9007199254740993n, true],
    ['context.n == 0', -0, true],
    ['[0].contains(context.n * -1)', 0, true],
  ])('%s for %s', (condition, n, expected) => {
    expect(holds(condition, { context: { n } })).toBe(expected)
  })

  test.each([
    '9223372036854775807 + 1 == 0',
    '-9223372036854775808 - 1 == 0',
    '4611686018427387904 * 2 == 0',
    '-(context.n) == 0',
  ])('%s overflows', (condition) => {
    const policy = `permit(principal, action, resource) when { ${condition} };`
    expect(ask(policy, { context: { n: -(2n ** 63n) } }).errors).toEqual(['policy0'])
  })
})

const schema = `
entity User in [Team] { level: Long, home?: ipaddr, born?: datetime, boss?: User } tags Set<String>;
entity Team, Doc;
entity Colour enum ["red"];
action all;
action view in [all] appliesTo { principal: User, resource: Doc, context: {
  price?: decimal, from?: ipaddr, at?: datetime, span?: duration, who?: User, colour?: Colour, n?: Long, list?: Set<decimal>
} };`
const user = { uid: ana, attrs: { level: 1 }, parents: [] }

describe('with a schema', () => {
  test.each([
    ['context.price == decimal("1.50")', { price: '1.5' }],
    ['context.from.isInRange(ip("10.0.0.0/8"))', { from: '10.1.2.3' }],
    ['context.at < datetime("2025-01-01")', { at: '2024-02-29T10:00:00Z' }],
    ['context.span == duration("1h")', { span: { fn: 'duration', arg: '60m' } }],
    ['context.span == duration("1h")', { span: { __extn: { fn: 'duration', arg: '60m' } } }],
    ['context.who == User::"bob"', { who: { type: 'User', id: 'bob' } }],
    ['context.list.contains(decimal("2.0"))', { list: ['1.0', '2.0'] }],
    ['context.n == 9007199254740993', { n: 9007199254740993n }],
    ['action in Action::"all" && principal.level == 1', {}],
  ])('%s', (condition, context) => {
    expect(holds(condition, { context, schema, entities: [user] })).toBe(true)
  })

  test('entities are typed too: tags, implicit values, references', () => {
    const entities = [
      {
        uid: ana,
        attrs: { level: 2, home: '::1', boss: { type: 'User', id: 'bob' } },
        parents: [{ type: 'Team', id: 'a' }],
        tags: { t: ['x'] },
      },
    ]
    expect(holds('principal.home.isLoopback() && principal.boss == User::"bob"', { schema, entities })).toBe(true)
    expect(holds('principal in Team::"a" && principal.getTag("t").contains("x")', { schema, entities })).toBe(true)
  })

  test('it never rejects a policy: that is validatePolicies', () => {
    const policies =
      'permit(principal, action, resource) when { context.nonsense == 1 };permit(principal is Nobody, action, resource);'
    expect(ask(policies, { schema })).toMatchObject({ decision: 'deny', errors: ['policy0'] })
    const { ok, faults } = validatePolicies({ policies, schema })
    expect(ok).toBe(false)
    expect(faults.map(({ code, line, column }) => `${code} ${line}:${column}`)).toEqual([
      'POLICY_INVALID 1:44',
      'POLICY_INVALID 1:88',
    ])
  })

  test('a schema that cannot be read is POLICY_SCHEMA_INVALID with its place', () => {
    expect(codeOf(() => ask('', { schema: 'entity ;' }))).toBe('POLICY_SCHEMA_INVALID')
    expect(validatePolicies({ policies: '', schema: 'entity A;\nentity ;' }).faults).toMatchObject([
      { code: 'POLICY_SCHEMA_INVALID', line: 2 },
    ])
  })
})

describe('POLICY_REQUEST_INVALID', () => {
  const deep = JSON.parse(`${'['.repeat(300)}${']'.repeat(300)}`)
  const untyped: readonly [string, Parameters<typeof ask>[1]][] = [
    ['an unsafe number', { context: { n: 2 ** 53 } }],
    ['a fraction', { context: { n: 1.5 } }],
    ['not a number', { context: { n: Number.NaN } }],
    ['a bigint beyond 64 bits', { context: { n: 2n ** 63n } }],
    ['null', { context: { n: null } }],
    ['undefined', { context: { n: undefined } }],
    ['a function', { context: { n: () => 1 } }],
    ['an invalid extension value', { context: { n: { __extn: { fn: 'ip', arg: 'x' } } } }],
    ['an unknown function', { context: { n: { __extn: { fn: 'now', arg: 'x' } } } }],
    ['the old escape', { context: { n: { __expr: 'User::"x"' } } }],
    ['a lone surrogate', { context: { n: '\ud800' } }],
    ['nesting beyond the limit', { context: { n: deep } }],
    ['a context that is no record', { context: [] }],
    ['an entity without parents', { entities: [{ uid: ana, attrs: {} }] as never }],
    ['an entity twice, differently', { entities: [user, { ...user, attrs: { level: 2 } }] }],
    [
      'a circle',
      {
        entities: [
          { uid: ana, attrs: {}, parents: [doc] },
          { uid: doc, attrs: {}, parents: [ana] },
        ],
      },
    ],
    ['a type that is no name', { entities: [{ uid: { type: 'a b', id: '1' }, attrs: {}, parents: [] }] }],
    ['a reserved type', { entities: [{ uid: { type: '__cedar::X', id: '1' }, attrs: {}, parents: [] }] }],
    ['no entities', { entities: undefined as never }],
    ['no request', { request: undefined as never }],
    ['no principal', { request: { action: view, resource: doc, context: {} } as never }],
    ['an entity as text', { request: { principal: 'User::"ana"', action: view, resource: doc, context: {} } as never }],
  ]
  test.each(untyped)('%s', (_name, more) => {
    expect(codeOf(() => ask(permit, more))).toBe('POLICY_REQUEST_INVALID')
  })

  const typed: readonly [string, Parameters<typeof ask>[1]][] = [
    ['a text that is no decimal', { context: { price: '1.23456' } }],
    ['another extension type', { context: { price: { __extn: { fn: 'ip', arg: '::1' } } } }],
    ['an attribute that the schema lacks', { context: { surplus: 1 } }],
    ['a missing attribute', { entities: [{ ...user, attrs: {} }] }],
    ['an entity of another type', { context: { who: { type: 'Doc', id: '1' } } }],
    ['an id that is not enumerated', { context: { colour: { type: 'Colour', id: 'blue' } } }],
    ['an undeclared entity type', { entities: [{ uid: { type: 'Nobody', id: '1' }, attrs: {}, parents: [] }] }],
    ['a parent that is not allowed', { entities: [{ ...user, parents: [doc] }] }],
    ['tags where none are declared', { entities: [{ uid: doc, attrs: {}, parents: [], tags: { a: 1 } }] }],
    [
      'an undeclared action',
      { request: { principal: ana, action: { type: 'Action', id: 'x' }, resource: doc, context: {} } },
    ],
    ['a principal of the wrong type', { request: { principal: doc, action: view, resource: doc, context: {} } }],
    ['a resource of the wrong type', { request: { principal: ana, action: view, resource: ana, context: {} } }],
    ['an action in other groups', { entities: [{ uid: view, attrs: {}, parents: [] }] }],
  ]
  test.each(typed)('with a schema: %s', (_name, more) => {
    expect(codeOf(() => ask(permit, { schema, ...more }))).toBe('POLICY_REQUEST_INVALID')
  })

  test('the same request without the fault is decided', () => {
    expect(
      codeOf(() =>
        ask(permit, {
          schema,
          entities: [user, user, { uid: view, attrs: {}, parents: [{ type: 'Action', id: 'all' }] }],
        }),
      ),
    ).toBe('none')
  })
})

describe('names that mean something to JavaScript mean nothing to a policy', () => {
  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('%s', (name) => {
    expect(holds(`context has ${name} || principal has ${name} || {a: 1} has ${name}`, { entities: [user] })).toBe(
      false,
    )
    expect(ask(`permit(principal, action, resource) when { context.${name} == 1 };`).errors).toEqual(['policy0'])
    const context = JSON.parse(`{"${name}": 1}`)
    expect(holds(`context has ${name} && context.${name} == 1 && {"${name}": 1} == context`, { context })).toBe(true)
  })

  test('nor does what somebody adds to every object', () => {
    const prototype = Object.prototype as unknown as Record<string, unknown>
    prototype.admin = true
    try {
      expect(holds('context has admin || principal has admin', { entities: [user] })).toBe(false)
    } finally {
      delete prototype.admin
    }
  })
})
