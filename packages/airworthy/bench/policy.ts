/** The policy decision: latency, growth with policies, ratio to Cedar's own engine in the same run, and load times. */
import { createRequire } from 'node:module'
import type * as CedarWasm from '@cedar-policy/cedar-wasm/nodejs'
import type { JsonObject, JsonValue } from '../src/core/json.ts'
import type { Principal } from '../src/core/principal.ts'
import {
  type GuardPolicyInput,
  type LoadedPolicies,
  loadGuardPolicies,
  type PolicyQuery,
} from '../src/policy/guard-policies.ts'
import type { BenchRow } from './bench-row.ts'

const decisions = 200_000
const warmUps = 50_000
const peerDecisions = 200

/** 1,000 tools with 1,000 policies against 10 with 10; every decision starts from the JSON text of its arguments. */
export async function benchPolicy(): Promise<BenchRow[]> {
  const large = inputOf({ tools: 1_000, byAction: 900, byGroup: 80, unscoped: 20 })
  const small = inputOf({ tools: 10, byAction: 8, byGroup: 1, unscoped: 1 })
  const [cold, coldSeconds] = timed(() => loadGuardPolicies(large))
  const cache = JSON.stringify(cold.serialised)
  const [warm, warmSeconds] = timed(() => loadGuardPolicies(large, { serialised: JSON.parse(cache) as JsonValue }))
  const queries = queriesOf(large, 900)
  const smallLatency = latencyOf(loadGuardPolicies(small), queriesOf(small, 8))
  const largeLatency = latencyOf(warm, queries)
  const peerMicros = peerMicrosOf(large, queries, warm)
  const set = '1,000 tools, 1,000 policies'
  return [
    {
      name: `policy: decision, p50, ${set}`,
      unit: 'us',
      value: largeLatency.p50,
      target: { op: '<=', value: 8 },
      note: `${largeLatency.allowed} of ${decisions} allowed; context built from JSON text`,
    },
    { name: `policy: decision, p99, ${set}`, unit: 'us', value: largeLatency.p99, target: { op: '<=', value: 60 } },
    { name: 'policy: decision, p50, 10 policies', unit: 'us', value: smallLatency.p50 },
    {
      name: 'policy: growth of p50 from 10 to 1,000 policies',
      unit: 'x',
      value: largeLatency.p50 / smallLatency.p50,
      target: { op: '<=', value: 2 },
      note: '900 different calls in both',
    },
    {
      name: 'policy: decisions per second against cedar-wasm pre-parsed',
      unit: 'x',
      value: peerMicros / largeLatency.mean,
      target: { op: '>=', value: 200 },
      note: `ours ${largeLatency.mean.toFixed(2)} us, cedar-wasm ${peerMicros.toFixed(0)} us a decision, means; same answers`,
    },
    { name: `policy: load, cold, ${set}`, unit: 's', value: coldSeconds, target: { op: '<=', value: 5 } },
    {
      name: `policy: load, from the cache, ${set}`,
      unit: 's',
      value: warmSeconds,
      target: { op: '<=', value: 1.5 },
      note: `parsing the cache's text of ${(cache.length / 1e6).toFixed(1)} MB included`,
    },
  ]
}

interface Sizes {
  readonly tools: number
  readonly byAction: number
  readonly byGroup: number
  readonly unscoped: number
}

function inputOf(sizes: Sizes): GuardPolicyInput {
  const groups = Math.max(1, sizes.byGroup)
  const tools = Array.from({ length: sizes.tools }, (_, index) => ({
    name: `tool_${index}`,
    groups: ['write', 'internal', `team_${index % groups}`],
    inputSchema: schemaOf(index),
  }))
  const policies = [
    ...Array.from({ length: sizes.byAction }, (_, index) => {
      const extra = `context.args has ${argumentOf(index)} && context.args.${argumentOf(index)} != "none"`
      return `permit (principal, action == Action::"tool_${index}", resource)
when { ["support", "lead"].contains(principal.role) && context.args.amount <= ${500 + index} && (${extra}) };`
    }),
    ...Array.from({ length: sizes.byGroup }, (_, index) => {
      const limit = `context.args.amount > ${900 + index} && context.task.tool_calls > 10`
      return `forbid (principal, action in Group::Action::"team_${index}", resource)
when { context.untrusted.contains("/order") && ${limit} };`
    }),
    ...Array.from({ length: sizes.unscoped }, (_, index) => {
      const name = argumentOf(index)
      return `forbid (principal, action, resource)
when { context.args has ${name} && context.args.${name} like "*blocked-${index}*" && context.labels.contains("secret") };`
    }),
  ]
  const sources = [{ file: 'policies/bench.cedar', text: policies.join('\n') }]
  return { agent: 'bench', principalAttributes: { role: 'string', tenant: 'string' }, tools, sources }
}

