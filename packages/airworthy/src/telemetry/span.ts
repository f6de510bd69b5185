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
}

export const spanKinds = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const
export type SpanKind = (typeof spanKinds)[number]

export const spanStatuses = ['unset', 'ok', 'error'] as const
export type SpanStatus = (typeof spanStatuses)[number]
