/** What the MCP gateway asks of a kit. The gateway translates MCP to these questions and back; every decision is behind them. */
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { EffectiveManifest, EffectiveTool } from '../../core/manifest/effective.ts'
import type { ActionAnswer, ActionRequest } from '../../guard/answer.ts'
import type { TaskRecord } from '../../guard/port.ts'

export interface GatewayKit {
  readonly agents: { get(name: string): GatewayAgent | undefined }
  /** The live task that a token was issued for; undefined for anything else, an agent's or a person's key among them. */
  taskOfToken(token: string): Promise<TaskRecord | undefined>
  /** Tools that this task's principal may see. It may name too many, never too few. */
  listTools(task: TaskRecord): readonly EffectiveTool[]
  act(request: ActionRequest): Promise<ActionAnswer>
  /** Waits until a held action is settled or refused, or the time is over; then tells the state as it is. Zero does not wait. */
  awaitAction(actionId: string, timeoutMs: number, signal: AbortSignal): Promise<ActionAnswer>
  /** Where a person decides; for people's browsers. */
  approvalUrl(approvalId: string): string
  /** 32 bytes: seals request states and session ids. Gateways that share it understand each other's. */
  readonly sealKey: Uint8Array
  /** Relays a request that is no tool call to a server of the manifest. Never throws. */
  relay(call: GatewayRelay): Promise<GatewayRelayAnswer>
}

export interface GatewayAgent {
  readonly manifest: EffectiveManifest
  /** `observe`: decisions are recorded and do not bind; the gateway says so wherever it speaks. */
  readonly mode: 'enforce' | 'observe'
}

export interface GatewayRelay {
  readonly agent: string
  /** Absent for lists, which show nothing of a principal's. */
  readonly task?: TaskRecord
  readonly server: string
  readonly method: string
  readonly params: JsonObject
  readonly timeoutMs: number
  readonly signal: AbortSignal
  readonly onProgress?: (progress: JsonObject) => void
}

export type GatewayRelayAnswer =
  | { readonly kind: 'result'; readonly result: JsonObject }
  /** The server's own JSON-RPC error. */
  | { readonly kind: 'error'; readonly code: number; readonly message: string; readonly data?: JsonValue }
  | { readonly kind: 'unreachable'; readonly why: string }
