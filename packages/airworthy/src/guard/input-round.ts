import type { JsonObject } from '../core/json.ts'

/** What a client of MCP 2026-07-28 can be asked for in the middle of a request. */
export const askableCapabilities = ['elicitation', 'sampling', 'roots'] as const

/**
 * One round of a tool that asks its caller for more before it finishes (MCP 2026-07-28, input-required results). Each round is an
 * action of its own: checked, permitted, counted and logged. Where an action carries none of these, its tool may not ask.
 */
export interface InputRound {
  /** What the caller can answer, as the server is told: `elicitation`, `sampling`, `roots`. */
  readonly capabilities: JsonObject
  /** The caller's answers to what the tool asked in the round before. */
  readonly responses?: JsonObject
  /** What the server left with the caller in the round before, as it was. */
  readonly state?: string
  /** Told what the server leaves with the caller now. It is opaque, so it stands in no record and is redacted nowhere. */
  onState(state: string): void
  /** Told what the caller would have to be able to answer for the tool to run. */
  onCapabilityMissing(capabilities: JsonObject): void
}
