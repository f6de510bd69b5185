/**
 * One bounded HTTP POST of JSON: no redirect, no retry, a time-out over the whole exchange, a limit on the answer. Connections
 * are kept alive, since auth checks are on the path of every action. Built on node:http rather than fetch: half the latency, and
 * a redirect is an answer like any other.
 */
import http from 'node:http'
import https from 'node:https'
import type { JsonValue } from '../core/json.ts'
import { valueOfJson } from '../core/value-of-json.ts'

/** Longest answer of an auth check or a reconcile hook that is read. */
const answerBytesMax = 64 * 1024
/** Connections kept open to one address; more questions than that at once open their own and close them. */
const idleSocketsMax = 16

const agents = {
  'http:': new http.Agent({ keepAlive: true, maxFreeSockets: idleSocketsMax }),
  'https:': new https.Agent({ keepAlive: true, maxFreeSockets: idleSocketsMax }),
}

export interface PostOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

export interface PostAnswer {
  readonly status: number
  /** UTF-8 bytes of the answer, at most `answerBytesMax`. */
  readonly body: Buffer
}

/** Why there was no answer, in words of this file alone: nothing of what a server said, no address, no value. */
export class PostFault extends Error {}

/** Posts a value as JSON. @throws PostFault when there is no whole answer within the limits; Error when nothing could be asked. */
export function postJson(url: string, value: JsonValue | object, options: PostOptions): Promise<PostAnswer> {
  const { headers = {}, timeoutMs, signal } = options
  return new Promise((resolve, reject) => {
    const address = new URL(url)
    if (address.protocol !== 'http:' && address.protocol !== 'https:') {
      reject(new PostFault(`${address.protocol} is not an HTTP address`))
      return
    }
    if (signal?.aborted === true) {
      reject(new PostFault('it was cancelled'))
      return
    }
    const body = Buffer.from(JSON.stringify(value))
    const request = (address.protocol === 'https:' ? https : http).request(address, {
      method: 'POST',
      agent: agents[address.protocol],
      headers: {
        ...headers,
        'content-type': 'application/json',
        'content-length': body.byteLength,
        accept: 'application/json',
      },
    })
    const stop = (why: string): void => {
      finish(() => reject(new PostFault(why)))
      request.destroy()
    }
    const onAbort = (): void => stop('it was cancelled')
    const timer = setTimeout(() => stop(`no answer within ${timeoutMs} ms`), timeoutMs)
    signal?.addEventListener('abort', onAbort, { once: true })
    let settled = false
    const finish = (act: () => void): void => {
      if (settled) return
      settled = true
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      act()
    }
    request.on('error', (error) => finish(() => reject(new PostFault(connectionFault(error)))))
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      let sizeBytes = 0
      response.on('data', (chunk: Buffer) => {
        sizeBytes += chunk.byteLength
        if (sizeBytes > answerBytesMax) stop(`the answer is longer than ${answerBytesMax} bytes`)
        else chunks.push(chunk)
      })
      response.on('error', (error) => finish(() => reject(new PostFault(connectionFault(error)))))
      response.on('aborted', () =>
        finish(() => reject(new PostFault('the connection was cut in the middle of the answer'))),
      )
      response.on('end', () =>
        finish(() => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks, sizeBytes) })),
      )
    })
    request.end(body)
  })
}

/** The answer as JSON; undefined when it is not well-formed UTF-8 and JSON. */
export function jsonOf(body: Buffer): JsonValue | undefined {
  try {
    return valueOfJson(new TextDecoder('utf-8', { fatal: true }).decode(body)) as JsonValue
  } catch {
    return undefined
  }
}

/** A code or a message, without addresses or values that a URL may hold. */
function connectionFault(error: Error): string {
  const code = (error as NodeJS.ErrnoException).code
  return code === undefined ? 'the connection failed' : `the connection failed (${code})`
}
