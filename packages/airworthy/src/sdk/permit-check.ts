/**
 * Whether one call came through the guard: the permit's signature and life, its tool, the digest of its arguments, and that it
 * was not used before. Works offline once the key is known; anything but a clear yes is a refusal.
 */
import type { KeyObject } from 'node:crypto'
import { digestOf } from '../core/digest.ts'
import type { Fault } from '../core/errors.ts'
import { type PermitClaims, verifyPermitSignature } from '../core/permit.ts'
import { type PermitKey, permitKeySource } from './permit-key.ts'

export interface PermitCheckOptions {
  /**
   * This service's name in the manifest (`mcpServers`). Give it where several services have a tool of the same name: one that
   * received a permit could otherwise use it at the other.
   */
  readonly audience?: string
  readonly key: PermitKey
  /**
   * For a service of several processes: records that permit `jti` is used now and answers whether it was used before. It must be
   * one atomic act in a store that all processes share; what it throws refuses the call. Without it, uses are remembered in this
   * process alone.
   * @param expiresAt seconds since 1970; after it the record may be dropped, since the permit no longer verifies.
   */
  readonly seen?: (jti: string, expiresAt: number) => boolean | Promise<boolean>
  /** Milliseconds since 1970. For tests. */
  readonly now?: () => number
}

/** One call as the service received it. `arguments` is what the tool will run with; absent counts as no arguments. */
export interface PermittedCall {
  readonly permit: string | undefined
  readonly tool: string
  readonly arguments: unknown
}

export type PermitResult =
  | { readonly ok: true; readonly claims: readonly PermitClaims[] }
  | { readonly ok: false; readonly fault: Fault }

/**
 * Makes the check that both middlewares use; call it yourself in a service that speaks neither `node:http` nor hono.
 * The calls of one request are judged together: only when each has a valid permit are their uses recorded.
 * @throws PERMIT_KEY_INVALID when the key is given and wrong. The check itself never throws.
 */
export function createPermitCheck(
  options: PermitCheckOptions,
): (calls: readonly PermittedCall[]) => Promise<PermitResult> {
  const keysOf = permitKeySource(options.key)
  const now = options.now ?? Date.now
  const seen = options.seen ?? rememberUses(() => now() / 1000)

  return async (calls) => {
    const claims: PermitClaims[] = []
    try {
      const keys = await keysOf()
      for (const call of calls) {
        const verdict = judge(call, keys, now() / 1000, options.audience)
        if ('code' in verdict) return { ok: false, fault: verdict }
        claims.push(verdict)
      }
      for (const claim of claims) {
        if (await seen(claim.jti, claim.exp))
          return { ok: false, fault: refusal('PERMIT_REUSED', 'The permit was used before.') }
      }
    } catch {
      // The cause may name a key file or a store; the caller of the tool has no business with it.
      return { ok: false, fault: refusal('PERMIT_INVALID', 'The permit could not be checked.') }
    }
    return { ok: true, claims }
  }
}

function judge(
  call: PermittedCall,
  keys: readonly KeyObject[],
  nowSeconds: number,
  audience: string | undefined,
): PermitClaims | Fault {
  const { permit, tool } = call
  if (permit === undefined)
    return refusal('PERMIT_MISSING', `A call of ${JSON.stringify(tool)} needs a permit and has none.`)
  const verdicts = keys.map((key) => verifyPermitSignature(permit, key, nowSeconds))
  const verdict = verdicts.find((one) => one.ok) ?? verdicts[0]
  if (verdict === undefined || !verdict.ok) {
    return refusal('PERMIT_INVALID', `The permit is refused: ${verdict?.why ?? 'no key is known'}.`)
  }
  const { claims } = verdict
  if (!isWhole(claims)) return refusal('PERMIT_INVALID', 'The permit is refused: a claim is missing.')
  if (audience !== undefined && claims.aud !== audience) {
    return refusal('PERMIT_MISMATCH', 'The permit is for another service.')
  }
  if (claims.tool !== tool) return refusal('PERMIT_MISMATCH', 'The permit is for another tool.')
  if (claims.arguments_digest !== digestOf(call.arguments ?? {})) {
    return refusal('PERMIT_MISMATCH', 'The permit is for other arguments.')
  }
  return claims
}

function isWhole(claims: PermitClaims): boolean {
  const texts = [
    claims.agent,
    claims.aud,
    claims.task,
    claims.principal,
    claims.tool,
    claims.arguments_digest,
    claims.jti,
    claims.idempotency_key,
  ]
  return texts.every((text) => typeof text === 'string') && Number.isInteger(claims.iat) && Number.isInteger(claims.exp)
}

/** Enough for 1,600 calls a second at a permit's longest life; beyond it calls are refused, never forgotten. */
const usesMax = 100_000

function rememberUses(nowSeconds: () => number): (jti: string, expiresAt: number) => boolean {
  const uses = new Map<string, number>()
  return (jti, expiresAt) => {
    if (uses.has(jti)) return true
    if (uses.size >= usesMax) {
      for (const [used, expires] of uses) if (expires <= nowSeconds()) uses.delete(used)
      if (uses.size >= usesMax) throw new Error('too many live permits to remember')
    }
    uses.set(jti, expiresAt)
    return false
  }
}

const mends = {
  PERMIT_MISSING: 'Call the tool through the kit’s gateway or SDK, which issue the permit.',
  PERMIT_INVALID: 'Send the permit unchanged and at once, and check that the service holds this kit’s permit key.',
  PERMIT_MISMATCH: 'Send exactly the tool and the arguments that the guard allowed.',
  PERMIT_REUSED: 'Ask the guard again: each call has its own permit.',
} as const

function refusal(code: keyof typeof mends, message: string): Fault {
  return { code, message, mend: mends[code] }
}
