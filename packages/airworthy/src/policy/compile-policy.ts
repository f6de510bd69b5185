/** One policy as closures: its scope (action apart, for the index) and its conditions. */
import { compileTest, entityUidOf } from './compile-expression.ts'
import { type Environment, isWithin, type Test } from './environment.ts'
import { EvaluationError } from './evaluation-error.ts'
import { type Condition, conjunctsOf, partsOf, type ScopeJson } from './expression.ts'
import { type PolicyJson, placeOf } from './policy-json.ts'
import type { EntityUid } from './value.ts'

export interface ExecutablePolicy {
  readonly json: PolicyJson
  readonly effect: PolicyJson['effect']
  /** `file:line`, for people. */
  readonly place: string
  /** Position in the text, from 0. */
  readonly index: number
  /** Keys of the entities of which the action must be one or lie within one; undefined when any action will do. */
  readonly actions: readonly EntityUid[] | undefined
  /** `==` in the action's scope: descendants do not match. */
  readonly exactAction: boolean
  /** Principal and resource match. Never errs. */
  readonly inScope: Test
  /** True when there is no condition, or only conditions that are literally true. */
  readonly unconditional: boolean
  /** Scope without action, then the conditions; never throws. */
  readonly evaluate: (environment: Environment) => 'satisfied' | 'unsatisfied' | EvaluationError
}

export function compilePolicy(json: PolicyJson, index: number): ExecutablePolicy {
  const principal = compileScope(json.principal, (environment) => environment.principal)
  const resource = compileScope(json.resource, (environment) => environment.resource)
  const inScope = both(principal, resource)
  const tests = json.conditions.filter((condition) => !isTrivial(condition)).flatMap(compileCondition)
  const evaluate = (environment: Environment): 'satisfied' | 'unsatisfied' | EvaluationError => {
    try {
      if (inScope !== undefined && !inScope(environment)) return 'unsatisfied'
      for (let at = 0; at < tests.length; at++) if (!(tests[at] as Test)(environment)) return 'unsatisfied'
      return 'satisfied'
    } catch (error) {
      // Anything else than an EvaluationError (a stack used up, say) must still count as an error of this policy.
      return error instanceof EvaluationError ? error : new EvaluationError('the evaluation failed')
    }
  }
  return {
    json,
    effect: json.effect,
    place: placeOf(json),
    index,
    actions: actionsOf(json),
    exactAction: json.action.op === '==',
    inScope: inScope ?? (() => true),
    unconditional: tests.length === 0,
    evaluate,
  }
}

/** Whether the policy's action scope admits an action with these ancestors; what the index decides without asking. */
export function admitsAction(policy: ExecutablePolicy, environment: Environment): boolean {
  if (policy.actions === undefined) return true
  if (policy.exactAction) return policy.actions.some((action) => action.key === environment.action.key)
  return policy.actions.some((action) => isWithin(environment.action, action, environment.entities))
}

function actionsOf({ action }: PolicyJson): readonly EntityUid[] | undefined {
  if (action.op === 'All') return undefined
  return 'entities' in action ? action.entities.map(entityUidOf) : [entityUidOf(action.entity)]
}

/** Undefined when everything matches. */
function compileScope(scope: ScopeJson, entityOf: (environment: Environment) => EntityUid): Test | undefined {
  switch (scope.op) {
    case 'All':
      return undefined
    case '==': {
      const { type, id } = scope.entity
      return (environment) => entityOf(environment).id === id && entityOf(environment).type === type
    }
    case 'in': {
      const outer = entityUidOf(scope.entity)
      return (environment) => isWithin(entityOf(environment), outer, environment.entities)
    }
    case 'is': {
      const type = scope.entity_type
      const isOfType: Test = (environment) => entityOf(environment).type === type
      if (scope.in === undefined) return isOfType
      const outer = entityUidOf(scope.in.entity)
      return (environment) => isOfType(environment) && isWithin(entityOf(environment), outer, environment.entities)
    }
  }
}

function both(first: Test | undefined, second: Test | undefined): Test | undefined {
  if (first === undefined || second === undefined) return first ?? second
  return (environment) => first(environment) && second(environment)
}

/** The operands of a chain of `&&` are tests of the policy itself: the same errors in the same order, one layer less. */
function compileCondition({ kind, body }: Condition): readonly Test[] {
  if (kind === 'when') return conjunctsOf(body).map(compileTest)
  const test = compileTest(body)
  return [(environment) => !test(environment)]
}

/** `when { true }` and `unless { false }` demand nothing. */
function isTrivial({ kind, body }: Condition): boolean {
  const [operator, value] = partsOf(body)
  return operator === 'Value' && value === (kind === 'when')
}
