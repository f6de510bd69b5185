/** Anthropic's messages. The request is read as far as pins and budgets need; everything else passes through. */
import type { WireMessagesRequest } from '../../contract/model.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts'
import type { FallbackResult } from '../../guard/answer.ts'
import type { SeenToolResult } from '../../operate/model/ungoverned-tools.ts'
import type { TokenUsage } from '../../telemetry/cost.ts'
import { calledTools, listOf } from './called-tools.ts'
import { imagesIn } from './images-in.ts'
import { answerBytesMaxUsual, type EventReader, type ModelApi, type SeenAnswer } from './model-api.ts'

const ownMembers: ReadonlySet<string> = new Set(['model', 'messages', 'system', 'stream', 'max_tokens'])

export const anthropicMessages: ModelApi<WireMessagesRequest> = {
  provider: 'anthropic',
  path: 'messages',
  operation: 'chat',
  passedRequestHeaders: ['anthropic-version', 'anthropic-beta'],
  passedAnswerHeaders: ['content-type', 'retry-after', 'request-id'],

  asked(body, bytes) {
    const { model, system, messages, max_tokens: output, tools = [] } = body
    const parameters = Object.fromEntries(Object.entries(body).filter(([name]) => !ownMembers.has(name))) as JsonObject
    const images = imagesIn(messages as readonly JsonObject[])
    return {
      kind: 'chat',
      provider: 'anthropic',
      model,
      parameters: { ...parameters, ...(output === undefined ? {} : { max_output_tokens: output }) },
      systemPrompt: typeof system === 'string' ? system : system?.map(({ text }) => text).join(''),
      // A token is at least one byte of the text that it stands for.
      inputTokensMax: bytes - images.bytes,
      images: images.count,
      choices: 1,
      // What the provider itself runs (web search, code, servers of its caller's) has a type of its own, and is a tool all the same.
      tools: [...tools.map(({ name }) => name), ...listOf(body.mcp_servers).map(({ name }) => `mcp:${String(name)}`)],
      results: resultsOf(messages as readonly JsonObject[]),
    }
  },
  answerBytesMax: answerBytesMaxUsual,
  isStream: (body) => body.stream === true,
  sent(body, { model, parameters }) {
    const { max_output_tokens: output, ...pinned } = parameters
    return { ...(body as JsonObject), ...pinned, model, ...(output === undefined ? {} : { max_tokens: output }) }
  },
  seenIn: ({ usage, model, id, stop_reason: finish }) => ({ usage: usageOf(usage), model, id, finish }),
  eventReader,

  error([reason]) {
    const { code = 'INTERNAL_ERROR', message = 'Denied.' } = reason ?? {}
    return { type: 'error', error: { type: 'permission_error', message: `${code}: ${message}` } }
  },
  fault: (code, message) => ({ type: 'error', error: { type: 'api_error', message: `${code}: ${message}` } }),
  fallbackStatus: 200,
  fallback: (body, fallback) => ({
    ...headOf(body, fallback),
    ...endOf(body, fallback),
    content: wantsJson(body) ? [] : [{ type: 'text', text: fallback.message }],
  }),
  fallbackStream(body, fallback) {
    const event = (type: string, more: JsonObject): string =>
      `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`
    const words = [
      event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
      event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: fallback.message } }),
      event('content_block_stop', { index: 0 }),
    ]
    return [
      event('message_start', { message: { ...headOf(body, fallback), content: [], stop_reason: null } }),
      ...(wantsJson(body) ? [] : words),
      event('message_delta', {
        delta: { stop_sequence: null, ...endOf(body, fallback) },
        usage: { output_tokens: 0 },
      }),
      event('message_stop', {}),
    ].join('')
  },
}

/** Whoever asked for JSON gets a refusal without content, which no parser of that JSON stumbles over. */
function endOf(body: WireMessagesRequest, { message }: FallbackResult): JsonObject {
  return wantsJson(body)
    ? { stop_reason: 'refusal', stop_details: { type: 'refusal', category: null, explanation: message } }
    : { stop_reason: 'end_turn', stop_details: null }
}

function wantsJson({ output_config: config, output_format: older }: WireMessagesRequest): boolean {
  const format = isJsonObject(config) ? config.format : older
  return isJsonObject(format) && format.type === 'json_schema'
}

function resultsOf(messages: readonly JsonObject[]): readonly SeenToolResult[] {
  const tools = calledTools()
  for (const { content } of messages) {
    for (const { type, id, name, input, tool_use_id: callId, content: result } of listOf(content)) {
      if (type === 'tool_use') tools.call(id, name, input)
      if (type === 'tool_result') tools.result(callId, result)
    }
  }
  return tools.results()
}

function headOf({ model }: WireMessagesRequest, { budget }: FallbackResult): JsonObject {
  return {
    // The same input gives the same answer, so its id is no fresh one.
    id: `msg_fallback_${budget}`,
    type: 'message',
    role: 'assistant',
    model,
    stop_sequence: null,
    usage: { input_tokens: 0, output_tokens: 0 },
  }
}

/** Input is counted in the first event, output in the last of them: what is known of both is one report. */
function eventReader(): EventReader {
  let seen: SeenAnswer = { usage: undefined, model: undefined, id: undefined, finish: undefined }
  let counted: JsonObject = {}
  let isStopped = false
  return {
    passesAll: true,
    read(event) {
      if (!isJsonObject(event)) return true
      const message = isJsonObject(event.message) ? event.message : {}
      const delta = isJsonObject(event.delta) ? event.delta : {}
      for (const usage of [message.usage, event.usage])
        if (isJsonObject(usage)) counted = { ...counted, ...present(usage) }
      seen = {
        // A stream that was cut has counted its output to the first token alone.
        usage: event.type === 'message_delta' ? usageOf(counted) : seen.usage,
        model: message.model ?? seen.model,
        id: message.id ?? seen.id,
        finish: delta.stop_reason ?? seen.finish,
      }
      if (event.type === 'message_stop') isStopped = true
      return true
    },
    seen: () => seen,
    isWhole: () => isStopped,
  }
}

function present(usage: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(usage).filter(([, value]) => value !== null))
}

/** Unlike elsewhere, `input_tokens` leaves out what was read from and written to the cache. */
function usageOf(value: JsonValue | undefined): TokenUsage | undefined {
  if (!isJsonObject(value) || typeof value.input_tokens !== 'number' || typeof value.output_tokens !== 'number') {
    return undefined
  }
  const count = (name: string): number => (typeof value[name] === 'number' ? Number(value[name]) : 0)
  const cacheRead = count('cache_read_input_tokens')
  const cacheWrite = count('cache_creation_input_tokens')
  return { input: value.input_tokens + cacheRead + cacheWrite, output: value.output_tokens, cacheRead, cacheWrite }
}
