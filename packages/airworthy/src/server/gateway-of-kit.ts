/** A kit as the MCP gateway asks for it: one agent, tasks that are open, links that lead here. */
import type { Kit } from '../kit.ts'
import type { GatewayKit } from './mcp/gateway-kit.ts'

export function gatewayKitOf(kit: Kit, baseUrl: string): GatewayKit {
  const agent = { manifest: kit.manifest, mode: kit.mode }
  return {
    agents: { get: (name) => (name === kit.agent ? agent : undefined) },
    async taskOfToken(token) {
      const task = await kit.taskOfToken(token)
      return task === undefined || task.closedMs !== undefined ? undefined : task
    },
    listTools: (task) => kit.listTools(task),
    act: (request) => kit.act(request),
    awaitAction: (actionId, timeoutMs, signal) => kit.awaitAction(actionId, timeoutMs, signal),
    approvalUrl: (approvalId) => `${baseUrl}/approvals/${approvalId}`,
    sealKey: kit.sealKey,
    relay: (call) => kit.relay(call),
  }
}
