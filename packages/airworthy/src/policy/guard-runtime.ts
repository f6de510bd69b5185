/** Decides the guard's queries on compiled policies: one list of policies a tool, made on the tool's first query. */
import type { Principal } from '../core/principal.ts'
import type { ExecutablePolicy } from './compile-policy.ts'
import type { EntityData, EntityLookup, Environment } from './environment.ts'
import type { LoadedPolicies, PolicyDecision, PolicyQuery } from './guard-policies.ts'
import type { CompiledPolicies } from './policy-json.ts'
import {
  type AttributeKind,
  agentType,
  groupType,
  type PolicyTool,
  principalTypes,
  taskCounters,
  userType,
} from './policy-schema.ts'
import { evaluatePolicies, type PolicySet, policySetOf } from './policy-set.ts'
import { canNeverHold } from './prune-policies.ts'
import { readArguments } from './read-arguments.ts'
import type { RecordType } from './schema.ts'
import { CedarSet, EntityUid, newRecord, type RecordValue, type Value } from './value.ts'

export class GuardRuntime implements Pick<LoadedPolicies, 'decide' | 'mayList'> {
  private readonly set: PolicySet
  private readonly tools: ReadonlyMap<string, RuntimeTool>
  private readonly agent: EntityUid
  private readonly attributes: RecordType

  constructor(
    agent: string,
    attributes: Readonly<Record<string, AttributeKind>>,
    tools: readonly { readonly tool: PolicyTool; readonly type: RecordType }[],
    compiled: CompiledPolicies,
  ) {
    this.set = policySetOf(compiled)
    this.agent = new EntityUid(agentType, agent)
    const declared = Object.entries(attributes)
    this.attributes = {
      kind: 'record',
      attributes: new Map(declared.map(([name, kind]) => [name, { type: principalTypes[kind], required: false }])),
    }
    this.tools = new Map(tools.map(({ tool, type }) => [tool.name, runtimeTool(tool, type)]))
  }

  decide(query: PolicyQuery): PolicyDecision {
    try {
      return this.decideTool(query)
    } catch {
      // Nothing above throws; if our own code is wrong, or the stack is used up, the answer is still deny.
      return deny('POLICY_ERROR', 'The policies could not be evaluated.')
    }
  }

  mayList(principal: Principal, name: string): boolean {
    const tool = this.tools.get(name)
    if (tool === undefined) return false
    const environment = this.environmentFor(new EntityUid(userType, principal.id), noData, tool, noAttributes)
    const matching = this.set.applicable(environment).filter((policy) => policy.inScope(environment))
    if (matching.some(({ json, unconditional }) => json.effect === 'forbid' && unconditional)) return false
    return matching.some(({ json }) => json.effect === 'permit')
  }

  private decideTool(query: PolicyQuery): PolicyDecision {
    const tool = this.tools.get(query.tool)
    if (tool === undefined) return deny('POLICY_NO_PERMIT', 'No policy knows a tool of this name.')
    const args = readArguments(query.arguments, tool.type)
    if (!('record' in args)) {
      return {
        ...deny('ARGUMENTS_INVALID', `An argument cannot be given to the policies. ${args.message}`),
        path: args.path,
      }
    }
    const attributes = readArguments(query.principal.attributes, this.attributes)
    if (!('record' in attributes)) {
      const name = attributes.path.slice(1)
      return deny('POLICY_ERROR', `The principal's attribute "${name}" is not as declared. ${attributes.message}`)
    }
    const context = newRecord()
    context.args = args.record
    context.effect = query.effect
    context.reach = query.reach
    context.labels = setOf(query.labels)
    context.untrusted = setOf(query.untrusted)
    context.task = countersOf(query.task)
    const data = { attributes: attributes.record, tags: noTags, ancestors: noAncestors }
    const environment = this.environmentFor(new EntityUid(userType, query.principal.id), data, tool, context)
    return decisionOf(evaluatePolicies(this.policiesOf(tool, environment), environment))
  }

