/**
 * What several servers offer behind one door, under names that are unique: a prompt whose name another server took before is
 * offered as `<server>_<name>`; a resource that two servers name is read from the first in the manifest's order.
 */
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts'
import type { GatewayRelay } from './gateway-kit.ts'
import { RpcError, rpcCodes } from './json-rpc.ts'
import type { McpRequest } from './mcp-request.ts'
import { templateMatcher } from './template-matcher.ts'

const pagesMax = 20
const entriesMax = 2_000
/** Of one server's list, all of its pages, as JSON text. */
const listCharactersMax = 4 * 1024 * 1024
const listTimeoutMs = 15_000
/** The routes are asked for anew after this long. What a client is shown is always fresh. */
const routesFreshMs = 10_000

export interface Listing {
  readonly entries: readonly { readonly server: string; readonly upstreamName: string; readonly entry: JsonObject }[]
  /** Servers that could not be asked. */
  readonly unreachable: readonly string[]
}

/** The three lists that are put together, with the member that names an entry. */
export const lists = {
  'prompts/list': { member: 'prompts', name: 'name' },
  'resources/list': { member: 'resources', name: 'uri' },
  'resources/templates/list': { member: 'resourceTemplates', name: 'uriTemplate' },
} as const
export type ListMethod = keyof typeof lists

/** Asks every server behind the door. A server that does not know the method offers nothing of the kind. */
export async function listOffered(request: McpRequest, method: ListMethod): Promise<Listing> {
  const { name } = lists[method]
  const { servers } = request.door
  const pages = await Promise.all(servers.map((server) => listOne(request, server.name, method)))
  const taken = new Set<string>()
  const entries: Listing['entries'][number][] = []
  for (const [index, page] of pages.entries()) {
    const server = servers[index]?.name ?? ''
    for (const entry of page ?? []) {
      const upstreamName = entry[name]
      if (typeof upstreamName !== 'string' || entries.length >= entriesMax) continue
      const isTaken = taken.has(upstreamName)
      if (isTaken && method !== 'prompts/list') continue
      const offeredName = isTaken ? `${server}_${upstreamName}` : upstreamName
      if (taken.has(offeredName)) continue
      taken.add(offeredName)
      entries.push({ server, upstreamName, entry: isTaken ? { ...entry, [name]: offeredName } : entry })
    }
  }
  return { entries, unreachable: servers.filter((_, index) => pages[index] === undefined).map((server) => server.name) }
}

async function listOne(
  request: McpRequest,
  server: string,
  method: ListMethod,
): Promise<readonly JsonObject[] | undefined> {
  const found: JsonObject[] = []
  let cursor: JsonValue | undefined
  let characters = 0
  for (let page = 0; page < pagesMax; page++) {
    const call: GatewayRelay = {
      agent: request.door.agentName,
      server,
      method,
      params: cursor === undefined ? {} : { cursor },
      timeoutMs: listTimeoutMs,
      signal: request.signal,
    }
    const answer = await request.kit.relay(call)
    if (answer.kind === 'unreachable') return undefined
    if (answer.kind === 'error') return answer.code === rpcCodes.methodNotFound ? [] : undefined
    const listed = answer.result[lists[method].member]
    characters += JSON.stringify(listed ?? null).length
    if (characters > listCharactersMax) return undefined
    if (Array.isArray(listed)) for (const entry of listed) if (isJsonObject(entry)) found.push(entry)
    cursor = answer.result.nextCursor
    if (typeof cursor !== 'string') break
  }
  return found
}

export interface Route {
  readonly server: string
  readonly upstreamName: string
}

interface Routes {
  readonly readMs: number
  readonly prompts: ReadonlyMap<string, Route>
  readonly resources: ReadonlyMap<string, Route>
  readonly templates: readonly { readonly text: string; readonly server: string; fits(uri: string): boolean }[]
}

const known = new WeakMap<object, Map<string, Routes>>()

/** Which server a prompt belongs to. @throws RpcError when none offers it. */
export async function routeOfPrompt(request: McpRequest, name: string): Promise<Route> {
  const only = onlyServer(request)
  if (only !== undefined) return { server: only, upstreamName: name }
  return (await routesOf(request, (routes) => routes.prompts.get(name))) ?? notOffered('prompt')
}

/** Which server a resource, or the template that it matches, belongs to. @throws RpcError when none offers it. */
export async function routeOfResource(request: McpRequest, uri: string): Promise<Route> {
  const only = onlyServer(request)
  if (only !== undefined) return { server: only, upstreamName: uri }
  const find = (routes: Routes): Route | undefined => {
    const listed = routes.resources.get(uri)
    if (listed !== undefined) return listed
    const matching = routes.templates.find(({ text, fits }) => text === uri || fits(uri))
    return matching === undefined ? undefined : { server: matching.server, upstreamName: uri }
  }
  return (await routesOf(request, find)) ?? notOffered('resource')
}

function onlyServer(request: McpRequest): string | undefined {
  const [first, second] = request.door.servers
  return second === undefined ? first?.name : undefined
}

/** Looks in the routes as known, and once more in fresh ones when they are old or lack it. */
async function routesOf<T>(request: McpRequest, find: (routes: Routes) => T | undefined): Promise<T | undefined> {
  const ofKit = known.get(request.kit) ?? new Map<string, Routes>()
  known.set(request.kit, ofKit)
  const held = ofKit.get(request.door.name)
  const found = held !== undefined && request.nowMs - held.readMs < routesFreshMs ? find(held) : undefined
  if (found !== undefined) return found
  const [prompts, resources, templates] = await Promise.all([
    listOffered(request, 'prompts/list'),
    listOffered(request, 'resources/list'),
    listOffered(request, 'resources/templates/list'),
  ])
  const routes: Routes = {
    readMs: request.nowMs,
    prompts: new Map(
      prompts.entries.map(({ server, upstreamName, entry }) => [String(entry.name), { server, upstreamName }]),
    ),
    resources: new Map(resources.entries.map(({ server, upstreamName }) => [upstreamName, { server, upstreamName }])),
    templates: templates.entries.flatMap(({ server, upstreamName }) => templateOf(server, upstreamName)),
  }
  ofKit.set(request.door.name, routes)
  return find(routes)
}

/** A template that cannot be read matches nothing. */
function templateOf(server: string, text: string): Routes['templates'] {
  const fits = templateMatcher(text)
  return fits === undefined ? [] : [{ text, server, fits }]
}

function notOffered(what: string): never {
  throw new RpcError(rpcCodes.invalidParams, `No server of the manifest offers this ${what}.`, {
    data: { code: 'MCP_METHOD_DENIED' },
  })
}
