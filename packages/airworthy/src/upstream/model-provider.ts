/**
 * The way to a model's provider. A request is repeated only where that is safe: nothing of an answer has come, and the provider was
 * not reached, broke the connection, or said itself that it did nothing and when to come back. The caller learns how often, and
 * whether an attempt before the last may have been worked on.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders, type RequestOptions } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { Readable } from 'node:stream'
import { urlToHttpOptions } from 'node:url'
import type { EffectiveManifest } from '../core/manifest/effective.ts'

export interface Provider {
  /** No slash at the end. */
  readonly baseUrl: string
  readonly headers: Readonly<Record<string, string>>
}

export interface ProviderRequest extends Provider {
  /** Behind the base address: `chat/completions`. */
  readonly path: string
  readonly body: string
  readonly signal: AbortSignal
  /** What is left for it, waiting included; nothing is waited for beyond it. */
  readonly timeoutMs: number
}

export type ProviderAnswer = {
  /** Repetitions of the request. */
  readonly retries: number
  /** An attempt that got no answer may have reached the provider. */
  readonly mayHaveRun: boolean
} & Attempt

type Attempt =
  | {
      readonly kind: 'answered'
      readonly status: number
      readonly headers: IncomingHttpHeaders
      /** Its bytes as they come; to destroy it, or to leave its loop early, stops the provider. */
      readonly body: Readable
    }
  /** Nothing reached it. */
  | { readonly kind: 'unreachable'; readonly why: string }
  /** The request may have reached it. */
  | { readonly kind: 'cut'; readonly why: string }

const retriesMax = 2
/** Of all waits of one call together: longer ones are the client's own to plan. */
const waitMsMax = 20_000
const firstWaitMs = 200
/** An overloaded provider (529) says by its status that it did nothing. */
const overloaded = 529

/** Never throws. Redirects are not followed: they would carry the provider's key elsewhere. */
export async function askProvider(request: ProviderRequest): Promise<ProviderAnswer> {
  const beganMs = performance.now()
  let waitedMs = 0
  let mayHaveRun = false
  for (let retries = 0; ; retries++) {
    const attempt = await askOnce(request)
    const waitMs = retries < retriesMax ? waitOf(attempt, retries) : undefined
    const leftMs = request.timeoutMs - (performance.now() - beganMs)
    if (waitMs === undefined || waitedMs + waitMs > waitMsMax || waitMs >= leftMs || request.signal.aborted) {
      return { ...attempt, retries, mayHaveRun }
    }
    if (attempt.kind === 'cut') mayHaveRun = true
    if (attempt.kind === 'answered') attempt.body.destroy()
    waitedMs += waitMs
    await pause(waitMs, request.signal)
    if (request.signal.aborted) return { kind: 'unreachable', why: reasonOf(request.signal), retries, mayHaveRun }
  }
}

/** How long until the request may be repeated; undefined: it may not. */
function waitOf(attempt: Attempt, retries: number): number | undefined {
  const usualMs = firstWaitMs * 2 ** retries
  if (attempt.kind !== 'answered') return usualMs
  const { status, headers } = attempt
  if (headers['x-should-retry'] === 'false') return undefined
  const saidMs = retryAfterMs(headers)
  if (status === overloaded) return saidMs ?? usualMs
  return status === 429 || status === 502 || status === 503 ? saidMs : undefined
}

/** As milliseconds (`retry-after-ms`), seconds or a date. */
function retryAfterMs(headers: IncomingHttpHeaders): number | undefined {
  const exact = Number(headers['retry-after-ms'] ?? Number.NaN)
  if (exact >= 0) return exact
  const given = headers['retry-after']
  if (given === undefined) return undefined
  const seconds = Number(given)
  if (seconds >= 0) return seconds * 1_000
  const at = Date.parse(given)
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now())
}

function pause(waitMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, waitMs)
    signal.addEventListener('abort', end)
    if (signal.aborted) end()
  })
}

