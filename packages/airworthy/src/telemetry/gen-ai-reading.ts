/**
 * What a span says of a model or a tool, whatever spelling it has: OpenTelemetry's GenAI conventions of 2026 and the older ones,
 * OpenInference, the Vercel AI SDK. Raw attributes are stored as they came, so a newer reading can be made of old spans: `version` says
 * which reading this is. Pure, never throws.
 */
import type { JsonObject, JsonValue } from '../core/json.ts'
import { saneUsage, type TokenUsage } from './cost.ts'

/** Raised whenever the same attributes would read differently. */
export const genAiReadingVersion = 1

export interface GenAiReading {
  readonly version: typeof genAiReadingVersion
  readonly spelling: Spelling
  /** As GenAI names them: chat, embeddings, execute_tool, invoke_agent, retrieval ... */
  readonly operation?: string
  readonly provider?: string
  /** The one that answered, else the one that was asked for. */
  readonly model?: string
  readonly tool?: string
  readonly responseId?: string
  /** Cached and reasoning tokens are parts of the totals, never to be added. */
  readonly usage?: TokenUsage & { readonly reasoning: number }
  /** A part exceeded its total, or a count was none; the usage was cut to what can be. */
  readonly isClamped: boolean
  /** True for a span of one model call: those of agents, chains and whole generations repeat the tokens of the calls below them. */
  readonly isModelCall: boolean
}

export type Spelling = 'gen_ai' | 'openinference' | 'ai_sdk'

/** Undefined for a span that says nothing of the kind. */
export function genAiReadingOf(attributes: JsonObject): GenAiReading | undefined {
  const spelling = spellingOf(attributes)
  if (spelling === undefined) return undefined
  const operation = operationOf(attributes, spelling)
  const { usage, isClamped } = usageOf(attributes, spelling)
  return {
    version: genAiReadingVersion,
    spelling,
    ...present('operation', operation),
    ...present('provider', firstText(attributes, providerKeys)),
    ...present('model', firstText(attributes, modelKeys)),
    ...present('tool', operation === 'execute_tool' ? firstText(attributes, toolKeys) : undefined),
    ...present('responseId', firstText(attributes, responseIdKeys)),
    ...present('usage', usage),
    isClamped,
    isModelCall: operation !== undefined && modelCalls.has(operation) && !isWholeGeneration(attributes),
  }
}

/** What a reading looks at of an attribute: its value, its name alone (which tells a spelling), or nothing. */
export type ReadPart = 'value' | 'name' | 'nothing'

/** Of attributes with these alone, in their order, the reading is the same; of names alone the first is enough. */
export function readPartOf(key: string): ReadPart {
  if (valueKeys.has(key)) return 'value'
  return isSpelling(key) ? 'name' : 'nothing'
}

function isSpelling(key: string): boolean {
  return key.startsWith('gen_ai.') || key.startsWith('llm.') || key === 'mcp.method.name'
}

/** A span in two spellings is read in one: their counts are of the same tokens. */
function spellingOf(attributes: JsonObject): Spelling | undefined {
  if (typeof attributes['openinference.span.kind'] === 'string') return 'openinference'
  if (typeof attributes['ai.operationId'] === 'string') return 'ai_sdk'
  for (const key in attributes) {
    if (key.startsWith('gen_ai.') || key === 'mcp.method.name') return 'gen_ai'
    if (key.startsWith('llm.')) return 'openinference'
  }
  return undefined
}

const modelCalls: ReadonlySet<string> = new Set(['chat', 'generate_content', 'text_completion', 'embeddings'])

const operationOfKind: Readonly<Record<string, string>> = {
  LLM: 'chat',
  EMBEDDING: 'embeddings',
  TOOL: 'execute_tool',
  AGENT: 'invoke_agent',
  RETRIEVER: 'retrieval',
}

/** `completion` and `chat_completion` are what older instrumentations wrote. */
const olderOperations: Readonly<Record<string, string>> = {
  completion: 'text_completion',
  chat_completion: 'chat',
  embedding: 'embeddings',
  tool: 'execute_tool',
  agent: 'invoke_agent',
}

function operationOf(attributes: JsonObject, spelling: Spelling): string | undefined {
  const named = text(attributes['gen_ai.operation.name'])
  if (named !== undefined) return Object.hasOwn(olderOperations, named) ? olderOperations[named] : named
  if (spelling === 'openinference') {
    const kind = text(attributes['openinference.span.kind'])
    if (kind === undefined) return text(attributes['llm.request.type']) === 'embedding' ? 'embeddings' : 'chat'
    return Object.hasOwn(operationOfKind, kind) ? operationOfKind[kind] : kind.toLowerCase()
  }
  if (spelling === 'ai_sdk') {
    const id = text(attributes['ai.operationId']) ?? ''
    if (id === 'ai.toolCall') return 'execute_tool'
    if (id.startsWith('ai.embed')) return 'embeddings'
    return /^ai\.(?:generate|stream)/.test(id) ? 'chat' : undefined
  }
  if (attributes['mcp.method.name'] === 'tools/call') return 'execute_tool'
  // Conventions before the operation had a name: a span with a model and a system is a call of it.
  return attributes['gen_ai.request.model'] === undefined ? undefined : 'chat'
}

/** `ai.generateText` spans its `ai.generateText.doGenerate` calls, and carries the sum of their tokens. */
function isWholeGeneration(attributes: JsonObject): boolean {
  const id = text(attributes['ai.operationId'])
  return id !== undefined && !/\.do[A-Z]\w*$/.test(id)
}

