/** The theorems of authorization, on the random sets of the fuzz. A failure prints the seed that fast-check shrank to. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/core/json.ts'
import { type AuthorizeInput, authorize, readRequest } from '../../src/policy/authorize.ts'
import { compilePolicy } from '../../src/policy/compile-policy.ts'
import { loadGuardPolicies } from '../../src/policy/guard-policies.ts'
import { compilePolicies } from '../../src/policy/parse-policies.ts'
import { type CompiledPolicies, compiledFormat, type PolicyJson } from '../../src/policy/policy-json.ts'
import { evaluatePolicies, policySetOf } from '../../src/policy/policy-set.ts'
import { randomPolicies } from './generate-policies.ts'
import { randomRequest } from './generate-request.ts'
import { type Random, seededRandom } from './random.ts'

type Asked = Pick<AuthorizeInput, 'entities' | 'request'>

/** Random policies, each read once, and a request that is well-formed. */
function caseOf(seed: number): { random: Random; pieces: readonly PolicyJson[]; asked: Asked } {
  const random = seededRandom(seed)
  const pieces = compilePolicies(randomPolicies(random, 2 + random.below(12))).policies
  for (;;) {
    const asked = randomRequest(random) as unknown as Asked
    try {
      authorize({ policies: '', ...asked })
      return { random, pieces, asked }
    } catch {
      // One request in ten is malformed on purpose; these theorems are about the others.
    }
  }
}

function setOf(pieces: readonly PolicyJson[]): CompiledPolicies {
  return { format: compiledFormat, policies: pieces.map((piece, index) => ({ ...piece, id: `policy${index}` })) }
}

/** The answer with the policies' own texts in place of ids, which change with the order. */
function decide(pieces: readonly PolicyJson[], asked: Asked, onPolicyError: 'deny' | 'skip' = 'deny') {
  const answer = authorize({ policies: setOf(pieces), ...asked, onPolicyError })
  const textsOf = (ids: readonly string[]): readonly string[] =>
    ids.map((id) => pieces[Number(id.slice(6))]?.text ?? '').sort()
  return { decision: answer.decision, reasons: textsOf(answer.reasons), errors: textsOf(answer.errors) }
}

const holds = (property: (seed: number) => void): void =>
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (seed) => property(seed)),
    { numRuns: 150 },
  )

const isForbid = ({ effect }: PolicyJson): boolean => effect === 'forbid'
const forbidAll = compilePolicies('forbid(principal, action, resource);').policies
const erring = compilePolicies('permit(principal, action, resource) when { 1 + true == 2 };').policies

describe('for any policies, entities and request', () => {
  test('forbid trumps permit', () => {
    holds((seed) => {
      const { pieces, asked } = caseOf(seed)
      for (const mode of ['deny', 'skip'] as const) {
        const { decision } = decide([...pieces, ...forbidAll], asked, mode)
        expect(decision).toBe('deny')
      }
    })
  })

  test('an allow needs a permit, and only permits are its reasons', () => {
    holds((seed) => {
      const { pieces, asked } = caseOf(seed)
      for (const mode of ['deny', 'skip'] as const) {
        const answer = decide(pieces, asked, mode)
        const determining = answer.decision === 'deny' ? 'forbid' : 'permit'
        const texts = pieces.filter(({ effect }) => effect === determining).map(({ text }) => text)
        expect(texts).toEqual(expect.arrayContaining([...answer.reasons]))
        if (answer.decision === 'allow') expect(answer.reasons.length).toBeGreaterThan(0)
        expect(decide(pieces.filter(isForbid), asked, mode).decision).toBe('deny')
      }
    })
  })

  test('order and duplicates do not matter', () => {
    holds((seed) => {
      const { random, pieces, asked } = caseOf(seed)
      const shuffled = [...pieces]
        .map((piece) => ({ piece, rank: random.below(1_000_000) }))
        .sort((left, right) => left.rank - right.rank)
        .map(({ piece }) => piece)
      for (const mode of ['deny', 'skip'] as const) {
        const answer = decide(pieces, asked, mode)
        expect(decide(shuffled, asked, mode)).toEqual(answer)
        const twice = decide([...pieces, random.pick(pieces), random.pick(pieces)], asked, mode)
        expect(twice.decision).toBe(answer.decision)
        expect(new Set(twice.reasons)).toEqual(new Set(answer.reasons))
      }
    })
  })

  test('adding a forbid never turns deny into allow', () => {
    holds((seed) => {
      const { pieces, asked } = caseOf(seed)
      const forbids = pieces.filter(isForbid)
      const others = pieces.filter((piece) => !isForbid(piece))
      for (const mode of ['deny', 'skip'] as const) {
        let before = decide(others, asked, mode).decision
        for (let count = 1; count <= forbids.length; count++) {
          const after = decide([...others, ...forbids.slice(0, count)], asked, mode).decision
          if (before === 'deny') expect(after).toBe('deny')
          before = after
        }
      }
    })
  })

  test('an error never allows', () => {
    holds((seed) => {
      const { pieces, asked } = caseOf(seed)
      const answer = decide(pieces, asked)
      if (answer.errors.length > 0) expect(answer.decision).toBe('deny')
      const withError = decide([...pieces, ...erring], asked)
      expect(withError.decision).toBe('deny')
      expect(withError.reasons).toEqual(answer.decision === 'deny' ? answer.reasons : [])
    })
  })

  test('indexed equals whole', () => {
    holds((seed) => {
      const { pieces, asked } = caseOf(seed)
      const compiled = setOf(pieces)
      const environment = readRequest(asked.request, asked.entities, undefined)
      const indexed = evaluatePolicies(policySetOf(compiled).applicable(environment), environment)
      expect(idsOf(indexed)).toEqual(idsOf(evaluateWhole(compiled, environment)))
    })
  })
})

