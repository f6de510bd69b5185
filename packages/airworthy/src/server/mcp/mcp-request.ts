/** One MCP request as the methods see it, whichever era and transport detail it came with. */
import type { JsonObject } from '../../core/json.ts'
import type { Era } from './classify.ts'
import type { Door } from './door.ts'
import type { GatewayKit } from './gateway-kit.ts'

export interface McpRequest {
  readonly kit: GatewayKit
  readonly door: Door
  readonly era: Era
  readonly method: string
  readonly params: JsonObject
  readonly meta: JsonObject
  readonly headers: Headers
  readonly nowMs: number
  /** How long one round of waiting for a held action lasts. */
  readonly pollMs: number
  /** Aborted when the client cancels: by leaving (2026 era), by a notification (before). */
  readonly signal: AbortSignal
  /** There when the client asked for progress. */
  readonly onProgress: ((progress: JsonObject) => void) | undefined
}
