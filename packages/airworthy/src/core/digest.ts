/** Digests of values: SHA-256 over canonical JSON, written `sha256:<hex>`. */
import { canonicalJson } from './canonical.ts'
import { sha256Hex } from './hash.ts'

export type Digest = `sha256:${string}`

/** Digest of any JSON value; equal values have equal digests whatever the order of their keys. */
export function digestOf(value: unknown): Digest {
  return `sha256:${sha256Hex(canonicalJson(value))}`
}

/** Digest of a text's UTF-8 bytes. */
export function digestOfText(text: string): Digest {
  return `sha256:${sha256Hex(text)}`
}
