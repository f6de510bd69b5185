/**
 * The policies of one agent, as the guard asks them. Loading generates the Cedar schema from the tools, validates every
 * policy against it and compiles; deciding is synchronous, pure and total: default deny, a forbid wins, an error denies.
 */
import type { DataClass, Effect, Reach } from '../core/action.ts'
import { type Digest, digestOf } from '../core/digest.ts'
import { invariant, throwFaults } from '../core/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../core/json.ts'
import type { Principal } from '../core/principal.ts'
import { GuardRuntime } from './guard-runtime.ts'
import { compileGuardPolicies } from './guard-validation.ts'
import type { PolicySource } from './parse-policies.ts'
import { type CompiledPolicies, reviveCompiled, serialiseCompiled } from './policy-json.ts'
import {
  type AttributeKind,
  argumentsTypeOf,
  type PolicyTool,
  retrieveAction,
  type UntypedArgument,
} from './policy-schema.ts'
import type { TypedTool } from './typed-tool.ts'

export interface GuardPolicyInput {
  readonly agent: string
  /** The declared attributes. Policies may read them without `has`; a principal that lacks one makes such a policy err. */
  readonly principalAttributes: Readonly<Record<string, AttributeKind>>
  /** Action `retrieve` is added where no tool has that name; a policy without a scope is not validated against it. */
  readonly tools: readonly PolicyTool[]
  readonly sources: readonly PolicySource[]
}

export interface LoadedPolicies {
  /** Of everything that decides: agent, attributes, tools with schemas and groups, texts. */
  readonly digest: Digest
  /** Arguments that Cedar cannot type, which policies therefore cannot name. */
  readonly untyped: readonly UntypedArgument[]
  /** Never throws. */
  decide(query: PolicyQuery): PolicyDecision
  /** False only when no permit's scope can match, or an unconditional forbid does. Never throws. */
  mayList(principal: Principal, tool: string): boolean
  /** For a cache; given back to `loadGuardPolicies` with the same input it saves parsing and validation. */
  readonly serialised: JsonValue
}

export interface PolicyQuery {
  readonly principal: Principal
  readonly tool: string
  /** Values, or their JSON text (then integers are exact to 64 bits; what is sent must be that text). */
  readonly arguments: JsonObject | string
  readonly effect: Effect
  readonly reach: Reach
  readonly labels: readonly DataClass[]
  /** JSON Pointers of the arguments whose value came from an untrusted source. */
  readonly untrusted: readonly string[]
  /** Counters by the names of `taskCounters`; one that is missing makes a policy that reads it err. */
  readonly task: Readonly<Record<string, number>>
}

export interface PolicyDecision {
  readonly decision: 'allow' | 'deny'
  /** Absent on allow. */
  readonly code?: 'POLICY_NO_PERMIT' | 'POLICY_FORBID' | 'POLICY_ERROR' | 'ARGUMENTS_INVALID'
  /** One sentence or two for people; no argument values. */
  readonly message?: string
  /** JSON Pointer into the arguments, with ARGUMENTS_INVALID. */
  readonly path?: string
  /** Determining policies as `file:line`. */
  readonly policies: readonly string[]
  /** Policies that erred as `file:line`. */
  readonly errors: readonly string[]
  /** Roles named by `@confirm` on the satisfied permits; every one of them must confirm. Empty on deny. */
  readonly confirm: readonly string[]
}

const cacheFormat = 'airworthy-guard-policies-1'

/**
 * Loads the policies of an agent. A cache that belongs to another input, or is damaged, is passed over.
 * @throws POLICY_INVALID with all faults at once (file, line, column, mend)
 */
export function loadGuardPolicies(input: GuardPolicyInput, cache?: { readonly serialised: JsonValue }): LoadedPolicies {
  const tools = withRetrieve(input.tools)
  invariant(new Set(tools.map(({ name }) => name)).size === tools.length, 'two tools have the same name')
  const digest = digestOf({
    format: cacheFormat,
    agent: input.agent,
    principalAttributes: input.principalAttributes,
    tools: tools.map(({ name, inputSchema, groups = [] }) => ({ name, inputSchema, groups })),
    sources: input.sources.map(({ file, text, line = 1 }) => ({ file, text, line })),
  })
  const typed = tools.map((tool) => ({ tool, ...argumentsTypeOf(tool), implicit: !input.tools.includes(tool) }))
  const compiled = cachedPolicies(cache?.serialised, digest) ?? compileOrThrow(input, typed)
  const runtime = new GuardRuntime(input.agent, input.principalAttributes, typed, compiled)
  let serialised: JsonValue
  return {
    digest,
    untyped: typed.flatMap(({ untyped }) => untyped),
    decide: (query) => runtime.decide(query),
    mayList: (principal, tool) => runtime.mayList(principal, tool),
    get serialised() {
      const policies = serialiseCompiled(compiled)
      serialised ??= { format: cacheFormat, digest, content: digestOf(policies), policies }
      return serialised
    },
  }
}

function withRetrieve(tools: readonly PolicyTool[]): readonly PolicyTool[] {
  if (tools.some(({ name }) => name === retrieveAction)) return tools
  return [...tools, { name: retrieveAction, inputSchema: { type: 'object' }, groups: ['read'] }]
}

function compileOrThrow(input: GuardPolicyInput, typed: readonly TypedTool[]): CompiledPolicies {
  const { principalAttributes, sources } = input
  const { compiled, faults } = compileGuardPolicies({ principalAttributes, sources, tools: typed })
  throwFaults(faults)
  return compiled
}

/** The content's own digest tells a damaged cache; whoever may write the cache's folder may also change the policies. */
function cachedPolicies(cached: JsonValue | undefined, digest: Digest): CompiledPolicies | undefined {
  if (!isJsonObject(cached) || cached.format !== cacheFormat || cached.digest !== digest) return undefined
  if (cached.policies === undefined || cached.content !== digestOf(cached.policies)) return undefined
  return reviveCompiled(cached.policies)
}
