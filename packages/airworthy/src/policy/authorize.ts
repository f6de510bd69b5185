/** The public door to a decision: Cedar text or a compiled set, Cedar's JSON entities and request, one synchronous answer. */
import { type EntityJson, readEntities } from './entities.ts'
import type { Environment } from './environment.ts'
import { compilePolicies } from './parse-policies.ts'
import type { CompiledPolicies } from './policy-json.ts'
import { evaluatePolicies, policySetOf } from './policy-set.ts'
import { type CedarJson, checkEnumerated, readEntityUid, readRecord, readUntyped } from './read-value.ts'
import { requestFault } from './request-fault.ts'
import { type CedarSchema, parseSchema } from './schema.ts'
import { type EntityUid, isRecord, type RecordValue } from './value.ts'

interface EntityReference {
  readonly type: string
  readonly id: string
}

export interface PolicyRequest {
  readonly principal: EntityReference | { readonly __entity: EntityReference }
  readonly action: EntityReference | { readonly __entity: EntityReference }
  readonly resource: EntityReference | { readonly __entity: EntityReference }
  readonly context: { readonly [key: string]: CedarJson }
}

export interface Authorization {
  readonly decision: 'allow' | 'deny'
  /** Ids of the determining policies: the satisfied permits of an allow, the satisfied forbids of a deny, or none. */
  readonly reasons: readonly string[]
  /** Ids of the policies that erred. */
  readonly errors: readonly string[]
}

export interface AuthorizeInput {
  /** Cedar text (compiled on every call) or the result of `compilePolicies` (made ready once). */
  readonly policies: string | CompiledPolicies
  /** Cedar's schema language. It types and checks entities and request, and never rejects a policy. */
  readonly schema?: string | undefined
  readonly entities: readonly EntityJson[]
  readonly request: PolicyRequest
  /**
   * `deny`, the default: an applicable policy that errs denies, whatever the others say; the reasons are then the satisfied
   * forbids or none. `skip` is Cedar's own semantics: a policy that errs counts for nothing.
   */
  readonly onPolicyError?: 'deny' | 'skip'
}

/**
 * Decides one request. Both lists are ids (`policy<n>`) in the order of the text. A Long is exact to 64 bits: a number or a
 * bigint is taken, a number that is not a safe integer is refused. Pure; changes none of its inputs.
 * @throws POLICY_INVALID for a text that cannot be compiled, POLICY_SCHEMA_INVALID for the schema, POLICY_REQUEST_INVALID
 * for an entity or request that is not well-formed or does not fit the schema.
 */
export function authorize(input: AuthorizeInput): Authorization {
  const { onPolicyError = 'deny' } = input
  const compiled = typeof input.policies === 'string' ? compilePolicies(input.policies) : input.policies
  const schema = input.schema === undefined ? undefined : parseSchema(input.schema)
  const environment = readRequest(input.request, input.entities, schema)
  const { forbids, permits, errors } = evaluatePolicies(policySetOf(compiled).applicable(environment), environment)
  const errorIds = errors.map(({ policy }) => policy.json.id)
  const denies = forbids.length > 0 || permits.length === 0 || (onPolicyError !== 'skip' && errors.length > 0)
  const reasons = (denies ? forbids : permits).map((policy) => policy.json.id)
  return { decision: denies ? 'deny' : 'allow', reasons, errors: errorIds }
}

/** What policies look at, from a request and its entities. @throws POLICY_REQUEST_INVALID */
export function readRequest(
  request: PolicyRequest,
  entities: readonly EntityJson[],
  schema: CedarSchema | undefined,
): Environment {
  if (typeof request !== 'object' || request === null)
    throw requestFault('request', 'is not an object', 'Send a request.')
  const principal = readEntityUid(request.principal, 'principal')
  const action = readEntityUid(request.action, 'action')
  const resource = readEntityUid(request.resource, 'resource')
  const context =
    schema === undefined
      ? readContext(request.context)
      : readTypedRequest(principal, action, resource, request.context, schema)
  return { principal, action, resource, context, entities: readEntities(entities, schema) }
}

function readContext(json: unknown): RecordValue {
  const context = readUntyped(json, 'context')
  if (!isRecord(context)) throw requestFault('context', 'is not a record', 'Send an object.')
  return context
}

function readTypedRequest(
  principal: EntityUid,
  action: EntityUid,
  resource: EntityUid,
  context: unknown,
  schema: CedarSchema,
): RecordValue {
  const type = schema.actions.get(action.key)
  if (type === undefined)
    throw requestFault('action', 'is not in the schema', 'Send an action that the schema declares.')
  const mend = 'Send a type that the schema declares for this action.'
  if (!type.principals.has(principal.type)) throw requestFault('principal', 'has a type that the action refuses', mend)
  if (!type.resources.has(resource.type)) throw requestFault('resource', 'has a type that the action refuses', mend)
  checkEnumerated(principal, schema, 'principal')
  checkEnumerated(resource, schema, 'resource')
  return readRecord(context, type.context, schema, 'context')
}
