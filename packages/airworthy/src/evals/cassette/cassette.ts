/**
 * A cassette: every exchange between one task's agent and the kit, byte for byte, in order. A replay runs the real agent against it, with
 * nothing else to reach. The task's token never stands in it.
 */
import { gunzipSync, gzipSync } from 'node:zlib'
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import { toolResultOf } from '../world/router.ts'
import type { Hiding } from './hide-exchange.ts'

export interface Cassette {
  readonly version: 1
  readonly task: string
  readonly agent: string
  readonly release: string
  /** What the agent was given. */
  readonly given: { readonly principal: JsonValue; readonly input?: string; readonly turns?: readonly string[] }
  readonly exchanges: readonly Exchange[]
  /** What it said in the end; undefined when it never did, or nobody told the kit. */
  readonly reply?: string
  /** Of a task that was no trial. */
  readonly recorded?: Recorded
}

/** How a task of a running kit was recorded, where that limits what a replay can tell. */
export interface Recorded {
  /** What was taken out before anything was written; a replayed request is taken through the same before it is compared. */
  readonly hiding: Hiding
  /** How many exchanges something was taken out of. */
  readonly redacted: number
  /** What is not in it, a sentence each. */
  readonly missing: readonly string[]
}

export interface Exchange {
  readonly method: string
  /** Path and query. */
  readonly path: string
  /** Those of the request that say how to read its body. */
  readonly requestHeaders: Readonly<Record<string, string>>
  readonly request: string
  readonly status: number
  readonly answerHeaders: Readonly<Record<string, string>>
  readonly answer: string
  /** Something was taken out: what stands here is not what passed. */
  readonly redacted?: true
  /** It passed and is not kept: request and answer are empty, the path may be. */
  readonly lost?: LostExchange
}

export interface LostExchange {
  readonly why: LossReason
  /** `any`: nobody knows what it was. */
  readonly kind: ExchangeKind | 'any'
}

export type ExchangeKind = 'model' | 'tool' | 'other'

export const lossReasons = {
  'too-large': 'it is larger than one exchange may be',
  'task-too-large': 'the task is larger than a recording may be',
  'too-fast': 'more came than could be written',
  'store-full': 'recordings had used up their room in the store',
  unreadable: 'it could not be looked through for what must not be kept',
  unwritten: 'the gateway that served it ended before it was written, or recorded nothing',
} as const
export type LossReason = keyof typeof lossReasons

/** Stands where the token stood. */
const tokenPlace = '{{task token}}'

export function withoutToken(text: string, token: string): string {
  return text.replaceAll(token, tokenPlace)
}

const cassetteBytesMax = 256 * 1024 * 1024

/** For the store. */
export function packCassette(cassette: Cassette): Uint8Array {
  return gzipSync(JSON.stringify(cassette), { level: 1 })
}

/** @throws when it is no cassette, or unpacks to more than 256 MiB. */
export function unpackCassette(bytes: Uint8Array): Cassette {
  const value = valueOfJson(gunzipSync(bytes, { maxOutputLength: cassetteBytesMax }).toString('utf8')) as Cassette
  if (value.version !== 1 || !Array.isArray(value.exchanges)) throw new Error('it is no cassette of this version')
  return value
}

/** What an exchange was about, for people: a model call, a tool call, or whatever else was asked. */
export function kindOfExchange({ path, request }: Pick<Exchange, 'path' | 'request'>): {
  readonly kind: ExchangeKind
  readonly tool?: string
} {
  if (/^\/(openai|anthropic)\//.test(path)) return { kind: 'model' }
  const body = parsed(request)
  const tool =
    isJsonObject(body) && body.method === 'tools/call' && isJsonObject(body.params) ? body.params.name : undefined
  if (typeof tool === 'string') return { kind: 'tool', tool }
  if (/^\/api\/v1\/tasks\/[^/]+\/actions$/.test(path) && isJsonObject(body) && typeof body.tool === 'string') {
    return { kind: 'tool', tool: body.tool }
  }
  return { kind: 'other' }
}

export function parsed(text: string): JsonValue | undefined {
  try {
    return valueOfJson(text) as JsonValue
  } catch {
    return undefined
  }
}

/**
 * An answer to a tool call with another result in it; everything around it stays as it was recorded.
 * @param result  an MCP CallToolResult, or any other JSON, which becomes one as of a world.
 */
export function withResult(exchange: Exchange, result: JsonValue): Exchange {
  const body = parsed(exchange.answer)
  const holdsOne = isJsonObject(body) && ('jsonrpc' in body || 'result' in body)
  const made = holdsOne ? ({ ...(body as JsonObject), result: toolResultOf(result) } as JsonObject) : result
  return { ...exchange, answer: JSON.stringify(made) }
}
