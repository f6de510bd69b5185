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
  /** Its memory may go at once. */
  release?(chunk: Uint8Array): void
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
  const announcedBytes = Number(headers.get('content-length') ?? 0)
  if (announcedBytes > requestBytesMax) throw tooLarge()
  if (packing !== 'gzip') return await collected(chunksOf(body), lease, announcedBytes, body)
  const unpacking = createGunzip()
  // The error, of either, comes out of the iteration.
  pipeline(Readable.from(chunksOf(body), { objectMode: false }), unpacking, () => {})
  try {
    return await collected(unpacking, lease, 0)
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

/** What is announced is believed to so many times of what has come. */
const believedTimes = 64

async function collected(
  source: AsyncIterable<Uint8Array>,
  lease: Lease,
  announcedBytes: number,
  body?: BodyReader,
): Promise<Uint8Array> {
  // Not of Node's pool: it is given away to the writer.
  let whole = new Uint8Array(0)
  let sizeBytes = 0
  for await (const chunk of source) {
    const end = sizeBytes + chunk.byteLength
    if (end > requestBytesMax) throw tooLarge()
    lease.take(chunk.byteLength)
    if (end > whole.length) {
      const announced = Math.min(announcedBytes, believedTimes * end)
      const larger = new Uint8Array(Math.max(announced, sizeBytes === 0 ? end : 2 * end))
      larger.set(whole.subarray(0, sizeBytes))
      whole = larger
    }
    whole.set(chunk, sizeBytes)
    sizeBytes = end
    body?.release?.(chunk)
  }
  return whole.length === sizeBytes ? whole : whole.slice(0, sizeBytes)
}

function tooLarge(): RequestRefused {
  const message = `The body is larger than ${requestBytesMax} bytes, unpacked.`
  return refused(413, message, 'Send fewer spans in one request.')
}

function refused(status: number, message: string, mend: string): RequestRefused {
  return new RequestRefused(status, { code: 'REQUEST_INVALID', message, mend })
}
