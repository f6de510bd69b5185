/** What has happened so far, as the messages tell: who asked what, which tools were called, and what came back. */
import { type ChatMessage, textOf } from './wire.ts'

export interface Transcript {
  /** What the user said, turn by turn, oldest first. */
  readonly turns: readonly UserTurn[]
  /** Answers that the model gave before. */
  readonly answers: readonly string[]
  /** Calls of the whole conversation, oldest first. */
  readonly calls: readonly PastCall[]
}

export interface UserTurn {
  readonly text: string
  /** Index into `calls` of the first one made after it. */
  readonly callsFrom: number
}

export interface PastCall {
  readonly tool: string
  readonly arguments: Readonly<Record<string, unknown>>
  readonly result: Result
}

export interface Result {
  /** held: a person must confirm; denied: refused; stopped: nothing more is possible; failed: it went wrong. */
  readonly state: 'ok' | 'held' | 'denied' | 'stopped' | 'failed'
  /** JSON where it is JSON, else the text. */
  readonly value: unknown
  /** What to tell people when it is not ok. */
  readonly message: string
}

export function transcriptOf(messages: readonly ChatMessage[]): Transcript {
  const results = new Map<string, Result>()
  for (const message of messages) {
    if (message.role === 'tool' && message.tool_call_id !== undefined)
      results.set(message.tool_call_id, resultOf(textOf(message)))
  }
  const turns: UserTurn[] = []
  const answers: string[] = []
  const calls: PastCall[] = []
  let previous: ChatMessage | undefined
  for (const message of messages) {
    if (message.role === 'user') {
      const text = textOf(message)
      // Two messages in a row are one turn.
      if (previous?.role === 'user') turns.push({ text: `${turns.pop()?.text}\n${text}`, callsFrom: calls.length })
      else turns.push({ text, callsFrom: calls.length })
    }
    if (message.role === 'assistant') {
      for (const { id, function: called } of message.tool_calls ?? []) {
        const result = results.get(id) ?? {
          state: 'failed' as const,
          value: undefined,
          message: 'There was no answer.',
        }
        calls.push({ tool: called.name, arguments: argumentsOf(called.arguments), result })
      }
      if ((message.tool_calls ?? []).length === 0) answers.push(textOf(message))
    }
    previous = message
  }
  return { turns, answers, calls }
}

function argumentsOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

/** Reads a tool's answer: JSON, MCP content parts around JSON, or a sentence. */
export function resultOf(text: string): Result {
  const value = unwrap(text)
  const marks = markText(value)
  const state = stateOf(value, marks)
  return { state, value, message: state === 'ok' ? '' : messageOf(value) }
}

function unwrap(text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return text
  }
  const parts = Array.isArray(value)
    ? value
    : isRecord(value) && Array.isArray(value.content)
      ? value.content
      : undefined
  if (parts?.every((part) => isRecord(part) && typeof part.type === 'string') !== true || parts.length === 0)
    return value
  const inner = unwrap(parts.map((part) => String((part as { text?: unknown }).text ?? '')).join('\n'))
  // What a server flags as an error stays one, whatever its text looks like.
  return isRecord(value) && value.isError === true ? { error: inner } : inner
}

/** The words by which an answer says how it went: those of its own fields at the top, never those of records inside it. */
function markText(value: unknown): string {
  if (typeof value === 'string') return value.length < 600 ? value : ''
  if (!isRecord(value)) return ''
  const own = ['decision', 'error', 'code', 'state', 'next', 'fallback', 'type', 'kind', 'result', 'airworthy'].map(
    (key) => value[key],
  )
  const reasons = Array.isArray(value.reasons) ? value.reasons : []
  const said = [...own, ...reasons].flatMap((one) => (isRecord(one) ? Object.values(one) : [one]))
  const status =
    typeof value.status === 'string' && /confirm|denied|held|approval|budget|error/i.test(value.status)
      ? [value.status]
      : []
  return [...said, ...status].filter((one) => typeof one === 'string').join(' ')
}

function stateOf(value: unknown, marks: string): Result['state'] {
  const plain = typeof value === 'string'
  const failing =
    plain ||
    (isRecord(value) && ['decision', 'error', 'code', 'reasons', 'fallback', 'next'].some((key) => key in value))
  const confirming =
    /confirmation.?required|needs? (?:a |the )?(?:confirmation|approval)|awaiting|waiting for (?:a )?(?:person|confirmation|approval)|\bheld\b|pending.approval|\bconfirm\b/i
  if (!failing && !/confirm|denied|held|approval/i.test(marks)) return 'ok'
  if (
    /budget|exhausted|killed|limit (?:is |was )?reached|no more calls|ask_clarifying_question|escalate_to_human|deadline/i.test(
      marks,
    )
  )
    return 'stopped'
  if (/confirmation.?(?:rejected|expired|mismatch)/i.test(marks)) return 'denied'
  if (confirming.test(marks)) return 'held'
  if (
    /\bden(?:y|ied)\b|not (?:allowed|permitted|authori[sz]ed)|forbidden|refused|POLICY_|CHECK_|DATA_BLOCKED|ARGUMENTS_INVALID|TOOL_|permit/i.test(
      marks,
    )
  )
    return 'denied'
  if (isRecord(value) && value.decision === 'allow') return 'ok'
  if (plain)
    return /^(?:error|no |not |only |nothing |the (?:account|amount)|an? \w+ (?:has|must)|invalid|cannot|could not|failed|mcp error|input validation)|\bfailed\b|\binvalid\b|can no longer/i.test(
      value,
    )
      ? 'failed'
      : 'ok'
  return isRecord(value) && ('error' in value || 'reasons' in value || 'code' in value) ? 'failed' : 'ok'
}

function messageOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (!isRecord(value)) return JSON.stringify(value)
  const reasons = Array.isArray(value.reasons) ? value.reasons : []
  const said = [
    value.message,
    value.question,
    value.error,
    ...reasons.map((one) => (isRecord(one) ? one.message : one)),
  ]
  const sentences = said.flatMap((one) => (typeof one === 'string' ? [one] : isRecord(one) ? [messageOf(one)] : []))
  const links = [value.approval, value.link, value.url]
    .flatMap((one) => (isRecord(one) ? Object.values(one) : [one]))
    .filter((one) => typeof one === 'string')
  return [...new Set([...sentences, ...links])].join(' ') || JSON.stringify(value)
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
