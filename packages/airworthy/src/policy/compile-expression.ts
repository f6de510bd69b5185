/**
 * Turns a policy expression into a closure. The meaning is Cedar's, errors and short circuits included; an error is thrown
 * as EvaluationError and caught by the policy. Closures share nothing mutable and keep nothing between calls.
 */
import { attributeAccess, attributeTest, contextAccess, hasTag, tagOf } from './compile-access.ts'
import { equalityTest, orderingTest } from './compile-comparison.ts'
import { containsTest, emptyTest, setsTest, withinTest } from './compile-sets.ts'
import type { Environment, Evaluate, Operand, Test } from './environment.ts'
import { EvaluationError, typeError } from './evaluation-error.ts'
import type {
  AttributeBody,
  BinaryBody,
  EntityUidJson,
  Expression,
  HasBody,
  IfBody,
  IsBody,
  LikeBody,
  UnaryBody,
} from './expression.ts'
import { partsOf } from './expression.ts'
import { extensionFunctions } from './extension-functions.ts'
import { addLongs, isLong, longOf, multiplyLongs, negateLong, subtractLongs } from './long.ts'
import { compilePattern } from './pattern.ts'
import { CedarSet, EntityUid, type Long, newRecord, type Value } from './value.ts'

/** @throws Error (an invariant) on an operator that Cedar does not have: the text was parsed by Cedar before. */
function compileExpression(expression: Expression): Evaluate {
  const [operator, body] = partsOf(expression)
  const compile = Object.hasOwn(compilers, operator) ? compilers[operator] : undefined
  if (compile !== undefined) return compile(body as never)
  return compileCall(operator, body as readonly Expression[])
}

/** As `compileExpression`, for a place where Cedar demands a boolean. */
export function compileTest(expression: Expression): Test {
  const [operator, body] = partsOf(expression)
  if (operator === '&&' || operator === '||') return compileChain(operator, body as BinaryBody)
  if (operator === '!') {
    const operand = compileTest((body as UnaryBody).arg)
    return (environment) => !operand(environment)
  }
  const evaluate = compileExpression(expression)
  return (environment) => {
    const value = evaluate(environment)
    if (typeof value !== 'boolean') throw typeError('bool', value)
    return value
  }
}

export function entityUidOf(json: EntityUidJson): EntityUid {
  return new EntityUid(json.type, json.id)
}

/** The value of a literal node, undefined for any other: operators use it to do at load what need not be done per decision. */
function constantOf(expression: Expression): Value | undefined {
  const [operator, body] = partsOf(expression)
  if (operator === 'Long') return longOf(BigInt(body as string))
  if (operator === 'Value') {
    return typeof body === 'object' ? entityUidOf((body as { __entity: EntityUidJson }).__entity) : (body as Value)
  }
  if (operator === 'Set') {
    const items = (body as readonly Expression[]).map(constantOf)
    return items.every((item) => item !== undefined) ? new CedarSet(items) : undefined
  }
  const call = extensionFunctions.get(operator)
  if (call?.arity !== 1 || !constructors.has(operator)) return undefined
  const argument = constantOf((body as readonly Expression[])[0] as Expression)
  if (argument === undefined) return undefined
  try {
    return call.call(argument, argument)
  } catch {
    return undefined // It errs on every evaluation, and only when it is reached: left to run time.
  }
}

const constructors: ReadonlySet<string> = new Set(['decimal', 'ip', 'datetime', 'duration'])