  private environmentFor(principal: EntityUid, data: EntityData, tool: RuntimeTool, context: RecordValue): Environment {
    const entities = new GuardEntities(principal, data, tool, this.agent)
    return { principal, action: tool.action, resource: this.agent, context, entities }
  }

  private policiesOf(tool: RuntimeTool, environment: Environment): readonly ExecutablePolicy[] {
    tool.policies ??= this.set.applicable(environment).filter(({ json }) => !canNeverHold(json, tool.type))
    return tool.policies
  }
}

interface RuntimeTool {
  readonly action: EntityUid
  readonly data: EntityData
  readonly type: RecordType
  /** The policies that may hold or err for this tool; filled on first use and the same ever after. */
  policies: readonly ExecutablePolicy[] | undefined
}

/** The three entities of a request: nothing else exists for policies. */
class GuardEntities implements EntityLookup {
  private readonly principal: EntityUid
  private readonly principalData: EntityData
  private readonly tool: RuntimeTool
  private readonly agent: EntityUid

  constructor(principal: EntityUid, principalData: EntityData, tool: RuntimeTool, agent: EntityUid) {
    this.principal = principal
    this.principalData = principalData
    this.tool = tool
    this.agent = agent
  }

  get(uid: EntityUid): EntityData | undefined {
    if (isSame(uid, this.principal)) return this.principalData
    if (isSame(uid, this.tool.action)) return this.tool.data
    return isSame(uid, this.agent) ? noData : undefined
  }
}

const noAttributes: RecordValue = newRecord()
const noTags: ReadonlyMap<string, Value> = new Map()
const noAncestors: ReadonlySet<string> = new Set()
const noData: EntityData = { attributes: noAttributes, tags: noTags, ancestors: noAncestors }
const emptySet = new CedarSet([])
const none: readonly string[] = []

function runtimeTool(tool: PolicyTool, type: RecordType): RuntimeTool {
  const ancestors = new Set((tool.groups ?? []).map((group) => new EntityUid(groupType, group).key))
  const data = { attributes: noAttributes, tags: noTags, ancestors }
  return { action: new EntityUid('Action', tool.name), data, type, policies: undefined }
}

function isSame(left: EntityUid, right: EntityUid): boolean {
  return left === right || (left.id === right.id && left.type === right.type)
}

function setOf(items: readonly string[]): CedarSet {
  return items.length === 0 ? emptySet : new CedarSet(items)
}

/** A counter that is missing or not an exact integer stays absent: a policy that reads it errs, which denies. */
function countersOf(task: Readonly<Record<string, number>>): RecordValue {
  const record = newRecord()
  for (const counter of taskCounters) {
    const value = task[counter]
    if (value !== undefined && Number.isSafeInteger(value)) record[counter] = value
  }
  return record
}

function decisionOf({ forbids, permits, errors }: ReturnType<typeof evaluatePolicies>): PolicyDecision {
  const erred = errors.length === 0 ? none : errors.map(({ policy }) => policy.place)
  if (forbids.length > 0) {
    const policies = forbids.map((policy) => policy.place)
    return { ...deny('POLICY_FORBID', 'A policy forbids this action.'), policies, errors: erred }
  }
  const [first] = errors
  if (first !== undefined) {
    const message = `A policy that applies could not be evaluated, so the action is denied: ${first.error.message}.`
    return { ...deny('POLICY_ERROR', message), errors: erred }
  }
  if (permits.length === 0) return deny('POLICY_NO_PERMIT', 'No policy permits this action for this principal.')
  const policies: string[] = []
  const roles: string[] = []
  for (const { place, json } of permits) {
    policies.push(place)
    const role = json.annotations.confirm
    if (role !== undefined && !roles.includes(role)) roles.push(role)
  }
  return { decision: 'allow', policies, errors: none, confirm: roles }
}

function deny(code: NonNullable<PolicyDecision['code']>, message: string): PolicyDecision {
  return { decision: 'deny', code, message, policies: none, errors: none, confirm: none }
}
