/**
 * Answers whose headers are known and few, which is most of them. The headers of a Response are costly as soon as they are looked at, so
 * those of a plain one are remembered as they were given, and it takes its last ones without that. One may also know how its body comes
 * to a socket without the detour through a web stream.
 */
import type { ServerResponse } from 'node:http'

type PlainBody = string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>

interface Plain {
  readonly body: PlainBody
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly pass: ((outgoing: ServerResponse) => void) | undefined
}

const plain = new WeakMap<Response, Plain>()

/**
 * @param headers  with names in lower case
 * @param pass  writes the same body to a socket whose head is written, and ends it; a stream must not begin to read before it is read.
 */
export function plainResponse(
  body: PlainBody,
  status: number,
  headers: Readonly<Record<string, string>>,
  pass?: (outgoing: ServerResponse) => void,
): Response {
  const response = new Response(body, { status, headers })
  plain.set(response, { body, status, headers, pass })
  return response
}

/**
 * The response with further headers. A plain one must not have been read or changed since it was made.
 * @param fixed  replace what the response says. @param defaults  yield to it.
 */
export function withHeaders(
  response: Response,
  fixed: Readonly<Record<string, string>>,
  defaults: Readonly<Record<string, string>>,
): Response {
  const known = plain.get(response)
  if (known !== undefined) {
    return plainResponse(known.body, known.status, { ...defaults, ...known.headers, ...fixed }, known.pass)
  }
  const { headers } = response
  for (const [name, value] of Object.entries(fixed)) headers.set(name, value)
  for (const [name, value] of Object.entries(defaults)) if (!headers.has(name)) headers.set(name, value)
  return response
}

/** Sends a response that knows the way. @returns false for any other, and nothing was done. */
export function sendDirectly(response: Response, outgoing: ServerResponse): boolean {
  const known = plain.get(response)
  if (known?.pass === undefined) return false
  outgoing.writeHead(known.status, known.headers)
  known.pass(outgoing)
  return true
}
