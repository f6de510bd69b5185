/** Spans that were received, on every store. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Store } from '../../src/store/store.ts'
import { openTestStore } from '../fixtures/test-store.ts'
import { exportOf, type JsonSpan, protoOf, text } from '../otlp/encode-export.ts'

let store: Store
beforeAll(async () => {
  store = await openTestStore()
})
afterAll(() => store.close())

const bounds = { spansMax: 100_000, charactersMax: 1e9 }
const id = (n: number): string => n.toString(16).padStart(16, '0')
const receive = (spans: readonly JsonSpan[], agent = 'desk') =>
  store.traces.receiveSpans({ encoding: 'protobuf', body: protoOf(exportOf(spans)), agent, atMs: 1 })

it('keep everything that they say, exactly', async () => {
  const traceId = 'a1'.repeat(16)
  const one: JsonSpan = {
    traceId,
    spanId: id(1),
    parentSpanId: id(2),
    name: 'NUL \u0000 and \u{1F600}',
    startTimeUnixNano: '9223372036854775807',
    attributes: [text('k', 'NUL \u0000'), { key: 'n', value: { intValue: '9223372036854775807' } }],
    events: [{ name: 'e', timeUnixNano: '1770131992242000009', attributes: [{ key: 'd', value: { doubleValue: 1 } }] }],
    links: [{ traceId: 'b1'.repeat(16), spanId: id(9), traceState: 'a=b' }],
    traceState: 'x=y',
    flags: 257,
  }
  expect(await receive([one])).toEqual({ kind: 'kept', spansNew: 1, spansKnown: 0, rejected: 0 })
  const { spans, leftOut } = await store.traces.readTrace(traceId, bounds)
  expect([spans.length, leftOut]).toEqual([1, 0])
  expect(spans[0]).toMatchObject({
    source: 'otlp',
    agent: 'desk',
    span: {
      parentSpanId: id(2),
      startNs: 9223372036854775807n,
      attributes: { k: 'NUL \u0000', n: '9223372036854775807' },
      details: {
        traceState: 'x=y',
        flags: 257,
        events: [{ name: 'e', timeNs: '1770131992242000009', attributes: { d: 1 } }],
        links: [{ traceId: 'b1'.repeat(16), spanId: id(9), traceState: 'a=b', attributes: {} }],
        types: { '/attributes/n': 'int', '/events/0/d': 'double' },
      },
    },
  })
})

it('again they change nothing, in whatever request and from whomever', async () => {
  const traceId = 'a2'.repeat(16)
  const span = (n: number, name: string): JsonSpan => ({ traceId, spanId: id(n), name })
  await receive([span(1, 'first'), span(1, 'twin'), span(2, 'first')])
  expect(await receive([span(1, 'second'), span(3, 'second')], 'other')).toMatchObject({ spansNew: 1, spansKnown: 1 })
  const { spans } = await store.traces.readTrace(traceId, bounds)
  expect(spans.map(({ span: { name }, agent }) => `${name} ${agent}`)).toEqual([
    'first desk',
    'first desk',
    'second other',
  ])
})

it('many requests at once, with the same spans in another order, end with each span once', async () => {
  const traceId = 'a3'.repeat(16)
  const spans = Array.from({ length: 2_500 }, (_, n) => ({ traceId, spanId: id(n + 1), name: `${n}` }))
  const answers = await Promise.all([receive(spans), receive(spans.toReversed()), receive(spans.slice(700, 900))])
  const counted = answers.map((answer) => (answer.kind === 'kept' ? [answer.spansNew, answer.spansKnown] : []))
  expect(counted.map(([fresh = 0, known = 0]) => fresh + known)).toEqual([2_500, 2_500, 200])
  expect(counted.reduce((sum, [fresh = 0]) => sum + fresh, 0)).toBe(2_500)
  expect((await store.traces.readTrace(traceId, bounds)).spans).toHaveLength(2_500)
})

it('a trace is read within its bounds, the earliest spans first, and says how many it left out', async () => {
  const traceId = 'a4'.repeat(16)
  const spans = Array.from({ length: 50 }, (_, n) => ({
    traceId,
    spanId: id(n + 1),
    startTimeUnixNano: n === 0 ? '0' : `${1_000 - n}`,
    attributes: [text('k', 'x'.repeat(1_000))],
  }))
  await receive(spans)
  const few = await store.traces.readTrace(traceId, { ...bounds, spansMax: 3 })
  expect([few.spans.map(({ span }) => span.spanId), few.leftOut]).toEqual([[id(50), id(49), id(48)], 47])
  const short = await store.traces.readTrace(traceId, { ...bounds, charactersMax: 10_500 })
  expect([short.spans.length, short.leftOut]).toEqual([9, 41])
  expect((await store.traces.readTrace(traceId, bounds)).spans.at(-1)?.span.spanId).toBe(id(1))
})

it('a body that breaks off leaves nothing', async () => {
  const traceId = 'a5'.repeat(16)
  const body = protoOf(exportOf([{ traceId, spanId: id(1) }])).slice(0, -3)
  const answer = await store.traces.receiveSpans({ encoding: 'protobuf', body, agent: 'desk', atMs: 1 })
  expect(answer.kind).toBe('malformed')
  expect(await store.traces.readTrace(traceId, bounds)).toEqual({ spans: [], leftOut: 0 })
})
