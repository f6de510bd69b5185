/** What the servers offer now. */
import type { McpServer } from '../core/manifest/effective.ts'
import { listServerTools } from './list-tools.ts'

/** Names of one server's tools, or why it could not be asked. */
type OfferedTools =
  | { readonly server: string; readonly tools: readonly string[] }
  | { readonly server: string; readonly why: string }

/** Asked anew, over connections of its own: a check must not believe what a connection remembers. */
export async function offeredTools(servers: readonly McpServer[]): Promise<readonly OfferedTools[]> {
  return await Promise.all(
    servers.map(async (server) => {
      try {
        const { tools } = await listServerTools(server, { timeoutMs: 10_000 })
        return { server: server.name, tools: tools.map(({ name }) => name) }
      } catch (error) {
        return { server: server.name, why: error instanceof Error ? error.message : 'unknown reason' }
      }
    }),
  )
}
