/**
 * Logs of AgentDojo and its forks: one JSON object a run (a file each in the original, or one a line), with `messages` whose tool
 * calls carry `function` and `args`. `security: true` beside an attack means that the attack reached its goal.
 */
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts'
import { argumentsOf, RunBuilder } from '../build-run.ts'
import { messageResult, messageText } from '../message-text.ts'
import { type FileRecord, readRecords } from '../read-records.ts'
import type { ReadRuns } from '../read-runs.ts'
import type { RecordedRun } from '../recorded-run.ts'
import { readEach, UnreadableRun } from '../unreadable-run.ts'

/** Never throws. Pure. */
export function readAgentdojo(text: string): ReadRuns {
  const { records, unread } = readRecords(text)
  const read = readEach(records, readRun)
  return { runs: read.runs, spans: [], unread: [...unread, ...read.unread] }
}

function readRun({ value }: FileRecord): RecordedRun {
  if (!Array.isArray(value.messages)) throw new UnreadableRun('.messages', 'there is no list of messages')
  const builder = new RunBuilder()
  for (const [index, message] of (value.messages as readonly JsonValue[]).entries()) {
    const where = `.messages[${index}]`
    if (!isJsonObject(message)) throw new UnreadableRun(where, 'it is no message')
    readMessage(message, where, builder)
  }
  const { pipeline_name: pipeline, suite_name: suite } = value
  return builder.build(value, {
    name: nameOf(value),
    format: 'agentdojo',
    ...(typeof suite === 'string' ? { agent: suite } : {}),
    ...(typeof pipeline === 'string' ? { model: pipeline } : {}),
    ...outcomeOf(value),
  })
}

/** The path of the log in the benchmark's folder of runs: defence, suite, task, attack, injection. */
function nameOf(value: JsonObject): string {
  const { _path: path } = value
  if (typeof path === 'string' && path !== '') return `agentdojo/${path.replace(/^runs\//, '').replace(/\.json$/, '')}`
  const parts = [value.pipeline_name, value.suite_name, value.user_task_id, value.attack_type, value.injection_task_id]
  return ['agentdojo', ...parts.map((part) => (typeof part === 'string' ? part.replaceAll('/', '_') : 'none'))].join(
    '/',
  )
}

function outcomeOf(value: JsonObject): Pick<RecordedRun, 'outcome'> {
  const { utility, security, attack_type: attack, injection_task_id: injection } = value
  const isAttacked = typeof attack === 'string' && attack !== 'none'
  const outcome = {
    ...(typeof utility === 'boolean' ? { reward: utility ? 1 : 0 } : {}),
    ...(isAttacked ? { attack: typeof injection === 'string' ? `${attack}/${injection}` : attack } : {}),
    ...(isAttacked && typeof security === 'boolean' ? { attackSucceeded: security } : {}),
  }
  return Object.keys(outcome).length === 0 ? {} : { outcome }
}

function readMessage(message: JsonObject, where: string, builder: RunBuilder): void {
  const { role, content } = message
  switch (role) {
    case 'system':
    case 'user':
      builder.say(role, messageText(content))
      break
    case 'assistant':
      builder.say('assistant', messageText(content))
      readCalls(message.tool_calls, `${where}.tool_calls`, builder)
      break
    case 'tool': {
      const { tool_call: call, tool_call_id: callId, error } = message
      const tool = isJsonObject(call) && typeof call.function === 'string' ? call.function : undefined
      const answered = builder.answer({
        ...(typeof callId === 'string' ? { callId } : {}),
        ...(tool === undefined ? {} : { tool }),
        result: messageResult(content),
        ...(typeof error === 'string' && error !== '' ? { error } : {}),
      })
      if (!answered) throw new UnreadableRun(where, 'it is the result of a call that nobody asked for')
      break
    }
    default:
      throw new UnreadableRun(where, 'its role is none of system, user, assistant, tool')
  }
}

function readCalls(calls: JsonValue | undefined, where: string, builder: RunBuilder): void {
  if (calls === undefined || calls === null) return
  if (!Array.isArray(calls)) throw new UnreadableRun(where, 'it is no list')
  for (const [index, call] of (calls as readonly JsonValue[]).entries()) {
    const path = `${where}[${index}]`
    if (!isJsonObject(call)) throw new UnreadableRun(path, 'it is no tool call')
    const { function: tool, args, id } = call
    if (typeof tool !== 'string' || tool === '') throw new UnreadableRun(path, 'the tool has no name')
    builder.ask({
      ...(typeof id === 'string' ? { callId: id } : {}),
      tool,
      arguments: argumentsOf(args, `${path}.args`),
    })
  }
}
