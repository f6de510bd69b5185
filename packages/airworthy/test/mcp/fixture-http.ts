/** The fixture server over HTTP on a free port of 127.0.0.1, both eras. */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler } from '@modelcontextprotocol/server'
import { createFixtureServer, type FixtureWorld, fixtureWorld } from './fixture-server.ts'

export interface FixtureHttp {
  readonly url: string
  readonly port: number
  readonly world: FixtureWorld
  /** Tells listening clients that the list of tools changed. */
  announceToolsChanged(): void
  /** Ends the server and cuts every connection. */
  stop(): Promise<void>
}

export async function startFixtureHttp(
  options: { port?: number; world?: FixtureWorld; legacy?: 'stateless' | 'reject' } = {},
): Promise<FixtureHttp> {
  const world = options.world ?? fixtureWorld()
  const server = http.createServer()
  const handler = createMcpHandler(() => createFixtureServer(world, () => server.closeAllConnections()), {
    legacy: options.legacy ?? 'stateless',
  })
  const node = toNodeHandler(handler, { maxRequestBodySize: 4 * 1024 * 1024 })
  server.on('request', (request, response) => void node(request as never, response))
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    port,
    world,
    announceToolsChanged: () => handler.notify.toolsChanged(),
    async stop() {
      await handler.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
