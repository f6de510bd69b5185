/** One request of OTLP, in either encoding, as the spans in it and what had to be left out. Pure. */
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts'
import { type AttributeTaker, attributeValues, type SpanWith } from './attribute-taker.ts'
import { parseExactly } from './parse-exactly.ts'
import { whyNoTraces } from './parse-otlp-json.ts'
import { readJsonSpans } from './read-json-spans.ts'
import { readProtoSpans } from './read-proto-spans.ts'
import { type RejectedSpan, TooManyParts } from './span-fault.ts'
import { jsonValuesMax, partsMax } from './span-limits.ts'
import { MalformedWire } from './wire-reader.ts'

export type TraceEncoding = 'protobuf' | 'json'

export type OpenedRequest<Attributes = JsonObject> =
  | { readonly kind: 'spans'; readonly spans: Iterator<SpanWith<Attributes> | RejectedSpan> }
  /** The body as a whole cannot be read, or holds more parts than one request may. */
  | { readonly kind: 'malformed' | 'too-large'; readonly where: string; readonly why: string }

/**
 * Checks the whole frame at once; spans are decoded as they are asked for.
 * @param body  unpacked, at most `requestBytesMax` bytes.
 */
export function openTraceRequest(encoding: TraceEncoding, body: Uint8Array): OpenedRequest {
  return openTaken(encoding, body, attributeValues())
}

/** The same; attributes become what `taker` makes of them. */
export function openTaken<Attributes>(
  encoding: TraceEncoding,
  body: Uint8Array,
  taker: AttributeTaker<Attributes>,
): OpenedRequest<Attributes> {
  try {
    return encoding === 'protobuf' ? { kind: 'spans', spans: readProtoSpans(body, taker) } : openJson(body, taker)
  } catch (error) {
    if (error instanceof MalformedWire)
      return malformed('', `The body is no ExportTraceServiceRequest: ${error.message}`)
    if (error instanceof TooManyParts) return { kind: 'too-large', where: '', why: error.message }
    throw error
  }
}

function openJson<Attributes>(body: Uint8Array, taker: AttributeTaker<Attributes>): OpenedRequest<Attributes> {
  if (countValues(body) > jsonValuesMax) {
    return { kind: 'too-large', where: '', why: `it holds more than ${jsonValuesMax} values` }
  }
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    return malformed('', 'The body is not UTF-8')
  }
  let value: JsonValue
  try {
    value = parseExactly(text)
  } catch {
    // The parser's own words quote the text, which may be anything.
    return malformed('', 'The body is not well-formed JSON')
  }
  if (!isJsonObject(value)) return malformed('', 'The body is no JSON object')
  const groups = value.resourceSpans ?? undefined
  if (groups === undefined) {
    // An empty request is a good one; a body of another kind, or with other spellings, would lose everything in silence.
    if (Object.keys(value).length === 0 || value.resourceSpans === null) return { kind: 'spans', spans: [].values() }
    return malformed('resourceSpans', `The body is no request for traces: ${whyNoTraces(value)}`)
  }
  if (!Array.isArray(groups)) return malformed('resourceSpans', 'resourceSpans is no list')
  checkParts(groups as readonly JsonValue[])
  return { kind: 'spans', spans: jsonSpans(groups as readonly JsonValue[], taker) }
}

/** @throws TooManyParts */
function checkParts(groups: readonly JsonValue[]): void {
  let parts = groups.length
  for (const scopes of groups.map((group) => listIn(group, 'scopeSpans'))) {
    parts += scopes.length
    for (const scoped of scopes) parts += listIn(scoped, 'spans').length
  }
  if (parts > partsMax) throw new TooManyParts(`it holds more than ${partsMax} resources, scopes and spans`)
}

function listIn(value: JsonValue, name: string): readonly JsonValue[] {
  const list = isJsonObject(value) ? value[name] : undefined
  return Array.isArray(list) ? (list as readonly JsonValue[]) : []
}

function* jsonSpans<Attributes>(
  groups: readonly JsonValue[],
  taker: AttributeTaker<Attributes>,
): Generator<SpanWith<Attributes> | RejectedSpan> {
  for (const one of readJsonSpans(groups)) {
    yield one.kind === 'span' ? { ...one.span, attributes: taker.of(one.span.attributes) } : one
  }
}

function malformed(where: string, why: string): OpenedRequest<never> {
  return { kind: 'malformed', where, why }
}

/** Every value but the first stands behind one of `[`, `{` and `,`; those within texts count too, which errs to the safe side. */
function countValues(body: Uint8Array): number {
  let count = 0
  for (let i = 0; i < body.length; i++) {
    const byte = body[i]
    if (byte === 0x2c || byte === 0x5b || byte === 0x7b) count++
  }
  return count
}
