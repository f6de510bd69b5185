/** Ed25519 on Node; `signature.browser.ts` verifies in browsers. Keys are Node KeyObjects; raw forms are 32 bytes. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'

const publicPrefix = Buffer.from('302a300506032b6570032100', 'hex')
const privatePrefix = Buffer.from('302e020100300506032b657004220420', 'hex')

export interface SigningKey {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  /** 32 bytes. */
  readonly publicKeyRaw: Uint8Array
}

export function generateSigningKey(): SigningKey {
  return signingKeyFrom(generateKeyPairSync('ed25519').privateKey)
}

/** From a private Ed25519 key, or its 32-byte seed. */
export function signingKeyFrom(key: KeyObject | Uint8Array): SigningKey {
  const privateKey =
    key instanceof Uint8Array
      ? createPrivateKey({ key: Buffer.concat([privatePrefix, key]), format: 'der', type: 'pkcs8' })
      : key
  const publicKey = createPublicKey(privateKey)
  const publicKeyRaw = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(publicPrefix.length))
  return { privateKey, publicKey, publicKeyRaw }
}

/** The 32-byte seed of a private key: what is kept on disk. */
export function seedOf(key: SigningKey): Uint8Array {
  return new Uint8Array(key.privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(privatePrefix.length))
}

/** @throws TypeError when `raw` is not 32 bytes. */
export function publicKeyFromRaw(raw: Uint8Array): KeyObject {
  if (raw.length !== 32) throw new TypeError('an Ed25519 public key has 32 bytes')
  return createPublicKey({ key: Buffer.concat([publicPrefix, raw]), format: 'der', type: 'spki' })
}

/** 64 bytes over the message itself (no prehash). */
export function signEd25519(key: KeyObject, message: Uint8Array): Uint8Array {
  return sign(null, message, key)
}

/** Never throws: a signature of another length is false. */
export function verifyEd25519(key: KeyObject, message: Uint8Array, signature: Uint8Array): boolean {
  return signature.length === 64 && verify(null, message, key, signature)
}
