import { describe, expect, it } from 'vitest'
import { datasetsAbsent, datasetText } from '../../../test/fixtures/public-dataset.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { readRuns } from '../read-runs.ts'

const traceId = '5b8efff798038103d269b633813fc60c'
let made = 0

interface Given {
  readonly attributes?: JsonObject
  readonly id?: string
  readonly parent?: string
  readonly start?: number
  readonly more?: JsonObject
}

function span({ attributes = {}, id, parent, start, more = {} }: Given): JsonObject {
  made++
  return {
    traceId,
    spanId: id ?? made.toString(16).padStart(16, '0'),
    ...(parent === undefined ? {} : { parentSpanId: parent }),
    name: 'a span',
    kind: 1,
    startTimeUnixNano: `${1_800_000_000_000_000_000n + BigInt(start ?? made)}`,
    attributes: Object.entries(attributes).map(([key, value]) => ({ key, value: tagged(value) })),
    ...more,
  }
}

function tagged(value: JsonValue): JsonObject {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'number') return Number.isInteger(value) ? { intValue: `${value}` } : { doubleValue: value }
  if (Array.isArray(value)) return { arrayValue: { values: value.map(tagged) } }
  return { kvlistValue: { values: Object.entries(value ?? {}).map(([key, inner]) => ({ key, value: tagged(inner) })) } }
}

const request = (...spans: readonly JsonValue[]): string =>
  JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'desk' } }] },
        scopeSpans: [{ scope: { name: 'tracer', version: '2' }, spans }],
      },
    ],
  })
const read = (...spans: readonly JsonValue[]) => readRuns(request(...spans), 'otlp-json')
const callsOf = (...spans: readonly JsonValue[]) => {
  const { runs, unread } = read(...spans)
  expect(unread).toEqual([])
  return runs[0]?.calls.map(({ tool, arguments: args, result, error }) => ({ tool, args, result, error }))
}

