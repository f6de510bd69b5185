/** `==` and the four orderings, with what a literal operand allows to be decided at load. */
import { Datetime, Duration } from './datetime.ts'
import type { Operand, Test } from './environment.ts'
import { typeError } from './evaluation-error.ts'
import { isLong } from './long.ts'
import { equals, type Long, type Value } from './value.ts'

export type Ordering = '<' | '<=' | '>' | '>='

export function equalityTest(left: Operand, right: Operand): Test {
  const [other, known] =
    right.constant === undefined ? [right.evaluate, left.constant] : [left.evaluate, right.constant]
  if (known !== undefined && typeof known !== 'object') return (environment) => other(environment) === known
  const [first, second] = [left.evaluate, right.evaluate]
  return (environment) => equals(first(environment), second(environment))
}

/** Orders two Longs, two datetimes or two durations; anything else is a type error, as in Cedar (decimals have methods). */
export function orderingTest(left: Operand, right: Operand, ordering: Ordering): Test {
  const [first, second, known] = [left.evaluate, right.evaluate, right.constant]
  const holds = orderings[ordering]
  if (typeof known !== 'number') return (environment) => holds(...comparable(first(environment), second(environment)))
  const otherwise = (value: Value): boolean => holds(...comparable(value, known))
  // One closure an operator, with the operator in it: limits on numbers are what policies compare most.
  switch (ordering) {
    case '<':
      return (environment) => {
        const value = first(environment)
        return typeof value === 'number' ? value < known : otherwise(value)
      }
    case '<=':
      return (environment) => {
        const value = first(environment)
        return typeof value === 'number' ? value <= known : otherwise(value)
      }
    case '>':
      return (environment) => {
        const value = first(environment)
        return typeof value === 'number' ? value > known : otherwise(value)
      }
    case '>=':
      return (environment) => {
        const value = first(environment)
        return typeof value === 'number' ? value >= known : otherwise(value)
      }
  }
}

const orderings: Readonly<Record<Ordering, (left: Long, right: Long) => boolean>> = {
  '<': (left, right) => left < right,
  '<=': (left, right) => left <= right,
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
}

function comparable(left: Value, right: Value): [Long, Long] {
  if (isLong(left)) {
    if (isLong(right)) return [left, right]
    throw typeError('long', right)
  }
  if (left instanceof Datetime) {
    if (right instanceof Datetime) return [left.epochMs, right.epochMs]
    throw typeError('datetime', right)
  }
  if (left instanceof Duration) {
    if (right instanceof Duration) return [left.lengthMs, right.lengthMs]
    throw typeError('duration', right)
  }
  throw typeError('long, datetime or duration', left)
}
