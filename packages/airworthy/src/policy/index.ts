/** `airworthy/policy`: Cedar policies compiled, validated and decided in process. */
export { type Authorization, type AuthorizeInput, authorize, type PolicyRequest } from './authorize.ts'
export type { EntityJson } from './entities.ts'
export { compilePolicies, type PolicySource } from './parse-policies.ts'
export { type CompiledPolicies, reviveCompiled, serialiseCompiled } from './policy-json.ts'
export type { CedarJson } from './read-value.ts'
export { type PolicyValidation, validatePolicies } from './validate-policies.ts'