describe('tool calls, whoever recorded them', () => {
  const call = { tool: 'find', args: { id: 7 }, result: { state: 'open' }, error: undefined }

  it('OpenTelemetry GenAI, values as they are or as text', () => {
    const attributes = { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'find' }
    const structured = { 'gen_ai.tool.call.arguments': { id: 7 }, 'gen_ai.tool.call.result': { state: 'open' } }
    const texts = { 'gen_ai.tool.call.arguments': '{"id":7}', 'gen_ai.tool.call.result': '{"state":"open"}' }
    expect(callsOf(span({ attributes: { ...attributes, ...structured } }))).toEqual([call])
    expect(callsOf(span({ attributes: { ...attributes, ...texts } }))).toEqual([
      { ...call, result: '{"state":"open"}' },
    ])
  })

  it('the Vercel AI SDK', () => {
    const attributes = { 'ai.toolCall.name': 'find', 'ai.toolCall.args': '{"id":7}', 'ai.toolCall.result': 'x' }
    expect(callsOf(span({ attributes }))).toEqual([{ ...call, result: 'x' }])
  })

  it('OpenInference, whose tool.parameters may be a schema', () => {
    const attributes = { 'openinference.span.kind': 'TOOL', 'tool.name': 'find', 'output.value': 'x' }
    expect(callsOf(span({ attributes: { ...attributes, 'tool.parameters': '{"id":7}' } }))).toEqual([
      { ...call, result: 'x' },
    ])
    const schema = '{"type":"object","properties":{"id":{}}}'
    expect(
      callsOf(span({ attributes: { ...attributes, 'tool.parameters': schema, 'input.value': '{"id":7}' } })),
    ).toEqual([{ ...call, result: 'x' }])
  })

  it("an MCP client's span inside a tool's span is the same call; alone it is the call", () => {
    const mcp = {
      'mcp.method.name': 'tools/call',
      'gen_ai.tool.name': 'find',
      'gen_ai.tool.call.arguments': { id: 7 },
      'gen_ai.tool.call.result': { state: 'open' },
    }
    const tool = { ...mcp, 'gen_ai.operation.name': 'execute_tool', 'mcp.method.name': 'none' }
    const outer = span({ attributes: tool, id: 'aaaaaaaaaaaaaaaa' })
    const middle = span({ id: 'bbbbbbbbbbbbbbbb', parent: 'aaaaaaaaaaaaaaaa' })
    const inner = span({ attributes: mcp, parent: 'bbbbbbbbbbbbbbbb' })
    expect(callsOf(outer, middle, inner)).toEqual([call])
    expect(callsOf(inner)).toEqual([call])
    // Parents that form a circle end the search.
    const left = span({ attributes: mcp, id: 'cccccccccccccccc', parent: 'dddddddddddddddd' })
    const right = span({ id: 'dddddddddddddddd', parent: 'eeeeeeeeeeeeeeee' })
    const back = span({ id: 'eeeeeeeeeeeeeeee', parent: 'dddddddddddddddd' })
    expect(callsOf(left, right, back)).toEqual([call])
  })

  it('a tool that failed, in its own words', () => {
    const attributes = {
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'find',
      'gen_ai.tool.call.arguments': {},
      'error.type': 'tool_error',
    }
    const more = { status: { code: 2, message: 'no such thing' } }
    expect(callsOf(span({ attributes, more }))).toMatchObject([{ error: 'no such thing' }])
    expect(callsOf(span({ attributes }))).toMatchObject([{ error: 'tool_error' }])
  })

  it('in the order of time, with what was said before each', () => {
    const tool = (name: string, start: number) =>
      span({
        start,
        attributes: {
          'gen_ai.operation.name': 'execute_tool',
          'gen_ai.tool.name': name,
          'gen_ai.tool.call.arguments': {},
        },
      })
    const model = (start: number, ...messages: JsonValue[]) =>
      span({
        start,
        attributes: {
          'gen_ai.operation.name': 'chat',
          'gen_ai.request.model': 'm',
          'gen_ai.input.messages': JSON.stringify(messages),
        },
      })
    const hello = { role: 'user', parts: [{ type: 'text', content: 'hello' }] }
    const more = { role: 'user', parts: [{ type: 'text', content: 'more' }] }
    const { runs } = read(tool('second', 40), model(30, hello, more), tool('first', 20), model(10, hello))
    expect(runs).toMatchObject([
      {
        traceId,
        agent: 'desk',
        model: 'm',
        input: 'hello',
        messages: [{ text: 'hello' }, { text: 'more' }],
        calls: [
          { tool: 'first', afterMessages: 1 },
          { tool: 'second', afterMessages: 2 },
        ],
      },
    ])
  })

  it('auth checks and the user, where the trace says them', () => {
    const attributes = {
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'find',
      'gen_ai.tool.call.arguments': {},
      'airworthy.auth_checks.owns_order': false,
      'user.id': 'ana',
    }
    expect(read(span({ attributes })).runs).toMatchObject([
      { principal: { id: 'ana' }, calls: [{ authChecks: { owns_order: false } }] },
    ])
  })

  it('a call whose arguments were not recorded: its run is named and not read, its spans are kept', () => {
    const { runs, spans, unread } = read(
      span({ attributes: { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'find' } }),
    )
    expect([runs.length, spans.length]).toEqual([0, 1])
    expect(unread).toMatchObject([{ where: 'resourceSpans[0].scopeSpans[0].spans[0]' }])
  })
})

describe('runs of which only the model calls were recorded', () => {
  const history = {
    genai: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.system_instructions': '[{"type":"text","content":"be brief"}]',
      'gen_ai.input.messages': JSON.stringify([
        { role: 'user', parts: [{ type: 'text', content: 'find 7' }] },
        { role: 'assistant', parts: [{ type: 'tool_call', id: 'c1', name: 'find', arguments: { id: 7 } }] },
        { role: 'tool', parts: [{ type: 'tool_call_response', id: 'c1', response: 'found' }] },
      ]),
      'gen_ai.output.messages': '[{"role":"assistant","parts":[{"type":"text","content":"here"}]}]',
    },
    openinference: {
      'openinference.span.kind': 'LLM',
      'llm.input_messages.0.message.role': 'system',
      'llm.input_messages.0.message.content': 'be brief',
      'llm.input_messages.1.message.role': 'user',
      'llm.input_messages.1.message.contents.0.message_content.text': 'find 7',
      'llm.input_messages.2.message.role': 'assistant',
      'llm.input_messages.2.message.tool_calls.0.tool_call.id': 'c1',
      'llm.input_messages.2.message.tool_calls.0.tool_call.function.name': 'find',
      'llm.input_messages.2.message.tool_calls.0.tool_call.function.arguments': '{"id":7}',
      'llm.input_messages.3.message.role': 'tool',
      'llm.input_messages.3.message.tool_call_id': 'c1',
      'llm.input_messages.3.message.content': 'found',
      'llm.output_messages.0.message.role': 'assistant',
      'llm.output_messages.0.message.content': 'here',
    },
    'the AI SDK': {
      'ai.operationId': 'ai.generateText.doGenerate',
      'ai.prompt.messages': JSON.stringify([
        { role: 'system', content: 'be brief' },
        { role: 'user', content: [{ type: 'text', text: 'find 7' }] },
        { role: 'assistant', content: [{ type: 'tool-call', toolCallId: 'c1', toolName: 'find', input: { id: 7 } }] },
        {
          role: 'tool',
          content: [
            { type: 'tool-result', toolCallId: 'c1', toolName: 'find', output: { type: 'text', value: 'found' } },
          ],
        },
      ]),
      'ai.response.text': 'here',
    },
  }

  it.each(Object.entries(history))('%s', (_, attributes) => {
    const { runs, unread } = read(span({ attributes }))
    expect(unread).toEqual([])
    expect(runs).toMatchObject([
      {
        input: 'find 7',
        messages: [
          { role: 'system', text: 'be brief' },
          { role: 'user', text: 'find 7' },
          { role: 'assistant', text: 'here' },
        ],
        calls: [{ tool: 'find', arguments: { id: 7 }, result: 'found', afterMessages: 2 }],
      },
    ])
  })
})

