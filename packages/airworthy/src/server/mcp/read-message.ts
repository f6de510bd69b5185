/** Reads the one JSON-RPC message of an HTTP request: bounded before it is parsed, strict UTF-8, bounded in depth. */
import { isJsonObject, type JsonObject, type JsonValue, jsonFault } from '../../core/json.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import { refusal, rpcCodes } from './json-rpc.ts'

const bodyBytesMax = 1024 * 1024
/** Deeper than the guard allows for arguments, so that the guard refuses them, and logs it; this bound is for the rest. */
const bodyDepthMax = 128

/** @throws RpcError (MCP_REQUEST_INVALID) for anything but one JSON object. */
export async function readMessage(request: Request): Promise<JsonObject> {
  const value = parse(await readBytes(request))
  if (Array.isArray(value))
    throw invalid('JSON-RPC batches are not supported.', 'Send each message in a request of its own.')
  if (!isJsonObject(value)) throw invalid('The body is not a JSON-RPC message.', 'Send one JSON object.')
  const { params, ...rest } = value
  // Arguments of a tool are the guard's to judge: what it refuses is logged. Nesting without measure is stopped here all the same.
  const isCall = value.method === 'tools/call' && isJsonObject(params)
  const { arguments: given = null, ...parts } = isCall ? params : { ...(params === undefined ? {} : { params }) }
  const fault =
    jsonFault({ ...rest, parts }, bodyDepthMax) ??
    (isTooDeep(given, bodyDepthMax) ? 'it is nested too deep' : undefined)
  if (fault !== undefined) throw invalid(`The message is refused: ${fault}.`, 'Send plain, shallow JSON.')
  return value
}

/** @throws RpcError (MCP_REQUEST_INVALID) beyond the limit. */
export async function readBytes(request: Request): Promise<Uint8Array> {
  const declared = request.headers.get('content-length')
  if (declared !== null && Number(declared) > bodyBytesMax) throw tooLarge()
  // With a declared length Node itself ends the body there, so reading it whole is bounded.
  if (declared !== null) return new Uint8Array(await request.arrayBuffer())
  if (request.body === null) return new Uint8Array()
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
    sizeBytes += chunk.byteLength
    if (sizeBytes > bodyBytesMax) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, sizeBytes)
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function parse(bytes: Uint8Array): JsonValue {
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch {
    throw refusal(rpcCodes.parseError, 'MCP_REQUEST_INVALID', 'The body is not UTF-8.', 'Send JSON in UTF-8.', 400)
  }
  try {
    return valueOfJson(text) as JsonValue
  } catch {
    throw refusal(
      rpcCodes.parseError,
      'MCP_REQUEST_INVALID',
      'The body is not JSON.',
      'Send one JSON-RPC message.',
      400,
    )
  }
}

function isTooDeep(value: JsonValue, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (depth === 0) return true
  return Object.values(value).some((member) => isTooDeep(member as JsonValue, depth - 1))
}

function invalid(message: string, mend: string): Error {
  return refusal(rpcCodes.invalidRequest, 'MCP_REQUEST_INVALID', message, mend, 400)
}

function tooLarge(): Error {
  return refusal(
    rpcCodes.invalidRequest,
    'MCP_REQUEST_INVALID',
    `The body is larger than ${bodyBytesMax} bytes.`,
    'Send less in one request.',
    413,
  )
}
