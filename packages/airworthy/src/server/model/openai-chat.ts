/** OpenAI's chat completions. The request is read as far as pins and budgets need; everything else passes through. */
import type { WireChatRequest } from '../../contract/model.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts'
import type { FallbackResult } from '../../guard/answer.ts'
import type { SeenToolResult } from '../../operate/model/ungoverned-tools.ts'
import type { TokenUsage } from '../../telemetry/cost.ts'
import { calledTools, listOf, textOf } from './called-tools.ts'
import { imagesIn } from './images-in.ts'
import { answerBytesMaxUsual, type EventReader, type ModelApi, type SeenAnswer } from './model-api.ts'
import { openaiErrors } from './openai-errors.ts'

/** What is not a parameter that a manifest may pin by its name. */
const ownMembers: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'stream',
  'stream_options',
  'max_completion_tokens',
  'max_tokens',
])

export const openaiChat: ModelApi<WireChatRequest> = {
  provider: 'openai',
  path: 'chat/completions',
  operation: 'chat',
  passedRequestHeaders: ['openai-organization', 'openai-project'],
  passedAnswerHeaders: ['content-type', 'retry-after', 'x-request-id', 'openai-processing-ms', 'openai-version'],

  asked(body, bytes) {
    const { model, messages, n } = body
    const output = body.max_completion_tokens ?? body.max_tokens
    const parameters = Object.fromEntries(Object.entries(body).filter(([name]) => !ownMembers.has(name))) as JsonObject
    const [first] = messages
    const images = imagesIn(messages as readonly JsonObject[])
    return {
      kind: 'chat',
      provider: 'openai',
      model,
      parameters: { ...parameters, ...(output == null ? {} : { max_output_tokens: output }) },
      systemPrompt: first?.role === 'system' || first?.role === 'developer' ? textOf(first.content) : undefined,
      // A token is at least one byte of the text that it stands for.
      inputTokensMax: bytes - images.bytes,
      images: images.count,
      choices: n ?? 1,
      tools: offeredIn(body as JsonObject),
      results: resultsOf(messages as readonly JsonObject[]),
    }
  },
  answerBytesMax: answerBytesMaxUsual,
  isStream: (body) => body.stream === true,
  sent(body, { model, parameters }) {
    const { max_output_tokens: output, ...pinned } = parameters
    const isNewer = body.max_completion_tokens != null
    const name = isNewer ? 'max_completion_tokens' : 'max_tokens'
    const { max_tokens: _, ...withoutOlder } = body
    return {
      // One bound under one name: of two, a provider may know only the one that nobody checked.
      ...((isNewer && output !== undefined ? withoutOlder : body) as JsonObject),
      ...pinned,
      model,
      ...(output === undefined ? {} : { [name]: output }),
      ...(body.stream === true
        ? { stream_options: { ...(body.stream_options as JsonObject), include_usage: true } }
        : {}),
    }
  },
  seenIn({ model, id, usage, choices }) {
    const [choice] = Array.isArray(choices) ? choices : []
    return { usage: usageOf(usage), model, id, finish: isJsonObject(choice) ? choice.finish_reason : undefined }
  },
  eventReader: (body) => chunkReader(body.stream_options?.include_usage === true),

  ...openaiErrors,
  fallbackStatus: 200,
  fallback: (body, fallback, nowMs) => ({
    ...headOf(body, fallback, nowMs),
    object: 'chat.completion',
    choices: [
      { index: 0, message: { role: 'assistant', ...wordsOf(body, fallback) }, logprobs: null, finish_reason: 'stop' },
    ],
    usage: noUsage,
  }),
  fallbackStream(body, fallback, nowMs) {
    const chunk = (choices: JsonValue, more: JsonObject = {}): string => {
      const value = { ...headOf(body, fallback, nowMs), object: 'chat.completion.chunk', choices, ...more }
      return `data: ${JSON.stringify(value)}\n\n`
    }
    return [
      chunk([{ index: 0, delta: { role: 'assistant', ...wordsOf(body, fallback) }, finish_reason: null }]),
      chunk([{ index: 0, delta: {}, finish_reason: 'stop' }]),
      ...(body.stream_options?.include_usage === true ? [chunk([], { usage: noUsage })] : []),
      'data: [DONE]\n\n',
    ].join('')
  },
}