const compilers: Readonly<Record<string, ((body: never) => Evaluate) | undefined>> = {
  Value: (body: Expression[string]) => constant({ Value: body }),
  Long: (body: string) => constant({ Long: body }),
  Var: (name: 'principal' | 'action' | 'resource' | 'context') => variables[name],
  '!': (body: UnaryBody) => compileTest({ '!': body }),
  '&&': (body: BinaryBody) => compileTest({ '&&': body }),
  '||': (body: BinaryBody) => compileTest({ '||': body }),
  neg: ({ arg }: UnaryBody) => {
    const operand = compileExpression(arg)
    return (environment) => {
      const value = operand(environment)
      if (!isLong(value)) throw typeError('long', value)
      return withoutOverflow(negateLong(value))
    }
  },
  '+': (body: BinaryBody) => compileArithmetic(body, addLongs),
  '-': (body: BinaryBody) => compileArithmetic(body, subtractLongs),
  '*': (body: BinaryBody) => compileArithmetic(body, multiplyLongs),
  '==': ({ left, right }: BinaryBody) => equalityTest(operandOf(left), operandOf(right)),
  '!=': ({ left, right }: BinaryBody) => {
    const equal = equalityTest(operandOf(left), operandOf(right))
    return (environment) => !equal(environment)
  },
  '<': ({ left, right }: BinaryBody) => orderingTest(operandOf(left), operandOf(right), '<'),
  '<=': ({ left, right }: BinaryBody) => orderingTest(operandOf(left), operandOf(right), '<='),
  '>': ({ left, right }: BinaryBody) => orderingTest(operandOf(left), operandOf(right), '>'),
  '>=': ({ left, right }: BinaryBody) => orderingTest(operandOf(left), operandOf(right), '>='),
  in: ({ left, right }: BinaryBody) => withinTest(compileExpression(left), compileExpression(right)),
  contains: ({ left, right }: BinaryBody) => containsTest(operandOf(left), compileExpression(right)),
  containsAll: ({ left, right }: BinaryBody) =>
    setsTest(compileExpression(left), compileExpression(right), (first, second) => first.hasAll(second)),
  containsAny: ({ left, right }: BinaryBody) =>
    setsTest(compileExpression(left), compileExpression(right), (first, second) => first.hasAny(second)),
  isEmpty: ({ arg }: UnaryBody) => emptyTest(compileExpression(arg)),
  hasTag: ({ left, right }: BinaryBody) => {
    const entity = compileExpression(left)
    const name = compileExpression(right)
    return (environment) => hasTag(entity(environment), name(environment), environment)
  },
  getTag: ({ left, right }: BinaryBody) => {
    const entity = compileExpression(left)
    const name = compileExpression(right)
    return (environment) => tagOf(entity(environment), name(environment), environment)
  },
  '.': (body: AttributeBody) => {
    const { root, names } = pathOf({ '.': body })
    const [operator, variable] = partsOf(root)
    if (operator === 'Var' && variable === 'context') return contextAccess(names)
    return attributeAccess(compileExpression(root), names)
  },
  has: ({ left, attr }: HasBody) => attributeTest(compileExpression(left), typeof attr === 'string' ? [attr] : attr),
  like: ({ left, pattern }: LikeBody) => {
    const operand = compileExpression(left)
    const matches = compilePattern(pattern)
    return (environment) => {
      const text = operand(environment)
      if (typeof text !== 'string') throw typeError('string', text)
      return matches(text)
    }
  },
  is: ({ left, entity_type: type, in: outer }: IsBody) => {
    const operand = compileExpression(left)
    const isOfType: Test = (environment) => {
      const entity = operand(environment)
      if (!(entity instanceof EntityUid)) throw typeError('entity', entity)
      return entity.type === type
    }
    if (outer === undefined) return isOfType
    const isInside = withinTest(operand, compileExpression(outer))
    return (environment) => isOfType(environment) && isInside(environment)
  },
  'if-then-else': (body: IfBody) => {
    const condition = compileTest(body.if)
    const consequence = compileExpression(body.then)
    const alternative = compileExpression(body.else)
    return (environment) => (condition(environment) ? consequence(environment) : alternative(environment))
  },
  Set: (items: readonly Expression[]) => {
    const value = constantOf({ Set: items })
    if (value !== undefined) return () => value
    const evaluates = items.map(compileExpression)
    return (environment) => new CedarSet(evaluates.map((evaluate) => evaluate(environment)))
  },
  Record: (members: Readonly<Record<string, Expression>>) => {
    const entries = Object.entries(members).map(([name, member]) => [name, compileExpression(member)] as const)
    return (environment) => {
      const record = newRecord()
      for (const [name, evaluate] of entries) record[name] = evaluate(environment)
      return record
    }
  },
}

const variables = {
  principal: (environment: Environment): Value => environment.principal,
  action: (environment: Environment): Value => environment.action,
  resource: (environment: Environment): Value => environment.resource,
  context: (environment: Environment): Value => environment.context,
}

function operandOf(expression: Expression): Operand {
  return { evaluate: compileExpression(expression), constant: constantOf(expression) }
}

/** The expression below all attribute names, and the names from the inside out. */
function pathOf(expression: Expression): { root: Expression; names: readonly string[] } {
  const names: string[] = []
  let root = expression
  for (;;) {
    const [operator, body] = partsOf(root)
    if (operator !== '.') return { root, names: names.reverse() }
    names.push((body as AttributeBody).attr)
    root = (body as AttributeBody).left
  }
}

function constant(expression: Expression): Evaluate {
  const value = constantOf(expression) as Value
  return () => value
}

/** A left-leaning chain of the same operator becomes one flat list, so that long chains cost no stack. */
function compileChain(operator: '&&' | '||', body: BinaryBody): Test {
  const operands = [compileTest(body.right)]
  let rest = body.left
  for (;;) {
    const [next, nextBody] = partsOf(rest)
    if (next !== operator) break
    operands.unshift(compileTest((nextBody as BinaryBody).right))
    rest = (nextBody as BinaryBody).left
  }
  const first = compileTest(rest)
  const decisive = operator === '||'
  const [second] = operands
  if (operands.length === 1 && second !== undefined) {
    return decisive
      ? (environment) => first(environment) || second(environment)
      : (environment) => first(environment) && second(environment)
  }
  return (environment) => {
    if (first(environment) === decisive) return decisive
    for (let index = 0; index < operands.length; index++) {
      if ((operands[index] as Test)(environment) === decisive) return decisive
    }
    return !decisive
  }
}

function compileArithmetic(body: BinaryBody, compute: (left: Long, right: Long) => Long | undefined): Evaluate {
  const left = compileExpression(body.left)
  const right = compileExpression(body.right)
  return (environment) => {
    const first = left(environment)
    const second = right(environment)
    if (!isLong(first)) throw typeError('long', first)
    if (!isLong(second)) throw typeError('long', second)
    return withoutOverflow(compute(first, second))
  }
}

function compileCall(name: string, operands: readonly Expression[]): Evaluate {
  const called = extensionFunctions.get(name)
  if (called === undefined) throw new Error(`Invariant broken: no Cedar operator is named ${name}`)
  const value = constantOf({ [name]: operands })
  if (value !== undefined) return () => value
  const { call } = called
  if (operands.length !== called.arity) {
    return () => {
      throw new EvaluationError(`${name} takes ${called.arity} arguments`)
    }
  }
  const first = compileExpression(operands[0] as Expression)
  if (called.arity === 1) {
    return (environment) => {
      const operand = first(environment)
      return call(operand, operand)
    }
  }
  const second = compileExpression(operands[1] as Expression)
  return (environment) => call(first(environment), second(environment))
}

function withoutOverflow(value: Long | undefined): Long {
  if (value === undefined) throw new EvaluationError('the result overflows 64 bits')
  return value
}
