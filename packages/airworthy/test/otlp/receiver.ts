/** A kit that receives, and what it answers, read from either encoding. */

import type { StoredSpan } from '../../src/operate/traces/port.ts'
import { WireReader } from '../../src/telemetry/otlp/wire-reader.ts'
import { startServing, type TestServing } from '../api/serving.ts'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly type: string
  readonly bytes: Uint8Array
  /** Of ExportTraceServiceResponse; undefined: it is unset. */
  readonly partial?: { readonly rejected: number; readonly message: string }
  /** Of google.rpc.Status. */
  readonly error?: { readonly code: number; readonly message: string; readonly details: number }
}

export interface Receiver {
  readonly serving: TestServing
  send(body: Uint8Array | string | ReadableStream, headers?: Readonly<Record<string, string>>): Promise<Answer>
  spansOf(traceId: string): Promise<readonly StoredSpan[]>
}

export const proto = 'application/x-protobuf'
export const json = 'application/json'

export async function startReceiver(options: Parameters<typeof startServing>[0] = {}): Promise<Receiver> {
  const serving = await startServing(options)
  return {
    serving,
    async send(body, headers = {}) {
      const response = await fetch(`${serving.url}/v1/traces`, {
        method: 'POST',
        // One that is empty is not sent.
        headers: Object.entries({
          authorization: `Bearer ${serving.keys.agent}`,
          'content-type': proto,
          ...headers,
        }).filter(([, value]) => value !== ''),
        body,
        duplex: 'half',
      } as RequestInit)
      return answerOf(response, new Uint8Array(await response.arrayBuffer()))
    },
    spansOf: async (traceId) =>
      (await serving.kit.store.traces.readTrace(traceId, { spansMax: 1_000_000, charactersMax: 1e9 })).spans,
  }
}

function answerOf({ status, headers }: Response, bytes: Uint8Array): Answer {
  const type = headers.get('content-type') ?? ''
  const about = { status, headers, type, bytes }
  if (type === json) {
    const value = JSON.parse(Buffer.from(bytes).toString()) as Record<string, never>
    if (status !== 200) {
      const { code, message, details = [] } = value as unknown as { code: number; message: string; details?: [] }
      return { ...about, error: { code, message, details: details.length } }
    }
    const { partialSuccess } = value as { partialSuccess?: { rejectedSpans?: string; errorMessage?: string } }
    if (partialSuccess === undefined) return about
    const { rejectedSpans = '0', errorMessage = '' } = partialSuccess
    return { ...about, partial: { rejected: Number(rejectedSpans), message: errorMessage } }
  }
  const reader = new WireReader(bytes)
  if (status !== 200) {
    const error = { code: 0, message: '', details: 0 }
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 0x08) error.code = reader.number()
      else if (tag === 0x12) error.message = reader.text()
      else {
        if (tag === 0x1a) error.details++
        reader.skip(tag)
      }
    }
    return { ...about, error }
  }
  let partial: { rejected: number; message: string } | undefined
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag !== 0x0a) throw new Error(`the answer has an unknown field ${tag >>> 3}`)
    partial = { rejected: 0, message: '' }
    const outer = reader.enter()
    for (let inner = reader.tag(); inner !== 0; inner = reader.tag()) {
      if (inner === 0x08) partial.rejected = reader.number()
      else if (inner === 0x12) partial.message = reader.text()
      else throw new Error(`partial_success has an unknown field ${inner >>> 3}`)
    }
    reader.leave(outer)
  }
  return partial === undefined ? about : { ...about, partial }
}
