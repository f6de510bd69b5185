/**
 * Which era a message belongs to, and whether its headers say the same as its body. The body decides; a header that disagrees
 * refuses the request (MCP 2026-07-28, transports; the same for the older era, where the spec leaves it open), so no one between
 * the client and us can act on a header that the body belies.
 */
import { isJsonObject, type JsonObject } from '../../core/json.ts'
import { type RequestId, RpcError, refusal, rpcCodes } from './json-rpc.ts'

export const modernVersions = ['2026-07-28'] as const
export const legacyVersions = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] as const
const firstModernVersion = modernVersions[0]

export const metaKeys = {
  protocolVersion: 'io.modelcontextprotocol/protocolVersion',
  clientInfo: 'io.modelcontextprotocol/clientInfo',
  clientCapabilities: 'io.modelcontextprotocol/clientCapabilities',
  serverInfo: 'io.modelcontextprotocol/serverInfo',
  subscriptionId: 'io.modelcontextprotocol/subscriptionId',
} as const

export type Classified =
  | {
      readonly kind: 'request'
      readonly era: Era
      readonly id: RequestId
      readonly method: string
      readonly params: JsonObject
      readonly meta: JsonObject
    }
  | { readonly kind: 'notification'; readonly method: string; readonly params: JsonObject }
  /** A client's answer to a server's question; we ask none. */
  | { readonly kind: 'response' }
export type Era = 'modern' | 'legacy'

/** @throws RpcError (MCP_REQUEST_INVALID, MCP_HEADER_MISMATCH, or the protocol's own for its version) */
export function classify(message: JsonObject, headers: Headers): Classified {
  const { id, method, params = {} } = message
  if (message.jsonrpc !== '2.0') throw malformed('it does not say "jsonrpc": "2.0"')
  if (method === undefined && ('result' in message || 'error' in message)) return { kind: 'response' }
  if (typeof method !== 'string') throw malformed('it has no method')
  if (!isJsonObject(params)) throw malformed('its params are no object')
  const meta = params._meta ?? {}
  if (!isJsonObject(meta)) throw malformed('its _meta is no object')
  agree(headers, 'mcp-method', method, 'the method')
  if (id === undefined) return { kind: 'notification', method, params }
  if (typeof id !== 'string' && !Number.isSafeInteger(id)) throw malformed('its id is neither a text nor an integer')
  const request = { kind: 'request', id: id as RequestId, method, params, meta } as const
  if (metaKeys.protocolVersion in meta) {
    checkEnvelope(meta)
    checkModernHeaders(meta, method, params, headers)
    return { ...request, era: 'modern' }
  }
  checkLegacyHeaders(method, params, headers)
  return { ...request, era: 'legacy' }
}

function checkEnvelope(meta: JsonObject): void {
  const version = meta[metaKeys.protocolVersion]
  const capabilities = meta[metaKeys.clientCapabilities]
  const info = meta[metaKeys.clientInfo]
  if (typeof version !== 'string') throw badEnvelope(metaKeys.protocolVersion)
  if (!isJsonObject(capabilities)) throw badEnvelope(metaKeys.clientCapabilities)
  const isInfo = isJsonObject(info) && typeof info.name === 'string' && typeof info.version === 'string'
  if (info !== undefined && !isInfo) throw badEnvelope(metaKeys.clientInfo)
}

function checkModernHeaders(meta: JsonObject, method: string, params: JsonObject, headers: Headers): void {
  const version = meta[metaKeys.protocolVersion] as string
  agree(headers, 'mcp-protocol-version', version, 'the protocol version')
  if (!(modernVersions as readonly string[]).includes(version)) throw unsupported(version, modernVersions)
  require(headers, 'mcp-protocol-version')
  require(headers, 'mcp-method')
  const name = nameOf(method, params)
  if (name !== undefined) require(headers, 'mcp-name')
  agreeOnName(headers, name)
}

function checkLegacyHeaders(method: string, params: JsonObject, headers: Headers): void {
  const header = headers.get('mcp-protocol-version')
  if (header !== null && header >= firstModernVersion) {
    if (method === 'initialize')
      throw mismatch('mcp-protocol-version', 'an initialize request belongs to the older protocol versions')
    throw new RpcError(
      rpcCodes.invalidParams,
      `The header names protocol version ${header}, and the request lacks its _meta envelope.`,
      {
        status: 400,
        data: { code: 'MCP_HEADER_MISMATCH', envelope: { missing: [metaKeys.protocolVersion] } },
      },
    )
  }
  if (header !== null && method !== 'initialize' && !(legacyVersions as readonly string[]).includes(header))
    throw unsupported(header, legacyVersions)
  agreeOnName(headers, nameOf(method, params))
}

/** What `Mcp-Name` mirrors. */
function nameOf(method: string, params: JsonObject): string | undefined {
  const field =
    method === 'tools/call' || method === 'prompts/get' ? 'name' : method === 'resources/read' ? 'uri' : undefined
  const value = field === undefined ? undefined : params[field]
  return typeof value === 'string' ? value : undefined
}

function agreeOnName(headers: Headers, name: string | undefined): void {
  const header = headers.get('mcp-name')
  if (header === null || name === undefined) return
  if (decodeHeader(header) !== name) throw mismatch('mcp-name', 'it names something else than the body')
}

const sentinel = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/

/** A header value as MCP 2026-07-28 writes it: plain, or base64 of UTF-8 between `=?base64?` and `?=`; undefined when malformed. */
export function decodeHeader(value: string): string | undefined {
  if (!value.startsWith('=?base64?') || !value.endsWith('?=')) return value
  const encoded = sentinel.exec(value)?.[1]
  if (encoded === undefined) return undefined
  const bytes = Buffer.from(encoded, 'base64')
  const text = bytes.toString('utf8')
  return bytes.toString('base64') === encoded && Buffer.from(text).equals(bytes) ? text : undefined
}

/** @throws RpcError (MCP_HEADER_MISMATCH) when the header is there and says something else. */
export function agree(headers: Headers, name: string, value: string, what: string): void {
  const header = headers.get(name)
  if (header !== null && header !== value) throw mismatch(name, `${what} in the body is another`)
}

function require(headers: Headers, name: string): void {
  if (headers.get(name) === null) throw mismatch(name, 'it is missing, and this protocol version demands it')
}

/** Names the header and never repeats a value: neither a token nor what a stranger put there. */
export function mismatch(header: string, why: string): RpcError {
  return refusal(
    rpcCodes.headerMismatch,
    'MCP_HEADER_MISMATCH',
    `The header ${header} disagrees with the body: ${why}.`,
    'Send what the body says, or leave the header out where it is optional.',
    400,
  )
}

/** Names what this era's clients may choose from; for the 2026 era that is what `server/discover` names. */
function unsupported(requested: string, supported: readonly string[]): RpcError {
  return new RpcError(rpcCodes.unsupportedVersion, 'Unsupported protocol version', {
    status: 400,
    data: { supported: [...supported], requested },
  })
}

function badEnvelope(key: string): RpcError {
  return new RpcError(rpcCodes.invalidParams, `The _meta of the request lacks a valid ${key}.`, {
    status: 400,
    data: { code: 'MCP_REQUEST_INVALID', envelope: { key } },
  })
}

function malformed(why: string): RpcError {
  return refusal(
    rpcCodes.invalidRequest,
    'MCP_REQUEST_INVALID',
    `The message is no JSON-RPC request: ${why}.`,
    'Send one JSON-RPC 2.0 message.',
    400,
  )
}
