/** Pairs the tool results in a request with the calls that they answer, whatever the API calls either. */
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import type { SeenToolResult } from '../../operate/model/ungoverned-tools.ts'

export interface CalledTools {
  call(id: JsonValue | undefined, tool: JsonValue | undefined, args: JsonValue | undefined): void
  /** @param tool  its name where the result says it and the call is not there. */
  result(id: JsonValue | undefined, content: JsonValue | undefined, tool?: JsonValue | undefined): void
  results(): readonly SeenToolResult[]
}

/** Longer ones are never compared with what the ledger holds, whose results are shorter. */
const textCharactersMax = 2 * 1024 * 1024

export function calledTools(): CalledTools {
  const calls = new Map<JsonValue | undefined, { tool: string | undefined; arguments: JsonValue | undefined }>()
  const found: SeenToolResult[] = []
  return {
    call(id, tool, args) {
      calls.set(id, { tool: nameOf(tool), arguments: typeof args === 'string' ? parsed(args) : args })
    },
    result(id, content, tool) {
      const call = calls.get(id)
      found.push({
        callId: typeof id === 'string' ? id : '',
        tool: call?.tool ?? nameOf(tool),
        arguments: call?.arguments,
        text: textOf(content).slice(0, textCharactersMax),
      })
    },
    results: () => found,
  }
}

function nameOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** No arguments at all are an empty object. */
function parsed(text: string): JsonValue | undefined {
  if (text.trim() === '') return {}
  try {
    return valueOfJson(text) as JsonValue
  } catch {
    return undefined
  }
}

/** Of a text, or of parts that may hold some. */
export function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content.map((part: JsonValue) => (isJsonObject(part) ? String(part.text ?? '') : '')).join('')
}

export function listOf(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : []
}
