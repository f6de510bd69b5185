/** One random set of policies decided by our evaluator and by Cedar's own engine; every difference is a fault. */
import { createRequire } from 'node:module'
import type * as CedarWasm from '@cedar-policy/cedar-wasm/nodejs'
import { AirworthyError } from '../../src/core/errors.ts'
import { authorize, readRequest } from '../../src/policy/authorize.ts'
import { compilePolicies } from '../../src/policy/parse-policies.ts'
import { applicableByScan, policySetOf } from '../../src/policy/policy-set.ts'
import { parseSchema } from '../../src/policy/schema.ts'
import { randomPolicies } from './generate-policies.ts'
import { fuzzSchema, type RandomRequest, randomRequest, randomTypedRequest } from './generate-request.ts'
import { seededRandom } from './random.ts'

const cedar = createRequire(import.meta.url)('@cedar-policy/cedar-wasm/nodejs') as typeof CedarWasm

export interface FuzzCounts {
  sets: number
  policies: number
  requests: number
  allow: number
  deny: number
  /** Requests in which at least one policy erred. */
  withErrors: number
  /** Requests that both refused. */
  refused: number
  typed: number
}

const requestsPerSet = 3

/**
 * Runs the sets `first` to `first + count - 1` of a seed.
 * @throws Error that names the set's own seed and prints both answers, on the first difference.
 */
export function fuzzPolicies(seed: number, first: number, count: number): FuzzCounts {
  const counts: FuzzCounts = {
    sets: 0,
    policies: 0,
    requests: 0,
    allow: 0,
    deny: 0,
    withErrors: 0,
    refused: 0,
    typed: 0,
  }
  for (let index = first; index < first + count; index++) fuzzSet(seed, index, counts)
  return counts
}

function fuzzSet(seed: number, index: number, counts: FuzzCounts): void {
  const random = seededRandom(Math.imul(seed, 0x9e3779b1) + index)
  const text = randomPolicies(random, 2 + random.below(29))
  const name = `set-${index % 2}`
  const parsed = cedar.preparsePolicySet(name, { staticPolicies: text })
  if (parsed.type === 'failure')
    throw differs(seed, index, text, undefined, parsed.errors[0]?.message, 'generated text must parse')
  const policies = compilePolicies(text)
  const typed = random.chance(0.5)
  const schema = typed ? fuzzSchema : undefined
  counts.sets++
  counts.policies += policies.policies.length
  for (let request = 0; request < requestsPerSet; request++) {
    const asked = typed ? randomTypedRequest(random) : randomRequest(random)
    const theirs = answerOfCedar(name, asked, schema)
    const ours = answerOfOurs(policies, asked, schema)
    if (JSON.stringify(ours) !== JSON.stringify(theirs)) throw differs(seed, index, text, asked, theirs, ours)
    counts.requests++
    counts.typed += typed ? 1 : 0
    if (ours === 'refused') {
      counts.refused++
      continue
    }
    counts[ours.decision]++
    if (ours.errors.length > 0) counts.withErrors++
    checkIndex(policies, asked, schema)
    const strict = authorize({ policies, schema, ...(asked as Asked) })
    const denies = ours.decision === 'deny' || ours.errors.length > 0
    if (strict.decision !== (denies ? 'deny' : 'allow')) throw differs(seed, index, text, asked, theirs, strict)
  }
}

type Asked = Pick<Parameters<typeof authorize>[0], 'entities' | 'request'>
type Answer = 'refused' | { decision: 'allow' | 'deny'; reasons: readonly string[]; errors: readonly string[] }

let schemaKnown = false

function answerOfCedar(name: string, { entities, request }: RandomRequest, schema: string | undefined): Answer {
  if (schema !== undefined && !schemaKnown) {
    cedar.preparseSchema('fuzz', schema)
    schemaKnown = true
  }
  const answer = cedar.statefulIsAuthorized({
    ...request,
    entities: entities as unknown as CedarWasm.Entities,
    preparsedPolicySetId: name,
    ...(schema === undefined ? {} : { preparsedSchemaName: 'fuzz', validateRequest: true }),
  })
  if (answer.type === 'failure') return 'refused'
  const { decision, diagnostics } = answer.response
  return {
    decision,
    reasons: byNumber(diagnostics.reason),
    errors: byNumber(diagnostics.errors.map(({ policyId }) => policyId)),
  }
}

function answerOfOurs(
  policies: ReturnType<typeof compilePolicies>,
  asked: RandomRequest,
  schema: string | undefined,
): Answer {
  try {
    return authorize({ policies, schema, ...(asked as Asked), onPolicyError: 'skip' })
  } catch (error) {
    if (error instanceof AirworthyError && error.code === 'POLICY_REQUEST_INVALID') return 'refused'
    throw error
  }
}

/** The index must find exactly the policies that a scan finds, in the same order. */
function checkIndex(
  policies: ReturnType<typeof compilePolicies>,
  asked: RandomRequest,
  schema: string | undefined,
): void {
  const set = policySetOf(policies)
  const { request, entities } = asked as Asked
  const environment = readRequest(request, entities, schema === undefined ? undefined : parseSchema(schema))
  const indexed = set.applicable(environment).map(({ index }) => index)
  const scanned = applicableByScan(set, environment).map(({ index }) => index)
  if (indexed.join() !== scanned.join()) throw new Error(`the index finds ${indexed}, a scan finds ${scanned}`)
}

function byNumber(ids: readonly string[]): readonly string[] {
  return [...ids].sort((left, right) => Number(left.slice(6)) - Number(right.slice(6)))
}

function differs(seed: number, index: number, text: string, asked: unknown, theirs: unknown, ours: unknown): Error {
  const lines = [
    `seed ${seed}, set ${index}`,
    text,
    JSON.stringify(asked),
    `Cedar: ${JSON.stringify(theirs)}`,
    `ours: ${JSON.stringify(ours)}`,
  ]
  return new Error(lines.join('\n'))
}
