/** Puts a kit behind a socket, and takes it away again: no new connections, what runs may end, then it is closed. */
import type { Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { AirworthyError } from '../core/errors.ts'
import type { Kit } from '../kit.ts'
import { createApp } from './app.ts'
import { flushWithFirstPiece } from './flush-with-first-piece.ts'
import { gatewayKitOf } from './gateway-of-kit.ts'
import { Incoming } from './incoming.ts'
import { mcpGateway } from './mcp/gateway.ts'
import { createMetrics } from './metrics.ts'
import { noteIncoming } from './otlp/incoming-body.ts'
import { emptyIntake } from './otlp/intake.ts'
import { sendDirectly } from './plain-response.ts'
import { type ExchangeRecorder, recordExchanges } from './replay/record-exchanges.ts'

export interface ServeOptions {
  /** 0 takes a free one. */
  readonly port: number
  /** Loopback unless told. */
  readonly host?: string
  /** Address under which clients reach it, where that differs (a proxy in front); its host is then accepted too. */
  readonly publicUrl?: string
  /** One line each, for people. */
  readonly log?: (line: string) => void
  /** Told what passes between agents and the kit. */
  readonly recorder?: ExchangeRecorder
}

export interface Serving {
  /** As clients know it. No slash at the end. */
  readonly url: string
  /** As this machine reaches it, whatever stands in front. */
  readonly localUrl: string
  /** That it listens on. */
  readonly port: number
  close(): Promise<void>
}

/** How long a request may take to arrive, headers alone and whole. A slow answer, such as a long poll, is not bounded by these. */
const headersTimeoutMs = 10_000
const requestTimeoutMs = 30_000
const keepAliveTimeoutMs = 5_000
const connectionsMax = 2_000
const drainMs = 10_000
const idleLookMs = 50

/**
 * Listens. The kit is the caller's: it is neither started nor closed here.
 * @throws PORT_TAKEN; USAGE_INVALID for a public address that is no http(s) URL
 */
export async function serve(kit: Kit, options: ServeOptions): Promise<Serving> {
  const { port, host = '127.0.0.1', log = () => {} } = options
  const publicUrl = options.publicUrl === undefined ? undefined : publicAddress(options.publicUrl)
  const closing = new AbortController()
  // Known once the socket is bound; nothing is served before.
  let handle = (_request: Request): Promise<Response> => Promise.resolve(new Response(null, { status: 503 }))
  const server = createAdaptorServer({
    fetch: async (request, { incoming, outgoing }) => {
      noteIncoming(request, incoming)
      flushWithFirstPiece(outgoing)
      const response = await handle(request)
      return sendDirectly(response, outgoing as ServerResponse) ? RESPONSE_ALREADY_SENT : response
    },
    hostname: host,
    serverOptions: {
      IncomingMessage: Incoming,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: keepAliveTimeoutMs,
      connectionsCheckingInterval: 5_000,
    },
  }) as Server
  server.maxConnections = connectionsMax
  const bound = await listen(server, port, host)
  const name = isLoopback(host) || host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  const localUrl = `http://${name.includes(':') ? `[${name}]` : name}:${bound.port}`
  const url = publicUrl?.origin ?? localUrl

  const onFault = (error: unknown): void =>
    log(`fault in the server: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  const intake = emptyIntake()
  const metrics = createMetrics(kit, intake)
  const app = createApp(
    {
      kit,
      baseUrl: url,
      metrics,
      gateway: mcpGateway(gatewayKitOf(kit, url), { onFault }),
      closing: closing.signal,
      eventStreams: { count: 0 },
      intake,
      stopRecording: options.recorder?.forget?.bind(options.recorder),
    },
    {
      hosts: { names: namesOf(host, publicUrl), anyAddress: !isLoopback(host) },
      onFault,
    },
  )
  handle = options.recorder === undefined ? app : recordExchanges(app, options.recorder)
  return {
    url,
    localUrl,
    port: bound.port,
    async close() {
      closing.abort(new Error('the server stops'))
      metrics.stop()
      await drained(server)
    },
  }
}

function listen(server: Server, port: number, host: string): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(listenFault(cause, port, host)))
    server.listen({ port, host }, () => resolve(server.address() as AddressInfo))
  })
}

function listenFault(cause: NodeJS.ErrnoException, port: number, host: string): unknown {
  if (cause.code === 'EADDRINUSE') {
    const message = `Port ${port} on ${host} is in use.`
    const mend = 'Stop what listens there, or choose another one with --port.'
    return new AirworthyError({ code: 'PORT_TAKEN', message, mend }, { cause })
  }
  if (cause.code === 'EACCES' || cause.code === 'EADDRNOTAVAIL' || cause.code === 'ENOTFOUND') {
    const message = `The kit cannot listen on ${host}, port ${port}: ${cause.code}.`
    return new AirworthyError({ code: 'USAGE_INVALID', message, mend: 'Choose another --host or --port.' }, { cause })
  }
  return cause
}

/** Idle connections end at once, busy ones when they are done, and all of them when the time is over. */
async function drained(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  // What was busy becomes idle, and would be kept for the client's next request.
  const idle = setInterval(() => server.closeIdleConnections(), idleLookMs)
  const last = setTimeout(() => server.closeAllConnections(), drainMs)
  await closed
  clearInterval(idle)
  clearTimeout(last)
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}

function namesOf(host: string, publicUrl: URL | undefined): ReadonlySet<string> {
  return new Set([
    ...(host === '0.0.0.0' || host === '::' ? [] : [host.includes(':') ? `[${host}]` : host.toLowerCase()]),
    ...(publicUrl === undefined ? [] : [publicUrl.hostname]),
  ])
}

function publicAddress(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url !== undefined && /^https?:$/.test(url.protocol)) return url
  throw new AirworthyError({
    code: 'USAGE_INVALID',
    message: 'The public address is no http or https URL.',
    mend: 'Give --public-url as https://name[:port].',
  })
}
