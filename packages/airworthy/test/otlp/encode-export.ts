/** Requests of OTLP as bytes, written from plain descriptions, whole or with a fault at a chosen place. */
import { WireWriter } from '../../src/telemetry/otlp/wire-writer.ts'

/** In the JSON form of OTLP, which is what the examples of the specification are written in. */
export interface JsonSpan {
  readonly traceId?: string
  readonly spanId?: string
  readonly parentSpanId?: string
  readonly traceState?: string
  readonly flags?: number
  readonly name?: string
  readonly kind?: number
  readonly startTimeUnixNano?: string
  readonly endTimeUnixNano?: string
  readonly attributes?: readonly KeyValue[]
  readonly droppedAttributesCount?: number
  readonly events?: readonly {
    readonly timeUnixNano?: string
    readonly name?: string
    readonly attributes?: readonly KeyValue[]
    readonly droppedAttributesCount?: number
  }[]
  readonly droppedEventsCount?: number
  readonly links?: readonly {
    readonly traceId: string
    readonly spanId: string
    readonly traceState?: string
    readonly attributes?: readonly KeyValue[]
    readonly droppedAttributesCount?: number
    readonly flags?: number
  }[]
  readonly droppedLinksCount?: number
  readonly status?: { readonly code?: number; readonly message?: string }
}

export interface KeyValue {
  readonly key: string
  readonly value?: AnyValue
}

export type AnyValue =
  | { readonly stringValue: string }
  | { readonly boolValue: boolean }
  | { readonly intValue: string | number }
  | { readonly doubleValue: number | string }
  | { readonly arrayValue: { readonly values: readonly AnyValue[] } }
  | { readonly kvlistValue: { readonly values: readonly KeyValue[] } }
  | { readonly bytesValue: string }
  | Record<string, never>

export interface JsonExport {
  readonly resourceSpans: readonly {
    readonly resource?: { readonly attributes?: readonly KeyValue[]; readonly droppedAttributesCount?: number }
    readonly scopeSpans: readonly {
      readonly scope?: { readonly name?: string; readonly version?: string; readonly attributes?: readonly KeyValue[] }
      readonly spans: readonly JsonSpan[]
      readonly schemaUrl?: string
    }[]
    readonly schemaUrl?: string
  }[]
}

/** One group of spans of one producer. */
export function exportOf(
  spans: readonly JsonSpan[],
  resource: readonly KeyValue[] = [text('service.name', 'desk')],
): JsonExport {
  return {
    resourceSpans: [
      { resource: { attributes: resource }, scopeSpans: [{ scope: { name: 'lib', version: '1' }, spans }] },
    ],
  }
}

export function text(key: string, stringValue: string): KeyValue {
  return { key, value: { stringValue } }
}

export function protoOf(request: JsonExport): Uint8Array {
  const writer = new WireWriter()
  for (const group of request.resourceSpans) {
    writer.message(1, (resourceSpans) => {
      if (group.resource !== undefined) {
        resourceSpans.message(1, (resource) => {
          for (const one of group.resource?.attributes ?? []) resource.message(1, (inner) => writeKeyValue(inner, one))
          resource.int(2, group.resource?.droppedAttributesCount ?? 0)
        })
      }
      for (const scoped of group.scopeSpans) {
        resourceSpans.message(2, (scopeSpans) => {
          if (scoped.scope !== undefined) {
            scopeSpans.message(1, (scope) => {
              scope.text(1, scoped.scope?.name ?? '').text(2, scoped.scope?.version ?? '')
              for (const one of scoped.scope?.attributes ?? []) scope.message(3, (inner) => writeKeyValue(inner, one))
            })
          }
          for (const span of scoped.spans) scopeSpans.bytes(2, protoSpan(span))
          if (scoped.schemaUrl !== undefined) scopeSpans.text(3, scoped.schemaUrl)
        })
      }
      if (group.schemaUrl !== undefined) resourceSpans.text(3, group.schemaUrl)
    })
  }
  return writer.end()
}

export function protoSpan(span: JsonSpan): Uint8Array {
  const writer = new WireWriter()
  const hex = (value: string): Buffer => Buffer.from(value, 'hex')
  if (span.traceId !== undefined) writer.bytes(1, hex(span.traceId))
  if (span.spanId !== undefined) writer.bytes(2, hex(span.spanId))
  if (span.traceState !== undefined) writer.text(3, span.traceState)
  if (span.parentSpanId !== undefined) writer.bytes(4, hex(span.parentSpanId))
  writer.text(5, span.name ?? '').int(6, span.kind ?? 0)
  writer.fixed64(7, BigInt(span.startTimeUnixNano ?? 0)).fixed64(8, BigInt(span.endTimeUnixNano ?? 0))
  for (const one of span.attributes ?? []) writer.message(9, (inner) => writeKeyValue(inner, one))
  writer.int(10, span.droppedAttributesCount ?? 0)
  for (const event of span.events ?? []) {
    writer.message(11, (inner) => {
      inner.fixed64(1, BigInt(event.timeUnixNano ?? 0)).text(2, event.name ?? '')
      for (const one of event.attributes ?? []) inner.message(3, (deep) => writeKeyValue(deep, one))
      inner.int(4, event.droppedAttributesCount ?? 0)
    })
  }
  writer.int(12, span.droppedEventsCount ?? 0)
  for (const link of span.links ?? []) {
    writer.message(13, (inner) => {
      inner
        .bytes(1, hex(link.traceId))
        .bytes(2, hex(link.spanId))
        .text(3, link.traceState ?? '')
      for (const one of link.attributes ?? []) inner.message(4, (deep) => writeKeyValue(deep, one))
      inner.int(5, link.droppedAttributesCount ?? 0).fixed32(6, link.flags ?? 0)
    })
  }
  writer.int(14, span.droppedLinksCount ?? 0)
  const { status } = span
  if (status !== undefined) writer.message(15, (inner) => inner.text(2, status.message ?? '').int(3, status.code ?? 0))
  writer.fixed32(16, span.flags ?? 0)
  return writer.end()
}

function writeKeyValue(writer: WireWriter, { key, value }: KeyValue): void {
  writer.text(1, key)
  if (value !== undefined) writer.message(2, (inner) => writeAnyValue(inner, value))
}

function writeAnyValue(writer: WireWriter, value: AnyValue): void {
  if ('stringValue' in value) writer.text(1, String(value.stringValue))
  else if ('boolValue' in value) writer.chosen(2, value.boolValue ? 1 : 0)
  else if ('intValue' in value) writer.chosen(3, BigInt(value.intValue as string))
  else if ('doubleValue' in value) writer.double(4, Number(value.doubleValue))
  else if ('arrayValue' in value) {
    writer.message(5, (inner) => {
      for (const one of value.arrayValue.values) inner.message(1, (deep) => writeAnyValue(deep, one))
    })
  } else if ('kvlistValue' in value) {
    writer.message(6, (inner) => {
      for (const one of value.kvlistValue.values) inner.message(1, (deep) => writeKeyValue(deep, one))
    })
  } else if ('bytesValue' in value) writer.bytes(7, Buffer.from(String(value.bytesValue), 'base64'))
}