/** Functions, under the older name too, tools of free text, and what the provider itself runs: a search on the web has no name, and is a tool. */
function offeredIn({ tools, functions, web_search_options: search }: JsonObject): readonly string[] {
  return [
    ...listOf(tools).map(({ type, function: named, custom }) => nameIn(named) ?? nameIn(custom) ?? String(type)),
    ...listOf(functions).map((named) => nameIn(named) ?? '(unnamed)'),
    ...(search == null ? [] : ['web_search']),
  ]
}

function nameIn(value: JsonValue | undefined): string | undefined {
  return isJsonObject(value) && typeof value.name === 'string' ? value.name : undefined
}

const noUsage = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }

function headOf({ model }: WireChatRequest, { budget }: FallbackResult, nowMs: number): JsonObject {
  // The same input gives the same answer, so its id is no fresh one.
  return { id: `fallback-${budget}`, created: Math.floor(nowMs / 1000), model }
}

/** Whoever asked for JSON gets a refusal, which fits every schema. */
function wordsOf({ response_format: format }: WireChatRequest, { message }: FallbackResult): JsonObject {
  const wantsJson = format?.type === 'json_schema' || format?.type === 'json_object'
  return wantsJson ? { content: null, refusal: message } : { content: message }
}

function resultsOf(messages: readonly JsonObject[]): readonly SeenToolResult[] {
  const tools = calledTools()
  for (const { role, content, tool_calls: calls, tool_call_id: id, function_call: older, name } of messages) {
    for (const { id: callId, function: called, custom } of listOf(calls)) {
      if (isJsonObject(called)) tools.call(callId, called.name, called.arguments)
      else if (isJsonObject(custom)) tools.call(callId, custom.name, custom.input)
    }
    if (isJsonObject(older)) tools.call(older.name, older.name, older.arguments)
    if (role === 'tool') tools.result(id, content, name)
    if (role === 'function') tools.result(name, content, name)
  }
  return tools.results()
}

/** The chunk that holds nothing but usage is taken out where the client did not ask for it. */
function chunkReader(keepsUsage: boolean): EventReader {
  let seen: SeenAnswer = { usage: undefined, model: undefined, id: undefined, finish: undefined }
  let isDone = false
  return {
    passesAll: keepsUsage,
    read(event) {
      if (event === 'done') isDone = true
      if (!isJsonObject(event)) return true
      const { usage, choices, model, id } = event
      const [choice] = Array.isArray(choices) ? choices : []
      seen = {
        usage: usageOf(usage) ?? seen.usage,
        model: model ?? seen.model,
        id: id ?? seen.id,
        finish: (isJsonObject(choice) ? choice.finish_reason : undefined) ?? seen.finish,
      }
      return keepsUsage || !(isJsonObject(usage) && Array.isArray(choices) && choices.length === 0)
    },
    seen: () => seen,
    isWhole: () => isDone,
  }
}

/** Undefined when the provider reported none. */
function usageOf(value: JsonValue | undefined): TokenUsage | undefined {
  if (!isJsonObject(value) || typeof value.prompt_tokens !== 'number' || typeof value.completion_tokens !== 'number') {
    return undefined
  }
  const details = isJsonObject(value.prompt_tokens_details) ? value.prompt_tokens_details : {}
  const cacheRead = typeof details.cached_tokens === 'number' ? details.cached_tokens : 0
  return { input: value.prompt_tokens, output: value.completion_tokens, cacheRead, cacheWrite: 0 }
}
