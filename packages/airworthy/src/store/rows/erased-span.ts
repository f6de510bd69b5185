/** A body that is erased is taken out of the span of its action, too; that it was there stays. */
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import { spanIdOfId } from '../../operate/traces/kit-span.ts'
import { argumentsAttribute, resultAttribute } from '../../operate/traces/span-content.ts'

const attributeOf: Readonly<Record<string, string>> = {
  arguments: argumentsAttribute,
  arguments_sent: argumentsAttribute,
  result: resultAttribute,
  shown: resultAttribute,
}

/** The span that may hold something of a body; undefined: none does. @param entryText  of the entry that the body belongs to */
export function spanOfBody(entryText: string, name: string): { traceId: string; spanId: string } | undefined {
  if (!Object.hasOwn(attributeOf, name)) return undefined
  const { trace_id: traceId, object } = valueOfJson(entryText) as { trace_id?: string; object?: string }
  if (traceId === undefined || object?.startsWith('act_') !== true) return undefined
  return { traceId, spanId: spanIdOfId(object) }
}

/** The span's attributes without it; undefined when it holds nothing of it. */
export function withoutBody(attributesText: string, name: string): string | undefined {
  const attribute = attributeOf[name] as string
  const { [`${attribute}.cut_bytes`]: _, ...rest } = valueOfJson(attributesText) as Record<string, JsonValue>
  if (rest[attribute] === undefined) return undefined
  return JSON.stringify({ ...rest, [attribute]: '[erased]' } satisfies JsonObject)
}
