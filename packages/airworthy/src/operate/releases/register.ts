/** Which release runs in an environment. In dev the manifest in hand is registered and pointed at; elsewhere it must be promoted. */
import type { AuditActor } from '../../audit/entry.ts'
import type { Digest } from '../../core/digest.ts'
import type { JsonObject } from '../../core/json.ts'
import type { ReleaseStore } from './port.ts'

export interface RegisterRelease {
  readonly agent: string
  readonly environment: string
  readonly digest: Digest
  /** The pins themselves. */
  readonly pins: JsonObject
  readonly actor: AuditActor
  readonly clock: () => number
  readonly newId: (prefix: 'ent') => string
}

/** @returns why the release may not run here; undefined: it may. */
export async function registerRelease(store: ReleaseStore, request: RegisterRelease): Promise<string | undefined> {
  const { agent, environment, digest, pins, actor, clock, newId } = request
  const entry = (kind: 'release-registered' | 'release-promoted') => ({
    id: newId('ent'),
    timeMs: clock(),
    kind,
    actor,
    agent,
    release: digest,
    environment,
    object: digest,
  })
  await store.registerRelease({ digest, agent, body: pins, atMs: clock(), entry: entry('release-registered') })
  if (environment === 'dev') {
    await store.pointEnvironment({
      agent,
      environment,
      release: digest,
      atMs: clock(),
      entry: entry('release-promoted'),
    })
    return undefined
  }
  const pointed = await store.releaseOf(agent, environment)
  if (pointed === digest) return undefined
  return pointed === undefined
    ? `No release was promoted to ${environment}. Promotion needs a GO and is not built in this version; use the environment dev.`
    : `${environment} points at another release (${pointed.slice(0, 19)}) than the manifest in hand (${digest.slice(0, 19)}).`
}
