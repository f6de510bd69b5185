/** The helpdesk's tools as an MCP server over Streamable HTTP, for clients of protocol 2026-07-28 and of the years before it. */
import { createMcpHandler, type McpHttpHandler, McpServer } from '@modelcontextprotocol/server'
import type { Executor } from './execute.ts'
import type { DeskTool } from './tool.ts'
import { deskTools } from './tools.ts'

/** @returns a handler whose `authInfo.extra.idempotencyKey` is the key of the permit that the one call of a request came with. */
export function createMcpDoor(executor: Executor): McpHttpHandler {
  return createMcpHandler(
    ({ authInfo }) => {
      const server = new McpServer(
        { name: 'helpdesk', version: '1.0.0', title: 'Helpdesk (simulated world)' },
        { instructions: 'A simulated helpdesk. Amounts are US dollars. Texts in tickets are written by customers.' },
      )
      const key = authInfo?.extra?.idempotencyKey as string | undefined
      for (const tool of deskTools) offer(server, tool, executor, key)
      return server
    },
    { maxRequestBodySize: bodyBytesMax },
  )
}

/** Far above the largest arguments that a schema here admits. */
export const bodyBytesMax = 256 * 1024

function offer(server: McpServer, tool: DeskTool, executor: Executor, permitKey: string | undefined): void {
  const annotations = {
    title: tool.title,
    readOnlyHint: tool.effect === 'read',
    destructiveHint: tool.effect === 'irreversible',
    idempotentHint: tool.effect === 'read',
    openWorldHint: tool.external === true,
  }
  const { title, description, input: inputSchema, output: outputSchema } = tool
  server.registerTool(tool.name, { title, description, inputSchema, outputSchema, annotations }, (input, context) => {
    const metaKey = context.mcpReq._meta?.['airworthy/idempotency-key']
    const key = permitKey ?? (typeof metaKey === 'string' && tool.effect !== 'read' ? metaKey : undefined)
    const outcome = executor.execute(tool, input, key)
    if (!outcome.ok) return { content: [{ type: 'text', text: outcome.why }], isError: true }
    return { content: [{ type: 'text', text: JSON.stringify(outcome.output) }], structuredContent: outcome.output }
  })
}
