/**
 * What a span says of an agent's run, in the conventions that are in use: OpenTelemetry GenAI (a snapshot of 2026, all of it in
 * development), OpenInference, the Vercel AI SDK and MCP. Attributes are stored as they came; this reading can be made again.
 */
import { type JsonObject, type JsonValue, jsonFault } from '../core/json.ts'
import { valueOfJson } from '../core/value-of-json.ts'
import type { SpanRecord } from './span.ts'

/** A tool that ran. */
export interface ToolReading {
  readonly tool: string
  /** Undefined: the instrumentation did not record them. */
  readonly arguments?: JsonValue
  readonly result?: JsonValue
  readonly error?: string
  readonly callId?: string
  /** An MCP client's span of the call, which another span may describe already. */
  readonly isTransport: boolean
  readonly authChecks?: Readonly<Record<string, boolean>>
}

/** A model that was asked. Messages in whatever shape the convention has; see `readTurns`. */
export interface ModelReading {
  readonly model?: string
  readonly input?: JsonValue
  readonly output?: JsonValue
}

export function toolReadingOf({ attributes, status, statusMessage }: SpanRecord): ToolReading | undefined {
  const found = genAiTool(attributes) ?? aiSdkTool(attributes) ?? openInferenceTool(attributes)
  if (found === undefined) return undefined
  const said = textOf(attributes['exception.message']) ?? statusMessage ?? textOf(attributes['error.type'])
  const checks = authChecksOf(attributes)
  return {
    ...found,
    ...(status === 'error' || attributes['error.type'] !== undefined ? { error: said ?? 'The tool failed.' } : {}),
    ...(checks === undefined ? {} : { authChecks: checks }),
  }
}

function genAiTool(attributes: JsonObject): ToolReading | undefined {
  const tool = textOf(attributes['gen_ai.tool.name'])
  const isTransport = attributes['mcp.method.name'] === 'tools/call'
  if (tool === undefined || !(isTransport || attributes['gen_ai.operation.name'] === 'execute_tool')) return undefined
  return {
    tool,
    // An outer execute_tool span that carries mcp.* too is the call itself.
    isTransport: isTransport && attributes['gen_ai.operation.name'] !== 'execute_tool',
    ...present('arguments', attributes['gen_ai.tool.call.arguments']),
    ...present('result', attributes['gen_ai.tool.call.result']),
    ...present('callId', textOf(attributes['gen_ai.tool.call.id'])),
  }
}

function aiSdkTool(attributes: JsonObject): ToolReading | undefined {
  const tool = textOf(attributes['ai.toolCall.name'])
  if (tool === undefined) return undefined
  return {
    tool,
    isTransport: false,
    ...present('arguments', attributes['ai.toolCall.args'] ?? attributes['ai.toolCall.input']),
    ...present('result', attributes['ai.toolCall.result'] ?? attributes['ai.toolCall.output']),
    ...present('callId', textOf(attributes['ai.toolCall.id'])),
  }
}

function openInferenceTool(attributes: JsonObject): ToolReading | undefined {
  const tool = textOf(attributes['tool.name'])
  if (tool === undefined || attributes['openinference.span.kind'] !== 'TOOL') return undefined
  // `tool.parameters` is the arguments with some instrumentations and the schema with others.
  const parameters = attributes['tool.parameters']
  return {
    tool,
    isTransport: false,
    ...present('arguments', attributes['input.value'] ?? (isSchema(parameters) ? undefined : parameters)),
    ...present('result', attributes['output.value']),
    ...present('callId', textOf(attributes['tool_call.id'] ?? attributes['tool.id'])),
  }
}

function isSchema(parameters: JsonValue | undefined): boolean {
  const text = typeof parameters === 'string' ? parameters : JSON.stringify(parameters ?? null)
  return text.includes('"properties"')
}

const modelOperations: ReadonlySet<JsonValue | undefined> = new Set(['chat', 'generate_content', 'text_completion'])

export function modelReadingOf({ attributes }: SpanRecord): ModelReading | undefined {
  const model =
    textOf(attributes['gen_ai.response.model']) ??
    textOf(attributes['gen_ai.request.model']) ??
    textOf(attributes['llm.model_name']) ??
    textOf(attributes['ai.model.id'])
  const about = model === undefined ? {} : { model }
  if (attributes['openinference.span.kind'] === 'LLM') {
    return {
      ...about,
      ...present('input', unflattened(attributes, 'llm.input_messages')),
      ...present('output', unflattened(attributes, 'llm.output_messages')),
    }
  }
  const operation = textOf(attributes['ai.operationId'])
  if (operation !== undefined && /\.do(Generate|Stream)$/.test(operation)) {
    return {
      ...about,
      ...present('input', attributes['ai.prompt.messages']),
      ...present('output', aiSdkOutput(attributes)),
    }
  }
  if (!modelOperations.has(attributes['gen_ai.operation.name'])) return undefined
  return {
    ...about,
    ...present('input', genAiInput(attributes)),
    ...present('output', attributes['gen_ai.output.messages']),
  }
}

