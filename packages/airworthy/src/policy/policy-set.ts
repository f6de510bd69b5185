/** A set of policies ready to decide: closures, indexed by the action that each one's scope names. */
import { admitsAction, compilePolicy, type ExecutablePolicy } from './compile-policy.ts'
import type { Environment } from './environment.ts'
import type { EvaluationError } from './evaluation-error.ts'
import type { CompiledPolicies } from './policy-json.ts'
import type { EntityUid } from './value.ts'

export interface PolicySet {
  readonly policies: readonly ExecutablePolicy[]
  /** The policies whose action scope admits the request's action, in the order of the text. */
  applicable(environment: Environment): readonly ExecutablePolicy[]
}

export interface Outcome {
  readonly forbids: readonly ExecutablePolicy[]
  readonly permits: readonly ExecutablePolicy[]
  readonly errors: readonly { readonly policy: ExecutablePolicy; readonly error: EvaluationError }[]
}

const noPolicies: readonly ExecutablePolicy[] = []
const noErrors: Outcome['errors'] = []
const executable = new WeakMap<CompiledPolicies, PolicySet>()

/** The closures of a compiled set; made once a set. */
export function policySetOf(compiled: CompiledPolicies): PolicySet {
  const known = executable.get(compiled)
  if (known !== undefined) return known
  const set = indexPolicies(compiled.policies.map(compilePolicy))
  executable.set(compiled, set)
  return set
}

/** All satisfied policies and all errors. Total: it never throws. */
export function evaluatePolicies(policies: readonly ExecutablePolicy[], environment: Environment): Outcome {
  // Lists are made only when something goes in: most policies of a decision are unsatisfied.
  let forbids: ExecutablePolicy[] | undefined
  let permits: ExecutablePolicy[] | undefined
  let errors: { policy: ExecutablePolicy; error: EvaluationError }[] | undefined
  for (let index = 0; index < policies.length; index++) {
    const policy = policies[index] as ExecutablePolicy
    const result = policy.evaluate(environment)
    if (result === 'unsatisfied') continue
    if (result !== 'satisfied') {
      errors ??= []
      errors.push({ policy, error: result })
    } else if (policy.effect === 'forbid') {
      forbids ??= []
      forbids.push(policy)
    } else {
      permits ??= []
      permits.push(policy)
    }
  }
  return { forbids: forbids ?? noPolicies, permits: permits ?? noPolicies, errors: errors ?? noErrors }
}

/** What `applicable` must equal: every policy asked by itself. Tests compare the two. */
export function applicableByScan(set: PolicySet, environment: Environment): readonly ExecutablePolicy[] {
  return set.policies.filter((policy) => admitsAction(policy, environment))
}

function indexPolicies(policies: readonly ExecutablePolicy[]): PolicySet {
  const unscoped = policies.filter((policy) => policy.actions === undefined)
  const exact = new Map<string, ExecutablePolicy[]>()
  const within = new Map<string, ExecutablePolicy[]>()
  for (const policy of policies) {
    const index = policy.exactAction ? exact : within
    for (const key of new Set(policy.actions?.map((action) => action.key))) {
      const bucket = index.get(key)
      if (bucket === undefined) index.set(key, [policy])
      else bucket.push(policy)
    }
  }
  const select = (action: EntityUid, ancestors: Iterable<string>): readonly ExecutablePolicy[] => {
    const found = [unscoped, exact.get(action.key) ?? noPolicies, within.get(action.key) ?? noPolicies]
    for (const ancestor of ancestors) found.push(within.get(ancestor) ?? noPolicies)
    const filled = found.filter((bucket) => bucket.length > 0)
    if (filled.length <= 1) return filled[0] ?? noPolicies
    // A policy that names two groups of the action stands in two buckets and counts once.
    return [...new Set(filled.flat())].sort((left, right) => left.index - right.index)
  }
  const selections = new Map<string, Selection>()
  return {
    policies,
    applicable({ action, entities }) {
      const ancestors = entities.get(action)?.ancestors ?? noAncestors
      const known = selections.get(action.key)
      if (known !== undefined && isSameSet(known.ancestors, ancestors)) return known.policies
      const selected = select(action, ancestors)
      if (selections.size >= selectionsKeptMax) selections.clear()
      selections.set(action.key, { ancestors, policies: selected })
      return selected
    },
  }
}

/** What was selected for an action lately, and the ancestors it then had: entities come with each request and may differ. */
interface Selection {
  readonly ancestors: ReadonlySet<string>
  readonly policies: readonly ExecutablePolicy[]
}

const selectionsKeptMax = 4_096
const noAncestors: ReadonlySet<string> = new Set()

function isSameSet(left: ReadonlySet<string>, right: ReadonlySet<string>): boolean {
  if (left.size !== right.size) return false
  for (const key of left) if (!right.has(key)) return false
  return true
}
