/** Membership: sets and what they contain, entities and what they are in. */
import { type Evaluate, isWithin, type Operand, type Test } from './environment.ts'
import { typeError } from './evaluation-error.ts'
import { CedarSet, EntityUid } from './value.ts'

/** `set.contains(item)`. */
export function containsTest(set: Operand, item: Evaluate): Test {
  const { evaluate, constant } = set
  if (constant instanceof CedarSet) return (environment) => constant.has(item(environment))
  return (environment) => {
    const value = evaluate(environment)
    const sought = item(environment)
    if (!(value instanceof CedarSet)) throw typeError('set', value)
    return value.has(sought)
  }
}

/** `left.containsAll(right)`, `left.containsAny(right)`. */
export function setsTest(left: Evaluate, right: Evaluate, compare: (left: CedarSet, right: CedarSet) => boolean): Test {
  return (environment) => {
    const first = left(environment)
    const second = right(environment)
    if (!(first instanceof CedarSet)) throw typeError('set', first)
    if (!(second instanceof CedarSet)) throw typeError('set', second)
    return compare(first, second)
  }
}

/** `set.isEmpty()`. */
export function emptyTest(set: Evaluate): Test {
  return (environment) => {
    const value = set(environment)
    if (!(value instanceof CedarSet)) throw typeError('set', value)
    return value.items.length === 0
  }
}

/** `inner in outer`, where `outer` is an entity or a set of entities. */
export function withinTest(inner: Evaluate, outer: Evaluate): Test {
  return (environment) => {
    const entity = inner(environment)
    const target = outer(environment)
    if (!(entity instanceof EntityUid)) throw typeError('entity', entity)
    if (target instanceof EntityUid) return isWithin(entity, target, environment.entities)
    if (!(target instanceof CedarSet)) throw typeError('entity or set of entities', target)
    // Every member must be an entity, also those after the first that matches.
    for (const item of target.items) if (!(item instanceof EntityUid)) throw typeError('entity', item)
    return target.items.some((item) => isWithin(entity, item as EntityUid, environment.entities))
  }
}
