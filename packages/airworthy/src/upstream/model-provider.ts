/** The way to a model's provider: one request, never repeated, and its answer as it comes. */

import type { EffectiveManifest } from '../core/manifest/effective.ts'

export interface Provider {
  /** No slash at the end. */
  readonly baseUrl: string
  readonly headers: Readonly<Record<string, string>>
}

export interface ProviderRequest extends Provider {
  /** Behind the base address: `chat/completions`. */
  readonly path: string
  readonly body: string
  readonly signal: AbortSignal
}

export type ProviderAnswer =
  | {
      readonly kind: 'answered'
      readonly status: number
      readonly headers: Headers
      readonly body: ReadableStream<Uint8Array> | null
    }
  /** Nothing reached it. */
  | { readonly kind: 'unreachable'; readonly why: string }
  /** The request may have reached it. */
  | { readonly kind: 'cut'; readonly why: string }

/** Never throws. Redirects are not followed: they would carry the provider's key elsewhere. */
export async function askProvider({ baseUrl, headers, path, body, signal }: ProviderRequest): Promise<ProviderAnswer> {
  try {
    const response = await fetch(`${baseUrl}/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
      signal,
      redirect: 'manual',
    })
    return { kind: 'answered', status: response.status, headers: response.headers, body: response.body }
  } catch (error) {
    if (signal.aborted) {
      return { kind: 'cut', why: signal.reason instanceof Error ? signal.reason.message : 'it was stopped' }
    }
    const cause = error instanceof Error ? (error.cause as { code?: unknown } | undefined) : undefined
    const code = typeof cause?.code === 'string' ? cause.code : 'it could not be asked'
    const isUnsent = /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|UND_ERR_CONNECT_TIMEOUT)$/.test(code)
    return { kind: isUnsent ? 'unreachable' : 'cut', why: code }
  }
}

/** Where the manifest's model is, and the key that the environment holds for it. */
export function providerOf(manifest: EffectiveManifest, env: Readonly<Record<string, string | undefined>>): Provider {
  const isAnthropic = manifest.model?.provider === 'anthropic'
  const usual = isAnthropic ? 'https://api.anthropic.com/v1' : 'https://api.openai.com/v1'
  const baseUrl = (manifest.model?.baseUrl ?? usual).replace(/\/+$/, '')
  const key = (isAnthropic ? env.ANTHROPIC_API_KEY : env.OPENAI_API_KEY) ?? ''
  if (key === '') return { baseUrl, headers: {} }
  return { baseUrl, headers: isAnthropic ? { 'x-api-key': key } : { authorization: `Bearer ${key}` } }
}
