/**
 * Cold load of the guard's policies: parse, validate, and refuse what Cedar would accept but a person did not mean. Cedar's
 * validation grows faster than actions times policies, so each policy is validated against the actions it can apply to.
 */
import type { Fault } from '../core/errors.ts'
import { actionsNamedIn, mentionsIn } from './mentions.ts'
import { faultOf, type PolicySource, parsePolicies, pieceOf } from './parse-policies.ts'
import type { CompiledPolicies, PolicyJson } from './policy-json.ts'
import {
  type AttributeKind,
  cedarSchemaOf,
  groupType,
  type PolicyTool,
  standardGroups,
  type UntypedArgument,
} from './policy-schema.ts'
import type { RecordType, SchemaType } from './schema.ts'
import { validateCompiled } from './validate-policies.ts'

export interface TypedTool {
  readonly tool: PolicyTool
  readonly type: RecordType
  readonly untyped: readonly UntypedArgument[]
  /** Added by the kit: policies must name it to be checked against it. */
  readonly implicit?: boolean
}

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
  for (const policy of compiled.policies) {
    const before = found.length
    found.push(...annotationFaults(policy), ...actionFaults(policy, world))
    if (found.length > before) continue
    const admitted = toolsAdmittedBy(policy, world)
    const misnamed = nameFaults(policy, admitted, input.principalAttributes)
    found.push(...misnamed)
    if (misnamed.length > 0) continue
    const tools = new Set([...admitted, ...toolsNamedIn(policy, world)])
    const key = tools.size === world.all.length ? '' : [...tools].map(({ tool }) => tool.name).join('\n')
    const bundle = bundles.get(key)
    if (bundle === undefined) bundles.set(key, { tools, policies: [policy] })
    else bundle.policies.push(policy)
  }
  for (const { tools, policies } of batchesOf([...bundles.values()])) {
    found.push(...validationFaults(policies, [...tools], input.principalAttributes))
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

interface World {
  readonly all: readonly TypedTool[]
  readonly byName: ReadonlyMap<string, TypedTool>
  readonly byGroup: ReadonlyMap<string, readonly TypedTool[]>
}

function worldOf(tools: readonly TypedTool[]): World {
  const byGroup = new Map<string, TypedTool[]>(standardGroups.map((group) => [group, []]))
  for (const typed of tools) {
    for (const group of typed.tool.groups ?? []) {
      const members = byGroup.get(group)
      if (members === undefined) byGroup.set(group, [typed])
      else members.push(typed)
    }
  }
  // Nobody who forbids what every tool of theirs has in common thinks of retrieval: it counts only where it is named.
  const all = tools.filter(({ implicit }) => implicit !== true)
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

/** `@confirm` decides, so a near miss of its name, an empty role and a place where it does nothing are all refused. */
function annotationFaults(policy: PolicyJson): readonly Fault[] {
  const role = policy.annotations.confirm
  if (role !== undefined && policy.effect === 'forbid') {
    return [fault(policy, '@confirm stands on a forbid, where it does nothing', 'put it on the permit')]
  }
  if (role?.trim() === '') return [fault(policy, '@confirm names no role', 'write @confirm("<role>")')]
  return Object.keys(policy.annotations)
    .filter((name) => name !== 'confirm' && isNear(name.toLowerCase(), 'confirm'))
    .map((name) => fault(policy, `@${name} is no annotation that the kit knows`, 'did you mean @confirm?'))
}

/** Actions that no tool has, in the scope or in a condition. */
function actionFaults(policy: PolicyJson, { byName, byGroup }: World): readonly Fault[] {
  return actionsNamedIn(policy).flatMap(({ type, id }) => {
    const known = type === groupType ? byGroup : byName
    if (known.has(id)) return []
    const near = [...known.keys()].find((name) => isNear(name, id))
    const mend = near === undefined ? 'name a tool of the manifest' : `did you mean ${type}::"${near}"?`
    return [fault(policy, `${type}::"${id}" is no ${type === groupType ? 'group' : 'tool'} of this agent`, mend)]
  })
}

/**
 * Names of attributes that can never be there. Cedar takes `context.args has amuont` for a condition that is simply false,
 * so a misspelt forbid would never match, silently; and an argument that Cedar cannot type would be as silently absent.
 */
function nameFaults(
  policy: PolicyJson,
  admitted: readonly TypedTool[],
  attributes: Readonly<Record<string, AttributeKind>>,
): readonly Fault[] {
  return mentionsIn(policy).flatMap(({ root, names }) => {
    const [first] = names as [string]
    if (root === 'principal' && !Object.hasOwn(attributes, first)) {
      const mend = `declare it under principal.attributes; declared: ${Object.keys(attributes).join(', ') || 'none'}`
      return [fault(policy, `the principal has no attribute "${first}"`, mend)]
    }
    if (root !== 'context' || first !== 'args' || names.length === 1) return []
    const path = names.slice(1)
    const written = `/${path.join('/')}`
    for (const { tool, untyped } of admitted) {
      const leftOut = untyped.find((entry) => written === entry.path || written.startsWith(`${entry.path}/`))
      if (leftOut !== undefined) {
        const why = `Cedar cannot type the argument ${leftOut.path} of ${tool.name}: ${leftOut.why}`
        return [fault(policy, why, 'narrow its schema in the manifest, or leave it out of the policy')]
      }
    }
    if (admitted.length === 0 || admitted.some(({ type }) => hasPath(type, path))) return []
    const why = `no tool that this policy applies to has an argument "${path.join('.')}"`
    return [fault(policy, why, 'correct the name')]
  })
}

function hasPath(type: SchemaType, path: readonly string[]): boolean {
  let at: SchemaType | undefined = type
  for (const name of path) {
    // Past a set or a scalar the validator has the word.
    if (at?.kind !== 'record') return at !== undefined
    at = at.attributes.get(name)?.type
  }
  return at !== undefined
}

function validationFaults(
  policies: readonly PolicyJson[],
  tools: readonly TypedTool[],
  attributes: Readonly<Record<string, AttributeKind>>,
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
      const policy = policies.find(({ file, line }) => file === warning.file && line === warning.line)
      // Somebody who writes `when { false }` means it; and a group without tools is no mistake of the policy.
      return tools.length > 0 && policy?.conditions.some(({ body }) => body.Value === false) !== true
    })
  const mend = 'Correct the condition, or write `when { false }` to switch the policy off.'
  return [...faults, ...impossible.map((warning) => ({ ...warning, mend }))]
}

function fault(policy: PolicyJson, message: string, help: string): Fault {
  return faultOf({ message, help, code: null, url: null, severity: null }, pieceOf(policy), policy.file)
}

/** At most two edits apart. */
function isNear(left: string, right: string): boolean {
  if (Math.abs(left.length - right.length) > 2) return false
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let row = 1; row <= left.length; row++) {
    const current = [row]
    for (let column = 1; column <= right.length; column++) {
      const substituted = (previous[column - 1] as number) + (left[row - 1] === right[column - 1] ? 0 : 1)
      current.push(Math.min(substituted, (previous[column] as number) + 1, (current[column - 1] as number) + 1))
    }
    previous = current
  }
  return (previous[right.length] as number) <= 2
}
