/**
 * OpenAI's chat completions, governed: the request is read as far as the pins and budgets need, everything else passes through. With
 * nothing to change, the provider's answer goes on byte for byte.
 */
import type { WireChatRequest } from '../../contract/model.ts'
import type { Reason } from '../../core/decision.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts'
import type { FallbackResult } from '../../guard/answer.ts'
import type { AskedModelCall, ModelPassage } from '../../operate/model/model-call.ts'
import type { TokenUsage } from '../../telemetry/cost.ts'

/** Names of the manifest's parameters where this API has another. */
const outputNames = ['max_completion_tokens', 'max_tokens'] as const

export function askedOf(body: WireChatRequest, bytes: number): AskedModelCall {
  const { model, messages, n } = body
  const output = body.max_completion_tokens ?? body.max_tokens ?? undefined
  const parameters = Object.fromEntries(
    Object.entries(body).filter(
      ([name]) => !['model', 'messages', 'stream', 'stream_options', ...outputNames].includes(name),
    ),
  ) as JsonObject
  const [first] = messages
  return {
    model,
    parameters: { ...parameters, ...(output === undefined ? {} : { max_output_tokens: output }) },
    systemPrompt: first?.role === 'system' || first?.role === 'developer' ? textOf(first.content) : undefined,
    // A token is at least one byte of the text that it stands for.
    inputTokensMax: bytes,
    choices: n ?? 1,
    tools: (body.tools ?? []).flatMap(({ function: named }) => (named === undefined ? [] : [named.name])),
  }
}

/** The request as it goes to the provider: pins set, usage asked for. */
export function sentBody(body: WireChatRequest, { model, parameters }: ModelPassage): string {
  const { max_output_tokens: output, ...pinned } = parameters
  const name = body.max_completion_tokens === undefined ? 'max_tokens' : 'max_completion_tokens'
  return JSON.stringify({
    ...body,
    ...pinned,
    model,
    [name]: output,
    ...(body.stream === true ? { stream_options: { ...(body.stream_options ?? {}), include_usage: true } } : {}),
  })
}

/** Undefined when the provider reported none. */
export function usageOf(value: JsonValue | undefined): TokenUsage | undefined {
  if (!isJsonObject(value) || typeof value.prompt_tokens !== 'number' || typeof value.completion_tokens !== 'number') {
    return undefined
  }
  const details = isJsonObject(value.prompt_tokens_details) ? value.prompt_tokens_details : {}
  return {
    input: value.prompt_tokens,
    output: value.completion_tokens,
    cacheRead: typeof details.cached_tokens === 'number' ? details.cached_tokens : 0,
    cacheWrite: 0,
  }
}

/** An error as this API words it, so that its clients understand it. */
export function errorBody(reasons: readonly Reason[]): JsonObject {
  const [reason] = reasons
  return {
    error: {
      message: reason?.message ?? 'Denied.',
      type: 'permission_error',
      code: reason?.code ?? 'INTERNAL_ERROR',
      param: null,
    },
  }
}

/** The configured fallback as a completion. Who asked for a JSON schema gets a refusal, which fits every schema. */
export function fallbackCompletion(
  body: WireChatRequest,
  fallback: FallbackResult,
  id: string,
  createdMs: number,
): JsonObject {
  return {
    id,
    object: 'chat.completion',
    created: Math.floor(createdMs / 1000),
    model: body.model,
    choices: [
      { index: 0, message: { role: 'assistant', ...wordsOf(body, fallback) }, logprobs: null, finish_reason: 'stop' },
    ],
    usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
  }
}

/** The same as a stream of events. */
export function fallbackStream(body: WireChatRequest, fallback: FallbackResult, id: string, createdMs: number): string {
  const chunk = (choices: JsonValue, usage?: JsonValue): string =>
    `data: ${JSON.stringify({
      id,
      object: 'chat.completion.chunk',
      created: Math.floor(createdMs / 1000),
      model: body.model,
      choices,
      ...(usage === undefined ? {} : { usage }),
    })}\n\n`
  const usage = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }
  return [
    chunk([{ index: 0, delta: { role: 'assistant', ...wordsOf(body, fallback) }, finish_reason: null }]),
    chunk([{ index: 0, delta: {}, finish_reason: 'stop' }]),
    ...(body.stream_options?.include_usage === true ? [chunk([], usage)] : []),
    'data: [DONE]\n\n',
  ].join('')
}

function wordsOf({ response_format: format }: WireChatRequest, { message }: FallbackResult): JsonObject {
  const wantsJson = isJsonObject(format) && (format.type === 'json_schema' || format.type === 'json_object')
  return wantsJson ? { content: null, refusal: message } : { content: message }
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content
    .map((part: unknown) => (isJsonObject(part as JsonValue) ? String((part as JsonObject).text ?? '') : ''))
    .join('')
}
