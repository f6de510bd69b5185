/**
 * Relays one request to a server as it came: resources, prompts and what `pass:` names. Nothing is decided here, and nothing is
 * executed that the guard should see: `tools/*` is refused. The kit's own `_meta` keys stay at home, a task token above all.
 */
import { ProtocolError, SdkError, SdkErrorCode } from '@modelcontextprotocol/client'
import { isJsonObject, type JsonObject, type JsonValue } from '../core/json.ts'
import { anyResult } from './any-result.ts'
import { type Connection, faultOf } from './connection.ts'
import { outcomeOfFailure, resultCharactersMax } from './outcome.ts'

export interface RelayCall {
  readonly server: string
  readonly method: string
  readonly params: JsonObject
  readonly timeoutMs: number
  readonly signal: AbortSignal
  readonly onProgress?: (progress: JsonObject) => void
}

export type RelayAnswer =
  | { readonly kind: 'result'; readonly result: JsonObject }
  /** The server's own JSON-RPC error. */
  | { readonly kind: 'error'; readonly code: number; readonly message: string; readonly data?: JsonValue }
  | { readonly kind: 'unreachable'; readonly why: string }

const protocolMetaPrefix = 'io.modelcontextprotocol/'
const methodNotFound = -32601

export async function relayOver(connection: Connection, call: RelayCall): Promise<RelayAnswer> {
  if (call.method.startsWith('tools/'))
    return { kind: 'error', code: methodNotFound, message: 'Tools are called through the guard.' }
  let link: Awaited<ReturnType<Connection['link']>>
  try {
    link = await connection.link()
  } catch (error) {
    return { kind: 'unreachable', why: faultOf(error) }
  }
  return connection.over(link, async () => {
    try {
      const params = outboundParams(call.params, link.client.getProtocolEra() === 'modern')
      const { onProgress } = call
      const result = await link.client.request({ method: call.method, params }, anyResult, {
        timeout: call.timeoutMs,
        signal: call.signal,
        allowInputRequired: true,
        ...(onProgress === undefined
          ? {}
          : { onprogress: (progress) => onProgress(progress as unknown as JsonObject) }),
      })
      if (JSON.stringify(result).length > resultCharactersMax)
        return { kind: 'unreachable', why: 'its answer is too long' }
      return { kind: 'result', result }
    } catch (error) {
      if (error instanceof ProtocolError) {
        const { code, message } = error
        const data = error.data as JsonValue | undefined
        if (JSON.stringify([message, data]).length > resultCharactersMax)
          return { kind: 'unreachable', why: 'its error is too long' }
        return { kind: 'error', code, message, ...(data === undefined ? {} : { data }) }
      }
      if (error instanceof SdkError && error.code === SdkErrorCode.MethodNotSupportedByProtocolVersion) {
        return { kind: 'error', code: methodNotFound, message: `The server's protocol version has no ${call.method}.` }
      }
      const { outcome, breaks } = outcomeOfFailure(error)
      if (breaks) connection.giveUp(link)
      return { kind: 'unreachable', why: outcome.kind === 'answered' ? 'it failed' : outcome.why }
    }
  })
}

/**
 * The client's params for this upstream. Its capabilities and its name travel on within the 2026 era, because that server may ask
 * the client for input; the protocol version is this connection's own, the progress token too.
 */
function outboundParams(params: JsonObject, isModern: boolean): Record<string, unknown> {
  const meta = params._meta
  if (!isJsonObject(meta)) return { ...params }
  const kept: Record<string, JsonValue> = {}
  for (const [key, value] of Object.entries(meta)) {
    if (key === 'progressToken' || key.startsWith('airworthy/')) continue
    if (key.startsWith(protocolMetaPrefix) && (!isModern || key === `${protocolMetaPrefix}protocolVersion`)) continue
    kept[key] = value
  }
  const { _meta, ...rest } = params
  return Object.keys(kept).length === 0 ? rest : { ...rest, _meta: kept }
}