/** No index: the action's scope becomes a first condition of every policy, and all are evaluated. */
function evaluateWhole(compiled: CompiledPolicies, environment: ReturnType<typeof readRequest>) {
  const policies = compiled.policies.map(({ action, conditions, ...policy }, index) => {
    const uidOf = (uid: { type: string; id: string }) => ({ Value: { __entity: uid } })
    const left = { Var: 'action' }
    const scope =
      action.op === 'All'
        ? { Value: true }
        : 'entities' in action
          ? { in: { left, right: { Set: action.entities.map(uidOf) } } }
          : { [action.op]: { left, right: uidOf(action.entity) } }
    const all = [{ kind: 'when', body: scope } as const, ...conditions]
    return compilePolicy({ ...policy, action: { op: 'All' }, conditions: all }, index)
  })
  return evaluatePolicies(policies, environment)
}

function idsOf({ forbids, permits, errors }: ReturnType<typeof evaluatePolicies>) {
  const ids = (list: typeof forbids): readonly string[] => list.map(({ json }) => json.id)
  return { forbids: ids(forbids), permits: ids(permits), errors: ids(errors.map(({ policy }) => policy)) }
}

/** Four tools with some of six arguments each; policies with and without scope that ask for them and read them. */
function guardCaseOf(seed: number) {
  const random = seededRandom(seed)
  const names = ['a0', 'a1', 'a2', 'a3', 'a4', 'a5']
  const argumentsOf = Array.from({ length: 4 }, () => names.filter(() => random.chance(0.5)))
  const tools = argumentsOf.map((own, index) => ({
    name: `t${index}`,
    groups: random.list(0, 2, () => random.pick(['x', 'y'])),
    inputSchema: {
      type: 'object',
      additionalProperties: false,
      properties: Object.fromEntries(own.map((name) => [name, { type: 'integer' }])),
    } satisfies JsonObject,
  }))
  const one = (): string => {
    const name = random.pick(names)
    const read = `context.args has ${name} && context.args.${name} ${random.pick(['<', '==', '>'])} ${random.below(4)}`
    return random.pick([
      read,
      read,
      `context.args has ${name}`,
      `context.args has ${name} && context.args.${name} * 4611686018427387904 > 0`,
    ])
  }
  const policy = (): string => {
    const scopes = ['action', 'action', 'action in Group::Action::"x"', 'action in Group::Action::"y"']
    const effect = random.chance(0.6) ? 'permit' : 'forbid'
    const body = random.list(1, 3, one).join(random.chance(0.8) ? ' && ' : ' || ')
    return `${effect}(principal, ${random.pick(scopes)}, resource) ${random.chance(0.85) ? 'when' : 'unless'} { ${body} };`
  }
  const policies = random.list(2, 12, policy)
  // One tool has every argument and is in every group, so that no policy is refused for naming what nobody has.
  const all = Object.fromEntries(names.map((name) => [name, { type: 'integer' }]))
  const widest = { name: 'widest', groups: ['x', 'y'], inputSchema: { type: 'object', properties: all } }
  return { random, tools, widest, argumentsOf, text: policies.join('\n') }
}

test('the guard decides as authorize does, whatever it leaves out beforehand', () => {
  let allowed = 0
  holds((seed) => {
    const { random, tools, widest, argumentsOf, text } = guardCaseOf(seed)
    const guard = loadGuardPolicies({
      agent: 'desk',
      principalAttributes: {},
      tools: [...tools, widest],
      sources: [{ file: '', text }],
    })
    for (const [index, tool] of tools.entries()) {
      const own = (argumentsOf[index] as string[]).filter(() => random.chance(0.7))
      const args = Object.fromEntries(own.map((name) => [name, random.below(4)]))
      const task = { tool_calls: 0, cost_usd_micros: 0, writes: 0, irreversible: 0 }
      const got = guard.decide({
        principal: { id: 'ana', attributes: {}, verifiedBy: 'jwt' },
        tool: tool.name,
        arguments: JSON.stringify(args),
        effect: 'read',
        reach: 'internal',
        labels: [],
        untrusted: [],
        task,
      })
      const action = { type: 'Action', id: tool.name }
      const want = authorize({
        policies: text,
        entities: [{ uid: action, attrs: {}, parents: tool.groups.map((id) => ({ type: 'Group::Action', id })) }],
        request: {
          principal: { type: 'User', id: 'ana' },
          action,
          resource: { type: 'Agent', id: 'desk' },
          context: { args, effect: 'read', reach: 'internal', labels: [], untrusted: [], task },
        },
      })
      expect({ decision: got.decision, errors: got.errors }).toEqual({ decision: want.decision, errors: want.errors })
      if (want.reasons.length > 0) expect(got.policies).toEqual(want.reasons)
      if (got.decision === 'allow') allowed++
    }
  })
  expect(allowed).toBeGreaterThan(20)
})
