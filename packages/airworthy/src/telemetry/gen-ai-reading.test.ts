import { describe, expect, it } from 'vitest'
import { datasetsAbsent, datasetText } from '../../test/fixtures/public-dataset.ts'
import type { JsonObject } from '../core/json.ts'
import { costOf } from './cost.ts'
import { genAiReadingOf } from './gen-ai-reading.ts'
import { type ReadSpan, usageOfTrace } from './trace-usage.ts'

const usage = (input: number, output: number, more: object = {}) => ({
  input,
  output,
  cacheRead: 0,
  cacheWrite: 0,
  reasoning: 0,
  ...more,
})

describe('one reading of every spelling', () => {
  const cases: readonly (readonly [string, JsonObject, object])[] = [
    [
      'GenAI, 2026',
      {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'anthropic',
        'gen_ai.request.model': 'c',
        'gen_ai.response.model': 'c-20260101',
        'gen_ai.usage.input_tokens': 100,
        'gen_ai.usage.output_tokens': 20,
        'gen_ai.usage.cache_read.input_tokens': 60,
        'gen_ai.usage.cache_creation.input_tokens': 30,
        'gen_ai.usage.reasoning.output_tokens': 5,
      },
      {
        spelling: 'gen_ai',
        operation: 'chat',
        provider: 'anthropic',
        model: 'c-20260101',
        usage: usage(100, 20, { cacheRead: 60, cacheWrite: 30, reasoning: 5 }),
        isModelCall: true,
      },
    ],
    [
      'GenAI of 2024',
      {
        'gen_ai.system': 'openai',
        'gen_ai.request.model': 'm',
        'gen_ai.usage.prompt_tokens': 7,
        'gen_ai.usage.completion_tokens': 3,
      },
      { operation: 'chat', provider: 'openai', model: 'm', usage: usage(7, 3), isModelCall: true },
    ],
    [
      'both generations at once: the newer counts, neither is added',
      {
        'gen_ai.operation.name': 'chat',
        'gen_ai.usage.input_tokens': 7,
        'gen_ai.usage.prompt_tokens': 7,
        'gen_ai.usage.output_tokens': 3,
        'gen_ai.usage.completion_tokens': 3,
      },
      { usage: usage(7, 3) },
    ],
    [
      'cached tokens in spellings of the wild are parts, not more',
      {
        'gen_ai.operation.name': 'chat',
        'gen_ai.usage.input_tokens': 10,
        'gen_ai.usage.output_tokens': 1,
        'gen_ai.usage.cache_read_tokens': 8,
        'gen_ai.usage.cache_write_tokens': 2,
      },
      { usage: usage(10, 1, { cacheRead: 8, cacheWrite: 2 }), isClamped: false },
    ],
    [
      'a part that exceeds its total is cut and flagged (input without the cache, as Anthropic counts)',
      {
        'gen_ai.operation.name': 'chat',
        'gen_ai.usage.input_tokens': 10,
        'gen_ai.usage.output_tokens': 1,
        'gen_ai.usage.cache_read.input_tokens': 900,
      },
      { usage: usage(10, 1, { cacheRead: 10 }), isClamped: true },
    ],
    [
      'a Python dict as text is no count',
      {
        'gen_ai.operation.name': 'chat',
        'gen_ai.usage.input_tokens': "{'input_tokens': 5}",
        'gen_ai.usage.output_tokens': 2,
      },
      { usage: usage(0, 2), isClamped: true },
    ],
    [
      'counts as decimal text',
      { 'gen_ai.operation.name': 'chat', 'gen_ai.usage.input_tokens': '12', 'gen_ai.usage.output_tokens': '3' },
      { usage: usage(12, 3), isClamped: false },
    ],
    [
      'OpenInference',
      {
        'openinference.span.kind': 'LLM',
        'llm.model_name': 'm',
        'llm.provider': 'openai',
        'llm.token_count.prompt': 50,
        'llm.token_count.completion': 9,
        'llm.token_count.total': 59,
        'llm.token_count.prompt_details.cache_read': 40,
        'llm.token_count.completion_details.reasoning': 4,
      },
      {
        spelling: 'openinference',
        operation: 'chat',
        model: 'm',
        usage: usage(50, 9, { cacheRead: 40, reasoning: 4 }),
        isModelCall: true,
      },
    ],
    [
      'OpenInference on a span of GenAI: one of them counts',
      {
        'openinference.span.kind': 'LLM',
        'gen_ai.operation.name': 'chat',
        'llm.token_count.prompt': 50,
        'llm.token_count.completion': 9,
        'gen_ai.usage.input_tokens': 50,
        'gen_ai.usage.output_tokens': 9,
      },
      { usage: usage(50, 9) },
    ],
    [
      'a chain repeats the tokens of its calls',
      { 'openinference.span.kind': 'CHAIN', 'llm.token_count.prompt': 50, 'llm.token_count.completion': 9 },
      { operation: 'chain', isModelCall: false },
    ],
    [
      'a tool of OpenInference',
      { 'openinference.span.kind': 'TOOL', 'tool.name': 'refund' },
      { operation: 'execute_tool', tool: 'refund' },
    ],
    [
      'a tool of MCP',
      { 'mcp.method.name': 'tools/call', 'gen_ai.tool.name': 'refund' },
      { operation: 'execute_tool', tool: 'refund' },
    ],
    ['an agent', { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.usage.input_tokens': 9 }, { isModelCall: false }],
    [
      'a whole generation of the AI SDK',
      {
        'ai.operationId': 'ai.generateText',
        'ai.model.id': 'm',
        'ai.usage.promptTokens': 14,
        'ai.usage.completionTokens': 20,
      },
      { spelling: 'ai_sdk', usage: usage(14, 20), isModelCall: false },
    ],
  ]
  it.each(cases)('%s', (_name, attributes, expected) => {
    expect(genAiReadingOf(attributes)).toMatchObject({ version: 1, ...expected })
  })

  it('a span that says nothing of the kind has none', () => {
    expect(genAiReadingOf({ 'http.method': 'GET' })).toBeUndefined()
  })

  it.skipIf(datasetsAbsent)('recorded spans of the AI SDK: the calls count, what is around them does not', () => {
    const spans = JSON.parse(datasetText('openinference-fixtures', 'span_fixtures/all-spans.json')) as readonly {
      readonly name: string
      readonly attributes: JsonObject
    }[]
    for (const { name, attributes } of spans) {
      const reading = genAiReadingOf(attributes)
      expect([name, reading?.isModelCall]).toEqual([name, /\.do[A-Z]/.test(name)])
      expect([name, reading?.isClamped]).toEqual([name, false])
    }
    expect(genAiReadingOf(spans[0]?.attributes ?? {})).toMatchObject({
      model: 'gpt-4o-mini-2024-07-18',
      usage: { input: 14, output: 20 },
    })
  })
})

describe('the tokens of a trace', () => {
  const call = (
    spanId: string,
    parentSpanId: string | undefined,
    more: JsonObject = {},
    isOfKit = false,
  ): ReadSpan => ({
    spanId,
    ...(parentSpanId === undefined ? {} : { parentSpanId }),
    isOfKit,
    reading: genAiReadingOf({
      'gen_ai.operation.name': 'chat',
      'gen_ai.usage.input_tokens': 100,
      'gen_ai.usage.output_tokens': 10,
      'gen_ai.usage.cache_read.input_tokens': 90,
      ...more,
    }),
  })
  it.each<readonly [string, readonly ReadSpan[], object]>([
    ['two calls side by side', [call('a', 'r'), call('b', 'r')], { calls: 2, input: 200, output: 20, cacheRead: 180 }],
    ['a framework around a client: the inner one', [call('a', undefined), call('b', 'a')], { calls: 1, input: 100 }],
    [
      'an agent that carries the sum of its calls',
      [call('r', undefined, { 'gen_ai.operation.name': 'invoke_agent' }), call('a', 'r'), call('b', 'r')],
      { calls: 2, input: 200 },
    ],
    [
      "the same response in the agent's span and the kit's: the kit's",
      [
        call('a', 'r', { 'gen_ai.response.id': 'x', 'gen_ai.usage.input_tokens': 1 }),
        call('k', 'r', { 'gen_ai.response.id': 'x' }, true),
      ],
      { calls: 1, input: 100 },
    ],
    [
      "an agent's span that claims the kit's as its parent hides nothing",
      [
        call('k', undefined, {}, true),
        call('a', 'k', { 'gen_ai.usage.input_tokens': 1, 'gen_ai.usage.cache_read.input_tokens': 0 }),
      ],
      { calls: 1, input: 100 },
    ],
    ["an agent's span around the kit's", [call('a', undefined), call('k', 'a', {}, true)], { calls: 1, input: 100 }],
    ['a circle around the kit', [call('a', 'k'), call('k', 'a', {}, true)], { calls: 1, input: 100 }],
    ['a circle of parents', [call('a', 'b'), call('b', 'a')], { input: expect.any(Number) }],
  ])('%s', (_name, spans, expected) => {
    expect(usageOfTrace(spans)).toMatchObject(expected)
  })

  it('cached tokens are priced once', () => {
    const read = genAiReadingOf({
      'gen_ai.operation.name': 'chat',
      'gen_ai.usage.input_tokens': 1_000_000,
      'gen_ai.usage.output_tokens': 0,
      'gen_ai.usage.cache_read.input_tokens': 900_000,
    })?.usage
    const price = { input: 3_000_000, output: 15_000_000, cache_read: 300_000, cache_write: 3_750_000 }
    expect(costOf(read ?? usage(0, 0), price)).toEqual({ kind: 'priced', usdMicros: 300_000 + 270_000 })
  })
})
