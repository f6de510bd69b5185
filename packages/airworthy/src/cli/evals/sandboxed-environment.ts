/** The environment of a manifest whose servers are replaced by worlds. */
import { unsetAddress } from '../../evals/world/sandbox-servers.ts'
import type { CliContext } from '../context.ts'

/** Addresses that the manifest takes from the environment and that evals never use. */
export function sandboxed(env: CliContext['env']): CliContext['env'] {
  return new Proxy(env, {
    get: (target, name) =>
      typeof name !== 'string'
        ? undefined
        : (target[name] ?? (/_URL$|_ADDRESS$/.test(name) ? unsetAddress : undefined)),
  })
}
