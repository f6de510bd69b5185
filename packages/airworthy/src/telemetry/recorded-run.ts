/**
 * An agent's run that somebody else recorded, as the kit reads it: what was said, which tools were called with what, and what came
 * back. Nothing in it was governed. Texts are other people's: data, never instructions.
 */
import type { JsonObject, JsonValue } from '../core/json.ts'

export interface RecordedRun {
  /** `name@` and 12 hexadecimal digits of its content's digest: the same record has the same id wherever it is read. */
  readonly id: string
  /** What the format itself calls the run (`tau-bench/task-7/trial-2`); several recordings may share it. */
  readonly name: string
  readonly format: RunFormat
  readonly agent?: string
  readonly model?: string
  /** On whose behalf it ran, as the record says; nobody verified it. */
  readonly principal?: { readonly id: string; readonly attributes: JsonObject }
  /** What the user asked for: the first user message. */
  readonly input?: string
  /** What was said, in order; tool results stand with their calls. */
  readonly messages: readonly RecordedMessage[]
  readonly calls: readonly RecordedCall[]
  readonly outcome?: RecordedOutcome
  /** 32 hexadecimal digits; of a record without a trace, digits of its id's digest. */
  readonly traceId: string
}

export const runFormats = ['agentdojo', 'tau-bench', 'openai-messages', 'otlp-json'] as const
export type RunFormat = (typeof runFormats)[number]

export interface RecordedMessage {
  readonly role: 'system' | 'user' | 'assistant'
  readonly text: string
}

export interface RecordedCall {
  /** From 0, in the order in which the agent asked. */
  readonly index: number
  /** As recorded; a manifest maps it with `upstream_name`. */
  readonly tool: string
  readonly arguments: JsonObject
  /** How many of the run's messages came before. */
  readonly afterMessages: number
  /** What came back; absent where the record ends before it. */
  readonly result?: JsonValue
  /** The tool failed, in its own words. */
  readonly error?: string
  /** What auth checks said then, by name, where the record has it. */
  readonly authChecks?: Readonly<Record<string, boolean>>
  /** In the trace that it came from. */
  readonly spanId?: string
}

/** How the run was judged by those who recorded it. */
export interface RecordedOutcome {
  /** 0 to 1. */
  readonly reward?: number
  /** Of a benchmark with attacks: whether the attack reached its goal. */
  readonly attackSucceeded?: boolean
  /** Of a benchmark with attacks: which one stood in the run; absent: none did. */
  readonly attack?: string
}

/** A part of a file that could not be read: which, and why. */
export interface Unread {
  /** `line 12`, `[3].traj[4]`, `resourceSpans[0].scopeSpans[1].spans[2]`. */
  readonly where: string
  readonly why: string
}

/** Larger files are refused whole: a JSON text is parsed in memory. */
export const runFileBytesMax = 128 * 1024 * 1024
/** A run with more is a mistake of whoever wrote the file. */
export const runMessagesMax = 20_000
export const runCallsMax = 10_000
