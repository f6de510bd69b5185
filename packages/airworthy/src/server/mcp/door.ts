/** The door of one request: an agent, or one server of it (`/mcp/<agent>`, `/mcp/<agent>/<server>`). */
import type { McpServer } from '../../core/manifest/effective.ts'
import type { GatewayAgent, GatewayKit } from './gateway-kit.ts'
import { refusal, rpcCodes } from './json-rpc.ts'

export interface Door {
  readonly agentName: string
  readonly agent: GatewayAgent
  /** Undefined: the door of the whole agent. */
  readonly serverName: string | undefined
  /** `<agent>` or `<agent>/<server>`. */
  readonly name: string
  /** The servers behind this door, in the manifest's order. */
  readonly servers: readonly McpServer[]
}

/** @throws RpcError (MCP_METHOD_DENIED, status 404) when there is no such agent or server. */
export function doorOf(url: string, kit: GatewayKit): Door {
  const [, agentName, serverName, ...rest] = segmentsOf(url)
  const agent = agentName === undefined ? undefined : kit.agents.get(agentName)
  if (agentName === undefined || agent === undefined || rest.length > 0) throw unknown('agent')
  if (serverName === undefined)
    return { agentName, agent, serverName, name: agentName, servers: agent.manifest.servers }
  const server = agent.manifest.servers.find((candidate) => candidate.name === serverName)
  if (server === undefined) throw unknown('server')
  return { agentName, agent, serverName, name: `${agentName}/${serverName}`, servers: [server] }
}

function segmentsOf(url: string): string[] {
  const path = /^[^/]*\/\/[^/?#]*([^?#]*)/.exec(url)?.[1] ?? ''
  try {
    return path
      .split('/')
      .filter((segment) => segment !== '')
      .map(decodeURIComponent)
  } catch {
    throw unknown('agent')
  }
}

function unknown(what: 'agent' | 'server'): Error {
  return refusal(
    rpcCodes.invalidRequest,
    'MCP_METHOD_DENIED',
    `There is no such ${what} here.`,
    'Use /mcp/<agent> or /mcp/<agent>/<server>, with names of the manifest.',
    404,
  )
}
