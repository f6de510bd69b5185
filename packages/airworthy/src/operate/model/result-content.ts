/** Whether the text that a model is shown as a tool's result is the content of a CallToolResult, in any form that clients give it. Pure. */
import { digestOf } from '../../core/digest.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts'
import { valueOfJson } from '../../core/value-of-json.ts'

/** Longer ones are compared as texts alone. */
const jsonCharactersMax = 256 * 1024

export function isContentOf(text: string, result: JsonObject): boolean {
  const { content, structuredContent } = result
  const texts = Array.isArray(content) ? content.flatMap(textOf) : []
  const inner = unwrapped(structuredContent)
  const said = typeof inner === 'string' ? [inner] : []
  const forms = [texts.join('\n'), texts.join(''), ...texts, ...said].filter((form) => form.trim() !== '')
  const wanted = text.trim()
  if (wanted === '') return forms.length === 0
  if (forms.some((form) => form.trim() === wanted)) return true
  const value = parsed(wanted)
  if (value === undefined) return false
  const values = [result, content, structuredContent, inner, ...forms.map(parsed)]
  const digest = digestOf(value)
  return values.some((one) => one !== undefined && digestOf(one) === digest)
}

function textOf(block: JsonValue): string[] {
  return isJsonObject(block) && typeof block.text === 'string' ? [block.text] : []
}

/** What is no object travels as `{value}` from the SDK, as `{result}` from many MCP servers. */
function unwrapped(structured: JsonValue | undefined): JsonValue | undefined {
  if (!isJsonObject(structured) || Object.keys(structured).length !== 1) return undefined
  return structured.value ?? structured.result
}

function parsed(text: string): JsonValue | undefined {
  if (text.length > jsonCharactersMax) return undefined
  try {
    return valueOfJson(text) as JsonValue
  } catch {
    return undefined
  }
}
