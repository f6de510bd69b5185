/**
 * `airworthy/permit`: lets a tool's own service refuse what did not come through the guard, in one line.
 *
 *   app.use('/mcp', requirePermit({ key: process.env.AIRWORTHY_PERMIT_KEY, exempt: ['get_order'] }))     // hono
 *   createServer(withPermit({ key: process.env.AIRWORTHY_PERMIT_KEY }, handler)).listen(4801)            // node:http
 *
 * In front of an MCP server it looks at each `tools/call` of the body and passes every other message; with `tool` named, the
 * whole JSON body of a request is that tool's arguments. The permit travels in the header `Airworthy-Permit` or in MCP's `_meta`
 * as `airworthy/permit`; two that differ are refused. What follows sees exactly the bytes that were judged.
 */
import { IncomingMessage, type RequestListener } from 'node:http'
import type { MiddlewareHandler } from 'hono'
import type { Fault } from '../core/errors.ts'
import { isJsonObject, jsonDepthMax, parseJson } from '../core/json.ts'
import type { PermitClaims } from '../core/permit.ts'
import { createPermitCheck, type PermitCheckOptions, type PermitResult, type PermittedCall } from './permit-check.ts'

export type { PermitClaims } from '../core/permit.ts'
export { createPermitCheck, type PermitCheckOptions, type PermitResult, type PermittedCall } from './permit-check.ts'
export type { PermitKey } from './permit-key.ts'

export interface PermitOptions extends PermitCheckOptions {
  /** For a plain HTTP endpoint: the tool that its POST body is the arguments of. Absent: the endpoint speaks MCP. */
  readonly tool?: string
  /** Tools that need no permit, as declared by the service: reads, usually. A permit that comes all the same is not looked at. */
  readonly exempt?: readonly string[]
  /** Largest body that is read, in bytes; 1 MiB unless told. A larger one is refused with 413. */
  readonly bodyBytesMax?: number
}

const permitHeader = 'airworthy-permit'
const permitMeta = 'airworthy/permit'
const bodyBytesMaxDefault = 1024 * 1024
/** A JSON-RPC batch (protocol 2025-03-26) longer than this is refused. */
const callsMax = 64

/** What was verified, by the request object that the next handler received. */
const verified = new WeakMap<object, readonly PermitClaims[]>()

/** The claims of the permits that this request was let through with; empty when all its calls were exempt. */
export function permitsOf(request: object): readonly PermitClaims[] {
  return verified.get(request) ?? []
}

/** Middleware for hono; claims are on `permitsOf(context.req.raw)`. @throws PERMIT_KEY_INVALID when the key is given and wrong. */
export function requirePermit(options: PermitOptions): MiddlewareHandler {
  const judge = createJudge(options)
  return async (context, next) => {
    const { raw } = context.req
    const read = await readBody(raw.headers.get('content-encoding'), raw.body ?? [], options.bodyBytesMax)
    const outcome =
      'fault' in read ? read : await judge(raw.method, read.body, raw.headers.get(permitHeader) ?? undefined)
    if ('fault' in outcome)
      return new Response(problemText(outcome.fault), { status: outcome.status, headers: problemHeaders })
    if ('body' in read && read.body.length > 0) {
      const init = {
        method: raw.method,
        headers: raw.headers,
        body: read.body as Uint8Array<ArrayBuffer>,
        signal: raw.signal,
      }
      context.req.raw = new Request(raw.url, init)
    }
    verified.set(context.req.raw, outcome.claims)
    await next()
  }
}

/**
 * Wraps a `node:http` request listener. It receives a fresh `IncomingMessage` that replays the judged body; claims are on
 * `permitsOf(request)`. @throws PERMIT_KEY_INVALID when the key is given and wrong.
 */
export function withPermit(options: PermitOptions, listener: RequestListener): RequestListener {
  const judge = createJudge(options)
  return (request, response) => {
    const refuse = ({ status, fault }: Refused): void => {
      response.writeHead(status, { ...problemHeaders, connection: 'close' }).end(problemText(fault))
    }
    const run = async (): Promise<void> => {
      const read = await readBody(request.headers['content-encoding'], request, options.bodyBytesMax)
      if ('fault' in read) return refuse(read)
      const header = request.headers[permitHeader]
      const outcome = await judge(request.method ?? 'GET', read.body, Array.isArray(header) ? header.join() : header)
      if ('fault' in outcome) return refuse(outcome)
      const replayed = replay(request, read.body)
      verified.set(replayed, outcome.claims)
      listener(replayed as Parameters<RequestListener>[0], response)
    }
    // Only a body that broke off can get here; there is nobody left to answer.
    run().catch(() => response.destroy())
  }
}

