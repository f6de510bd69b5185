/** What becomes of a span's attributes while it is decoded: values, or the text that a store keeps. */
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { SpanRecord } from '../span.ts'
import type { ExactTypes } from './exact-types.ts'
import { keyValue } from './proto-attributes.ts'
import type { WireReader } from './wire-reader.ts'

export interface AttributeTaker<Attributes> {
  /** With each span; what a rejected one left behind is forgotten. */
  begin(): void
  /** Reads one KeyValue. The last of two equal keys counts. @throws SpanFault, MalformedWire */
  keyValue(reader: WireReader, types: ExactTypes): void
  end(): Attributes
  /** The same of attributes that are values already. */
  of(attributes: JsonObject): Attributes
}

export type SpanWith<Attributes> = Omit<SpanRecord, 'attributes'> & { readonly attributes: Attributes }

/** Where a span's attributes stand, for `SpanDetails.types`. */
export const attributesPath = '/attributes'

export function attributeValues(): AttributeTaker<JsonObject> {
  let values: Record<string, JsonValue> = {}
  return {
    begin() {
      values = {}
    },
    keyValue: (reader, types) => keyValue(reader, values, attributesPath, types),
    end: () => values,
    of: (attributes) => attributes,
  }
}
