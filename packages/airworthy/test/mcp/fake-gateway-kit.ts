/** A GatewayKit that holds everything in memory and answers as it is told: a fake, for what the gateway itself must do. */
import type { JsonObject } from '../../src/core/json.ts'
import type { EffectiveManifest, EffectiveTool, McpServer } from '../../src/core/manifest/effective.ts'
import type { ActionAnswer, ActionRequest } from '../../src/guard/answer.ts'
import type { TaskRecord } from '../../src/guard/port.ts'
import type { GatewayAgent, GatewayKit, GatewayRelay, GatewayRelayAnswer } from '../../src/server/mcp/gateway-kit.ts'

export interface FakeGatewayKit extends GatewayKit {
  readonly acted: ActionRequest[]
  readonly awaited: { readonly action: string; readonly timeoutMs: number }[]
  readonly relayed: GatewayRelay[]
  /** What `act` answers; by default the tool's name as text. */
  onAct: (request: ActionRequest) => Promise<ActionAnswer> | ActionAnswer
  /** What `awaitAction` answers. */
  onAwait: (actionId: string, timeoutMs: number, signal: AbortSignal) => Promise<ActionAnswer> | ActionAnswer
  onRelay: (call: GatewayRelay) => GatewayRelayAnswer
}

export const fakeTokens = { ana: 'awt_ana', bob: 'awt_bob', other: 'awt_other_agent', key: 'awk_agent_key' } as const

export function fakeGatewayKit(
  options: { mode?: GatewayAgent['mode']; servers?: readonly McpServer[]; tools?: readonly EffectiveTool[] } = {},
): FakeGatewayKit {
  const tools = options.tools ?? [
    fakeTool('lookup'),
    fakeTool('refund', { effect: 'irreversible' }),
    fakeTool('page', { server: 'crm' }),
  ]
  const servers = options.servers ?? [fakeServer('helpdesk'), fakeServer('crm', { pass: ['crm/ping', 'tools/call'] })]
  const manifest = { agent: 'desk', servers, tools } as unknown as EffectiveManifest
  const tasks: Record<string, TaskRecord> = {
    [fakeTokens.ana]: fakeTask('tsk_ana', 'desk'),
    [fakeTokens.bob]: fakeTask('tsk_bob', 'desk'),
    [fakeTokens.other]: fakeTask('tsk_other', 'another'),
  }
  const kit: FakeGatewayKit = {
    acted: [],
    awaited: [],
    relayed: [],
    agents: new Map([['desk', { manifest, mode: options.mode ?? 'enforce' }]]),
    taskOfToken: async (token) => tasks[token],
    listTools: (task) => (task.id === 'tsk_bob' ? tools.filter((tool) => tool.effect === 'read') : tools),
    act: async (request) => {
      kit.acted.push(request)
      return kit.onAct(request)
    },
    awaitAction: async (actionId, timeoutMs, signal) => {
      kit.awaited.push({ action: actionId, timeoutMs })
      return kit.onAwait(actionId, timeoutMs, signal)
    },
    approvalUrl: (id) => `http://127.0.0.1:4747/approvals/${id}`,
    sealKey: new Uint8Array(32).fill(7),
    relay: async (call) => {
      kit.relayed.push(call)
      return kit.onRelay(call)
    },
    onAct: (request) => fakeAnswer({ result: textResult(`did ${request.tool}`) }),
    onAwait: () => fakeAnswer({ state: 'held', decision: 'confirm' }),
    onRelay: () => ({ kind: 'result', result: {} }),
  }
  return kit
}

export function textResult(text: string): JsonObject {
  return { content: [{ type: 'text', text }] }
}

export function fakeAnswer(more: Partial<ActionAnswer>): ActionAnswer {
  return { action: 'act_1', state: 'succeeded', decision: 'allow', reasons: [], arguments: {}, enforced: true, ...more }
}

export function heldAnswer(): ActionAnswer {
  return fakeAnswer({
    state: 'held',
    decision: 'confirm',
    reasons: [{ code: 'CONFIRMATION_REQUIRED', message: 'A person must confirm this.' }],
    next: 'wait',
    approval: { id: 'apr_1', roles: ['refund-approver'], expiresMs: Date.UTC(2030, 0, 1), summary: 'refund order o-1' },
  })
}

export function fakeServer(name: string, more: Partial<McpServer> = {}): McpServer {
  return { name, args: [], env: {}, headers: {}, ignore: [], pass: [], ...more }
}

export function fakeTool(name: string, more: Partial<EffectiveTool> = {}): EffectiveTool {
  return {
    name,
    server: 'helpdesk',
    upstreamName: name,
    description: `Does ${name}.`,
    effect: 'read',
    reach: 'internal',
    inputSchema: {
      type: 'object',
      properties: { order: { type: 'string', maxLength: 20, 'x-mcp-header': 'Order' } },
      additionalProperties: false,
    },
    unbounded: [],
    definitionDigest: 'sha256:00',
    destinations: [],
    authChecks: [],
    data: { in: [], out: [], trusted: true, declared: true },
    costUsdMicros: 0,
    timeoutMs: 10_000,
    ...more,
  }
}

function fakeTask(id: string, agent: string): TaskRecord {
  return {
    id,
    project: 'default',
    agent,
    release: 'sha256:00',
    environment: 'dev',
    principal: { id: 'ana', attributes: {}, verifiedBy: 'asserted_by_agent' },
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    createdMs: 0,
    waitedMs: 0,
    probe: false,
    counters: { toolCalls: 0, costUsdMicros: 0 },
    facts: [],
  }
}
