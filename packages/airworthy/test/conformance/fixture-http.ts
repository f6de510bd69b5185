/** The fixture on a port of 127.0.0.1: 2026-07-28 without sessions, the older era with them, as a server in the wild has it. */
import { randomUUID } from 'node:crypto'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  localhostHostValidation,
  localhostOriginValidation,
  NodeStreamableHTTPServerTransport,
  toNodeHandler,
  toWebRequest,
} from '@modelcontextprotocol/node'
import { createMcpHandler, isLegacyRequest } from '@modelcontextprotocol/server'
import { createFixtureServer } from './fixture-server.ts'

export interface Listening {
  readonly url: string
  stop(): Promise<void>
}

/** @param eras  the older one alone makes the gateway speak it with its upstream. */
export async function startFixture(eras: 'both' | 'legacy' = 'both'): Promise<Listening> {
  const sessions = new Map<string, NodeStreamableHTTPServerTransport>()
  const modern = createMcpHandler(() => createFixtureServer('modern'), { legacy: 'reject' })
  const serveModern = toNodeHandler(modern)
  const isOurHost = localhostHostValidation()
  const isOurOrigin = localhostOriginValidation()

  const serveLegacy = async (request: IncomingMessage, response: ServerResponse, body: unknown): Promise<void> => {
    const id = request.headers['mcp-session-id']
    const session = typeof id === 'string' ? sessions.get(id) : undefined
    if (session !== undefined) return session.handleRequest(request, response, body)
    if (id !== undefined || (body as { method?: unknown } | undefined)?.method !== 'initialize') {
      const error = { code: -32600, message: id === undefined ? 'There is no session.' : 'The session is over.' }
      response.writeHead(id === undefined ? 400 : 404, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ jsonrpc: '2.0', id: null, error }))
      return
    }
    const transport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (newId) => void sessions.set(newId, transport),
      onsessionclosed: (oldId) => void sessions.delete(oldId),
    })
    await createFixtureServer('legacy').connect(transport)
    await transport.handleRequest(request, response, body)
  }

  const server = http.createServer((request, response) => {
    void (async () => {
      if (!isOurHost(request, response) || !isOurOrigin(request, response)) return
      const body = await bodyOf(request)
      const isLegacy =
        eras === 'legacy' ||
        request.method !== 'POST' ||
        (await isLegacyRequest(await toWebRequest(request as never, body), body))
      await (isLegacy ? serveLegacy(request, response, body) : serveModern(request as never, response as never, body))
    })().catch(() => response.destroy())
  })
  const port = await listen(server)
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    async stop() {
      await modern.close()
      for (const session of sessions.values()) await session.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export async function listen(server: http.Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  if (chunks.length === 0) return undefined
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    return undefined
  }
}
