/**
 * Servers of a test stage that stand in for the real ones: `sandboxes` in the manifest with an address. They are asked over their own
 * wire, so what they answer is nobody's simulation; their addresses must not be the real ones.
 */
import { AirworthyError } from '../../core/errors.ts'
import type { AuthCheck, EffectiveManifest, McpServer } from '../../core/manifest/effective.ts'
import { resolveText, variablesOf } from '../../core/manifest/environment.ts'
import type { AuthCheckPort, UpstreamPort } from '../../guard/port.ts'

/** What a variable for an address is in evals when nobody has set it (RFC 6761: never reached). */
export const unsetAddress = 'http://sandbox.invalid'

export interface SandboxServers {
  readonly servers: readonly McpServer[]
  /** By server, then by name of the check. */
  readonly authChecks: ReadonlyMap<string, ReadonlyMap<string, AuthCheck>>
}

/** The ways out to them, for the worlds' router. */
export interface SandboxWays {
  readonly sandboxes: SandboxServers
  readonly upstream: Pick<UpstreamPort, 'offeredDigest' | 'call'>
  readonly authChecks: AuthCheckPort
}

/** @throws EVAL_WORLD_INVALID: a variable that is not set, no http address, or one that the manifest names for real work. */
export function sandboxServersOf(
  manifest: EffectiveManifest,
  env: Readonly<Record<string, string | undefined>>,
): SandboxServers {
  const real = new Map<string, string>()
  for (const { name, url } of manifest.servers) if (url !== undefined) real.set(sameAs(url), `the server "${name}"`)
  for (const { name, url } of Object.values(manifest.authChecks)) real.set(sameAs(url), `the auth check "${name}"`)
  const addressOf = (where: string, written: string): string => {
    const href = hrefOf(resolved(where, written, env))
    const whose = real.get(href)
    if (whose === undefined) return href
    throw invalid(
      `${where} is the address of ${whose}: evals never call what is real.`,
      'Name a server of a test stage.',
    )
  }
  const servers: McpServer[] = []
  const authChecks = new Map<string, ReadonlyMap<string, AuthCheck>>()
  for (const [name, sandbox] of Object.entries(manifest.sandboxServers ?? {})) {
    const server = manifest.servers.find((one) => one.name === name)
    if (server === undefined) continue
    const { command: _command, cwd: _cwd, ...rest } = server
    const headers = Object.fromEntries(
      Object.entries(sandbox.headers).map(([key, text]) => [
        key,
        resolved(`sandboxes.${name}.headers.${key}`, text, env),
      ]),
    )
    servers.push({ ...rest, args: [], env: {}, url: addressOf(`sandboxes.${name}.url`, sandbox.url), headers })
    const checks = new Map<string, AuthCheck>()
    for (const [check, written] of Object.entries(sandbox.authChecks)) {
      const pinned = manifest.authChecks[check]
      if (pinned === undefined) continue
      // Headers of the real check may hold its credentials: the sandbox gets its own.
      checks.set(check, { ...pinned, url: addressOf(`sandboxes.${name}.auth_checks.${check}`, written), headers })
    }
    authChecks.set(name, checks)
  }
  return { servers, authChecks }
}

function resolved(where: string, written: string, env: Readonly<Record<string, string | undefined>>): string {
  const { text, missing } = resolveText(written, env)
  // Where evals stand in for a variable that is not set, it is not set.
  if (missing.length === 0 && !text.startsWith(unsetAddress)) return text
  throw invalid(
    `${where} names ${missing.join(', ') || variablesOf(written).join(', ')}, and that is not set.`,
    'Set the variable and try again.',
  )
}

/** In one spelling, so that equal addresses are equal. */
const sameAs = (address: string): string => (URL.canParse(address) ? new URL(address).href : address)

function hrefOf(address: string): string {
  if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol)) {
    throw invalid(`"${address.slice(0, 200)}" is no http or https address.`, 'Correct the address under sandboxes.')
  }
  return sameAs(address)
}

function invalid(message: string, mend: string): AirworthyError {
  return new AirworthyError({ code: 'EVAL_WORLD_INVALID', message, mend })
}
