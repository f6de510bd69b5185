/** Looks at a server once, for `init` and `lock`: who it says it is and which tools it offers. */
import { AirworthyError } from '../core/errors.ts'
import type { McpTool } from '../core/manifest/definition-digest.ts'
import type { McpServer } from '../core/manifest/effective.ts'
import { createConnection, faultOf } from './connection.ts'
import type { UpstreamLog } from './transport.ts'

export interface ListedServer {
  /** As the server reports itself; empty texts where it does not. */
  readonly serverInfo: { readonly name: string; readonly version: string }
  /** In the server's own order. */
  readonly tools: readonly McpTool[]
}

/** The last lines of a child that would not speak; they say why far better than a closed connection does. */
const saidLinesMax = 20

/**
 * Connects, lists and disconnects; a child process that was started is ended.
 * @param options `log` gets what a child said on stderr when it could not be asked, and nothing of one that could.
 * @throws UPSTREAM_UNREACHABLE
 */
export async function listServerTools(
  server: McpServer,
  options: { timeoutMs: number; log?: UpstreamLog },
): Promise<ListedServer> {
  const said: string[] = []
  const connection = createConnection(server, (_name, line) => {
    if (said.push(line) > saidLinesMax) said.shift()
  })
  let timer: NodeJS.Timeout | undefined
  const overdue = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${options.timeoutMs} ms`)), options.timeoutMs)
  })
  try {
    const link = await Promise.race([connection.link(), overdue])
    const { tools } = await Promise.race([connection.definitions(), overdue])
    const info = link.client.getServerVersion()
    return { serverInfo: { name: info?.name ?? '', version: info?.version ?? '' }, tools: [...tools.values()] }
  } catch (error) {
    for (const line of said) options.log?.(server.name, line)
    throw new AirworthyError(
      {
        code: 'UPSTREAM_UNREACHABLE',
        message: `The server "${server.name}" could not be asked for its tools: ${faultOf(error)}.`,
        mend: 'Start it, or correct its url or command in mcpServers.',
        path: `mcpServers.${server.name}`,
      },
      { cause: error },
    )
  } finally {
    clearTimeout(timer)
    // A connection attempt that hangs is not waited for: its own time-out ends it.
    await Promise.race([connection.close(), new Promise((resolve) => setTimeout(resolve, 5_000).unref())])
  }
}
