/**
 * The MCP gateway: MCP 2026-07-28 (stateless) and the older Streamable HTTP (initialize, sessions) on one endpoint. Written against
 * the protocol rather than on the SDK's server, because a relay must keep what that server lifts off and drops, and because it is on
 * the path of every action. It translates, and decides nothing.
 */
import { sha256Hex } from '../../core/hash.ts'
import { isJsonObject, type JsonObject } from '../../core/json.ts'
import { callTool } from './call-tool.ts'
import { agree, type Classified, classify } from './classify.ts'
import { type Door, doorOf } from './door.ts'
import { resultFor } from './era-result.ts'
import { exchange, type Notify } from './exchange.ts'
import type { GatewayKit } from './gateway-kit.ts'
import { createInFlight, type InFlight } from './in-flight.ts'
import { errorResponse, isFault, jsonResponse, refusal, resultMessage, rpcCodes } from './json-rpc.ts'
import { discoverResult, initializeResult, listenResponse } from './lifecycle.ts'
import { listTools } from './list-tools.ts'
import type { McpRequest } from './mcp-request.ts'
import { readMessage } from './read-message.ts'
import { complete, denied, getPrompt, passThrough, readResource, relayList } from './relay-request.ts'
import { createSessions, type Session, type Sessions } from './session.ts'
import { bearerOf } from './task-of-request.ts'

export interface GatewayOptions {
  /** How long one round of waiting for a held action lasts, in milliseconds; shorter than any client's time-out. */
  readonly pollMs?: number
  /** Told of what should never happen; the client hears only "Internal error". */
  readonly onFault?: (error: unknown) => void
  readonly clock?: () => number
}

type AnyRequest = Extract<Classified, { kind: 'request' }>

interface Gateway {
  readonly kit: GatewayKit
  readonly sessions: Sessions
  readonly inFlight: InFlight
  readonly pollMs: number
  readonly onFault: (error: unknown) => void
  readonly clock: () => number
}

const pollMsDefault = 20_000

/**
 * Serves `/mcp/<agent>` and `/mcp/<agent>/<server>`. The caller has checked Host, Origin and that the credential is of a kind that
 * may come here; the task behind it is found here. Never throws: whatever is wrong is a JSON-RPC error for that one request.
 */
export function mcpGateway(kit: GatewayKit, options: GatewayOptions = {}): (request: Request) => Promise<Response> {
  const gateway: Gateway = {
    kit,
    sessions: createSessions(kit.sealKey),
    inFlight: createInFlight(),
    pollMs: options.pollMs ?? pollMsDefault,
    onFault: options.onFault ?? (() => {}),
    clock: options.clock ?? Date.now,
  }
  return async (request) => {
    try {
      return await serve(gateway, request)
    } catch (error) {
      if (isFault(error)) gateway.onFault(error)
      return errorResponse(null, error)
    }
  }
}

async function serve(gateway: Gateway, request: Request): Promise<Response> {
  const door = doorOf(request.url, gateway.kit)
  if (request.method === 'DELETE' && request.headers.has('mcp-session-id')) {
    gateway.sessions.end(sessionOf(gateway, door, request.headers))
    return new Response(null, { status: 204 })
  }
  if (request.method !== 'POST') {
    throw refusal(
      rpcCodes.invalidRequest,
      'MCP_METHOD_DENIED',
      'Only POST is served here.',
      'Send each message as a POST.',
      405,
    )
  }
  if (!/^application\/json *(;|$)/i.test(request.headers.get('content-type') ?? '')) {
    throw refusal(
      rpcCodes.invalidRequest,
      'MCP_REQUEST_INVALID',
      'The body is not declared as JSON.',
      'Send Content-Type: application/json.',
      415,
    )
  }
  const message = await readMessage(request)
  try {
    const classified = classify(message, request.headers)
    // Sessions belong to the older era; a client of 2026 that still sends an id is served as any other.
    const isModern = classified.kind === 'request' && classified.era === 'modern'
    const session =
      isModern || !request.headers.has('mcp-session-id') ? undefined : sessionOf(gateway, door, request.headers)
    if (classified.kind === 'notification') cancelOf(gateway, classified, session, request.headers)
    if (classified.kind !== 'request') return new Response(null, { status: 202 })
    if (session !== undefined && classified.method !== 'initialize') {
      agree(request.headers, 'mcp-protocol-version', session.protocolVersion, 'the version negotiated for the session')
    }
    return await answer(gateway, door, session, request, classified)
  } catch (error) {
    if (isFault(error)) gateway.onFault(error)
    const { id } = message
    return errorResponse(typeof id === 'string' || typeof id === 'number' ? id : null, error)
  }
}

