/** The answers to an exporter, in the encoding of its request: ExportTraceServiceResponse, and google.rpc.Status for errors. */
import type { TraceEncoding } from '../../telemetry/otlp/read-trace-request.ts'
import { WireWriter } from '../../telemetry/otlp/wire-writer.ts'

/** What was wrong with a request, for `google.rpc.BadRequest`. */
export interface FieldViolation {
  readonly field: string
  readonly description: string
}

/** `why` alone is a warning; nothing at all is plain success. */
export function exportAnswer(
  encoding: TraceEncoding,
  partial: { readonly rejected: number; readonly why?: string },
): Response {
  const { rejected, why = '' } = partial
  const isPlain = rejected === 0 && why === ''
  if (encoding === 'json') {
    // 64-bit integers are texts in proto3's JSON.
    const partialSuccess = { ...(rejected === 0 ? {} : { rejectedSpans: `${rejected}` }), errorMessage: why }
    return answer(encoding, 200, JSON.stringify(isPlain ? {} : { partialSuccess }))
  }
  const writer = new WireWriter()
  if (!isPlain) writer.message(1, (inner) => inner.int(1, rejected).text(2, why))
  return answer(encoding, 200, writer.end())
}

export interface StatusAnswer {
  readonly status: number
  readonly message: string
  readonly violation?: FieldViolation | undefined
  readonly headers?: Readonly<Record<string, string>>
}

const badRequestType = 'type.googleapis.com/google.rpc.BadRequest'

export function statusAnswer(encoding: TraceEncoding, { status, message, violation, headers }: StatusAnswer): Response {
  const code = codeOfStatus[status] ?? unknownCode
  if (encoding === 'json') {
    const details =
      violation === undefined ? {} : { details: [{ '@type': badRequestType, fieldViolations: [violation] }] }
    return answer(encoding, status, JSON.stringify({ code, message, ...details }), headers)
  }
  const writer = new WireWriter().int(1, code).text(2, message)
  if (violation !== undefined) {
    const value = new WireWriter().message(1, (inner) => inner.text(1, violation.field).text(2, violation.description))
    writer.message(3, (any) => any.text(1, badRequestType).bytes(2, value.end()))
  }
  return answer(encoding, status, writer.end(), headers)
}

/** google.rpc.Code, as its own table maps it to HTTP. */
const codeOfStatus: Readonly<Record<number, number>> = {
  400: 3,
  401: 16,
  403: 7,
  404: 5,
  413: 3,
  415: 3,
  429: 8,
  500: 13,
  503: 14,
}
const unknownCode = 2

function answer(
  encoding: TraceEncoding,
  status: number,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const type = encoding === 'json' ? 'application/json' : 'application/x-protobuf'
  return new Response(body as Uint8Array<ArrayBuffer>, { status, headers: { ...headers, 'content-type': type } })
}
