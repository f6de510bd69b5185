/** Resources, prompts, completion, and the methods that a server's `pass:` names: relayed as they are, to a server of the manifest. */
import { isJsonObject, type JsonObject } from '../../core/json.ts'
import type { Era } from './classify.ts'
import { resultFor } from './era-result.ts'
import { RpcError, refusal, rpcCodes } from './json-rpc.ts'
import type { McpRequest } from './mcp-request.ts'
import { type ListMethod, listOffered, lists, type Route, routeOfPrompt, routeOfResource } from './offered-index.ts'
import { requireTask } from './task-of-request.ts'

const relayTimeoutMs = 60_000

export async function relayList(request: McpRequest, method: ListMethod): Promise<JsonObject> {
  const { entries, unreachable } = await listOffered(request, method)
  if (unreachable.length > 0 && unreachable.length === request.door.servers.length)
    throw notReached(unreachable.join(', '))
  const meta = unreachable.length === 0 ? {} : { 'airworthy/unreachable': unreachable }
  return resultFor(
    request.era,
    request.door.agent,
    method,
    { [lists[method].member]: entries.map(({ entry }) => entry) },
    meta,
  )
}

export async function readResource(request: McpRequest): Promise<JsonObject> {
  const uri = textOf(request, 'uri')
  return relayTo(request, await routeOfResource(request, uri), request.params)
}

export async function getPrompt(request: McpRequest): Promise<JsonObject> {
  const route = await routeOfPrompt(request, textOf(request, 'name'))
  return relayTo(request, route, { ...request.params, name: route.upstreamName })
}

export async function complete(request: McpRequest): Promise<JsonObject> {
  const { ref } = request.params
  if (isJsonObject(ref) && typeof ref.name === 'string') {
    const route = await routeOfPrompt(request, ref.name)
    return relayTo(request, route, { ...request.params, ref: { ...ref, name: route.upstreamName } })
  }
  if (isJsonObject(ref) && typeof ref.uri === 'string') {
    return relayTo(request, await routeOfResource(request, ref.uri), request.params)
  }
  throw new RpcError(rpcCodes.invalidParams, 'completion/complete takes a ref to a prompt or a resource.')
}

/** Denied unless exactly one server behind this door names the method in `pass:`. */
export async function passThrough(request: McpRequest): Promise<JsonObject> {
  const { door, method } = request
  const passing = door.servers.filter((server) => server.pass.includes(method))
  const [only, another] = passing
  if (only === undefined)
    throw denied(
      request,
      `The method "${method}" is not offered here.`,
      'Name it in `pass` of its server in the manifest.',
    )
  if (another !== undefined) {
    throw denied(
      request,
      `Several servers pass the method "${method}".`,
      `Use the door of one: /mcp/${door.agentName}/<server>.`,
    )
  }
  return relayTo(request, { server: only.name, upstreamName: method }, request.params)
}

/** The 2026 era answers an unknown method with status 404, the older one in band. */
export function denied(request: Pick<McpRequest, 'era'>, message: string, mend: string): RpcError {
  return refusal(rpcCodes.methodNotFound, 'MCP_METHOD_DENIED', message, mend, request.era === 'modern' ? 404 : 200)
}

async function relayTo(request: McpRequest, route: Route, params: JsonObject): Promise<JsonObject> {
  const { kit, door, era, method, headers, meta, signal, onProgress } = request
  const task = await requireTask(kit, door, headers, meta)
  const answer = await kit.relay({
    agent: door.agentName,
    task,
    server: route.server,
    method,
    params,
    timeoutMs: relayTimeoutMs,
    signal,
    ...(onProgress === undefined ? {} : { onProgress }),
  })
  if (answer.kind === 'unreachable') throw notReached(route.server)
  if (answer.kind === 'error')
    throw new RpcError(answer.code, answer.message, { data: answer.data, status: statusOf(answer.code, era) })
  if (era === 'legacy' && answer.result.resultType === 'input_required') {
    throw refusal(
      rpcCodes.invalidRequest,
      'MCP_METHOD_DENIED',
      `The server "${route.server}" asks for input, and through this gateway a client older than 2026-07-28 cannot be asked.`,
      'Use a client that speaks MCP 2026-07-28.',
    )
  }
  return resultFor(era, door.agent, method, answer.result)
}

/** MCP 2026-07-28 gives some of its errors a status of their own; everything else travels in band. */
function statusOf(code: number, era: Era): number {
  if (era === 'legacy') return 200
  if (code === rpcCodes.methodNotFound) return 404
  return code === rpcCodes.capabilityMissing ? 400 : 200
}

function textOf(request: McpRequest, name: string): string {
  const value = request.params[name]
  if (typeof value !== 'string')
    throw new RpcError(rpcCodes.invalidParams, `${request.method} takes a ${name}, a text.`)
  return value
}

function notReached(server: string): RpcError {
  return refusal(
    rpcCodes.upstreamUnreachable,
    'UPSTREAM_UNREACHABLE',
    `The server ${server} gave no usable answer.`,
    'Look at it, then try again.',
  )
}
