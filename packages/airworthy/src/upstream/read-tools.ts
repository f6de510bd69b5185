/** Reads the tools that a connected server offers, page by page, as the server wrote them. */
import type { Client } from '@modelcontextprotocol/client'
import { isJsonObject, type JsonObject } from '../core/json.ts'
import type { McpTool } from '../core/manifest/definition-digest.ts'
import { anyResult } from './any-result.ts'

/** As many tools as a manifest may have. */
const toolsMax = 2_000
/** A server whose cursors never end is cut off here. */
const pagesMax = 200
/** Of all pages, as JSON text: what one of them may hold, times the number of pages, would be gigabytes. */
const listCharactersMax = 16 * 1024 * 1024

/** @throws Error with one sentence when the list has no end, is too long or holds something that is no tool. */
export async function readTools(client: Client, options: { timeoutMs: number }): Promise<readonly McpTool[]> {
  const tools: McpTool[] = []
  let cursor: string | undefined
  let characters = 0
  for (let page = 0; page < pagesMax; page++) {
    const params = cursor === undefined ? {} : { cursor }
    const result = await client.request({ method: 'tools/list', params }, anyResult, { timeout: options.timeoutMs })
    const listed = result.tools
    if (!Array.isArray(listed)) throw new Error('its tools/list has no list of tools')
    characters += JSON.stringify(listed).length
    if (characters > listCharactersMax) throw new Error(`its tools/list is longer than ${listCharactersMax} characters`)
    for (const entry of listed) tools.push(toolOf(entry))
    if (tools.length > toolsMax) throw new Error(`it offers more than ${toolsMax} tools`)
    const next = result.nextCursor
    if (typeof next !== 'string') return tools
    cursor = next
  }
  throw new Error(`its tools/list has more than ${pagesMax} pages`)
}

function toolOf(entry: unknown): McpTool {
  if (!isJsonObject(entry) || typeof entry.name !== 'string' || !isJsonObject(entry.inputSchema)) {
    throw new Error('its tools/list holds an entry without a name or an input schema')
  }
  const { name, title, description, inputSchema, outputSchema, annotations } = entry
  return {
    name,
    ...(typeof title === 'string' ? { title } : {}),
    ...(typeof description === 'string' ? { description } : {}),
    inputSchema: inputSchema as JsonObject,
    ...(isJsonObject(outputSchema) ? { outputSchema } : {}),
    ...(isJsonObject(annotations) ? { annotations } : {}),
  }
}
