/**
 * Policies as plain JSON: Cedar's own EST (the JSON form of its policies), with one node of ours, `Long`, for integers that
 * a double cannot hold. This is what a compiled set stores; `compile-expression.ts` turns it into closures.
 */
import type { PatternElement } from './pattern.ts'

export interface EntityUidJson {
  readonly type: string
  readonly id: string
}

type LiteralJson = boolean | number | string | { readonly __entity: EntityUidJson }

/** One node: an object with exactly one member, whose name is the operator or an extension function's name. */
export interface Expression {
  readonly [operator: string]: ExpressionBody
}
type ExpressionBody =
  | LiteralJson
  | readonly Expression[]
  | { readonly [name: string]: Expression }
  | BinaryBody
  | UnaryBody
  | AttributeBody
  | HasBody
  | LikeBody
  | IsBody
  | IfBody

export interface BinaryBody {
  readonly left: Expression
  readonly right: Expression
}
export interface UnaryBody {
  readonly arg: Expression
}
export interface AttributeBody {
  readonly left: Expression
  readonly attr: string
}
export interface HasBody {
  readonly left: Expression
  readonly attr: string | readonly string[]
}
export interface LikeBody {
  readonly left: Expression
  readonly pattern: readonly PatternElement[]
}
export interface IsBody {
  readonly left: Expression
  readonly entity_type: string
  readonly in?: Expression
}
export interface IfBody {
  readonly if: Expression
  readonly then: Expression
  readonly else: Expression
}

export type ScopeJson =
  | { readonly op: 'All' }
  | { readonly op: '=='; readonly entity: EntityUidJson }
  | { readonly op: 'in'; readonly entity: EntityUidJson }
  | { readonly op: 'is'; readonly entity_type: string; readonly in?: { readonly entity: EntityUidJson } }

export type ActionScopeJson =
  | { readonly op: 'All' }
  | { readonly op: '=='; readonly entity: EntityUidJson }
  | { readonly op: 'in'; readonly entity: EntityUidJson }
  | { readonly op: 'in'; readonly entities: readonly EntityUidJson[] }

export interface Condition {
  readonly kind: 'when' | 'unless'
  readonly body: Expression
}

/** The operator and body of a node. */
export function partsOf(expression: Expression): readonly [string, ExpressionBody] {
  for (const operator in expression) return [operator, expression[operator] as ExpressionBody]
  throw new Error('Invariant broken: a policy expression has no operator')
}

/** The operands of a chain of `&&`, in the order of evaluation. */
export function conjunctsOf(expression: Expression): readonly Expression[] {
  const conjuncts: Expression[] = []
  let rest = expression
  for (;;) {
    const [operator, body] = partsOf(rest)
    if (operator !== '&&') return [rest, ...conjuncts.reverse()]
    conjuncts.push((body as BinaryBody).right)
    rest = (body as BinaryBody).left
  }
}
