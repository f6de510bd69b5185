/** The webhook: each checkpoint is posted to somebody else's server, signed with a shared secret when there is one. */
import { createHmac } from 'node:crypto'
import { parseCheckpoint } from '../../audit/checkpoint.ts'
import { type Anchor, anchorUnreachable } from './anchor.ts'
import { anchorAddress } from './anchor-address.ts'

export interface WebhookAnchorOptions {
  readonly name: string
  readonly url: string
  /** The receiver checks the header `Airworthy-Signature` with it. */
  readonly secret?: string
  /** Plain http to another machine is refused unless this says otherwise. */
  readonly allowInsecure?: boolean
  readonly timeoutMs?: number
}

/**
 * Posts `{"type":"airworthy.checkpoint","origin":...,"size":...,"checkpoint":"<signed note>"}` and waits for a 2xx.
 * With a secret, the header `Airworthy-Signature: v1=<hex>` is HMAC-SHA-256 over the body. Redirects are not followed.
 * @throws ANCHOR_INVALID for an address that is neither https nor on this machine.
 */
export function webhookAnchor(options: WebhookAnchorOptions): Anchor {
  const { name, secret, allowInsecure = false, timeoutMs = 5_000 } = options
  const url = anchorAddress(name, options.url, allowInsecure)
  return {
    name,
    async deliver(note) {
      const { origin, size } = parseCheckpoint(note)
      const body = JSON.stringify({ type: 'airworthy.checkpoint', origin, size: Number(size), checkpoint: note })
      const headers: Record<string, string> = { 'content-type': 'application/json' }
      if (secret !== undefined) {
        headers['airworthy-signature'] = `v1=${createHmac('sha256', secret).update(body).digest('hex')}`
      }
      let status: number
      try {
        const signal = AbortSignal.timeout(timeoutMs)
        const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' })
        await response.body?.cancel()
        status = response.status
      } catch (cause) {
        throw anchorUnreachable(name, 'the request failed', cause)
      }
      if (status < 200 || status > 299) throw anchorUnreachable(name, `it answered ${status}`)
    },
  }
}
