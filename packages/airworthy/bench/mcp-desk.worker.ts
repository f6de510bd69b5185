/** The support desk's tools as an MCP server over stdio: the one upstream that the gateway and the peer are measured over. */
import { McpServer } from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { createDesk } from '../../../examples/support-desk/helpdesk/desk.ts'
import { createExecutor } from '../../../examples/support-desk/helpdesk/execute.ts'
import { deskTools } from '../../../examples/support-desk/helpdesk/tools.ts'

const executor = createExecutor(createDesk(1))

serveStdio(() => {
  const server = new McpServer({ name: 'helpdesk', version: '1.0.0' })
  for (const tool of deskTools) {
    const { title, description, input: inputSchema, output: outputSchema } = tool
    server.registerTool(tool.name, { title, description, inputSchema, outputSchema }, (input) => {
      const outcome = executor.execute(tool, input as Record<string, unknown>, undefined)
      if (!outcome.ok) return { content: [{ type: 'text', text: outcome.why }], isError: true }
      return { content: [{ type: 'text', text: JSON.stringify(outcome.output) }], structuredContent: outcome.output }
    })
  }
  return server
})
