/** The messages of a model call, in the shapes of the conventions, as turns of one shape. */
import { isJsonObject, type JsonObject, type JsonValue } from '../core/json.ts'
import { jsonOf } from './conventions.ts'
import { messageResult, messageText } from './message-text.ts'

export type Turn =
  | { readonly kind: 'said'; readonly role: 'system' | 'user' | 'assistant'; readonly text: string }
  | {
      readonly kind: 'asked'
      readonly callId?: string
      readonly tool: string
      readonly arguments: JsonValue | undefined
    }
  | { readonly kind: 'answered'; readonly callId?: string; readonly tool?: string; readonly result: JsonValue }

/** Parts of other kinds (images, reasoning) are no turns; a message without a role that we know is none either. Never throws. */
export function readTurns(messages: JsonValue | undefined): Turn[] {
  const list = jsonOf(messages)
  return Array.isArray(list)
    ? (list as readonly JsonValue[]).flatMap((one) => (isJsonObject(one) ? turnsOf(one) : []))
    : []
}

const roles: Readonly<Record<string, 'system' | 'user' | 'assistant'>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  human: 'user',
  assistant: 'assistant',
  ai: 'assistant',
  model: 'assistant',
}

function turnsOf(message: JsonObject): Turn[] {
  const role = typeof message.role === 'string' && Object.hasOwn(roles, message.role) ? roles[message.role] : undefined
  // OpenTelemetry has `parts`, the AI SDK a list as `content`, chat completions a text and `tool_calls` beside it.
  const parts = jsonOf(message.parts ?? message.content)
  if (message.role === 'tool' && !hasAnswers(parts)) {
    return [
      {
        kind: 'answered',
        ...idOf(message.tool_call_id),
        ...(typeof message.name === 'string' ? { tool: message.name } : {}),
        result: messageResult(parts),
      },
    ]
  }
  const turns = Array.isArray(parts)
    ? (parts as readonly JsonValue[]).flatMap((part) => turnOfPart(part, role))
    : said(role, messageText(parts))
  return [...turns, ...calledBeside(message.tool_calls)]
}

function hasAnswers(parts: JsonValue | undefined): boolean {
  return Array.isArray(parts) && (parts as readonly JsonValue[]).some((part) => isJsonObject(part) && isAnswer(part))
}

function isAnswer({ type }: JsonObject): boolean {
  return type === 'tool_call_response' || type === 'tool-result'
}

function turnOfPart(part: JsonValue, role: 'system' | 'user' | 'assistant' | undefined): Turn[] {
  if (!isJsonObject(part)) return said(role, messageText(part))
  if (part.type === 'tool_call') return asked(part.id, part.name, part.arguments)
  if (part.type === 'tool-call') return asked(part.toolCallId, part.toolName, part.input ?? part.args)
  if (isAnswer(part)) {
    const output = part.response ?? part.result ?? part.output ?? ''
    return [
      {
        kind: 'answered',
        ...idOf(part.id ?? part.toolCallId),
        ...(typeof part.toolName === 'string' ? { tool: part.toolName } : {}),
        // The AI SDK wraps what came back as `{type: 'text' | 'json', value}`.
        result: isJsonObject(output) && output.value !== undefined && output.type !== undefined ? output.value : output,
      },
    ]
  }
  return part.type === undefined || part.type === 'text' ? said(role, messageText(part)) : []
}

function calledBeside(calls: JsonValue | undefined): Turn[] {
  if (!Array.isArray(calls)) return []
  return (calls as readonly JsonValue[]).flatMap((call) =>
    isJsonObject(call) && isJsonObject(call.function)
      ? asked(call.id, call.function.name, call.function.arguments)
      : [],
  )
}

function asked(callId: JsonValue | undefined, tool: JsonValue | undefined, args: JsonValue | undefined): Turn[] {
  return typeof tool === 'string' && tool !== '' ? [{ kind: 'asked', ...idOf(callId), tool, arguments: args }] : []
}

function said(role: 'system' | 'user' | 'assistant' | undefined, text: string): Turn[] {
  return role === undefined || text === '' ? [] : [{ kind: 'said', role, text }]
}

function idOf(callId: JsonValue | undefined): { readonly callId?: string } {
  return typeof callId === 'string' && callId !== '' ? { callId } : {}
}
