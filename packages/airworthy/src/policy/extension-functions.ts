/** Cedar's extension functions by name, with arity; each throws EvaluationError where Cedar reports one. */
import {
  Datetime,
  Duration,
  datetimeOf,
  durationIn,
  durationOf,
  durationSince,
  offsetDatetime,
  toDate,
  toTime,
} from './datetime.ts'
import { Decimal, decimalOf } from './decimal.ts'
import { EvaluationError, typeError } from './evaluation-error.ts'
import { IpAddress, ipAddressOf, isInRange, isLoopback, isMulticast } from './ip-address.ts'
import type { Value } from './value.ts'

export interface ExtensionFunction {
  readonly arity: 1 | 2
  readonly call: (first: Value, second: Value) => Value
}

export const extensionFunctions: ReadonlyMap<string, ExtensionFunction> = new Map<string, ExtensionFunction>([
  ['decimal', constructorOf('decimal', decimalOf)],
  ['lessThan', decimalComparison((left, right) => left < right)],
  ['lessThanOrEqual', decimalComparison((left, right) => left <= right)],
  ['greaterThan', decimalComparison((left, right) => left > right)],
  ['greaterThanOrEqual', decimalComparison((left, right) => left >= right)],
  ['ip', constructorOf('ipaddr', ipAddressOf)],
  ['isIpv4', unary(IpAddress, 'ipaddr', (ip) => ip.version === 4)],
  ['isIpv6', unary(IpAddress, 'ipaddr', (ip) => ip.version === 6)],
  ['isLoopback', unary(IpAddress, 'ipaddr', isLoopback)],
  ['isMulticast', unary(IpAddress, 'ipaddr', isMulticast)],
  ['isInRange', binary([IpAddress, 'ipaddr'], [IpAddress, 'ipaddr'], isInRange)],
  ['datetime', constructorOf('datetime', datetimeOf)],
  ['duration', constructorOf('duration', durationOf)],
  ['offset', binary([Datetime, 'datetime'], [Duration, 'duration'], offsetDatetime)],
  ['durationSince', binary([Datetime, 'datetime'], [Datetime, 'datetime'], durationSince)],
  ['toDate', unary(Datetime, 'datetime', toDate)],
  ['toTime', unary(Datetime, 'datetime', toTime)],
  ['toMilliseconds', unary(Duration, 'duration', (duration) => duration.lengthMs)],
  ['toSeconds', unary(Duration, 'duration', (duration) => durationIn(duration, 's'))],
  ['toMinutes', unary(Duration, 'duration', (duration) => durationIn(duration, 'm'))],
  ['toHours', unary(Duration, 'duration', (duration) => durationIn(duration, 'h'))],
  ['toDays', unary(Duration, 'duration', (duration) => durationIn(duration, 'd'))],
])

type Class<T> = abstract new (...parts: never[]) => T

function constructorOf(name: string, parse: (text: string) => Value | undefined): ExtensionFunction {
  return {
    arity: 1,
    call: (text) => {
      if (typeof text !== 'string') throw typeError('string', text)
      const value = parse(text)
      if (value === undefined) throw new EvaluationError(`the text is not a ${name}`)
      return value
    },
  }
}

function unary<T extends Value>(type: Class<T>, name: string, compute: (value: T) => Value | undefined) {
  const call = (value: Value): Value => {
    if (!(value instanceof type)) throw typeError(name, value)
    return defined(compute(value as T))
  }
  return { arity: 1, call } as const
}

function binary<Left extends Value, Right extends Value>(
  [leftType, leftName]: readonly [Class<Left>, string],
  [rightType, rightName]: readonly [Class<Right>, string],
  compute: (left: Left, right: Right) => Value | undefined,
) {
  const call = (left: Value, right: Value): Value => {
    if (!(left instanceof leftType)) throw typeError(leftName, left)
    if (!(right instanceof rightType)) throw typeError(rightName, right)
    return defined(compute(left as Left, right as Right))
  }
  return { arity: 2, call } as const
}

function decimalComparison(compare: (left: number | bigint, right: number | bigint) => boolean): ExtensionFunction {
  return binary([Decimal, 'decimal'], [Decimal, 'decimal'], (left, right) => compare(left.units, right.units))
}

function defined(value: Value | undefined): Value {
  if (value === undefined) throw new EvaluationError('the result overflows 64 bits')
  return value
}
