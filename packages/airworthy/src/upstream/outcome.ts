/**
 * What an answer, or the lack of one, says about a call: it was answered, it certainly did not run, or nobody knows. When in
 * doubt it is `unknown`: an action wrongly called not executed would be tried again.
 */
import { ProtocolError, SdkError, SdkErrorCode, SdkHttpError } from '@modelcontextprotocol/client'
import { isJsonObject, type JsonObject, type JsonValue, jsonDepthMax } from '../core/json.ts'
import { askableCapabilities, type InputRound } from '../guard/input-round.ts'
import type { UpstreamOutcome } from '../guard/port.ts'
import { faultOf } from './connection.ts'

/** Largest result of one tool call, as JSON text. */
export const resultCharactersMax = 4 * 1024 * 1024

/** Codes by which a server says that it did not run the tool (JSON-RPC 2.0; -32020 to -32022: MCP 2026-07-28). */
const refusedCodes: ReadonlySet<number> = new Set([-32700, -32600, -32601, -32602, -32020, -32021, -32022])
/** Some servers of the 2025 era use "invalid params" for an output that fails their own schema: the tool did run. */
const outputFault = /output validation|structured content/i
/** Statuses that do not prove that the request was refused: a time-out, a conflict with what another call did. */
const doubtfulStatuses: ReadonlySet<number> = new Set([408, 409])
const unsentCodes: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** What a server may leave with its client between two rounds. */
const requestStateCharactersMax = 8 * 1024

/** A CallToolResult, or the reason why it is none. @param round  there when the caller can be asked for more. */
export function outcomeOfResult(result: JsonObject, round?: InputRound): UpstreamOutcome {
  if (result.resultType === 'input_required') return outcomeOfQuestion(result, round)
  const { content, isError } = result
  if (content === undefined && result.structuredContent === undefined) return unknown('its result has no content')
  if (content !== undefined && !isContent(content))
    return unknown('the content of its result is no list of content blocks')
  if (isError !== undefined && typeof isError !== 'boolean')
    return unknown('its result has an isError that is no boolean')
  const fault = resultFault(result)
  if (fault !== undefined) return unknown(fault)
  if (JSON.stringify(result).length > resultCharactersMax)
    return unknown(`its result is longer than ${resultCharactersMax}`)
  return {
    kind: 'answered',
    result: content === undefined ? { ...result, content: [] } : result,
    isError: isError === true,
  }
}

/** The tool asks before it goes on: an answer like any other, but for its state, which travels beside the records. */
function outcomeOfQuestion(result: JsonObject, round: InputRound | undefined): UpstreamOutcome {
  if (round === undefined) return unknown('the server asks for further input, which this call does not relay')
  const { requestState, ...asked } = result
  if (requestState !== undefined && typeof requestState !== 'string')
    return unknown('its question has a requestState that is no text')
  if (requestState !== undefined && requestState.length > requestStateCharactersMax)
    return unknown(`its requestState is longer than ${requestStateCharactersMax}`)
  const fault = resultFault(asked)
  if (fault !== undefined) return unknown(fault)
  if (JSON.stringify(asked).length > resultCharactersMax)
    return unknown(`its question is longer than ${resultCharactersMax}`)
  if (requestState !== undefined) round.onState(requestState)
  return { kind: 'answered', result: asked, isError: false }
}

interface Failure {
  readonly outcome: UpstreamOutcome
  readonly breaks: boolean
  /** What the client would have to be able to answer. */
  readonly missing?: JsonObject
}

/** MissingRequiredClientCapability (MCP 2026-07-28). */
const capabilityMissing = -32021

/** The capabilities by name alone: whatever else a server writes there is its own. */
function missingOf(data: unknown): JsonObject | undefined {
  const required = isJsonObject(data) ? data.requiredCapabilities : undefined
  if (!isJsonObject(required)) return undefined
  return Object.fromEntries(askableCapabilities.filter((name) => name in required).map((name) => [name, {}]))
}

/** What a failed request says. `breaks` tells that the connection itself is of no more use. */
export function outcomeOfFailure(error: unknown): Failure {
  if (error instanceof ProtocolError) {
    const refused = refusedCodes.has(error.code) && !(error.code === -32602 && outputFault.test(error.message))
    const why = `the server answered with error ${error.code}: ${faultOf(error)}`
    const outcome = refused ? notExecuted(why) : unknown(why)
    const missing = error.code === capabilityMissing ? missingOf(error.data) : undefined
    return { outcome, breaks: false, ...(missing === undefined ? {} : { missing }) }
  }
  if (error instanceof SdkHttpError) {
    const refused = error.status >= 400 && error.status < 500 && !doubtfulStatuses.has(error.status)
    const why = `the server answered with status ${error.status}`
    return { outcome: refused ? notExecuted(why) : unknown(why), breaks: error.status === 404 || error.status >= 500 }
  }
  if (error instanceof SdkError) {
    if (error.code === SdkErrorCode.NotConnected)
      return { outcome: notExecuted('there is no connection'), breaks: true }
    if (error.code === SdkErrorCode.ConnectionClosed) {
      return { outcome: unknown('the connection was cut before the server answered'), breaks: true }
    }
    if (error.code === SdkErrorCode.RequestTimeout)
      return { outcome: unknown('the server did not answer in time'), breaks: false }
    return { outcome: unknown(faultOf(error)), breaks: false }
  }
  const cause = error instanceof Error ? error.cause : undefined
  const code = cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined
  if (code !== undefined && unsentCodes.has(code)) return { outcome: notExecuted(faultOf(error)), breaks: true }
  return { outcome: unknown(faultOf(error)), breaks: true }
}

export function notExecuted(why: string): UpstreamOutcome {
  return { kind: 'not-executed', why }
}

function unknown(why: string): UpstreamOutcome {
  return { kind: 'unknown', why }
}

function isContent(value: JsonValue): boolean {
  return Array.isArray(value) && value.every((block) => isJsonObject(block) && typeof block.type === 'string')
}

/** Why a result cannot be kept: it has no canonical form, or is nested without measure. Any key may stand in a result. */
function resultFault(value: JsonValue, depth = 0): string | undefined {
  if (typeof value === 'string') return value.isWellFormed() ? undefined : 'its result holds text that is not UTF-8'
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'its result holds a number without measure'
  if (typeof value !== 'object' || value === null) return undefined
  if (depth === jsonDepthMax) return `its result is nested deeper than ${jsonDepthMax}`
  for (const [key, member] of Object.entries(value as JsonObject)) {
    if (!key.isWellFormed()) return 'its result holds text that is not UTF-8'
    const fault = resultFault(member, depth + 1)
    if (fault !== undefined) return fault
  }
  return undefined
}
