import { expect, test } from 'vitest'
import type { JsonObject } from '../../core/json.ts'
import { generateSigningKey } from '../../core/signature.ts'
import { type DsseEnvelope, dsseEnvelope, keyIdOf, openDsseEnvelope, preAuthenticationEncoding } from './report.ts'

const key = generateSigningKey()
const statement: JsonObject = {
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ name: 'desk', digest: { sha256: 'a'.repeat(64) } }],
  predicateType: 'urn:airworthy:verdict:v1',
  predicate: { verdict: 'NO-GO', text: 'ünïcode' },
}
const envelope = dsseEnvelope(statement, key)

test('the encoding is the one that the DSSE specification prints', () => {
  const encoded = preAuthenticationEncoding('http://example.com/HelloWorld', Buffer.from('hello world'))
  expect(Buffer.from(encoded).toString()).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world')
})

test('lengths are counted in bytes', () => {
  expect(Buffer.from(preAuthenticationEncoding('é', Buffer.from('ü'))).toString()).toBe('DSSEv1 2 é 2 ü')
})

test('what was signed comes back, with the raw key or the key object', () => {
  expect(openDsseEnvelope(envelope, key.publicKey)).toEqual({ ok: true, statement })
  expect(openDsseEnvelope(envelope, key.publicKeyRaw)).toEqual({ ok: true, statement })
  expect(envelope.payloadType).toBe('application/vnd.in-toto+json')
  expect(envelope.signatures[0]?.keyid).toBe(keyIdOf(key.publicKeyRaw))
})

test('a good signature among others is enough', () => {
  const [good] = envelope.signatures
  const foreign = dsseEnvelope(statement, generateSigningKey()).signatures[0]
  const signatures = [foreign, { keyid: 'wrong', sig: good?.sig }] as DsseEnvelope['signatures']
  expect(openDsseEnvelope({ ...envelope, signatures }, key.publicKey)).toMatchObject({ ok: true })
})

const reserialised = Buffer.from(JSON.stringify({ ...statement, predicate: { verdict: 'GO' } })).toString('base64')
const broken: readonly (readonly [string, DsseEnvelope, Uint8Array])[] = [
  ['another key', envelope, generateSigningKey().publicKeyRaw],
  ['a changed payload', { ...envelope, payload: reserialised }, key.publicKeyRaw],
  ['a changed type', { ...envelope, payloadType: 'application/json' }, key.publicKeyRaw],
  ['no signature', { ...envelope, signatures: [] }, key.publicKeyRaw],
  ['a cut signature', { ...envelope, signatures: [{ keyid: '', sig: 'AAAA' }] }, key.publicKeyRaw],
  ['a signature that is not base64', { ...envelope, signatures: [{ keyid: '', sig: '***' }] }, key.publicKeyRaw],
  ['a payload that is not base64', { ...envelope, payload: '***' }, key.publicKeyRaw],
  ['a key that is none', envelope, new Uint8Array(5)],
  ['a statement of another type', dsseEnvelope({ ...statement, _type: 'x' }, key), key.publicKeyRaw],
]
test.each(broken)('%s is refused', (_, given, publicKey) => {
  expect(openDsseEnvelope(given, publicKey)).toMatchObject({ ok: false })
})
