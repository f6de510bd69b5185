/** JSON-RPC 2.0 as MCP uses it: error codes, and the HTTP responses that carry one message. */
import type { ErrorCode } from '../../core/error-codes.ts'
import { AirworthyError } from '../../core/errors.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { plainResponse } from '../plain-response.ts'

export type RequestId = string | number

/** JSON-RPC 2.0; below -32000 of the list: MCP 2026-07-28 (-32020 to -32022) and this gateway's own (-32010, -32011). */
export const rpcCodes = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
  taskRequired: -32010,
  upstreamUnreachable: -32011,
  headerMismatch: -32020,
  capabilityMissing: -32021,
  unsupportedVersion: -32022,
} as const

/** A refusal of one request, before or instead of an action: what is wrong and how to mend it, and the status that carries it. */
export class RpcError extends Error {
  override readonly name = 'RpcError'
  readonly rpcCode: number
  readonly status: number
  readonly data: JsonValue | undefined

  constructor(rpcCode: number, message: string, options: { status?: number; data?: JsonValue | undefined } = {}) {
    super(message)
    this.rpcCode = rpcCode
    this.status = options.status ?? 200
    this.data = options.data
  }
}

/** A refusal with one of the kit's error codes. */
export function refusal(rpcCode: number, code: ErrorCode, message: string, mend: string, status = 200): RpcError {
  return new RpcError(rpcCode, `${message} ${mend}`, { status, data: { code, mend } })
}

/** Only refusals and the kit's expected errors are told; anything else is a fault of ours, whose words stay here. */
export function errorMessage(id: RequestId | null, error: unknown): JsonObject {
  if (error instanceof AirworthyError) {
    const { code, mend, message } = error
    return { jsonrpc: '2.0', id, error: { code: rpcCodes.internalError, message, data: { code, mend } } }
  }
  if (!(error instanceof RpcError)) {
    return {
      jsonrpc: '2.0',
      id,
      error: { code: rpcCodes.internalError, message: 'Internal error', data: { code: 'INTERNAL_ERROR' } },
    }
  }
  const { rpcCode, message, data } = error
  return { jsonrpc: '2.0', id, error: { code: rpcCode, message, ...(data === undefined ? {} : { data }) } }
}

/** Whether an error is a bug, to be reported to whoever runs the kit. */
export function isFault(error: unknown): boolean {
  return !(error instanceof RpcError || error instanceof AirworthyError)
}

export function resultMessage(id: RequestId, result: JsonObject): JsonObject {
  return { jsonrpc: '2.0', id, result }
}

export function jsonResponse(
  message: JsonObject,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return plainResponse(JSON.stringify(message), status, { 'content-type': 'application/json', ...headers })
}

export function errorResponse(id: RequestId | null, error: unknown): Response {
  const status = error instanceof RpcError ? error.status : 200
  return jsonResponse(errorMessage(id, error), status, status === 405 ? { allow: 'POST, DELETE' } : {})
}
