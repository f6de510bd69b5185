/** What a policy names: the actions it refers to, and the paths of attributes it reads below `principal` and `context`. */
import type { AttributeBody, BinaryBody, EntityUidJson, Expression, HasBody } from './expression.ts'
import { partsOf } from './expression.ts'
import type { PolicyJson } from './policy-json.ts'

export interface Mention {
  readonly root: 'principal' | 'action' | 'resource' | 'context'
  /** From the outside in: `context.args.amount` is `['args', 'amount']`. */
  readonly names: readonly string[]
}

/** Every path that a condition reads or asks for with `has`. */
export function mentionsIn(policy: PolicyJson): readonly Mention[] {
  const mentions: Mention[] = []
  const visit = (expression: Expression): void => {
    const [operator, body] = partsOf(expression)
    if (operator === '.' || operator === 'has') {
      const { attr } = body as AttributeBody | HasBody
      const mention = mentionOf((body as AttributeBody).left, typeof attr === 'string' ? [attr] : attr)
      if (mention !== undefined) {
        mentions.push(mention)
        return
      }
    }
    for (const child of childrenOf(expression)) visit(child)
  }
  for (const { body } of policy.conditions) visit(body)
  return mentions
}

/** Texts that a condition compares with a path below `context`: by `==`, `!=` or as a member sought in it. */
export function literalsBesideIn(policy: PolicyJson): readonly { names: readonly string[]; literal: string }[] {
  const found: { names: readonly string[]; literal: string }[] = []
  const visit = (expression: Expression): void => {
    const [operator, body] = partsOf(expression)
    if (operator === '==' || operator === '!=' || operator === 'contains') {
      const { left, right } = body as BinaryBody
      for (const [path, other] of [[left, right] as const, [right, left] as const]) {
        const mention = mentionOf(path, [])
        if (mention?.root === 'context' && typeof other.Value === 'string') {
          found.push({ names: mention.names, literal: other.Value })
        }
      }
    }
    for (const child of childrenOf(expression)) visit(child)
  }
  for (const { body } of policy.conditions) visit(body)
  return found
}

/** Every action or group of actions in the scope and in the conditions. */
export function actionsNamedIn(policy: PolicyJson): readonly EntityUidJson[] {
  const { action } = policy
  const named: EntityUidJson[] =
    action.op === 'All' ? [] : 'entities' in action ? [...action.entities] : [action.entity]
  const visit = (expression: Expression): void => {
    const [operator, body] = partsOf(expression)
    if (operator === 'Value' && typeof body === 'object' && '__entity' in body) {
      const uid = body.__entity as EntityUidJson
      if (uid.type === 'Action' || uid.type.endsWith('::Action')) named.push(uid)
    }
    for (const child of childrenOf(expression)) visit(child)
  }
  for (const { body } of policy.conditions) visit(body)
  return named
}

/** Undefined when what is below the names is no variable. */
function mentionOf(left: Expression, names: readonly string[]): Mention | undefined {
  const [operator, body] = partsOf(left)
  if (operator === 'Var') return { root: body as Mention['root'], names }
  if (operator !== '.') return undefined
  return mentionOf((body as AttributeBody).left, [(body as AttributeBody).attr, ...names])
}

function childrenOf(expression: Expression): readonly Expression[] {
  const [operator, body] = partsOf(expression)
  if (Array.isArray(body)) return body as readonly Expression[]
  if (typeof body !== 'object' || operator === 'Value') return []
  if (operator === 'Record') return Object.values(body as Readonly<Record<string, Expression>>)
  return Object.entries(body)
    .filter(([name]) => operandNames.has(name))
    .map(([, child]) => child as Expression)
}

/** The members of a node that are nodes themselves. */
export const operandNames: ReadonlySet<string> = new Set(['left', 'right', 'arg', 'if', 'then', 'else', 'in'])
