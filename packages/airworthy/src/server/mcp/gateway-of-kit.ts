/** A kit as the gateway asks for it. */
import type { Kit } from '../../kit.ts'
import type { GatewayKit, GatewayRelay, GatewayRelayAnswer } from './gateway-kit.ts'
import { rpcCodes } from './json-rpc.ts'

/** @param approvalUrl  where a person decides on an approval, by its id. */
export function gatewayOfKit(kit: Kit, approvalUrl: (approvalId: string) => string): GatewayKit {
  return {
    agents: new Map([[kit.agent, { manifest: kit.manifest, mode: kit.mode }]]),
    taskOfToken: kit.taskOfToken,
    listTools: kit.listTools,
    act: kit.act,
    awaitAction: kit.awaitAction,
    approvalUrl,
    sealKey: kit.sealKey,
    relay: (call) => relay(kit, call),
  }
}

/** What is relayed passes no guard; a kill of the whole agent stops it all the same. */
async function relay(kit: Kit, { agent, task, ...call }: GatewayRelay): Promise<GatewayRelayAnswer> {
  const kills = await kit.store.guard.readKills(agent)
  if (kills.some((kill) => kill.tool === '*')) {
    return {
      kind: 'error',
      code: rpcCodes.invalidRequest,
      message: 'KILLED: the agent was stopped.',
      data: { code: 'KILLED' },
    }
  }
  return kit.upstream.relay(call)
}
