/** A compiled set of policies as plain JSON: what `compilePolicies` returns, a cache keeps and `authorize` runs. */
import { AirworthyError } from '../core/errors.ts'
import { isJsonObject, type JsonValue } from '../core/json.ts'
import type { ActionScopeJson, Condition, ScopeJson } from './expression.ts'

export const compiledFormat = 'airworthy-policies-1'

export interface CompiledPolicies {
  readonly format: typeof compiledFormat
  readonly policies: readonly PolicyJson[]
}

export interface PolicyJson {
  /** `policy<n>`, n counted from 0 in the order of the text. */
  readonly id: string
  readonly effect: 'permit' | 'forbid'
  readonly principal: ScopeJson
  readonly action: ActionScopeJson
  readonly resource: ScopeJson
  readonly conditions: readonly Condition[]
  readonly annotations: Readonly<Record<string, string>>
  /** Where the policy begins, for people. Lines and columns are 1-based. */
  readonly file: string
  readonly line: number
  readonly column: number
  /** Its own Cedar text, semicolon included. */
  readonly text: string
}

/** The set as a JSON value for a cache. */
export function serialiseCompiled(policies: CompiledPolicies): JsonValue {
  return policies as unknown as JsonValue
}

/**
 * The set from a cache. It trusts the content (the caller's digest protects it) and checks the format.
 * @throws POLICY_INVALID when the value is not a set of this version.
 */
export function reviveCompiled(value: JsonValue): CompiledPolicies {
  if (isJsonObject(value) && value.format === compiledFormat && Array.isArray(value.policies)) {
    return value as unknown as CompiledPolicies
  }
  throw new AirworthyError({
    code: 'POLICY_INVALID',
    message: `The value is not a compiled set of the format ${compiledFormat}.`,
    mend: 'Compile the policies again from their text.',
  })
}

/** `file:line` as people know the policy, or its id where the text came without a file. */
export function placeOf(policy: PolicyJson): string {
  return policy.file === '' ? policy.id : `${policy.file}:${policy.line}`
}
