/** Writes a result in the words of the client's era. What the result itself holds beyond them is kept as it is. */
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts'
import { type Era, metaKeys } from './classify.ts'
import type { GatewayAgent } from './gateway-kit.ts'

export const serverInfo = { name: 'airworthy', version: '1' } as const

/** Methods whose results a 2026 client may cache; ours may not be, since each principal sees its own. */
const cacheable: ReadonlySet<string> = new Set([
  'server/discover',
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'resources/read',
])

/** @param meta  the gateway's own `_meta` entries; they win over the result's. */
export function resultFor(
  era: Era,
  agent: GatewayAgent,
  method: string,
  result: JsonObject,
  meta: JsonObject = {},
): JsonObject {
  const given = isJsonObject(result._meta) ? result._meta : {}
  // No server speaks in the kit's name: an answer that says it was only observed, or denied, would be believed.
  const kept = Object.fromEntries(
    Object.entries(given).filter(([key]) => key !== metaKeys.serverInfo && !key.startsWith('airworthy/')),
  )
  const own = { ...kept, ...meta, ...(agent.mode === 'observe' ? { 'airworthy/mode': 'observe' } : {}) }
  if (era === 'modern') {
    return {
      resultType: 'complete',
      ...result,
      ...(cacheable.has(method) && result.resultType !== 'input_required' ? { ttlMs: 0, cacheScope: 'private' } : {}),
      _meta: { ...own, [metaKeys.serverInfo]: serverInfo },
    }
  }
  const { resultType, _meta, ...plain } = result
  return { ...objectContent(plain), ...(Object.keys(own).length === 0 ? {} : { _meta: own }) }
}

/** The older era knows structured content as objects only. */
function objectContent(result: JsonObject): JsonObject {
  const structured: JsonValue | undefined = result.structuredContent
  return structured === undefined || isJsonObject(structured)
    ? result
    : { ...result, structuredContent: { result: structured } }
}