/**
 * Plain `node:http`: `fetch` costs as much again as all that the kit does for a call. It follows no redirect and unpacks nothing.
 * Headers go as a list, which Node writes as it is.
 */
function askOnce({ baseUrl, headers, path, body, signal }: ProviderRequest): Promise<Attempt> {
  return new Promise((resolve) => {
    const fail = (error: NodeJS.ErrnoException): void => {
      const { code = 'it could not be asked' } = error
      if (signal.aborted) resolve({ kind: 'cut', why: reasonOf(signal) })
      else resolve({ kind: unsent.has(code) ? 'unreachable' : 'cut', why: code })
    }
    if (signal.aborted) return resolve({ kind: 'cut', why: reasonOf(signal) })
    try {
      const { send, options, fixedHeaders, basic } = placeOf(`${baseUrl}/${path}`)
      const list = [...fixedHeaders, 'content-length', String(Buffer.byteLength(body))]
      for (const [name, value] of Object.entries(headers)) list.push(name, value)
      if (basic !== undefined && headers.authorization === undefined) list.push('authorization', basic)
      const sent = send({ ...options, headers: list }, (response) => {
        // Errors of the body come to whoever reads it; nobody may be reading yet.
        response.on('error', () => {})
        resolve({
          kind: 'answered',
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: response,
        })
      })
      const stop = (): void => void sent.destroy(signal.reason instanceof Error ? signal.reason : undefined)
      signal.addEventListener('abort', stop)
      sent.on('error', fail)
      sent.on('close', () => signal.removeEventListener('abort', stop))
      sent.end(body)
    } catch (error) {
      // An address that is none, a header that cannot be sent.
      fail(error as NodeJS.ErrnoException)
    }
  })
}

const unsent: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ERR_INVALID_URL',
  'ERR_INVALID_CHAR',
])
const agent = new HttpAgent({ keepAlive: true })
const secureAgent = new HttpsAgent({ keepAlive: true })

/** Where requests go; an address is read once. */
interface Place {
  readonly send: typeof httpRequest
  readonly options: RequestOptions
  readonly fixedHeaders: readonly string[]
  /** Of a name and password in the address; a key goes before it. */
  readonly basic: string | undefined
}

const places = new Map<string, Place>()
/** A kit asks one provider, on a handful of paths. */
const placesMax = 64

/** @throws ERR_INVALID_URL */
function placeOf(address: string): Place {
  const known = places.get(address)
  if (known !== undefined) return known
  const url = new URL(address)
  const { auth, ...options } = urlToHttpOptions(url)
  const isSecure = url.protocol === 'https:'
  const place: Place = {
    send: isSecure ? httpsRequest : httpRequest,
    options: { ...options, method: 'POST', agent: isSecure ? secureAgent : agent },
    fixedHeaders: ['host', url.host, 'content-type', 'application/json', 'accept-encoding', 'identity'],
    basic: auth ? `Basic ${Buffer.from(auth).toString('base64')}` : undefined,
  }
  if (places.size >= placesMax) places.clear()
  places.set(address, place)
  return place
}

function reasonOf({ reason }: AbortSignal): string {
  return reason instanceof Error ? reason.message : 'the client left'
}

/** Where the manifest's model is, and the key that the environment holds for it. */
export function providerOf(manifest: EffectiveManifest, env: Readonly<Record<string, string | undefined>>): Provider {
  const isAnthropic = manifest.model?.provider === 'anthropic'
  const usual = isAnthropic ? 'https://api.anthropic.com/v1' : 'https://api.openai.com/v1'
  const baseUrl = (manifest.model?.baseUrl ?? usual).replace(/\/+$/, '')
  const key = (isAnthropic ? env.ANTHROPIC_API_KEY : env.OPENAI_API_KEY) ?? ''
  if (key === '') return { baseUrl, headers: {} }
  return { baseUrl, headers: isAnthropic ? { 'x-api-key': key } : { authorization: `Bearer ${key}` } }
}
