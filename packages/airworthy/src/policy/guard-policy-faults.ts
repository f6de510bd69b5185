/** What Cedar accepts in a policy and a person did not mean: found at load, so that no policy is silently wrong. */

import { dataClasses } from '../core/action.ts'
import type { Fault } from '../core/errors.ts'
import { actionsNamedIn, literalsBesideIn, mentionsIn } from './mentions.ts'
import { faultOf, pieceOf } from './parse-policies.ts'
import type { PolicyJson } from './policy-json.ts'
import { type AttributeKind, groupType } from './policy-schema.ts'
import type { SchemaType } from './schema.ts'
import type { TypedTool, World } from './typed-tool.ts'

/** `@confirm` decides, so a near miss of its name, an empty role and a place where it does nothing are all refused. */
export function annotationFaults(policy: PolicyJson): readonly Fault[] {
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
export function actionFaults(policy: PolicyJson, { byName, byGroup }: World): readonly Fault[] {
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
export function nameFaults(
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
    return [fault(policy, why, `correct the name; there are: ${argumentsOf(admitted).join(', ') || 'none'}`)]
  })
}

/** Of any of the tools, the first level, and no more than a reader wants. */
function argumentsOf(tools: readonly TypedTool[]): readonly string[] {
  const names = tools.flatMap(({ type }) => (type.kind === 'record' ? [...type.attributes.keys()] : []))
  return [...new Set(names)].slice(0, 20)
}

/** Values of `effect`, `reach` and `labels` that do not exist: such a comparison is false for ever, silently. */
export function valueFaults(policy: PolicyJson): readonly Fault[] {
  return literalsBesideIn(policy).flatMap(({ names, literal }) => {
    const [first] = names
    const allowed = names.length === 1 && first !== undefined ? closedValues.get(first) : undefined
    if (allowed === undefined || allowed.includes(literal)) return []
    return [fault(policy, `context.${first} is never "${literal}"`, `use one of ${allowed.join(', ')}`)]
  })
}

const closedValues: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ['effect', ['read', 'write', 'irreversible']],
  ['reach', ['internal', 'external']],
  ['labels', dataClasses],
])

function hasPath(type: SchemaType, path: readonly string[]): boolean {
  let at: SchemaType | undefined = type
  for (const name of path) {
    // Past a set or a scalar the validator has the word.
    if (at?.kind !== 'record') return at !== undefined
    at = at.attributes.get(name)?.type
  }
  return at !== undefined
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