const providerKeys = [
  'gen_ai.provider.name',
  'gen_ai.system',
  'llm.provider',
  'llm.system',
  'ai.model.provider',
] as const
const modelKeys = [
  'gen_ai.response.model',
  'ai.response.model',
  'gen_ai.request.model',
  'llm.model_name',
  'embedding.model_name',
  'ai.model.id',
] as const
const responseIdKeys = ['gen_ai.response.id', 'ai.response.id'] as const
const toolKeys = ['gen_ai.tool.name', 'tool.name', 'ai.toolCall.name', 'traceloop.entity.name'] as const

interface UsageKeys {
  readonly input: readonly string[]
  readonly output: readonly string[]
  readonly cacheRead: readonly string[]
  readonly cacheWrite: readonly string[]
  readonly reasoning: readonly string[]
}

/** The first one that is there counts, and none is added to another. */
const genAiUsage: UsageKeys = {
  input: ['gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens', 'llm.usage.prompt_tokens'],
  output: ['gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens', 'llm.usage.completion_tokens'],
  cacheRead: [
    'gen_ai.usage.cache_read.input_tokens',
    'gen_ai.usage.cache_read_input_tokens',
    'gen_ai.usage.cache_read_tokens',
    'gen_ai.usage.input_cached_tokens',
    'gen_ai.usage.cached_tokens',
  ],
  cacheWrite: [
    'gen_ai.usage.cache_creation.input_tokens',
    'gen_ai.usage.cache_creation_input_tokens',
    'gen_ai.usage.cache_write_tokens',
  ],
  reasoning: ['gen_ai.usage.reasoning.output_tokens', 'gen_ai.usage.reasoning_tokens'],
}

const openInferenceUsage: UsageKeys = {
  input: ['llm.token_count.prompt'],
  output: ['llm.token_count.completion'],
  cacheRead: ['llm.token_count.prompt_details.cache_read', 'llm.token_count.prompt_details.cache_input'],
  cacheWrite: ['llm.token_count.prompt_details.cache_write'],
  reasoning: ['llm.token_count.completion_details.reasoning'],
}

const aiSdkUsage: UsageKeys = {
  input: ['ai.usage.inputTokens', 'ai.usage.promptTokens', 'ai.usage.tokens'],
  output: ['ai.usage.outputTokens', 'ai.usage.completionTokens'],
  cacheRead: ['ai.usage.cachedInputTokens', 'ai.usage.inputTokenDetails.cacheReadTokens'],
  cacheWrite: ['ai.usage.inputTokenDetails.cacheWriteTokens'],
  reasoning: ['ai.usage.reasoningTokens', 'ai.usage.outputTokenDetails.reasoningTokens'],
}

const spellings: Readonly<Record<Spelling, readonly UsageKeys[]>> = {
  gen_ai: [genAiUsage, openInferenceUsage, aiSdkUsage],
  openinference: [openInferenceUsage, genAiUsage, aiSdkUsage],
  ai_sdk: [aiSdkUsage, genAiUsage, openInferenceUsage],
}

/** Every key that this file asks for by its name, and the two that rollups count (`claimsOf`). */
const valueKeys: ReadonlySet<string> = new Set([
  'openinference.span.kind',
  'ai.operationId',
  'gen_ai.operation.name',
  'llm.request.type',
  'mcp.method.name',
  'gen_ai.request.model',
  'error.type',
  'gen_ai.response.time_to_first_chunk',
  ...providerKeys,
  ...modelKeys,
  ...toolKeys,
  ...responseIdKeys,
  ...[genAiUsage, openInferenceUsage, aiSdkUsage].flatMap((keys) => Object.values(keys).flat()),
])

/** All of it from one spelling: the first with a total. */
function usageOf(
  attributes: JsonObject,
  spelling: Spelling,
): { readonly usage?: TokenUsage & { readonly reasoning: number }; readonly isClamped: boolean } {
  for (const keys of spellings[spelling]) {
    const [input, output] = [first(attributes, keys.input), first(attributes, keys.output)]
    if (input === undefined && output === undefined) continue
    const asked = {
      input: countOf(input),
      output: countOf(output),
      cacheRead: countOf(first(attributes, keys.cacheRead)),
      cacheWrite: countOf(first(attributes, keys.cacheWrite)),
    }
    const { usage, isClamped } = saneUsage(asked)
    const claimed = countOf(first(attributes, keys.reasoning))
    const reasoning = Number.isSafeInteger(claimed) ? Math.min(Math.max(claimed, 0), usage.output) : 0
    return { usage: { ...usage, reasoning }, isClamped: isClamped || reasoning !== claimed }
  }
  return { isClamped: false }
}

function first(attributes: JsonObject, keys: readonly string[]): JsonValue | undefined {
  for (const key of keys) if (attributes[key] !== undefined && attributes[key] !== null) return attributes[key]
  return undefined
}

/** Absent is none; what is there and no count (a text of a Python dict, say) is NaN, which `saneUsage` cuts and flags. */
function countOf(value: JsonValue | undefined): number {
  if (value === undefined) return 0
  if (typeof value === 'number') return value
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN
}

function firstText(attributes: JsonObject, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const found = text(attributes[key])
    if (found !== undefined) return found
  }
  return undefined
}

function text(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function present<Name extends string, T>(name: Name, value: T | undefined): { readonly [key in Name]?: T } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [key in Name]?: T })
}