/** The system instructions stand apart from the messages. */
function genAiInput(attributes: JsonObject): JsonValue | undefined {
  const system = jsonOf(attributes['gen_ai.system_instructions'])
  const input = attributes['gen_ai.input.messages']
  return system === undefined ? input : [{ role: 'system', parts: system }, ...listOf(jsonOf(input))]
}

function aiSdkOutput(attributes: JsonObject): JsonValue | undefined {
  const text = textOf(attributes['ai.response.text'])
  return text === undefined ? undefined : [{ role: 'assistant', content: text }]
}

/** Auth checks that the record answers: `airworthy.auth_checks.<name>`, true or false. */
function authChecksOf(attributes: JsonObject): Readonly<Record<string, boolean>> | undefined {
  const prefix = 'airworthy.auth_checks.'
  const found = Object.entries(attributes).flatMap(([key, said]) =>
    key.startsWith(prefix) && typeof said === 'boolean' ? [[key.slice(prefix.length), said] as const] : [],
  )
  return found.length === 0 ? undefined : Object.fromEntries(found)
}

/** The user on whose behalf a trace ran, and the agent, where any of its spans says so. */
export function partiesOf(spans: readonly SpanRecord[]): { readonly principalId?: string; readonly agent?: string } {
  const first = (...names: readonly string[]): string | undefined =>
    names.flatMap((name) => spans.flatMap(({ attributes }) => textOf(attributes[name]) ?? []))[0]
  const service = spans.flatMap(({ resource }) => textOf(resource['service.name']) ?? [])[0]
  return {
    ...present('principalId', first('user.id', 'enduser.id', 'ai.telemetry.metadata.userId')),
    ...present('agent', first('gen_ai.agent.name', 'ai.telemetry.functionId') ?? service),
  }
}

/**
 * OpenInference writes lists as numbered attributes (`llm.input_messages.0.message.role`): a numeric segment is an index where more
 * segments follow. Undefined when there is none of that name.
 */
function unflattened(attributes: JsonObject, prefix: string): JsonValue | undefined {
  const items: Record<string, JsonValue>[] = []
  for (const [key, value] of Object.entries(attributes)) {
    if (!key.startsWith(`${prefix}.`)) continue
    const [index = '', ...path] = key.slice(prefix.length + 1).split('.')
    if (!/^\d{1,5}$/.test(index) || path.length === 0) continue
    items[Number(index)] ??= Object.create(null) as Record<string, JsonValue>
    ;(items[Number(index)] as Record<string, JsonValue>)[path.join('.')] = value
  }
  if (items.length === 0) return undefined
  return items.filter((item) => item !== undefined).map(openInferenceMessage)
}

function openInferenceMessage(fields: Readonly<Record<string, JsonValue>>): JsonObject {
  const calls = new Map<string, Record<string, JsonValue>>()
  const texts: JsonValue[] = []
  for (const [path, value] of Object.entries(fields)) {
    const call = /^message\.tool_calls\.(\d{1,5})\.tool_call\.(id|function\.name|function\.arguments)$/.exec(path)
    if (call !== null) calls.set(call[1] as string, { ...calls.get(call[1] as string), [call[2] as string]: value })
    else if (/^message\.contents\.\d{1,5}\.message_content\.text$/.test(path)) texts.push(value)
  }
  return {
    role: fields['message.role'] ?? 'user',
    content: fields['message.content'] ?? texts,
    ...present('tool_call_id', fields['message.tool_call_id']),
    ...present('name', fields['message.name']),
    tool_calls: [...calls.values()].map((call) => ({
      ...present('id', call.id),
      function: { name: call['function.name'] ?? '', arguments: call['function.arguments'] ?? '{}' },
    })),
  }
}

/** A value that instrumentations write as it is or as its JSON text. */
export function jsonOf(value: JsonValue | undefined): JsonValue | undefined {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value
  try {
    const parsed = valueOfJson(value) as JsonValue
    return jsonFault(parsed) === undefined ? parsed : value
  } catch {
    return value
  }
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]) : []
}

function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function present<Name extends string, T>(name: Name, value: T | undefined): { readonly [key in Name]?: T } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [key in Name]?: T })
}
