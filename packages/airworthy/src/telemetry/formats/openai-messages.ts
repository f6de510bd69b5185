/**
 * Chat messages in the shape of OpenAI's chat completions: `{messages: [...]}`, one a line or in an array, or a bare array of
 * messages. Beside `messages` a record may say `id`, `agent`, `model`, `principal {id, attributes}` (or `user`), `reward`; a tool
 * call may say `auth_checks {name: boolean}`. Function calls and their outputs as items of the Responses API are read too.
 */
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts'
import { argumentsOf, RunBuilder } from '../build-run.ts'
import { messageResult, messageText } from '../message-text.ts'
import { type FileRecord, readRecords } from '../read-records.ts'
import type { ReadRuns } from '../read-runs.ts'
import type { RecordedRun } from '../recorded-run.ts'
import { readEach, UnreadableRun } from '../unreadable-run.ts'

/** Never throws. Pure. */
export function readOpenaiMessages(text: string): ReadRuns {
  const { records, unread } = readRecords(text)
  const conversation = asConversation(records)
  // A conversation that lacks a message is not read at all: what came after it was said in its light.
  if (conversation !== undefined && unread.length > 0) return { runs: [], spans: [], unread }
  const read = readEach(conversation ?? records, readRun)
  return { runs: read.runs, spans: [], unread: [...unread, ...read.unread] }
}

/** A file that is one bare list of messages is one run. */
function asConversation(records: readonly FileRecord[]): readonly FileRecord[] | undefined {
  const isBare =
    records.length > 0 && records.every(({ value }) => typeof value.role === 'string' && value.messages === undefined)
  return isBare ? [{ where: '', value: { messages: records.map(({ value }) => value) } }] : undefined
}

function readRun({ value }: FileRecord): RecordedRun {
  const builder = new RunBuilder()
  readMessages(value.messages, '.messages', builder)
  const { id, agent, model, user, principal, reward } = value
  const name = typeof id === 'string' && id !== '' ? id : 'run'
  return builder.build(value, {
    name: `openai-messages/${name}`,
    format: 'openai-messages',
    ...(typeof agent === 'string' ? { agent } : {}),
    ...(typeof model === 'string' ? { model } : {}),
    ...principalOf(principal ?? user),
    ...(typeof reward === 'number' ? { outcome: { reward } } : {}),
  })
}

function principalOf(given: JsonValue | undefined): Pick<RecordedRun, 'principal'> {
  if (typeof given === 'string' && given !== '') return { principal: { id: given, attributes: {} } }
  if (!isJsonObject(given) || typeof given.id !== 'string') return {}
  return { principal: { id: given.id, attributes: isJsonObject(given.attributes) ? given.attributes : {} } }
}

/** Chat messages in order, into a run. @throws UnreadableRun */
export function readMessages(messages: JsonValue | undefined, path: string, builder: RunBuilder): void {
  if (!Array.isArray(messages)) throw new UnreadableRun(path, 'there is no list of messages')
  for (const [index, message] of (messages as readonly JsonValue[]).entries()) {
    const where = `${path}[${index}]`
    if (!isJsonObject(message)) throw new UnreadableRun(where, 'it is no message')
    readMessage(message, where, builder)
  }
}

function readMessage(message: JsonObject, where: string, builder: RunBuilder): void {
  const { role, content } = message
  if (role === undefined && readItem(message, where, builder)) return
  switch (role) {
    case 'system':
    case 'developer':
      builder.say('system', messageText(content))
      break
    case 'user':
      builder.say('user', messageText(content))
      break
    case 'assistant':
      builder.say('assistant', messageText(content))
      readToolCalls(message, where, builder)
      break
    case 'tool':
    case 'function': {
      const { tool_call_id: callId, name } = message
      const answered = builder.answer({
        ...(typeof callId === 'string' ? { callId } : {}),
        ...(typeof name === 'string' ? { tool: name } : {}),
        result: messageResult(content),
      })
      if (!answered) throw new UnreadableRun(where, 'it is the result of a call that nobody asked for')
      break
    }
    default:
      throw new UnreadableRun(where, 'its role is none of system, developer, user, assistant, tool')
  }
}

/** What the Responses API puts between messages. @returns false when it is none of its items */
function readItem(item: JsonObject, where: string, builder: RunBuilder): boolean {
  const callId = typeof item.call_id === 'string' ? { callId: item.call_id } : {}
  switch (item.type) {
    case 'function_call':
      if (typeof item.name !== 'string' || item.name === '') throw new UnreadableRun(where, 'the tool has no name')
      builder.ask({ ...callId, tool: item.name, arguments: argumentsOf(item.arguments, `${where}.arguments`) })
      return true
    case 'function_call_output':
      if (builder.answer({ ...callId, result: messageResult(item.output) })) return true
      throw new UnreadableRun(where, 'it is the result of a call that nobody asked for')
    case 'reasoning':
      return true
    default:
      return false
  }
}

function readToolCalls(message: JsonObject, where: string, builder: RunBuilder): void {
  const { tool_calls: calls, function_call: single } = message
  if (isJsonObject(single)) readFunction(single, `${where}.function_call`, builder, {})
  if (calls === undefined || calls === null) return
  if (!Array.isArray(calls)) throw new UnreadableRun(`${where}.tool_calls`, 'it is no list')
  for (const [index, call] of (calls as readonly JsonValue[]).entries()) {
    const path = `${where}.tool_calls[${index}]`
    if (!isJsonObject(call)) throw new UnreadableRun(path, 'it is no tool call')
    // What newer models call a custom tool has one text as its input.
    if (!isJsonObject(call.function)) throw new UnreadableRun(path, 'it calls no function')
    readFunction(call.function, path, builder, call)
  }
}

function readFunction(called: JsonObject, where: string, builder: RunBuilder, call: JsonObject): void {
  const { name } = called
  if (typeof name !== 'string' || name === '') throw new UnreadableRun(where, 'the tool has no name')
  const checks = isJsonObject(call.auth_checks)
    ? Object.fromEntries(
        Object.entries(call.auth_checks).flatMap(([key, said]) => (typeof said === 'boolean' ? [[key, said]] : [])),
      )
    : undefined
  builder.ask({
    ...(typeof call.id === 'string' ? { callId: call.id } : {}),
    tool: name,
    arguments: argumentsOf(called.arguments, `${where}.arguments`),
    ...(checks === undefined ? {} : { authChecks: checks }),
  })
}