describe('spans', () => {
  it('one malformed span loses itself alone, and is named', () => {
    const good = span({})
    const { spans, unread } = read(
      good,
      span({ more: { traceId: 'abc' } }),
      span({ more: { spanId: '0000000000000000' } }),
      span({ more: { startTimeUnixNano: 'soon' } }),
      span({ more: { kind: 'SERVER' } }),
      17,
      span({ attributes: { text: 'half of \ud83d' } }),
      span({}),
    )
    expect(spans).toHaveLength(2)
    expect(unread.map(({ where }) => where.replace('resourceSpans[0].scopeSpans[0].', ''))).toEqual([
      'spans[1].traceId',
      'spans[2].spanId',
      'spans[3].startTimeUnixNano',
      'spans[4].kind',
      'spans[5]',
      'spans[6]',
    ])
  })

  it('keeps attributes, resource and scope as they came', () => {
    const attributes = { text: 'a', yes: true, whole: 7, part: 0.5, list: ['a', 1], tree: { leaf: { deep: 'x' } } }
    const [one] = read(span({ attributes })).spans
    expect(one?.attributes).toEqual(attributes)
    expect(one?.resource).toEqual({ 'service.name': 'desk', 'otel.scope.name': 'tracer', 'otel.scope.version': '2' })
  })

  it('integers are exact, written as numbers too', () => {
    const text = request(span({})).replace(/"startTimeUnixNano":"\d+"/, '"startTimeUnixNano":1544712660123456789')
    expect(readRuns(text, 'otlp-json').spans[0]?.startNs).toBe(1544712660123456789n)
    const large = span({ more: { attributes: [{ key: 'n', value: { intValue: '9007199254740993' } }] } })
    expect(read(large).spans[0]?.attributes).toEqual({ n: '9007199254740993' })
  })

  it('the same span twice is one', () => {
    const one = span({})
    expect(read(one, one).spans).toHaveLength(1)
  })

  it('a file of logs says so', () => {
    expect(readRuns('{"resourceLogs": []}', 'otlp-json').unread).toEqual([
      { where: 'the text', why: 'it holds resourceLogs, no traces' },
    ])
  })

  it.skipIf(datasetsAbsent !== undefined)(`the example of the specification ${datasetsAbsent ?? ''}`.trim(), () => {
    const { spans, unread, runs } = readRuns(datasetText('opentelemetry-proto-example', 'trace.json'), 'otlp-json')
    expect([unread, runs]).toEqual([[], []])
    expect(spans).toMatchObject([
      {
        traceId,
        spanId: 'eee19b7ec3c1b174',
        parentSpanId: 'eee19b7ec3c1b173',
        kind: 'server',
        startNs: 1544712660000000000n,
        attributes: { 'my.span.attr': 'some value' },
      },
    ])
  })

  it.skipIf(datasetsAbsent !== undefined)(`spans that the AI SDK really wrote ${datasetsAbsent ?? ''}`.trim(), () => {
    interface Exported {
      readonly name: string
      readonly spanContext: { readonly traceId: string; readonly spanId: string }
      readonly attributes: JsonObject
    }
    const exported = JSON.parse(datasetText('openinference-fixtures', 'span_fixtures/all-spans.json')) as Exported[]
    const spans = exported.map(({ name, spanContext, attributes }) =>
      span({ attributes, more: { name, ...spanContext } }),
    )
    const { runs, unread, spans: kept } = read(...spans)
    expect([unread, kept.length]).toEqual([[], exported.length])
    expect(runs.map(({ model, input }) => [model, input])).toContainEqual([
      'gpt-4o-mini-2024-07-18',
      'Write a haiku about programming.',
    ])
  })
})
