/** Where a tool's service gets the kit's permit key from: given as it is, read from a file, or fetched once. */
import { createPublicKey, type JsonWebKey, KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { AirworthyError } from '../core/errors.ts'
import { publicKeyFromRaw } from '../core/signature.ts'
import { valueOfJson } from '../core/value-of-json.ts'

/**
 * The kit's public permit key: 32 raw bytes, their base64 (either alphabet), a JWK or JWKS (as an object or as JSON text), a file
 * that holds one of these (a path or `file:` URL), or the http(s) address that serves one, such as
 * `http://127.0.0.1:4747/.well-known/airworthy-permit.json`.
 */
export type PermitKey = string | Uint8Array | KeyObject | JsonWebKey | { readonly keys: readonly JsonWebKey[] }

/** A key document is a few hundred bytes; more is not read. */
const documentBytesMax = 64 * 1024
const fetchTimeoutMs = 5_000
/** More keys than a rotation ever needs are refused, so that one request cannot cost many signatures. */
const keysMax = 8

/**
 * Makes a function that resolves to the keys. What is not an address is read at once, so that a wrong key stops the service when
 * it starts; an address is fetched at the first use, once, and again only when that failed.
 * @throws PERMIT_KEY_INVALID
 */
export function permitKeySource(key: PermitKey): () => Promise<readonly KeyObject[]> {
  if (typeof key !== 'string' || !/^https?:\/\//.test(key)) {
    const keys = keysFrom(typeof key === 'string' ? textOf(key) : key)
    return () => Promise.resolve(keys)
  }
  let pending: Promise<readonly KeyObject[]> | undefined
  return () => {
    pending ??= fetchKeys(key).catch((error: unknown) => {
      pending = undefined
      throw error
    })
    return pending
  }
}

async function fetchKeys(url: string): Promise<readonly KeyObject[]> {
  let text: string
  try {
    const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(fetchTimeoutMs) })
    if (!response.ok) throw new Error(`status ${response.status}`)
    text = await boundedText(response)
  } catch (cause) {
    throw invalid(`The permit key could not be fetched from ${new URL(url).origin}.`, cause)
  }
  return keysFrom(text)
}

async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > documentBytesMax) throw new Error('the document is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

/** The key text itself, or what the file that it names holds. */
function textOf(given: string): string {
  const text = given.trim()
  if (text.startsWith('{') || rawOf(text) !== undefined) return text
  try {
    return readFileSync(text.startsWith('file:') ? fileURLToPath(text) : text, 'utf8').trim()
  } catch (cause) {
    throw invalid('The permit key is neither a key nor a file that can be read.', cause)
  }
}

function keysFrom(key: Exclude<PermitKey, string> | string): readonly KeyObject[] {
  try {
    if (key instanceof KeyObject) return [ed25519(key)]
    if (key instanceof Uint8Array) return [publicKeyFromRaw(key)]
    if (typeof key !== 'string') return fromDocument(key)
    const raw = rawOf(key)
    return raw === undefined ? fromDocument(valueOfJson(key)) : [publicKeyFromRaw(raw)]
  } catch (cause) {
    throw invalid('The permit key is not an Ed25519 public key.', cause)
  }
}

function fromDocument(document: unknown): readonly KeyObject[] {
  const keys = (document as { keys?: unknown }).keys
  if (!Array.isArray(keys)) return [fromJwk(document as JsonWebKey)]
  if (keys.length === 0 || keys.length > keysMax) throw new TypeError('the document holds no key, or too many')
  return keys.map((key) => fromJwk(key as JsonWebKey))
}

function fromJwk(jwk: JsonWebKey): KeyObject {
  return ed25519(createPublicKey({ key: jwk, format: 'jwk' }))
}

function ed25519(key: KeyObject): KeyObject {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  if (publicKey.asymmetricKeyType !== 'ed25519') throw new TypeError('the key is of another kind')
  return publicKey
}

/** The 32 bytes of a base64 text of either alphabet; undefined when it is something else. */
function rawOf(text: string): Uint8Array | undefined {
  return /^[A-Za-z0-9+/_-]{43}=?$/.test(text) ? new Uint8Array(Buffer.from(text, 'base64')) : undefined
}

function invalid(message: string, cause: unknown): AirworthyError {
  const mend =
    'Give the kit’s public permit key: base64 of 32 bytes, a JWK, a file with one, or the address that serves it.'
  return new AirworthyError({ code: 'PERMIT_KEY_INVALID', message, mend }, { cause })
}
