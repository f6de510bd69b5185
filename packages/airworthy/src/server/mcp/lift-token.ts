/**
 * A task's token may travel in the message itself (`_meta` `airworthy/task`), for transports that have no headers. Over HTTP it is lifted
 * into the header that means the same, so that one gate checks every credential.
 */
import { isJsonObject, type JsonValue } from '../../core/json.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import { readBytes } from './read-message.ts'

const credentialHeaders = ['authorization', 'x-api-key', 'airworthy-task'] as const

/** The request, or one like it with the token in its headers. A request that has a credential is not read. */
export async function liftToken(request: Request): Promise<Request> {
  const { headers, method, url, signal } = request
  if (method !== 'POST' || credentialHeaders.some((name) => headers.has(name))) return request
  let bytes: Uint8Array
  try {
    bytes = await readBytes(request)
  } catch {
    // Too long to be read; without a credential it is refused in any case.
    return request
  }
  const token = tokenIn(bytes)
  const lifted = new Headers(headers)
  if (token !== undefined) lifted.set('airworthy-task', token)
  return new Request(url, { method, headers: lifted, body: Buffer.from(bytes), signal })
}

function tokenIn(bytes: Uint8Array): string | undefined {
  let message: JsonValue
  try {
    message = valueOfJson(Buffer.from(bytes).toString()) as JsonValue
  } catch {
    return undefined
  }
  const params = isJsonObject(message) && isJsonObject(message.params) ? message.params : {}
  const meta = isJsonObject(params._meta) ? params._meta : {}
  const token = meta['airworthy/task']
  return typeof token === 'string' && /^[\x21-\x7e]{1,4096}$/.test(token) ? token : undefined
}