function answer(
  gateway: Gateway,
  door: Door,
  session: Session | undefined,
  request: Request,
  asked: AnyRequest,
): Promise<Response> {
  const { id, era, method, params, meta } = asked
  if (era === 'legacy' && method === 'initialize') return Promise.resolve(initialize(gateway, door, asked))
  if (era === 'modern' && method === 'subscriptions/listen') return Promise.resolve(listenResponse(id))
  // A client of the older era may lose its connection and mean nothing by it; one of 2026 cancels by leaving.
  const running = era === 'legacy' ? gateway.inFlight.begin(ownerOf(session, request.headers), id) : undefined
  const leaving = new AbortController()
  if (era === 'modern')
    request.signal.addEventListener('abort', () => leaving.abort(new Error('the client left')), { once: true })
  const work = async (notify: Notify): Promise<JsonObject> => {
    const mcpRequest: McpRequest = {
      kit: gateway.kit,
      door,
      era,
      method,
      params,
      meta,
      headers: request.headers,
      nowMs: gateway.clock(),
      pollMs: gateway.pollMs,
      signal: running?.signal ?? leaving.signal,
      onProgress: progressOf(meta, notify),
    }
    try {
      return await dispatch(mcpRequest)
    } catch (error) {
      if (isFault(error)) gateway.onFault(error)
      throw error
    } finally {
      running?.end()
    }
  }
  return exchange(id, work, () => (era === 'modern' ? leaving.abort(new Error('the client left')) : undefined))
}

/** Known methods first: `pass:` in a manifest never reaches past them, `tools/call` above all. */
async function dispatch(request: McpRequest): Promise<JsonObject> {
  const { method, era, door } = request
  switch (method) {
    case 'tools/call':
      return callTool(request)
    case 'tools/list':
      return listTools(request)
    case 'prompts/list':
    case 'resources/list':
    case 'resources/templates/list':
      return relayList(request, method)
    case 'prompts/get':
      return getPrompt(request)
    case 'resources/read':
      return readResource(request)
    case 'completion/complete':
      return complete(request)
    case 'ping':
      if (era === 'legacy') return {}
      break
    case 'server/discover':
      if (era === 'modern') return resultFor(era, door.agent, method, discoverResult(door))
      break
  }
  if (/^(tools|server|initialize|ping|subscriptions)(\/|$)/.test(method)) {
    throw denied(
      request,
      `The method "${method}" does not exist here.`,
      'Use the methods of the negotiated protocol version.',
    )
  }
  return passThrough(request)
}

function initialize(gateway: Gateway, door: Door, asked: AnyRequest): Response {
  const result = initializeResult(door, asked.params)
  const session = gateway.sessions.open(door.name, result.protocolVersion)
  const message = resultMessage(asked.id, resultFor('legacy', door.agent, 'initialize', result))
  return jsonResponse(message, 200, { 'mcp-session-id': session.id })
}

/** @throws RpcError MCP_SESSION_UNKNOWN (404, upon which a client starts a new session) */
function sessionOf(gateway: Gateway, door: Door, headers: Headers): Session {
  const session = gateway.sessions.find(headers.get('mcp-session-id') ?? '', door.name)
  if (session !== undefined) return session
  throw refusal(
    rpcCodes.invalidRequest,
    'MCP_SESSION_UNKNOWN',
    'There is no such session.',
    'Start anew with initialize.',
    404,
  )
}

function cancelOf(
  gateway: Gateway,
  notification: Extract<Classified, { kind: 'notification' }>,
  session: Session | undefined,
  headers: Headers,
): void {
  const { requestId } = notification.params
  if (notification.method !== 'notifications/cancelled') return
  if (typeof requestId === 'string' || typeof requestId === 'number')
    gateway.inFlight.cancel(ownerOf(session, headers), requestId)
}

function ownerOf(session: Session | undefined, headers: Headers): string {
  return sha256Hex(JSON.stringify([session?.id ?? null, bearerOf(headers) ?? null, headers.get('airworthy-task')]))
}

function progressOf(meta: JsonObject, notify: Notify): ((progress: JsonObject) => void) | undefined {
  const token = meta.progressToken
  if (typeof token !== 'string' && typeof token !== 'number') return undefined
  return (progress) => {
    const told = isJsonObject(progress) ? progress : {}
    notify('notifications/progress', { ...told, progressToken: token })
  }
}
