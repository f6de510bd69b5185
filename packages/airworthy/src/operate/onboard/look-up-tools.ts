/** Asks every server for its tools and makes a lock of the answers. */
import { AirworthyError, type Fault } from '../../core/errors.ts'
import type { McpTool } from '../../core/manifest/definition-digest.ts'
import type { McpServer } from '../../core/manifest/effective.ts'
import { buildLock, type FoundServer, type Lock, type LockedServer } from '../../core/manifest/lock.ts'
import { usableTools } from './tool-definitions.ts'

/** For one server: its program may have to be fetched before it starts. */
export const lookUpTimeoutMs = 60_000

/** The MCP client, handed in by whoever may reach the network. */
export type ListTools = (server: McpServer) => Promise<{
  readonly serverInfo: { readonly name: string; readonly version: string }
  readonly tools: readonly McpTool[]
}>

export interface LookedUp {
  /** Only when every server answered. */
  readonly lock?: Lock
  readonly faults: readonly Fault[]
  /** Tools left out of the lock, so that nobody can call them. */
  readonly refused: readonly { readonly server: string; readonly name: string; readonly why: string }[]
}

/**
 * Servers are asked one after another: a project has few, and their programs start one at a time.
 * @param caller tools that the caller runs, as found or as locked before.
 */
export async function lookUpTools(
  servers: readonly McpServer[],
  list: ListTools,
  caller?: FoundServer | LockedServer,
): Promise<LookedUp> {
  const found: Record<string, FoundServer> = {}
  const faults: Fault[] = []
  const refused: { server: string; name: string; why: string }[] = []
  for (const server of servers) {
    try {
      const { serverInfo, tools } = await list(server)
      const usable = usableTools(tools)
      found[server.name] = { server: serverInfo, tools: usable.tools }
      refused.push(...usable.refused.map((each) => ({ server: server.name, ...each })))
    } catch (error) {
      if (!(error instanceof AirworthyError)) throw error
      faults.push(...error.faults)
    }
  }
  if (faults.length > 0) return { faults, refused }
  const own =
    caller === undefined
      ? undefined
      : { tools: Array.isArray(caller.tools) ? caller.tools : Object.values(caller.tools) }
  return {
    lock: buildLock({ servers: found, ...(own !== undefined && { caller: own as FoundServer }) }),
    faults,
    refused,
  }
}
