/** What a server says about one tool, and the digest that pins it: a server that offers another one is TOOL_CHANGED. */
import { type Digest, digestOf } from '../digest.ts'
import type { JsonObject } from '../json.ts'

/** The members of an MCP tool definition that the kit keeps; anything else a server adds is not pinned. */
export interface McpTool {
  readonly name: string
  readonly title?: string
  readonly description?: string
  readonly inputSchema: JsonObject
  readonly outputSchema?: JsonObject
  readonly annotations?: JsonObject
}

/** Digest over the pinned members of a definition; absent members are left out, the order of keys does not matter. Pure. */
export function definitionDigestOf(tool: McpTool): Digest {
  const { name, title, description, inputSchema, outputSchema, annotations } = tool
  return digestOf({ name, title, description, inputSchema, outputSchema, annotations })
}
