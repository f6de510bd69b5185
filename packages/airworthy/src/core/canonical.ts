/** Canonical JSON (RFC 8785): one value, one text, so that digests of equal values are equal. */
import canonicalizeValue from 'canonicalize'
import { invariant } from './errors.ts'

/** The RFC 8785 text of a JSON value; members that are `undefined` are left out. Throws on what JSON cannot hold (NaN, bigint). */
export function canonicalJson(value: unknown): string {
  const text = canonicalizeValue(value)
  invariant(text !== undefined, 'a value without a JSON form was to be canonicalised')
  return text
}