/** Twenty different arguments in turn, so that an unscoped forbid finds its argument in one tool of twenty. */
function argumentOf(index: number): string {
  return `detail_${index % 20}`
}

function schemaOf(index: number): JsonObject {
  const text = { type: 'string', maxLength: 200 }
  const properties = {
    order: text,
    amount: { type: 'integer', minimum: 0, maximum: 100_000 },
    currency: { enum: ['EUR', 'USD'] },
    reason: text,
    urgent: { type: 'boolean' },
    lines: { type: 'array', items: text },
    [argumentOf(index)]: text,
  }
  return { type: 'object', additionalProperties: false, required: ['order', 'amount'], properties }
}

/** 900 different calls over the first tools, for either size: growth is then the policies', not the requests'. */
function queriesOf({ tools }: GuardPolicyInput, toolsAsked: number): readonly PolicyQuery[] {
  return Array.from({ length: 900 }, (_, index) => {
    const at = index % toolsAsked
    const args = {
      order: `ORD-${10_000 + index}`,
      amount: (index * 37) % 1_000,
      currency: 'EUR',
      reason: 'the parcel arrived damaged and the customer sent pictures',
      urgent: index % 2 === 0,
      lines: ['SKU-1', 'SKU-2'],
      [argumentOf(at)]: `value ${index}`,
    }
    const principal: Principal = {
      id: `user-${index % 50}`,
      attributes: { role: index % 10 === 0 ? 'billing' : 'support', tenant: 'acme' },
      verifiedBy: 'jwt',
    }
    return {
      principal,
      tool: tools[at]?.name ?? '',
      arguments: JSON.stringify(args),
      effect: 'write',
      reach: 'internal',
      labels: index % 4 === 0 ? ['pii'] : [],
      untrusted: index % 3 === 0 ? ['/order'] : [],
      task: { tool_calls: index % 20, cost_usd_micros: 1_000, writes: 1, irreversible: 0 },
    }
  })
}

function latencyOf(policies: LoadedPolicies, queries: readonly PolicyQuery[]) {
  const micros = new Float64Array(decisions)
  let allowed = 0
  // A prime stride visits all queries in an order that is not the order in memory.
  for (let index = 0; index < warmUps; index++)
    policies.decide(queries[(index * 7_919) % queries.length] as PolicyQuery)
  for (let index = 0; index < decisions; index++) {
    const query = queries[(index * 7_919) % queries.length] as PolicyQuery
    const started = performance.now()
    const { decision } = policies.decide(query)
    micros[index] = (performance.now() - started) * 1_000
    if (decision === 'allow') allowed++
  }
  const mean = micros.reduce((sum, value) => sum + value, 0) / decisions
  micros.sort()
  return { p50: micros[decisions / 2] as number, p99: micros[(decisions * 99) / 100] as number, mean, allowed }
}

/** Mean time of Cedar's engine on the same policies and queries, both answers compared. */
function peerMicrosOf(input: GuardPolicyInput, queries: readonly PolicyQuery[], ours: LoadedPolicies): number {
  const cedar = createRequire(import.meta.url)('@cedar-policy/cedar-wasm/nodejs') as typeof CedarWasm
  cedar.preparsePolicySet('bench', { staticPolicies: input.sources[0]?.text ?? '' })
  const groups = new Map(input.tools.map(({ name, groups = [] }) => [name, groups]))
  let micros = 0
  for (let index = 0; index < peerDecisions; index++) {
    const query = queries[(index * 7_919) % queries.length] as PolicyQuery
    const started = performance.now()
    const answer = cedar.statefulIsAuthorized(cedarCallOf(query, groups.get(query.tool) ?? []))
    micros += (performance.now() - started) * 1_000
    const theirs = answer.type === 'success' ? answer.response.decision : 'failure'
    if (theirs !== ours.decide(query).decision) throw new Error(`cedar-wasm says ${theirs} for ${query.tool}`)
  }
  return micros / peerDecisions
}

function cedarCallOf(query: PolicyQuery, groups: readonly string[]): CedarWasm.StatefulAuthorizationCall {
  const { arguments: text, effect, reach, labels, untrusted, task } = query
  const principal = { type: 'User', id: query.principal.id }
  const action = { type: 'Action', id: query.tool }
  const parents = groups.map((id) => ({ type: 'Group::Action', id }))
  const context = {
    args: JSON.parse(text as string),
    effect,
    reach,
    labels: [...labels],
    untrusted: [...untrusted],
    task,
  }
  const attrs = query.principal.attributes as Record<string, string>
  return {
    principal,
    action,
    resource: { type: 'Agent', id: 'bench' },
    context,
    entities: [
      { uid: principal, attrs, parents: [] },
      { uid: action, attrs: {}, parents },
    ],
    preparsedPolicySetId: 'bench',
  }
}

function timed<T>(run: () => T): readonly [T, number] {
  const started = performance.now()
  const value = run()
  return [value, (performance.now() - started) / 1_000]
}
