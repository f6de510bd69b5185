/** A span as the kit stores it: one shape for imported traces and for its own. Attributes stay as they came. */
import type { JsonObject } from '../core/json.ts'

export interface SpanRecord {
  /** 32 lower-case hexadecimal digits. With `spanId` it is the span's identity: the same span again changes nothing. */
  readonly traceId: string
  /** 16 lower-case hexadecimal digits. */
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: SpanKind
  /** Nanoseconds since 1970. Absent where a record has no times: none are made up. */
  readonly startNs?: bigint
  readonly endNs?: bigint
  readonly status: SpanStatus
  readonly statusMessage?: string
  readonly attributes: JsonObject
  /** Attributes of what produced it, and of its instrumentation scope under `otel.scope.name` and `otel.scope.version`. */
  readonly resource: JsonObject
  /** What OTLP says of it besides; absent where it says nothing. */
  readonly details?: SpanDetails
}

export const spanKinds = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const
export type SpanKind = (typeof spanKinds)[number]

export const spanStatuses = ['unset', 'ok', 'error'] as const
export type SpanStatus = (typeof spanStatuses)[number]

/** Plain JSON, so that it is stored as it stands. */
export interface SpanDetails {
  readonly traceState?: string
  /** As OTLP has it: the low byte is that of W3C's trace context, bits 8 and 9 say whether the parent is remote. */
  readonly flags?: number
  readonly events?: readonly SpanEvent[]
  readonly links?: readonly SpanLink[]
  /** What the client's own limits cut. */
  readonly dropped?: DroppedCounts
  readonly scopeAttributes?: JsonObject
  readonly resourceSchemaUrl?: string
  readonly scopeSchemaUrl?: string
  /**
   * What JSON cannot tell apart, by JSON Pointer (`/attributes/x`, `/events/0/x`, `/links/0/x`, `/resource/x`, `/scope/x`): integers
   * that stand as decimal text, doubles that are whole or stand as text (NaN, Infinity), bytes that stand as base64. Every other
   * whole number is an integer, every other text a string; null is a value that the client left empty.
   */
  readonly types?: Readonly<Record<string, ExactType>>
}

export type ExactType = 'int' | 'double' | 'bytes'

export interface SpanEvent {
  /** Decimal text, in nanoseconds since 1970. */
  readonly timeNs?: string
  readonly name: string
  readonly attributes: JsonObject
  readonly droppedAttributes?: number
}

export interface SpanLink {
  readonly traceId: string
  readonly spanId: string
  readonly traceState?: string
  readonly flags?: number
  readonly attributes: JsonObject
  readonly droppedAttributes?: number
}

export interface DroppedCounts {
  readonly attributes?: number
  readonly events?: number
  readonly links?: number
  readonly resourceAttributes?: number
  readonly scopeAttributes?: number
}
