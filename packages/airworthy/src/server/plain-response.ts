/**
 * Answers of one text with few headers, which is most of them. The headers of a Response are costly as soon as they are looked at, so
 * those of a plain one are remembered as they were given, and it takes its last ones without that.
 */

interface Plain {
  readonly text: string
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
}

const plain = new WeakMap<Response, Plain>()

/** @param headers  names in lower case */
export function plainResponse(text: string, status: number, headers: Readonly<Record<string, string>>): Response {
  const response = new Response(text, { status, headers })
  plain.set(response, { text, status, headers })
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
    return new Response(known.text, { status: known.status, headers: { ...defaults, ...known.headers, ...fixed } })
  }
  const { headers } = response
  for (const [name, value] of Object.entries(fixed)) headers.set(name, value)
  for (const [name, value] of Object.entries(defaults)) if (!headers.has(name)) headers.set(name, value)
  return response
}
