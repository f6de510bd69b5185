/**
 * Permits: short-lived Ed25519-signed tokens over the digest of one action as it is sent, so that a tool's own service can
 * refuse what did not come through the guard. The form is a compact JWS (RFC 7515) with `alg: EdDSA`, so that a service in any
 * language verifies it with a common library.
 */
import type { KeyObject } from 'node:crypto'
import type { Digest } from './digest.ts'
import { signEd25519, verifyEd25519 } from './signature.ts'
import { valueOfJson } from './value-of-json.ts'

/** Longest life of a permit, in seconds. */
export const permitLifetimeSecondsMax = 60
/** A permit's text is far shorter than this; longer ones are not parsed. */
const permitBytesMax = 4096

export interface PermitClaims {
  /** Agent that the permit was issued for. */
  readonly agent: string
  /** Name of the manifest's server that the call goes to; a tool that the caller runs has the agent's own. */
  readonly aud: string
  readonly task: string
  readonly principal: string
  readonly tool: string
  /** Digest over the arguments exactly as sent (RFC 8785). */
  readonly arguments_digest: Digest
  /** Action id; single use hangs on it. */
  readonly jti: string
  readonly idempotency_key: string
  /** Seconds since 1970. */
  readonly iat: number
  readonly exp: number
}

export type PermitVerdict =
  | { readonly ok: true; readonly claims: PermitClaims }
  | { readonly ok: false; readonly why: string }

const header = Buffer.from(JSON.stringify({ alg: 'EdDSA', typ: 'airworthy-permit' })).toString('base64url')

/** Signs a permit. The caller keeps `exp - iat` within `permitLifetimeSecondsMax`. */
export function mintPermit(claims: PermitClaims, key: KeyObject): string {
  const body = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`
  const signature = signEd25519(key, Buffer.from(body))
  return `${body}.${Buffer.from(signature).toString('base64url')}`
}

/**
 * Verifies signature, form and life of a permit. It does not compare tool and arguments, nor remember uses: `airworthy/permit`
 * does. Never throws. @param nowSeconds seconds since 1970.
 */
export function verifyPermitSignature(permit: string, key: KeyObject, nowSeconds: number): PermitVerdict {
  if (permit.length > permitBytesMax) return { ok: false, why: 'the permit is too long' }
  const parts = permit.split('.')
  if (parts.length !== 3 || parts[0] !== header) return { ok: false, why: 'the permit has another form' }
  const signature = Buffer.from(parts[2] as string, 'base64url')
  // One signature, one text: Node's decoder also takes stray characters, which would give one permit many spellings.
  if (signature.toString('base64url') !== parts[2]) return { ok: false, why: 'the permit has another form' }
  if (!verifyEd25519(key, Buffer.from(`${parts[0]}.${parts[1]}`), signature)) {
    return { ok: false, why: 'the signature is not by this kit' }
  }
  const claims = valueOfJson(Buffer.from(parts[1] as string, 'base64url').toString()) as PermitClaims
  if (claims.exp - claims.iat > permitLifetimeSecondsMax) return { ok: false, why: 'the permit lives too long' }
  if (nowSeconds >= claims.exp) return { ok: false, why: 'the permit has expired' }
  if (claims.iat > nowSeconds + 5) return { ok: false, why: 'the permit is from the future' }
  return { ok: true, claims }
}
