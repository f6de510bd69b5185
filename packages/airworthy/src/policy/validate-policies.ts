/** Checks policies against a schema with Cedar's own validator (strict mode). */
import type { Schema } from '@cedar-policy/cedar-wasm/nodejs'
import type { Fault } from '../core/errors.ts'
import { withCedar } from './cedar-engine.ts'
import { faultOf, type PolicySource, parsePolicies, pieceOf } from './parse-policies.ts'
import type { CompiledPolicies, PolicyJson } from './policy-json.ts'
import { schemaFault } from './schema.ts'

export interface PolicyValidation {
  /** True when there is no fault; warnings do not count. */
  readonly ok: boolean
  readonly faults: readonly Fault[]
  readonly warnings: readonly Fault[]
}

/**
 * Says whether policies fit a schema: unknown types, attributes and actions, operands of wrong types, attributes that may be
 * absent and are not asked for with `has`. All faults of all policies together, each with its place; nothing is thrown.
 */
export function validatePolicies(input: {
  policies: string | readonly PolicySource[] | CompiledPolicies
  schema: string
}): PolicyValidation {
  const { policies, schema } = input
  const isText = typeof policies === 'string' || !('format' in policies)
  const { compiled, faults } = isText ? parsePolicies(policies) : { compiled: policies, faults: [] }
  const result = validateCompiled(compiled.policies, schema)
  return { ok: faults.length === 0 && result.ok, faults: [...faults, ...result.faults], warnings: result.warnings }
}

/** The same for policies already read, against a schema as text or as Cedar's JSON. */
export function validateCompiled(policies: readonly PolicyJson[], schema: Schema): PolicyValidation {
  const byId = new Map(policies.map((policy) => [policy.id, policy]))
  const staticPolicies = Object.fromEntries(policies.map((policy) => [policy.id, policy.text]))
  const answer = withCedar((cedar) => cedar.validate({ schema, policies: { staticPolicies } }))
  if (answer === undefined) {
    const deep = { message: 'the policies or the schema are nested too deeply', help: null, code: null, url: null }
    const faults = policies
      .slice(0, 1)
      .map((policy) => faultOf({ ...deep, severity: null }, pieceOf(policy), policy.file))
    return { ok: false, faults, warnings: [] }
  }
  if (answer.type === 'failure') {
    return {
      ok: false,
      faults: [schemaFault(answer.errors[0], typeof schema === 'string' ? schema : '')],
      warnings: [],
    }
  }
  // Cedar names them in the order of a hash map, which is another one each time.
  const order = new Map(policies.map(({ id }, at) => [id, at]))
  const faultsOf = (list: typeof answer.validationErrors): readonly Fault[] =>
    list
      .toSorted((a, b) => (order.get(a.policyId) ?? 0) - (order.get(b.policyId) ?? 0))
      .flatMap(({ policyId, error }) => {
        const policy = byId.get(policyId)
        if (policy === undefined) return []
        const message = error.message.replace(/^for policy `[^`]*`, /, '')
        return [{ ...faultOf({ ...error, message }, pieceOf(policy), policy.file), fields: { policy: policyId } }]
      })
  const faults = faultsOf(answer.validationErrors)
  return { ok: faults.length === 0, faults, warnings: faultsOf(answer.validationWarnings) }
}