interface Refused {
  readonly status: 400 | 403 | 413 | 415
  readonly fault: Fault
}

function createJudge(
  options: PermitOptions,
): (
  method: string,
  body: Uint8Array,
  header: string | undefined,
) => Promise<Refused | { readonly claims: readonly PermitClaims[] }> {
  const check = createPermitCheck(options)
  const exempt = new Set(options.exempt)
  return async (method, body, header) => {
    // Without a body nothing can be called: MCP's GET and DELETE open and end sessions.
    if (options.tool === undefined && body.length === 0 && method !== 'POST') return { claims: [] }
    const calls = options.tool === undefined ? mcpCalls(body, header) : plainCall(options.tool, body, header)
    if ('fault' in calls) return calls
    const result: PermitResult = await check(calls.filter((call) => !exempt.has(call.tool)))
    return result.ok ? { claims: result.claims } : { status: 403, fault: result.fault }
  }
}

function plainCall(tool: string, body: Uint8Array, permit: string | undefined): PermittedCall[] | Refused {
  if (body.length === 0) return [{ permit, tool, arguments: {} }]
  const parsed = parsedBody(body)
  return 'fault' in parsed ? parsed : [{ permit, tool, arguments: parsed.value }]
}

/** Every tools/call of a JSON-RPC message or batch. What is not readable is refused: it might be a call to somebody else's parser. */
function mcpCalls(body: Uint8Array, header: string | undefined): PermittedCall[] | Refused {
  const parsed = parsedBody(body)
  if ('fault' in parsed) return parsed
  const messages = Array.isArray(parsed.value) ? parsed.value : [parsed.value]
  if (messages.length > callsMax) return unreadable(413, `A batch holds at most ${callsMax} messages.`)
  const calls: PermittedCall[] = []
  for (const message of messages) {
    if (!isJsonObject(message) || message.method !== 'tools/call') continue
    const params = isJsonObject(message.params) ? message.params : {}
    const meta = isJsonObject(params._meta) ? params._meta[permitMeta] : undefined
    if (typeof params.name !== 'string' || (meta !== undefined && typeof meta !== 'string')) {
      return unreadable(400, 'A tools/call names its tool and its permit as texts.')
    }
    if (meta !== undefined && header !== undefined && meta !== header) {
      return unreadable(403, 'The permit in the header and the permit in the message differ.')
    }
    calls.push({ permit: meta ?? header, tool: params.name, arguments: params.arguments })
  }
  return calls
}

function parsedBody(body: Uint8Array): { readonly value: unknown } | Refused {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
    // The envelope around the arguments adds a few levels.
    return { value: parseJson(text, { bytesMax: Number.POSITIVE_INFINITY, depthMax: jsonDepthMax + 4 }) }
  } catch {
    return unreadable(400, 'The body is not JSON, or is nested too deep.')
  }
}

async function readBody(
  encoding: string | null | undefined,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  bytesMax = bodyBytesMaxDefault,
): Promise<Refused | { readonly body: Uint8Array }> {
  // A packed body would be judged packed and read unpacked.
  if (encoding && encoding !== 'identity') return unreadable(415, 'A packed body is not taken.')
  const parts: Uint8Array[] = []
  let size = 0
  for await (const chunk of chunks) {
    size += chunk.length
    if (size > bytesMax) return unreadable(413, `The body is larger than ${bytesMax} bytes.`)
    parts.push(chunk)
  }
  return { body: Buffer.concat(parts) }
}

function replay(request: IncomingMessage, body: Uint8Array): IncomingMessage {
  const fresh = new IncomingMessage(request.socket)
  const { method, url, httpVersion, httpVersionMajor, httpVersionMinor, headers, rawHeaders } = request
  Object.assign(fresh, {
    method,
    url,
    httpVersion,
    httpVersionMajor,
    httpVersionMinor,
    headers,
    rawHeaders,
    complete: true,
  })
  if (body.length > 0) fresh.push(body)
  fresh.push(null)
  return fresh
}

const problemHeaders = { 'content-type': 'application/problem+json', 'cache-control': 'no-store' }

function problemText({ code, message, mend }: Fault): string {
  return JSON.stringify({ code, message, mend })
}

function unreadable(status: Refused['status'], message: string): Refused {
  const mend = 'Send one well-formed JSON request within the limits, with one permit.'
  return { status, fault: { code: 'PERMIT_REQUEST_INVALID', message, mend } }
}
