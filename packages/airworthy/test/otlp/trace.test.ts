/** A trace as the API and the command show it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { traceText } from '../../src/cli/trace-tree-text.ts'
import { trace as traceSchema } from '../../src/contract/trace.ts'
import { traceDepthMax } from '../../src/server/wire/trace.ts'
import { exportOf, type JsonSpan, protoOf, text } from './encode-export.ts'
import { type Receiver, startReceiver } from './receiver.ts'

let receiver: Receiver
beforeAll(async () => {
  receiver = await startReceiver()
})
afterAll(() => receiver.serving.stop())

const id = (n: number): string => n.toString(16).padStart(16, '0')
const read = (traceId: string, key: string) => receiver.serving.call('GET', `/api/v1/traces/${traceId}`, { key })
const send = (spans: readonly JsonSpan[]) => receiver.send(protoOf(exportOf(spans)))

interface Node {
  readonly span_id: string
  readonly parent_missing?: true
  readonly children: readonly Node[]
}

describe('GET /api/v1/traces/{id}', () => {
  it('is a tree with what each span says and the tokens of all calls', async () => {
    const traceId = 'd1'.repeat(16)
    const chat = (n: number): JsonSpan => ({
      traceId,
      spanId: id(n),
      parentSpanId: id(1),
      name: 'chat m',
      startTimeUnixNano: `${1_770_131_992_000_000_000n + BigInt(n)}`,
      attributes: [
        text('gen_ai.operation.name', 'chat'),
        text('gen_ai.request.model', 'm'),
        { key: 'gen_ai.usage.input_tokens', value: { intValue: 100 } },
        { key: 'gen_ai.usage.output_tokens', value: { intValue: 7 } },
        { key: 'gen_ai.usage.cache_read.input_tokens', value: { intValue: 60 } },
      ],
    })
    await send([chat(3), chat(2), { traceId, spanId: id(1), name: 'invoke_agent desk', startTimeUnixNano: '1' }])
    const { status, json } = await read(traceId.toUpperCase(), receiver.serving.keys.operator)
    expect(status).toBe(200)
    expect(traceSchema.parse(json)).toEqual(json)
    expect(json).toMatchObject({
      trace_id: traceId,
      spans: 3,
      left_out: 0,
      usage: { calls: 2, input: 200, output: 14, cache_read: 120, cache_write: 0, clamped: 0 },
      resources: [{ 'service.name': 'desk' }],
      roots: [
        {
          span_id: id(1),
          source: 'otlp',
          agent: 'desk',
          children: [
            { span_id: id(2), reading: { version: 1, model: 'm', model_call: true }, resource: 0 },
            { span_id: id(3), parent_span_id: id(1) },
          ],
        },
      ],
    })
  })

  it('a chain of 5,000 spans and a circle come back as JSON that parsers take', async () => {
    const traceId = 'd2'.repeat(16)
    const chain = Array.from({ length: 5_000 }, (_, n) => ({
      traceId,
      spanId: id(n + 1),
      parentSpanId: id(n),
      name: `${n}`,
    }))
    await send([
      ...chain,
      { traceId, spanId: id(9_001), parentSpanId: id(9_002) },
      { traceId, spanId: id(9_002), parentSpanId: id(9_001) },
    ])
    const { json } = await read(traceId, receiver.serving.keys.agent)
    let [deepest, count] = [0, 0]
    const open = (json.roots as unknown as readonly Node[]).map((node) => ({ node, depth: 1 }))
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      count++
      deepest = Math.max(deepest, next.depth)
      for (const node of next.node.children) open.push({ node, depth: next.depth + 1 })
    }
    expect([count, deepest]).toEqual([5_002, traceDepthMax])
    expect((json.roots as unknown as readonly Node[]).map(({ parent_missing }) => parent_missing)).toEqual([
      undefined,
      true,
    ])
  })

  it('an agent sees its own spans, and nothing of another agent or of imported runs', async () => {
    const traceId = 'd3'.repeat(16)
    await send([{ traceId, spanId: id(1), name: 'mine' }])
    const body = protoOf(exportOf([{ traceId, spanId: id(2), name: 'theirs' }]))
    await receiver.serving.kit.store.traces.receiveSpans({ encoding: 'protobuf', body, agent: 'other', atMs: 1 })
    const { agent, operator } = receiver.serving.keys
    expect((await read(traceId, agent)).json).toMatchObject({ spans: 1, left_out: 0, roots: [{ name: 'mine' }] })
    expect((await read(traceId, operator)).json).toMatchObject({ spans: 2 })
    const foreign = 'd4'.repeat(16)
    const only = protoOf(exportOf([{ traceId: foreign, spanId: id(1) }]))
    await receiver.serving.kit.store.traces.receiveSpans({ encoding: 'protobuf', body: only, agent: 'other', atMs: 1 })
    const answers = [await read(foreign, agent), await read('d5'.repeat(16), agent), await read('no-trace', operator)]
    expect(answers.map(({ status, json }) => [status, json.code])).toEqual(
      Array.from({ length: 3 }, () => [404, 'TRACE_UNKNOWN']),
    )
  })
})

it('for people: a task that is still open says so once, and no line complains of its parent', async () => {
  const traceId = 'd7'.repeat(16)
  await send([{ traceId, spanId: id(3), parentSpanId: id(9), name: 'execute_tool refund' }])
  const stored = await receiver.serving.kit.store.traces.readTrace(traceId, { spansMax: 9, charactersMax: 1e6 })
  const byKit = { ...stored, spans: stored.spans.map((one) => ({ ...one, source: 'kit' as const })) }
  expect(traceText(traceId, byKit).split('\n')).toEqual([
    `trace ${traceId}: 1 spans (1 written by the kit)`,
    '[kit] execute_tool refund',
    'OPEN: the task, or an action of it, has not ended; what belongs to it stands at the margin.',
    '',
  ])
})

it('for people: one line a span, whatever its name holds', async () => {
  const traceId = 'd6'.repeat(16)
  await send([
    { traceId, spanId: id(1), name: 'root', startTimeUnixNano: '1000000', endTimeUnixNano: '3500000' },
    { traceId, spanId: id(2), parentSpanId: id(1), name: 'a\u001b[2J\nb', status: { code: 2, message: 'no' } },
    { traceId, spanId: id(3), parentSpanId: id(9), name: 'lost' },
  ])
  const stored = await receiver.serving.kit.store.traces.readTrace(traceId, { spansMax: 9, charactersMax: 1e6 })
  const shown = traceText(traceId, { ...stored, leftOut: 4 })
  expect(shown.split('\n')).toEqual([
    `trace ${traceId}: 3 spans (3 sent by the agent)`,
    '[otlp] root  2.5 ms',
    expect.stringMatching(/^ {2}\[otlp\] a[^\n]*b {2}ERROR: no$/),
    `[otlp] lost  (its parent ${id(9)} is not here)`,
    'CUT: 4 more spans belong to this trace.',
    '',
  ])
  expect(shown).not.toContain('\u001b')
})
