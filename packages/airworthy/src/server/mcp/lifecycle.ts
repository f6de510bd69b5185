/** What a client is told on arrival: `initialize` of the older era, `server/discover` and `subscriptions/listen` of 2026-07-28. */
import type { JsonObject } from '../../core/json.ts'
import { legacyVersions, metaKeys, modernVersions } from './classify.ts'
import type { Door } from './door.ts'
import { serverInfo } from './era-result.ts'
import type { RequestId } from './json-rpc.ts'

/** Lists do not change while a kit runs: a new manifest is a new release, and a new start. */
const capabilities = { tools: {}, resources: {}, prompts: {}, completions: {} }

export function initializeResult(door: Door, params: JsonObject): JsonObject & { protocolVersion: string } {
  const asked = params.protocolVersion
  const protocolVersion = legacyVersions.find((version) => version === asked) ?? legacyVersions[0]
  return { protocolVersion, capabilities, serverInfo, instructions: instructionsOf(door) }
}

export function discoverResult(door: Door): JsonObject {
  return { supportedVersions: [...modernVersions], capabilities, instructions: instructionsOf(door) }
}

function instructionsOf(door: Door): string {
  const observed =
    door.agent.mode === 'observe' ? ' MODE OBSERVE: decisions are recorded and NOT enforced; nothing is withheld.' : ''
  return `The tools of the agent "${door.agentName}", governed by Airworthy. Each call needs the token of a task. A tool marked CONFIRMATION REQUIRED is held until a person has approved the exact call; call it again with the same arguments to get its result.${observed}`
}

/** We announce no changes, so a subscription is acknowledged with nothing in it and ends at once, as the protocol has it. */
export function listenResponse(id: RequestId): Response {
  const meta = { [metaKeys.subscriptionId]: id }
  const messages = [
    { jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged', params: { notifications: {}, _meta: meta } },
    { jsonrpc: '2.0', id, result: { resultType: 'complete', _meta: { ...meta, [metaKeys.serverInfo]: serverInfo } } },
  ]
  const body = messages.map((message) => `event: message\ndata: ${JSON.stringify(message)}\n\n`).join('')
  return new Response(body, {
    headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-cache, no-transform' },
  })
}
