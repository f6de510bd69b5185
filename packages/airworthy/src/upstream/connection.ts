/**
 * One server of the manifest, connected when first needed and again after it went away. A connection counts as made once the
 * server's tools were listed over it, so a call never travels over one that was not tried, and never meets a definition that
 * nobody looked at.
 */
import { Client, type PriorDiscovery, SdkHttpError } from '@modelcontextprotocol/client'
import type { Digest } from '../core/digest.ts'
import { definitionDigestOf, type McpTool } from '../core/manifest/definition-digest.ts'
import type { McpServer } from '../core/manifest/effective.ts'
import { readTools } from './read-tools.ts'
import { openTransport, type UpstreamLog } from './transport.ts'

/** Silence on connecting: a child that speaks no MCP, an address that swallows packets. */
const connectTimeoutMs = 10_000
/** A stdio server that does not answer the question for its era within this time is taken for one of the older era. */
const probeTimeoutMs = 3_000
/** How long listed definitions are believed without a word from the server. Servers that announce changes are heard at once. */
const definitionsFreshMs = 10_000
const backoffFirstMs = 100
const backoffMostMs = 5_000

/** One live connection and what was listed over it. */
export interface Link {
  readonly client: Client
  /** Calls that are on their way; a link that was given up is closed when the last of them is over. */
  inFlight: number
  givenUp: boolean
  definitions: Promise<Definitions> | undefined
  definitionsMs: number
}

export interface Definitions {
  readonly digests: ReadonlyMap<string, Digest>
  readonly tools: ReadonlyMap<string, McpTool>
}

export interface Connection {
  readonly server: McpServer
  /** The live link, made when there is none. @throws Error with one sentence when the server cannot be reached. */
  link(): Promise<Link>
  /** What the server offers, at most `definitionsFreshMs` old. @throws like `link` */
  definitions(): Promise<Definitions>
  /** Runs work over a link, keeping it open meanwhile. */
  over<T>(link: Link, work: () => Promise<T>): Promise<T>
  /** Makes the next caller connect anew. Work that is under way may end. */
  giveUp(link: Link): void
  close(): Promise<void>
}

export function createConnection(server: McpServer, log: UpstreamLog): Connection {
  let live: Link | undefined
  let connecting: Promise<Link> | undefined
  const closing = new AbortController()
  let failures = 0
  let retryMs = 0
  let lastFault = ''
  /** The era of a child is a fact of its command; asking once saves a second start of it on every reconnect. */
  let known: PriorDiscovery | undefined

  const giveUp = (link: Link): void => {
    link.givenUp = true
    if (live === link) live = undefined
    if (link.inFlight === 0) void link.client.close().catch(() => {})
  }

  const connect = async (): Promise<Link> => {
    const client = new Client(
      { name: 'airworthy', version: '1' },
      {
        capabilities: {},
        versionNegotiation: { mode: 'auto', probe: { timeoutMs: probeTimeoutMs } },
        inputRequired: { autoFulfill: false },
        listChanged: { tools: { autoRefresh: false, debounceMs: 0, onChanged: () => forget(link) } },
      },
    )
    const link: Link = { client, inFlight: 0, givenUp: false, definitions: undefined, definitionsMs: 0 }
    try {
      await client.connect(openTransport(server, log), {
        timeout: connectTimeoutMs,
        signal: closing.signal,
        ...(known === undefined ? {} : { prior: known }),
      })
      client.onclose = () => giveUp(link)
      await read(link)
      // A stream of announcements that breaks is how a restart shows before the next call does.
      void client.autoOpenedSubscription?.closed.then((by) => (by === 'remote' ? giveUp(link) : undefined))
      if (server.url === undefined) known = priorOf(client)
      return link
    } catch (error) {
      known = undefined
      await client.close().catch(() => {})
      throw error
    }
  }

  const linkOf = async (): Promise<Link> => {
    if (closing.signal.aborted) throw new Error('the kit is stopping')
    if (live !== undefined) return live
    if (connecting === undefined) {
      if (performance.now() < retryMs) throw new Error(lastFault)
      connecting = connect().then(
        (link) => {
          connecting = undefined
          failures = 0
          if (closing.signal.aborted) void link.client.close().catch(() => {})
          else if (!link.givenUp) live = link
          return link
        },
        (error: unknown) => {
          connecting = undefined
          lastFault = faultOf(error)
          retryMs = performance.now() + Math.min(backoffMostMs, backoffFirstMs * 2 ** failures)
          failures += 1
          throw new Error(lastFault)
        },
      )
    }
    return connecting
  }

  return {
    server,
    link: linkOf,
    async definitions() {
      const link = await linkOf()
      if (link.definitions !== undefined && performance.now() - link.definitionsMs < definitionsFreshMs)
        return link.definitions
      try {
        return await read(link)
      } catch (error) {
        giveUp(link)
        throw new Error(faultOf(error))
      }
    },
    async over(link, work) {
      link.inFlight += 1
      try {
        return await work()
      } finally {
        link.inFlight -= 1
        if (link.givenUp && link.inFlight === 0) void link.client.close().catch(() => {})
      }
    },
    giveUp,
    async close() {
      closing.abort()
      const pending = await connecting?.catch(() => undefined)
      const links = new Set([live, pending])
      live = undefined
      for (const link of links) await link?.client.close().catch(() => {})
    },
  }
}

function forget(link: Link): void {
  link.definitions = undefined
}

/** Lists over the link once for all who ask meanwhile; a failed reading is not remembered. */
function read(link: Link): Promise<Definitions> {
  link.definitionsMs = performance.now()
  const reading = readTools(link.client, { timeoutMs: connectTimeoutMs }).then((tools) => ({
    digests: new Map(tools.map((tool) => [tool.name, definitionDigestOf(tool)])),
    tools: new Map(tools.map((tool) => [tool.name, tool])),
  }))
  link.definitions = reading
  reading.catch(() => {
    if (link.definitions === reading) link.definitions = undefined
  })
  return reading
}

function priorOf(client: Client): PriorDiscovery {
  const discover = client.getDiscoverResult()
  return discover === undefined ? { kind: 'legacy' } : { kind: 'modern', discover }
}

/** One sentence about why there is no connection, without the values that an address may hold. */
export function faultOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it failed'
  if (error instanceof SdkHttpError) return `it answered with status ${error.status}`
  if (error.message.endsWith('fetch failed')) {
    const reason = reasonOfFetch(error)
    if (reason !== undefined) return `the connection failed (${reason})`
  }
  return firstLine(error)
}

/** What the network or TLS said; `fetch` wraps it, and an MCP client wraps that. */
function reasonOfFetch(error: Error): string | undefined {
  let deepest: Error = error
  for (let depth = 0; deepest.cause instanceof Error && depth < 8; depth++) deepest = deepest.cause
  if (deepest === error) return undefined
  const { code } = deepest as NodeJS.ErrnoException
  return typeof code === 'string' && /^[A-Z]/.test(code) ? code : firstLine(deepest)
}

function firstLine(error: Error): string {
  return error.message.split('\n', 1)[0]?.slice(0, 300) ?? 'it failed'
}
