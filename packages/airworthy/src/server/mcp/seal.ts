/** Sealed values that travel through a client and come back: AES-256-GCM, so that a client can neither read nor make one. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { isJsonObject, type JsonObject } from '../../core/json.ts'
import { valueOfJson } from '../../core/value-of-json.ts'

const nonceBytes = 12
const tagBytes = 16
/** The longest is a server's own request state on its way through a client; a longer text is none of ours. */
const sealedCharactersMax = 64 * 1024

/** @param purpose  authenticated with the value: what was sealed for one purpose does not open for another. @param key 32 bytes. */
export function seal(key: Uint8Array, purpose: string, value: JsonObject): string {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(purpose))
  const sealed = Buffer.concat([cipher.update(JSON.stringify(value)), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url')
}

/** The value, or undefined for whatever this key did not seal for this purpose. Never throws. */
export function unseal(key: Uint8Array, purpose: string, text: string): JsonObject | undefined {
  if (text.length > sealedCharactersMax) return undefined
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.byteLength <= nonceBytes + tagBytes || bytes.toString('base64url') !== text) return undefined
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes))
      .setAAD(Buffer.from(purpose))
      .setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes))
    const opened = Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()])
    const value: unknown = valueOfJson(opened.toString())
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
