/** `tools/list`: the manifest's tools as this principal may see them, with their closed schemas and their effect in plain words. */
import type { JsonObject } from '../../core/json.ts'
import type { EffectiveTool } from '../../core/manifest/effective.ts'
import { resultFor } from './era-result.ts'
import type { McpRequest } from './mcp-request.ts'
import { withoutDeclarations } from './param-headers.ts'
import { findTask } from './task-of-request.ts'

/** Without a task every tool of the manifest is listed: an agent's key may read the manifest, and a list grants nothing. */
export async function listTools(request: McpRequest): Promise<JsonObject> {
  const { kit, door } = request
  const task = await findTask(kit, door, request.headers, request.meta)
  const visible = task === undefined ? door.agent.manifest.tools : kit.listTools(task)
  const offered = visible.filter(
    (tool) => tool.server !== undefined && (door.serverName === undefined || tool.server === door.serverName),
  )
  return resultFor(request.era, door.agent, 'tools/list', { tools: offered.map(entryOf) })
}

const entries = new WeakMap<EffectiveTool, JsonObject>()

function entryOf(tool: EffectiveTool): JsonObject {
  let entry = entries.get(tool)
  if (entry === undefined) {
    entry = {
      name: tool.name,
      ...(tool.title === undefined ? {} : { title: tool.title }),
      description: descriptionOf(tool),
      inputSchema: withoutDeclarations(tool.inputSchema),
      // No outputSchema: a governed result may be a refusal, a fallback or redacted, which a client that validates would throw away.
      annotations: {
        ...tool.annotations,
        readOnlyHint: tool.effect === 'read',
        destructiveHint: tool.effect === 'irreversible',
        openWorldHint: tool.reach === 'external',
      },
    }
    entries.set(tool, entry)
  }
  return entry
}

function descriptionOf(tool: EffectiveTool): string {
  if (tool.effect !== 'irreversible') return tool.description
  const who = tool.confirm === undefined ? 'a person' : `a person with the role ${tool.confirm.by}`
  return `${tool.description}\n\nCONFIRMATION REQUIRED: this cannot be undone. It is held until ${who} has approved this exact call.`.trim()
}
