/** Reading attributes and tags: the operators `.`, `has`, `hasTag`, `getTag`. */
import type { Environment, Evaluate, Test } from './environment.ts'
import { EvaluationError, typeError } from './evaluation-error.ts'
import { CedarObject, EntityUid, type RecordValue, type Value } from './value.ts'

/** `root.a.b.c` is one closure that walks the names, not one closure a name. */
export function attributeAccess(root: Evaluate, names: readonly string[]): Evaluate {
  const [first] = names as [string]
  if (names.length === 1) return (environment) => attributeOf(root(environment), first, environment)
  return (environment) => {
    let value = root(environment)
    for (let index = 0; index < names.length; index++) value = attributeOf(value, names[index] as string, environment)
    return value
  }
}

/** `context.a` and `context.a.b`, which most conditions are made of: no closure for the variable, no search for an entity. */
export function contextAccess(names: readonly string[]): Evaluate {
  const [first, second] = names as [string, string?]
  const general = attributeAccess((environment) => environment.context, names)
  if (names.length > 2) return general
  if (second === undefined) return (environment) => environment.context[first] ?? general(environment)
  return (environment) => {
    const outer = environment.context[first]
    if (typeof outer !== 'object' || outer instanceof CedarObject) return general(environment)
    return outer[second] ?? general(environment)
  }
}

/** `e has a.b.c` is `e has a && e.a has b && e.a.b has c`, with `e` evaluated once (it has no effects). */
export function attributeTest(root: Evaluate, names: readonly string[]): Test {
  const [first] = names as [string]
  if (names.length === 1) return (environment) => hasAttribute(root(environment), first, environment)
  return (environment) => {
    let value = root(environment)
    for (let index = 0; index < names.length; index++) {
      const name = names[index] as string
      if (!hasAttribute(value, name, environment)) return false
      if (index < names.length - 1) value = attributeOf(value, name, environment)
    }
    return true
  }
}

export function hasTag(entity: Value, name: Value, environment: Environment): boolean {
  const [uid, text] = tagOperands(entity, name)
  return environment.entities.get(uid)?.tags.has(text) ?? false
}

export function tagOf(entity: Value, name: Value, environment: Environment): Value {
  const [uid, text] = tagOperands(entity, name)
  const data = environment.entities.get(uid)
  if (data === undefined) throw new EvaluationError('the entity does not exist')
  const value = data.tags.get(text)
  if (value === undefined) throw new EvaluationError('the entity has no such tag')
  return value
}

function attributeOf(value: Value, name: string, environment: Environment): Value {
  const attributes = attributesOf(value, environment)
  if (attributes === undefined) throw new EvaluationError('the entity does not exist')
  const attribute = attributes[name]
  if (attribute === undefined) throw new EvaluationError(`the attribute "${name}" is absent`)
  return attribute
}

function hasAttribute(value: Value, name: string, environment: Environment): boolean {
  const attributes = attributesOf(value, environment)
  return attributes !== undefined && attributes[name] !== undefined
}

/** Undefined when the value is an entity that is not known. */
function attributesOf(value: Value, environment: Environment): RecordValue | undefined {
  if (typeof value !== 'object') throw typeError('record or entity', value)
  if (!(value instanceof CedarObject)) return value
  if (value instanceof EntityUid) return environment.entities.get(value)?.attributes
  throw typeError('record or entity', value)
}

function tagOperands(entity: Value, name: Value): readonly [EntityUid, string] {
  if (!(entity instanceof EntityUid)) throw typeError('entity', entity)
  if (typeof name !== 'string') throw typeError('string', name)
  return [entity, name]
}
