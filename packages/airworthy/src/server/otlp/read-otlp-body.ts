/** The body of an export: its encoding by its type, unpacked, bounded before and after unpacking. */
import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { TraceEncoding } from '../../telemetry/otlp/read-trace-request.ts'
import { requestBytesMax } from '../../telemetry/otlp/span-limits.ts'
import { RequestRefused } from '../problem.ts'
import type { Lease } from './intake.ts'

/** Of the body of a request; one without a body has one that is at its end. */
export interface BodyReader {
  read(): Promise<
    | { readonly done: false; readonly value: Uint8Array }
    | { readonly done: true; readonly value?: Uint8Array | undefined }
  >
  cancel(): Promise<void>
}

/** Undefined for a type that OTLP does not have. Parameters such as a charset change nothing. */
export function encodingOf(headers: Headers): TraceEncoding | undefined {
  const type = (headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase()
  if (type === 'application/x-protobuf') return 'protobuf'
  return type === 'application/json' ? 'json' : undefined
}

/** @throws RequestRefused: 400 for a packing that breaks off, 413, 415, 503 SPANS_BACKLOGGED */
export async function readOtlpBody({ headers }: Request, body: BodyReader, lease: Lease): Promise<Uint8Array> {
  const packing = (headers.get('content-encoding') ?? 'identity').trim().toLowerCase()
  if (packing !== 'gzip' && packing !== 'identity' && packing !== '') {
    throw refused(
      415,
      `A body packed with ${/^[\w-]{1,20}$/.test(packing) ? packing : 'that'} is not taken.`,
      'Pack it with gzip, or not at all.',
    )
  }
  if (Number(headers.get('content-length') ?? 0) > requestBytesMax) throw tooLarge()
  if (packing !== 'gzip') return await collected(chunksOf(body), lease)
  const unpacking = createGunzip()
  // The error, of either, comes out of the iteration.
  pipeline(Readable.from(chunksOf(body), { objectMode: false }), unpacking, () => {})
  try {
    return await collected(unpacking, lease)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? ''
    if (!code.startsWith('Z_')) throw error
    throw refused(400, 'The body is declared as gzip and cannot be unpacked.', 'Send it whole, as gzip or unpacked.')
  }
}

/** What is read and thrown away of a body that was refused, at most. */
const drainBytesMax = requestBytesMax

/**
 * Reads the rest of a refused body: a client that is still sending does not look at the answer, and a connection with unread bytes on
 * it is of no use to its next request.
 */
export async function drain(body: BodyReader): Promise<void> {
  let sizeBytes = 0
  for await (const chunk of chunksOf(body)) {
    sizeBytes += chunk.byteLength
    if (sizeBytes > drainBytesMax) return await body.cancel()
  }
}

/** Whoever stops in the middle leaves the reader as it is. */
async function* chunksOf(body: BodyReader): AsyncGenerator<Uint8Array> {
  for (;;) {
    const { done, value } = await body.read()
    if (done) return
    yield value
  }
}

async function collected(source: AsyncIterable<Uint8Array>, lease: Lease): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  for await (const chunk of source) {
    sizeBytes += chunk.byteLength
    if (sizeBytes > requestBytesMax) throw tooLarge()
    lease.take(chunk.byteLength)
    chunks.push(chunk)
  }
  // Not of Node's pool: it is given away to the writer.
  const whole = new Uint8Array(sizeBytes)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.byteLength
  }
  return whole
}

function tooLarge(): RequestRefused {
  const message = `The body is larger than ${requestBytesMax} bytes, unpacked.`
  return refused(413, message, 'Send fewer spans in one request.')
}

function refused(status: number, message: string, mend: string): RequestRefused {
  return new RequestRefused(status, { code: 'REQUEST_INVALID', message, mend })
}
