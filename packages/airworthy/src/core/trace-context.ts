/** W3C trace context: the header `traceparent`. */

/** The trace id (32 hexadecimal digits) of version 00 and later; undefined when the header is absent, malformed or all zero. */
export function traceIdOf(traceparent: string | null | undefined): string | undefined {
  const form = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-|$)/
  return form.exec(traceparent ?? '')?.[1]
}

/** The parent's span id (16 hexadecimal digits) where the header belongs to this trace; undefined otherwise. */
export function spanIdOf(traceparent: string | null | undefined, traceId: string): string | undefined {
  return traceIdOf(traceparent) === traceId ? traceparent?.slice(36, 52) : undefined
}
