/** A result schema that takes every object and keeps every member: what a relay needs, where the SDK's own would drop some. */
import type { StandardSchemaV1 } from '@modelcontextprotocol/client'
import { isJsonObject, type JsonObject } from '../core/json.ts'

export const anyResult: StandardSchemaV1<unknown, JsonObject> = {
  '~standard': {
    version: 1,
    vendor: 'airworthy',
    validate: (value) => (isJsonObject(value) ? { value } : { issues: [{ message: 'the result is not an object' }] }),
  },
}
