/**
 * `POST /v1/traces`: OTLP over HTTP (opentelemetry-proto, docs/specification.md). Spans are acknowledged when they are durable, good
 * ones are kept beside bad ones, the same ones again change nothing. What a span says is its sender's claim; no decision reads it.
 */
import { AirworthyError } from '../../core/errors.ts'
import { problemOf, RequestRefused } from '../problem.ts'
import type { Asked } from '../route.ts'
import { bodyReaderOf } from './incoming-body.ts'
import { type Lease, leaseOf } from './intake.ts'
import { exportAnswer, type FieldViolation, statusAnswer } from './otlp-answer.ts'
import { drain, encodingOf, readOtlpBody } from './read-otlp-body.ts'

export async function receiveTraces({ server, request }: Asked<unknown, unknown>): Promise<Response> {
  const { kit, intake } = server
  const body = bodyReaderOf(request)
  const lease: Lease = leaseOf(intake)
  try {
    const encoding = encodingOf(request.headers)
    if (encoding === undefined) throw unknownType()
    const received = await kit.store.traces.receiveSpans({
      encoding,
      body: await readOtlpBody(request, body, lease),
      agent: kit.agent,
      atMs: kit.guard.ports.clock(),
    })
    if (received.kind === 'kept') {
      intake.spans.new += received.spansNew
      intake.spans.known += received.spansKnown
      intake.spans.rejected += received.rejected
      return exportAnswer(encoding, received)
    }
    const { kind, where, why } = received
    const violation = { field: where, description: why }
    return statusAnswer(encoding, { status: kind === 'malformed' ? 400 : 413, message: `${why}.`, violation })
  } catch (error) {
    await drain(body)
    throw error
  } finally {
    lease.end()
  }
}

function unknownType(): RequestRefused {
  const message = 'The body is of no type that OTLP has.'
  const mend = 'Send Content-Type: application/x-protobuf or application/json.'
  return new RequestRefused(415, { code: 'REQUEST_INVALID', message, mend })
}

/** In seconds; a client adds its own backing off. */
const retryAfterSeconds = '2'

/** Every error of this route, those before it included, as exporters read them. */
export function refuseTraces(error: unknown, request: Request, onFault: (error: unknown) => void): Response {
  const problem = problemOf(error, onFault)
  const { status, headers } = problem
  const isOurs = error instanceof AirworthyError && status !== 500
  const message = isOurs
    ? `${error.code}: ${error.message} ${error.mend}`
    : 'INTERNAL_ERROR: The kit failed at this request.'
  const challenge = headers.get('www-authenticate')
  const violation: FieldViolation | undefined =
    status === 400 && isOurs ? { field: '', description: error.message } : undefined
  return statusAnswer(encodingOf(request.headers) ?? 'json', {
    status,
    message,
    violation,
    headers: {
      ...(challenge === null ? {} : { 'www-authenticate': challenge }),
      ...(status === 503 || status === 429 ? { 'retry-after': retryAfterSeconds } : {}),
    },
  })
}
