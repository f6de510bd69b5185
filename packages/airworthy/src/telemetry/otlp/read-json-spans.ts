/** The spans of one request in OTLP's JSON form (opentelemetry-proto, docs/specification.md, "JSON Protobuf Encoding"). */
import { isJsonObject, type JsonObject, type JsonValue, jsonFault } from '../../core/json.ts'
import type { SpanDetails, SpanRecord } from '../span.ts'
import type { ExactTypes } from './exact-types.ts'
import { checkedAttributes, countOf, depthMax, type JsonProducer, shortened, spanOfJson } from './json-span.ts'
import { type RejectedSpan, SpanFault } from './span-fault.ts'

/** A span and where it stands in the request. */
export interface PlacedSpan {
  readonly kind: 'span'
  readonly where: string
  readonly span: SpanRecord
}

/** What is wrong with one span loses that span alone; with something around spans, that something. */
export function* readJsonSpans(groups: readonly JsonValue[]): Generator<PlacedSpan | RejectedSpan> {
  for (const [index, group] of groups.entries()) {
    const place = `resourceSpans[${index}]`
    if (!isJsonObject(group)) {
      yield { kind: 'rejected', where: place, why: 'it is no object', isSpan: false }
      continue
    }
    const types: ExactTypes = new Map()
    let resource: JsonObject = {}
    try {
      resource = resourceOf(group.resource, types)
    } catch (error) {
      yield rejected(`${place}.resource`, error, false)
    }
    for (const [number, scoped] of listOf(group.scopeSpans).entries()) {
      const scopePlace = `${place}.scopeSpans[${number}]`
      if (!isJsonObject(scoped)) {
        yield { kind: 'rejected', where: scopePlace, why: 'it is no object', isSpan: false }
        continue
      }
      let producer: JsonProducer = { resource, types, details: {}, dropped: {} }
      try {
        producer = producerOf(group, scoped, resource, types)
      } catch (error) {
        yield rejected(`${scopePlace}.scope`, error, false)
      }
      for (const [position, span] of listOf(scoped.spans).entries()) {
        const where = `${scopePlace}.spans[${position}]`
        try {
          yield { kind: 'span', where, span: spanOfJson(span, producer) }
        } catch (error) {
          yield rejected(where, error, true)
        }
      }
    }
  }
}

function rejected(place: string, error: unknown, isSpan: boolean): RejectedSpan {
  if (!(error instanceof SpanFault)) throw error
  return { kind: 'rejected', where: `${place}${error.where}`, why: error.message, isSpan }
}

function resourceOf(resource: JsonValue | undefined, types: ExactTypes): JsonObject {
  const fault = jsonFault(resource ?? null, depthMax)
  if (fault !== undefined) throw new SpanFault('', shortened(fault))
  return isJsonObject(resource) ? checkedAttributes(resource.attributes, '/resource', types) : {}
}

function producerOf(
  group: JsonObject,
  scoped: JsonObject,
  resource: JsonObject,
  resourceTypes: ExactTypes,
): JsonProducer {
  const types: ExactTypes = new Map(resourceTypes)
  const scope = isJsonObject(scoped.scope) ? scoped.scope : {}
  const fault = jsonFault(scope, depthMax)
  if (fault !== undefined) throw new SpanFault('', shortened(fault))
  const scopeAttributes = checkedAttributes(scope.attributes, '/scope', types)
  const about = isJsonObject(group.resource) ? group.resource : {}
  const details: SpanDetails = {
    ...(Object.keys(scopeAttributes).length === 0 ? {} : { scopeAttributes }),
    ...(isName(group.schemaUrl) ? { resourceSchemaUrl: group.schemaUrl } : {}),
    ...(isName(scoped.schemaUrl) ? { scopeSchemaUrl: scoped.schemaUrl } : {}),
  }
  return {
    resource: {
      ...resource,
      ...(typeof scope.name === 'string' ? { 'otel.scope.name': scope.name } : {}),
      ...(typeof scope.version === 'string' ? { 'otel.scope.version': scope.version } : {}),
    },
    types,
    details,
    dropped: {
      resourceAttributes: countOf(about.droppedAttributesCount, '.droppedAttributesCount'),
      scopeAttributes: countOf(scope.droppedAttributesCount, '.droppedAttributesCount'),
    },
  }
}

function isName(value: JsonValue | undefined): value is string {
  return typeof value === 'string' && value !== ''
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]) : []
}
