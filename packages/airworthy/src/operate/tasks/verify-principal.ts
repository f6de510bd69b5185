/** The user of a task: verified by a token of the company's own issuer, or asserted by the agent where the manifest says so. */
import { createRemoteJWKSet, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { AirworthyError } from '../../core/errors.ts'
import type { JsonValue } from '../../core/json.ts'
import type { PrincipalRule } from '../../core/manifest/effective.ts'
import type { Principal } from '../../core/principal.ts'

export type ClaimedPrincipal =
  | string
  | { readonly id: string; readonly attributes?: Readonly<Record<string, JsonValue>> | undefined }

const principalIdCharsMax = 256

/** Keeps the issuer's keys between calls. */
export function principalVerifier(rule: PrincipalRule): (claimed: ClaimedPrincipal) => Promise<Principal> {
  let keys: JWTVerifyGetKey | undefined
  return async (claimed) => {
    if (typeof claimed !== 'string') {
      if (!rule.assertedByAgent)
        throw invalid('The manifest asks for a signed token of the user; the agent may not assert who it is.')
      return {
        id: checkedId(claimed.id),
        attributes: declaredAttributes(rule, claimed.attributes ?? {}),
        verifiedBy: 'asserted_by_agent',
      }
    }
    if (rule.jwt === undefined) throw invalid('The manifest names no issuer of user tokens.')
    keys ??= createRemoteJWKSet(new URL(rule.jwt.jwks))
    try {
      const { payload } = await jwtVerify(claimed, keys, {
        issuer: rule.jwt.issuer,
        audience: rule.jwt.audience,
        algorithms: ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'],
        requiredClaims: ['sub', 'exp'],
      })
      return {
        id: checkedId(payload.sub ?? ''),
        attributes: declaredAttributes(rule, payload as Record<string, JsonValue>),
        verifiedBy: 'jwt',
      }
    } catch (cause) {
      if (cause instanceof AirworthyError) throw cause
      throw invalid(
        `The user's token was refused: ${cause instanceof Error ? cause.message : 'unknown reason'}.`,
        cause,
      )
    }
  }
}

function checkedId(id: string): string {
  if (id === '' || id.length > principalIdCharsMax || !id.isWellFormed()) {
    throw invalid(`A principal's id has 1 to ${principalIdCharsMax} characters.`)
  }
  return id
}

/** Only what the manifest declares, in the type that it declares; anything else would reach the policies unchecked. */
function declaredAttributes(
  rule: PrincipalRule,
  given: Readonly<Record<string, JsonValue>>,
): Record<string, JsonValue> {
  const kept: Record<string, JsonValue> = {}
  for (const [name, type] of Object.entries(rule.attributes)) {
    if (!Object.hasOwn(given, name)) continue
    const value = given[name] as JsonValue
    if (!fits[type](value)) throw invalid(`The principal's attribute ${name} is not of the declared type ${type}.`)
    kept[name] = value
  }
  return kept
}

const fits: Record<PrincipalRule['attributes'][string], (value: JsonValue) => boolean> = {
  string: (value) => typeof value === 'string' && value.length <= 8192,
  integer: (value) => Number.isSafeInteger(value),
  number: (value) => typeof value === 'number' && Number.isFinite(value),
  boolean: (value) => typeof value === 'boolean',
  strings: (value) => Array.isArray(value) && value.length <= 100 && value.every((item) => typeof item === 'string'),
}

function invalid(message: string, cause?: unknown): AirworthyError {
  return new AirworthyError(
    { code: 'PRINCIPAL_INVALID', message, mend: 'Send what `principal` in the manifest declares.' },
    { cause },
  )
}
