/**
 * Cold load of the guard's policies: parse, validate, and refuse what Cedar would accept but a person did not mean. Cedar's
 * validation grows faster than actions times policies, so each policy is validated against the actions it can apply to.
 */
import type { Fault } from '../core/errors.ts'
import { actionFaults, annotationFaults, nameFaults, valueFaults } from './guard-policy-faults.ts'
import { actionsNamedIn } from './mentions.ts'
import { type PolicySource, parsePolicies } from './parse-policies.ts'
import type { CompiledPolicies, PolicyJson } from './policy-json.ts'
import { type AttributeKind, cedarSchemaOf, groupType, standardGroups } from './policy-schema.ts'
import type { TypedTool, World } from './typed-tool.ts'
import { validateCompiled } from './validate-policies.ts'

interface Input {
  readonly principalAttributes: Readonly<Record<string, AttributeKind>>
  readonly sources: readonly PolicySource[]
  readonly tools: readonly TypedTool[]
}

/** The compiled policies and every fault of all of them; with a fault the policies must not be used. */
export function compileGuardPolicies(input: Input): { compiled: CompiledPolicies; faults: readonly Fault[] } {
  const { compiled, faults } = parsePolicies(input.sources)
  const world = worldOf(input.tools)
  const found = [...faults]
  const bundles = new Map<string, Bundle>()
  // Policies of groups that no tool is in yet: that they can match nothing is no mistake of theirs.
  const idle = new Set<PolicyJson>()
  for (const policy of compiled.policies) {
    const before = found.length
    found.push(...annotationFaults(policy), ...actionFaults(policy, world), ...valueFaults(policy))
    if (found.length > before) continue
    const admitted = toolsAdmittedBy(policy, world)
    const misnamed = nameFaults(policy, admitted, input.principalAttributes)
    found.push(...misnamed)
    if (misnamed.length > 0) continue
    if (admitted.length === 0) idle.add(policy)
    const tools = new Set([...admitted, ...toolsNamedIn(policy, world)])
    const key = tools.size === world.all.length ? '' : [...tools].map(({ tool }) => tool.name).join('\n')
    const bundle = bundles.get(key)
    if (bundle === undefined) bundles.set(key, { tools, policies: [policy] })
    else bundle.policies.push(policy)
  }
  for (const { tools, policies } of batchesOf([...bundles.values()])) {
    found.push(...validationFaults(policies, [...tools], input.principalAttributes, idle))
  }
  const position = new Map(compiled.policies.map((policy, index) => [`${policy.file}:${policy.line}`, index]))
  const rank = ({ file, line }: Fault): number => position.get(`${file}:${line}`) ?? -1
  const distinct = new Map(found.map((each) => [`${each.file}:${each.line}:${each.message}`, each]))
  return { compiled, faults: [...distinct.values()].sort((left, right) => rank(left) - rank(right)) }
}

interface Bundle {
  readonly tools: Set<TypedTool>
  readonly policies: PolicyJson[]
}

/** A call of the validator costs about as much as sixteen small policies do; more at once grows faster than their number. */
const batchSizeMax = 16

/** Joins small bundles. A policy is still judged by its own actions alone: its scope is false for the others. */
function batchesOf(bundles: readonly Bundle[]): readonly Bundle[] {
  const batches: Bundle[] = []
  let open: Bundle | undefined
  for (const { tools, policies } of bundles) {
    if (
      open !== undefined &&
      Math.max(open.tools.size + tools.size, open.policies.length + policies.length) <= batchSizeMax
    ) {
      for (const tool of tools) open.tools.add(tool)
      open.policies.push(...policies)
    } else {
      open = { tools: new Set(tools), policies: [...policies] }
      batches.push(open)
    }
  }
  return batches
}

function worldOf(tools: readonly TypedTool[]): World {
  // Nobody who forbids what every tool of theirs has in common thinks of retrieval: it counts only where it is named.
  const all = tools.filter(({ implicit }) => implicit !== true)
  const byGroup = new Map<string, TypedTool[]>(standardGroups.map((group) => [group, []]))
  for (const typed of all) {
    for (const group of typed.tool.groups ?? []) {
      const members = byGroup.get(group)
      if (members === undefined) byGroup.set(group, [typed])
      else members.push(typed)
    }
  }
  return { all, byName: new Map(tools.map((typed) => [typed.tool.name, typed])), byGroup }
}

function toolsAdmittedBy({ action }: PolicyJson, { all, byName, byGroup }: World): readonly TypedTool[] {
  if (action.op === 'All') return all
  const named = 'entities' in action ? action.entities : [action.entity]
  const admitted = named.flatMap(({ type, id }) => {
    if (type === groupType) return action.op === 'in' ? (byGroup.get(id) ?? []) : []
    const typed = byName.get(id)
    return typed === undefined ? [] : [typed]
  })
  return [...new Set(admitted)]
}

/** Tools that conditions compare the action with; the schema must know them too. */
function toolsNamedIn(policy: PolicyJson, { byName, byGroup }: World): readonly TypedTool[] {
  return actionsNamedIn(policy).flatMap(({ type, id }) => {
    if (type === groupType) return (byGroup.get(id) ?? []).slice(0, 1)
    const typed = byName.get(id)
    return typed === undefined ? [] : [typed]
  })
}

function validationFaults(
  policies: readonly PolicyJson[],
  tools: readonly TypedTool[],
  attributes: Readonly<Record<string, AttributeKind>>,
  idle: ReadonlySet<PolicyJson>,
): readonly Fault[] {
  const groups = new Set<string>()
  for (const { tool } of tools) for (const group of tool.groups ?? []) groups.add(group)
  for (const policy of policies)
    for (const { type, id } of actionsNamedIn(policy)) if (type === groupType) groups.add(id)
  const actions = tools.map(({ tool, type }) => ({ name: tool.name, groups: tool.groups ?? [], type }))
  const { faults, warnings } = validateCompiled(policies, cedarSchemaOf(actions, attributes, [...groups]))
  const impossible = warnings
    .filter(({ message }) => /impossible/.test(message))
    .filter((warning) => {
      const policy = policies.find(({ id }) => id === warning.fields?.policy)
      // Somebody who writes `when { false }` means it.
      return policy !== undefined && !idle.has(policy) && !policy.conditions.some(({ body }) => body.Value === false)
    })
  const mend = 'Correct the condition, or write `when { false }` to switch the policy off.'
  return [...faults, ...impossible.map((warning) => ({ ...warning, mend }))]
}
