/**
 * The report: an in-toto statement about the release digest, in a DSSE envelope signed with the audit key (Ed25519), so that
 * other people's tools verify it. https://github.com/in-toto/attestation (Statement v1), https://github.com/secure-systems-lab/dsse
 */
import type { KeyObject } from 'node:crypto'
import { canonicalJson } from '../../core/canonical.ts'
import { sha256Hex } from '../../core/hash.ts'
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '../../core/json.ts'
import { publicKeyFromRaw, type SigningKey, signEd25519, verifyEd25519 } from '../../core/signature.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import type { Verdict } from '../../readiness/verdict.ts'

export interface DsseEnvelope {
  /** Base64. */
  readonly payload: string
  readonly payloadType: string
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[]
}

const statementType = 'https://in-toto.io/Statement/v1'
const verdictPredicateType = 'urn:airworthy:verdict:v1'
const payloadType = 'application/vnd.in-toto+json'
/** A verdict with its evidence has some 50 KiB. */
const payloadBytesMax = 4 * 1024 * 1024

/** The statement that a verdict makes about a release. Pure. */
export function verdictStatement(agent: string, verdict: Verdict): JsonObject {
  return {
    _type: statementType,
    subject: [{ name: agent, digest: { sha256: verdict.release.slice('sha256:'.length) } }],
    predicateType: verdictPredicateType,
    predicate: valueOfJson(JSON.stringify(verdict)) as JsonObject,
  }
}

/** Signs a statement's canonical JSON. Pure. */
export function dsseEnvelope(statement: JsonObject, key: SigningKey): DsseEnvelope {
  const payload = Buffer.from(canonicalJson(statement))
  const signature = signEd25519(key.privateKey, preAuthenticationEncoding(payloadType, payload))
  return {
    payload: payload.toString('base64'),
    payloadType,
    signatures: [{ keyid: keyIdOf(key.publicKeyRaw), sig: Buffer.from(signature).toString('base64') }],
  }
}

/** SHA-256 of the raw public key in hexadecimal: a hint for finding the key, nothing to rely on. */
export function keyIdOf(publicKeyRaw: Uint8Array): string {
  return sha256Hex(publicKeyRaw)
}

export type EnvelopeVerdict =
  | { readonly ok: true; readonly statement: JsonObject }
  | { readonly ok: false; readonly why: string }

/**
 * Opens an envelope: the statement, when the key signed it. One good signature is enough; `keyid` is not looked at.
 * @param publicKey an Ed25519 key, or its 32 raw bytes. Never throws. Pure.
 */
export function openDsseEnvelope(envelope: DsseEnvelope, publicKey: KeyObject | Uint8Array): EnvelopeVerdict {
  if (envelope.payloadType !== payloadType) return { ok: false, why: 'the payload is of another type' }
  const payload = decode(envelope.payload)
  if (payload === undefined) return { ok: false, why: 'the payload is not base64' }
  try {
    const key = publicKey instanceof Uint8Array ? publicKeyFromRaw(publicKey) : publicKey
    const signed = preAuthenticationEncoding(envelope.payloadType, payload)
    const isSigned = envelope.signatures.some(({ sig }) => {
      const signature = decode(sig)
      return signature !== undefined && verifyEd25519(key, signed, signature)
    })
    if (!isSigned) return { ok: false, why: 'the key did not sign it' }
    const statement: JsonValue = parseJson(payload.toString(), { bytesMax: payloadBytesMax })
    if (!isJsonObject(statement) || statement._type !== statementType) {
      return { ok: false, why: 'the payload is not an in-toto statement' }
    }
    return { ok: true, statement }
  } catch {
    return { ok: false, why: 'the envelope, its statement or the key cannot be read' }
  }
}

/** What is signed: `PAE(type, body)` of DSSE. */
export function preAuthenticationEncoding(type: string, body: Uint8Array): Uint8Array {
  const head = `DSSEv1 ${Buffer.byteLength(type)} ${type} ${body.length} `
  return Buffer.concat([Buffer.from(head), body])
}

/** Standard or URL-safe base64, as DSSE allows both. */
function decode(text: string): Buffer | undefined {
  if (typeof text !== 'string') return undefined
  const standard = text.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '')
  const bytes = Buffer.from(standard, 'base64')
  return bytes.toString('base64').replace(/=+$/, '') === standard ? bytes : undefined
}
