/** The receiver against the specification of OTLP over HTTP, case by case, and against what other receivers were found to do. */
import { deflateSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { intakeBytesMax } from '../../src/server/otlp/intake.ts'
import { partsMax, spanBytesMax } from '../../src/telemetry/otlp/span-limits.ts'
import { WireWriter } from '../../src/telemetry/otlp/wire-writer.ts'
import { datasetsAbsent, datasetText } from '../fixtures/public-dataset.ts'
import { type AnyValue, exportOf, type JsonSpan, protoOf, protoSpan, text } from './encode-export.ts'
import { json, proto, type Receiver, startReceiver } from './receiver.ts'

let receiver: Receiver
beforeAll(async () => {
  receiver = await startReceiver()
})
afterAll(() => receiver.serving.stop())

let lastId = 0
const freshTrace = (): string => (++lastId).toString(16).padStart(32, 'a')
const id = (n: number): string => n.toString(16).padStart(16, '0')
const span = (traceId: string, n: number, more: JsonSpan = {}): JsonSpan => ({
  traceId,
  spanId: id(n),
  name: `span ${n}`,
  kind: 1,
  startTimeUnixNano: '1770131992242000001',
  endTimeUnixNano: '1770131994021415667',
  ...more,
})

interface Case {
  readonly name: string
  /** Spans 1 and 3 are good unless the case says otherwise. */
  readonly body: (traceId: string) => Uint8Array | string
  readonly headers?: Readonly<Record<string, string>>
  readonly status?: number
  /** Ids of spans that are there afterwards. */
  readonly kept?: readonly number[]
  readonly rejected?: number
  readonly says?: RegExp
  /** 1: details with a google.rpc.BadRequest. */
  readonly details?: number
}

const asJson = { 'content-type': json }
const good = (traceId: string): JsonSpan[] => [span(traceId, 1), span(traceId, 3)]
/** Good spans 1 and 3 with something between them. */
const between = (traceId: string, bad: JsonSpan) => exportOf([span(traceId, 1), bad, span(traceId, 3)])
/** The same with bytes that no encoder writes. */
const betweenBytes = (traceId: string, bad: Uint8Array): Uint8Array =>
  new WireWriter()
    .message(1, (group) =>
      group.message(2, (scoped) =>
        scoped
          .bytes(2, protoSpan(span(traceId, 1)))
          .bytes(2, bad)
          .bytes(2, protoSpan(span(traceId, 3))),
      ),
    )
    .end()
const jsonBetween = (traceId: string, bad: unknown): string => JSON.stringify(between(traceId, bad as JsonSpan))
const concat = (...parts: readonly Uint8Array[]): Uint8Array => Buffer.concat(parts)

const plain: readonly Case[] = [
  { name: 'protobuf', body: (t) => protoOf(exportOf(good(t))), kept: [1, 3] },
  { name: 'JSON', body: (t) => JSON.stringify(exportOf(good(t))), headers: asJson, kept: [1, 3] },
  {
    name: 'JSON with a charset (Phoenix compares the whole header)',
    body: (t) => JSON.stringify(exportOf(good(t))),
    headers: { 'content-type': 'application/json; charset=utf-8' },
    kept: [1, 3],
  },
  {
    name: 'a type in capitals, with blanks',
    body: (t) => protoOf(exportOf(good(t))),
    headers: { 'content-type': 'Application/X-Protobuf ; v=1' },
    kept: [1, 3],
  },
  { name: 'an empty request in protobuf', body: () => new Uint8Array() },
  { name: 'an empty request in JSON', body: () => '{}', headers: asJson },
  { name: 'an empty list of groups', body: () => '{"resourceSpans": []}', headers: asJson },
  { name: 'null for the list, as proto3 allows', body: () => '{"resourceSpans": null}', headers: asJson },
  { name: 'a group without spans', body: () => protoOf({ resourceSpans: [{ scopeSpans: [] }] }) },
  {
    name: 'JSON with a byte order mark',
    body: (t) => `\uFEFF${JSON.stringify(exportOf(good(t)))}`,
    headers: asJson,
    kept: [1, 3],
  },
  {
    name: 'gzip in protobuf',
    body: (t) => gzipSync(protoOf(exportOf(good(t)))),
    headers: { 'content-encoding': 'gzip' },
    kept: [1, 3],
  },
  {
    name: 'gzip in JSON',
    body: (t) => gzipSync(JSON.stringify(exportOf(good(t)))),
    headers: { ...asJson, 'content-encoding': 'GZIP' },
    kept: [1, 3],
  },
  {
    name: 'gzip in two members',
    body: (t) => {
      const bytes = protoOf(exportOf(good(t)))
      return concat(gzipSync(bytes.subarray(0, 40)), gzipSync(bytes.subarray(40)))
    },
    headers: { 'content-encoding': 'gzip' },
    kept: [1, 3],
  },
  {
    name: 'an encoding that is none',
    body: (t) => protoOf(exportOf(good(t))),
    headers: { 'content-encoding': 'identity' },
    kept: [1, 3],
  },
  {
    name: 'fields of a newer version, of every wire type, in every message',
    body: (t) => {
      const newer = (writer: WireWriter): WireWriter =>
        writer.int(900, 7).fixed64(901, 7n).text(902, 'x').fixed32(903, 7)
      const inner = concat(protoSpan(span(t, 1)), newer(new WireWriter()).end())
      return newer(
        new WireWriter().message(1, (group) => newer(group.message(2, (scoped) => newer(scoped.bytes(2, inner))))),
      ).end()
    },
    kept: [1],
  },
  {
    name: 'an unknown group of the old wire format',
    body: (t) => concat(protoOf(exportOf(good(t))), Uint8Array.from([0x9b, 0x06, 0x08, 0x01, 0x9c, 0x06])),
    kept: [1, 3],
  },
  {
    name: 'unknown members in JSON, everywhere',
    body: (t) =>
      JSON.stringify({ ...exportOf([{ ...span(t, 1), newer: { deep: [1] } } as JsonSpan, span(t, 3)]), more: 1 }),
    headers: asJson,
    kept: [1, 3],
  },
  {
    name: 'the same span twice in one request',
    body: (t) => protoOf(exportOf([span(t, 1), span(t, 1), span(t, 3)])),
    kept: [1, 3],
  },
  {
    name: 'the empty parent that some SDKs send for a root',
    body: (t) => JSON.stringify(exportOf([span(t, 1, { parentSpanId: '' })])),
    headers: asJson,
    kept: [1],
  },
  {
    name: 'an empty parent in protobuf',
    body: (t) => protoOf(exportOf([span(t, 1, { parentSpanId: '' })])),
    kept: [1],
  },
  {
    name: 'a parent of zeros, which is none',
    body: (t) => protoOf(exportOf([span(t, 1, { parentSpanId: id(0) })])),
    kept: [1],
  },
  {
    name: 'a parent of zeros in JSON',
    body: (t) => JSON.stringify(exportOf([span(t, 1, { parentSpanId: id(0) })])),
    headers: asJson,
    kept: [1],
  },
  {
    name: 'a kind and a status that a newer version may know',
    body: (t) => protoOf(exportOf([span(t, 1, { kind: 77, status: { code: 9 } })])),
    kept: [1],
  },
  {
    name: 'a span without times and name',
    body: (t) => protoOf(exportOf([{ traceId: t, spanId: id(1) }])),
    kept: [1],
  },
]

const oneBad: readonly Case[] = [
  {
    name: 'no trace id',
    body: (t) => protoOf(between(t, { spanId: id(2) })),
    says: /spans\[1\]\.traceId: there is none/,
  },
  { name: 'no span id', body: (t) => protoOf(between(t, { traceId: t })), says: /spans\[1\]\.spanId: there is none/ },
  { name: 'a trace id of zeros', body: (t) => protoOf(between(t, span('0'.repeat(32), 2))), says: /all zeros/ },
  { name: 'a span id of zeros', body: (t) => protoOf(between(t, span(t, 0))), says: /all zeros/ },
  { name: 'a trace id of 8 bytes', body: (t) => protoOf(between(t, span('ab'.repeat(8), 2))), says: /not 16 bytes/ },
  {
    name: 'a span id of 16 bytes',
    body: (t) => protoOf(between(t, { ...span(t, 2), spanId: t })),
    says: /not 8 bytes/,
  },
  {
    name: 'a parent of 4 bytes',
    body: (t) => protoOf(between(t, span(t, 2, { parentSpanId: 'abcdabcd' }))),
    says: /parentSpanId/,
  },
  {
    name: 'a time beyond 2^63',
    body: (t) => protoOf(between(t, span(t, 2, { startTimeUnixNano: '9999999999999999999' }))),
    says: /startTimeUnixNano: it is no time/,
  },
  {
    name: 'a link to no span',
    body: (t) => protoOf(between(t, span(t, 2, { links: [{ traceId: '', spanId: id(9) }] }))),
    says: /links\[0\]\.traceId/,
  },
  {
    name: 'a name that is not UTF-8',
    body: (t) =>
      betweenBytes(t, concat(protoSpan(span(t, 2)), new WireWriter().bytes(5, Uint8Array.from([0xff, 0xfe])).end())),
    says: /not UTF-8/,
  },
  {
    name: 'an attribute key that is not UTF-8',
    body: (t) => {
      const bad = new WireWriter().message(9, (inner) => inner.bytes(1, Uint8Array.from([0xc3, 0x28])))
      return betweenBytes(t, concat(protoSpan(span(t, 2)), bad.end()))
    },
    says: /not UTF-8/,
  },
  {
    name: 'an attribute that breaks off within the span',
    body: (t) => betweenBytes(t, concat(protoSpan(span(t, 2)), Uint8Array.from([0x4a, 0x7f, 0x0a]))),
    says: /beyond its message/,
  },
  {
    name: 'bytes that are no span at all',
    body: (t) => betweenBytes(t, Uint8Array.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])),
    says: /longer than ten bytes/,
  },
  {
    name: 'a field with the number 0',
    body: (t) => betweenBytes(t, concat(protoSpan(span(t, 2)), Uint8Array.from([0x02, 0x00]))),
    says: /number 0/,
  },
  {
    name: 'a value nested 10,000 levels deep',
    body: (t) => {
      let value = new WireWriter().text(1, 'deep').end()
      for (let i = 0; i < 10_000; i++) {
        const inner = value
        value = new WireWriter().message(5, (list) => list.bytes(1, inner)).end()
      }
      const bad = new WireWriter().message(9, (inner) => inner.text(1, 'k').bytes(2, value))
      return betweenBytes(t, concat(protoSpan(span(t, 2)), bad.end()))
    },
    says: /nested deeper/,
  },
  {
    name: 'groups nested 10,000 levels deep',
    body: (t) => betweenBytes(t, concat(protoSpan(span(t, 2)), new Uint8Array(10_000).fill(0x1b))),
    says: /groups are nested deeper/,
  },
  {
    name: 'an attribute named __proto__',
    body: (t) => protoOf(between(t, span(t, 2, { attributes: [text('__proto__', 'x')] }))),
    says: /a key __proto__/,
  },
  {
    name: 'a span larger than one may be',
    body: (t) => protoOf(between(t, span(t, 2, { name: 'x'.repeat(spanBytesMax) }))),
    says: /larger than/,
  },
  {
    name: 'JSON: ids in base64',
    body: (t) => jsonBetween(t, { ...span(t, 2), traceId: 'W47/95gDgQPSabYzgT/GDA==' }),
    headers: asJson,
    says: /hexadecimal/,
  },
  {
    name: 'JSON: an enum by its name',
    body: (t) => jsonBetween(t, { ...span(t, 2), kind: 'SPAN_KIND_SERVER' }),
    headers: asJson,
    says: /\.kind: it is no number/,
  },
  {
    name: 'JSON: a status by its name',
    body: (t) => jsonBetween(t, { ...span(t, 2), status: { code: 'STATUS_CODE_OK' } }),
    headers: asJson,
    says: /\.status\.code/,
  },
  {
    name: 'JSON: snake_case, which is unknown',
    body: (t) => jsonBetween(t, { trace_id: t, span_id: id(2) }),
    headers: asJson,
    says: /traceId/,
  },
  { name: 'JSON: a span that is a text', body: (t) => jsonBetween(t, 'span'), headers: asJson, says: /no object/ },
  {
    name: 'JSON: a lone surrogate',
    body: (t) => jsonBetween(t, span(t, 2, { name: '\ud800' })),
    headers: asJson,
    says: /surrogate/,
  },
  {
    name: 'JSON: an integer that is none',
    body: (t) => jsonBetween(t, span(t, 2, { attributes: [{ key: 'n', value: { intValue: '1e3' } }] })),
    headers: asJson,
    says: /no integer/,
  },
  {
    name: 'JSON: an integer of 70 bits',
    body: (t) => jsonBetween(t, span(t, 2, { attributes: [{ key: 'n', value: { intValue: '9999999999999999999' } }] })),
    headers: asJson,
    says: /64 bits/,
  },
  {
    name: 'JSON: a time with a fraction',
    body: (t) => jsonBetween(t, { ...span(t, 2), startTimeUnixNano: 1.5 }),
    headers: asJson,
    says: /no time/,
  },
  {
    name: 'JSON: a value nested 10,000 levels deep',
    body: (t) => {
      const deep = `${'{"arrayValue":{"values":['.repeat(10_000)}{"stringValue":"x"}${']}}'.repeat(10_000)}`
      return jsonBetween(t, 'HERE').replace(
        '"HERE"',
        `{"traceId":"${t}","spanId":"${id(2)}","attributes":[{"key":"k","value":${deep}}]}`,
      )
    },
    headers: asJson,
    says: /nested deeper/,
  },
]

const logsExport = (): Uint8Array =>
  // ResourceLogs {scope_logs 2 {log_records 2 {time 1 fixed64, severity 2, body 5, trace_id 9}}}: the same numbers as spans have.
  new WireWriter()
    .message(1, (group) =>
      group.message(2, (scoped) =>
        scoped.message(2, (record) =>
          record
            .fixed64(1, 1n)
            .int(2, 9)
            .message(5, (body) => body.text(1, 'a log line')),
        ),
      ),
    )
    .end()

const refused: readonly Case[] = [
  { name: 'bytes that are no protobuf', body: () => 'not protobuf', status: 400, details: 1 },
  {
    name: 'JSON that breaks off',
    body: (t) => JSON.stringify(exportOf(good(t))).slice(0, -9),
    headers: asJson,
    status: 400,
    says: /not well-formed JSON/,
    details: 1,
  },
  { name: 'an empty body in JSON', body: () => '', headers: asJson, status: 400, details: 1 },
  { name: 'JSON that is a list', body: () => '[]', headers: asJson, status: 400, details: 1 },
  {
    name: 'JSON that is not UTF-8',
    body: () => Uint8Array.from([0x22, 0xff, 0x22]),
    headers: asJson,
    status: 400,
    says: /UTF-8/,
    details: 1,
  },
  {
    name: 'JSON where resourceSpans is no list',
    body: () => '{"resourceSpans": 7}',
    headers: asJson,
    status: 400,
    details: 1,
  },
  {
    name: 'JSON of logs',
    body: () => '{"resourceLogs": []}',
    headers: asJson,
    status: 400,
    says: /resourceLogs, no traces/,
    details: 1,
  },
  {
    name: 'JSON with resource_spans, which would be lost in silence',
    body: () => '{"resource_spans": [{}]}',
    headers: asJson,
    status: 400,
    details: 1,
  },
  {
    name: 'a request that breaks off: nothing of it is kept',
    body: (t) => protoOf(exportOf(good(t))).slice(0, -7),
    status: 400,
    says: /beyond its message/,
    details: 1,
  },
  {
    name: 'gzip that breaks off',
    body: (t) => gzipSync(protoOf(exportOf(good(t)))).subarray(0, 60),
    headers: { 'content-encoding': 'gzip' },
    status: 400,
    details: 1,
  },
  {
    name: 'gzip that is none',
    body: (t) => protoOf(exportOf(good(t))),
    headers: { 'content-encoding': 'gzip' },
    status: 400,
    details: 1,
  },
  {
    name: 'another packing',
    body: (t) => deflateSync(protoOf(exportOf(good(t)))),
    headers: { 'content-encoding': 'deflate' },
    status: 415,
  },
  {
    name: 'a type that OTLP does not have',
    body: (t) => protoOf(exportOf(good(t))),
    headers: { 'content-type': 'text/plain' },
    status: 415,
  },
  {
    name: 'another JSON type',
    body: (t) => JSON.stringify(exportOf(good(t))),
    headers: { 'content-type': 'application/vnd.api+json' },
    status: 415,
  },
  { name: 'more than 64 MiB', body: () => new Uint8Array(64 * 1024 * 1024 + 1), status: 413 },
  {
    name: 'a gzip bomb: 1 GiB of zeros in 1 MB',
    body: () => bomb(1024),
    headers: { 'content-encoding': 'gzip' },
    status: 413,
  },
  {
    name: 'more parts than one request may have',
    body: () => new Uint8Array(2 * (partsMax + 1)).map((_, i) => (i % 2 === 0 ? 0x0a : 0)),
    status: 413,
    says: /more than/,
    details: 1,
  },
  {
    name: 'more parts than one request may have, as JSON',
    body: () => `{"resourceSpans":[{"scopeSpans":[{"spans":[${'{},'.repeat(partsMax)}{}]}]}]}`,
    headers: asJson,
    status: 413,
    says: /more than/,
    details: 1,
  },
  {
    name: 'JSON of millions of small values',
    body: () => `{"resourceSpans":[${'[],'.repeat(8_000_000)}[]]}`,
    headers: asJson,
    status: 413,
    says: /values/,
    details: 1,
  },
]

/** Of one MiB, packed and repeated: gzip allows members one after the other. */
function bomb(mebibytes: number): Uint8Array {
  const one = gzipSync(new Uint8Array(1024 * 1024))
  return Buffer.concat(Array.from({ length: mebibytes }, () => one))
}

async function check(one: Case): Promise<void> {
  const traceId = freshTrace()
  const sent = one.headers ?? {}
  const answer = await receiver.send(one.body(traceId), sent)
  const status = one.status ?? 200
  expect([answer.status, answer.error?.message]).toEqual([status, status === 200 ? undefined : expect.any(String)])
  const type = (sent['content-type'] ?? proto).toLowerCase().startsWith(proto) ? proto : json
  expect(answer.type).toBe(type)
  const kept = (await receiver.spansOf(traceId)).map(({ span: stored }) => Number.parseInt(stored.spanId, 16))
  expect(kept.toSorted((a, b) => a - b)).toEqual(one.kept ?? [])
  if (status !== 200) {
    expect(answer.error?.code).toBe(status === 415 || status === 413 || status === 400 ? 3 : answer.error?.code)
    expect(answer.error?.details).toBe(one.details ?? 0)
  }
  if (one.rejected === undefined) expect(answer.partial).toBeUndefined()
  else expect(answer.partial?.rejected).toBe(one.rejected)
  if (one.says !== undefined) expect(answer.partial?.message ?? answer.error?.message).toMatch(one.says)
}

describe('what is taken', () => {
  it.each(plain)('$name', check)
})

describe('one bad span is rejected alone, and counted (Langfuse drops the batch)', () => {
  it.each(oneBad)('$name', (one) => check({ kept: [1, 3], rejected: 1, ...one }))
})

describe('what is refused, in the type of the request', () => {
  it.each(refused)('$name', check)

  it('a logs export in protobuf decodes into spans without ids: all of them are rejected', async () => {
    const answer = await receiver.send(logsExport())
    expect([answer.status, answer.partial]).toMatchObject([200, { rejected: 1, message: /spans\[0\]/ }])
  })

  it('a body without a length that goes on for ever is cut at the limit', async () => {
    let sent = 0
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1
        controller.enqueue(new Uint8Array(1024 * 1024))
      },
    })
    // The server stops reading; whether its answer or the closed connection is first is the network's.
    const answer = await receiver.send(endless).catch(() => undefined)
    expect([413, undefined]).toContain(answer?.status)
    expect(sent).toBeLessThan(200)
    expect((await receiver.send(protoOf(exportOf(good(freshTrace()))))).status).toBe(200)
  })
})

describe('who may send', () => {
  const body = (): Uint8Array => protoOf(exportOf(good(freshTrace())))
  it.each([
    ['no credential (OpenLIT writes to its default database)', { authorization: '' }, 401, 16],
    ['an unknown one', { authorization: `Bearer awa_${'x'.repeat(32)}` }, 401, 16],
    ['another page of a browser', { origin: 'https://evil.example' }, 403, 7],
  ])('%s: refused in the form of OTLP', async (_name, headers, status, code) => {
    for (const type of [proto, json]) {
      const sent = type === json ? '{}' : body()
      const answer = await receiver.send(sent, { 'content-type': type, ...headers })
      expect([answer.status, answer.type, answer.error?.code]).toEqual([status, type, code])
    }
  })

  it('keys of other kinds do not; a task token does', async () => {
    const { keys } = receiver.serving
    for (const kind of ['operator', 'person', 'auditor'] as const) {
      const answer = await receiver.send(body(), { authorization: `Bearer ${keys[kind]}` })
      expect([answer.status, answer.error?.code]).toEqual([403, 7])
    }
    const { token } = await receiver.serving.openTask()
    expect((await receiver.send(body(), { authorization: `Bearer ${token}` })).status).toBe(200)
    expect((await receiver.send(body(), { authorization: '', 'airworthy-task': token })).status).toBe(200)
  })
})

describe('what is kept', () => {
  const everyValue: readonly (readonly [string, AnyValue, unknown, string?])[] = [
    ['text', { stringValue: 'ü \u0000 \u{1F600}' }, 'ü \u0000 \u{1F600}'],
    ['empty text', { stringValue: '' }, ''],
    ['no', { boolValue: false }, false],
    ['integer', { intValue: '-42' }, -42],
    ['zero', { intValue: '0' }, 0],
    ['largest', { intValue: '9223372036854775807' }, '9223372036854775807', 'int'],
    ['smallest', { intValue: '-9223372036854775808' }, '-9223372036854775808', 'int'],
    ['whole double', { doubleValue: 2 }, 2, 'double'],
    ['double', { doubleValue: 0.1 }, 0.1],
    ['no number', { doubleValue: 'NaN' }, 'NaN', 'double'],
    ['infinite', { doubleValue: '-Infinity' }, '-Infinity', 'double'],
    ['bytes', { bytesValue: 'AP8Q' }, 'AP8Q', 'bytes'],
    ['empty', {}, null],
    ['list', { arrayValue: { values: [{ intValue: 1 }, { doubleValue: 1 }] } }, [1, 1]],
    ['map/with~signs', { kvlistValue: { values: [{ key: 'a', value: { bytesValue: 'AA==' } }] } }, { a: 'AA==' }],
  ]

  it.each([
    ['protobuf', proto],
    ['JSON', json],
  ])('every kind of value, exactly, in %s', async (_name, type) => {
    const traceId = freshTrace()
    const attributes = everyValue.map(([key, value]) => ({ key, value }))
    const request = exportOf([
      span(traceId, 1, {
        parentSpanId: id(9),
        traceState: 'a=1,b=2',
        flags: 0x301,
        attributes,
        droppedAttributesCount: 3,
        events: [
          {
            timeUnixNano: '1770131992242000009',
            name: 'exception',
            attributes: [text('exception.type', 'E')],
            droppedAttributesCount: 1,
          },
        ],
        droppedEventsCount: 4,
        links: [
          {
            traceId: 'c'.repeat(32),
            spanId: id(8),
            traceState: 'x=y',
            attributes: [{ key: 'n', value: { doubleValue: 7 } }],
            flags: 1,
          },
        ],
        droppedLinksCount: 5,
        status: { code: 2, message: 'it broke' },
      }),
    ])
    const [group] = request.resourceSpans
    const full = {
      resourceSpans: [
        {
          ...group,
          resource: { ...group?.resource, droppedAttributesCount: 6 },
          schemaUrl: 'https://example.com/resource',
          scopeSpans: (group?.scopeSpans ?? []).map((scoped) => ({
            ...scoped,
            scope: { ...scoped.scope, attributes: [text('scope.x', 'y')] },
            schemaUrl: 'https://example.com/scope',
          })),
        },
      ],
    }
    const body = type === json ? JSON.stringify(full) : protoOf(full)
    expect((await receiver.send(body, { 'content-type': type })).status).toBe(200)
    const [stored] = await receiver.spansOf(traceId)
    expect(stored).toMatchObject({ source: 'otlp', agent: 'desk' })
    expect(stored?.span).toEqual({
      traceId,
      spanId: id(1),
      parentSpanId: id(9),
      name: 'span 1',
      kind: 'internal',
      startNs: 1770131992242000001n,
      endNs: 1770131994021415667n,
      status: 'error',
      statusMessage: 'it broke',
      attributes: Object.fromEntries(everyValue.map(([key, , plainValue]) => [key, plainValue])),
      resource: { 'service.name': 'desk', 'otel.scope.name': 'lib', 'otel.scope.version': '1' },
      details: {
        traceState: 'a=1,b=2',
        flags: 0x301,
        events: [
          {
            timeNs: '1770131992242000009',
            name: 'exception',
            attributes: { 'exception.type': 'E' },
            droppedAttributes: 1,
          },
        ],
        links: [{ traceId: 'c'.repeat(32), spanId: id(8), traceState: 'x=y', flags: 1, attributes: { n: 7 } }],
        dropped: { attributes: 3, events: 4, links: 5, resourceAttributes: 6 },
        scopeAttributes: { 'scope.x': 'y' },
        resourceSchemaUrl: 'https://example.com/resource',
        scopeSchemaUrl: 'https://example.com/scope',
        types: {
          ...Object.fromEntries(
            everyValue.flatMap(([key, , , kind]) => (kind === undefined ? [] : [[`/attributes/${key}`, kind]])),
          ),
          '/attributes/list/1': 'double',
          '/attributes/map~1with~0signs/a': 'bytes',
          '/links/0/n': 'double',
        },
      },
    })
  })

  it('a resource and a scope that stand behind their spans in the bytes', async () => {
    const traceId = freshTrace()
    const body = new WireWriter()
      .message(1, (group) =>
        group
          .message(2, (scoped) =>
            scoped.bytes(2, protoSpan(span(traceId, 1))).message(1, (scope) => scope.text(1, 'late')),
          )
          .message(1, (resource) =>
            resource.message(1, (one) => one.message(2, (value) => value.text(1, 'v')).text(1, 'k')),
          ),
      )
      .end()
    await receiver.send(body)
    expect((await receiver.spansOf(traceId))[0]?.span.resource).toEqual({ k: 'v', 'otel.scope.name': 'late' })
  })

  it('nanoseconds that are JSON numbers, to the last digit', async () => {
    const traceId = freshTrace()
    const body = JSON.stringify(exportOf([span(traceId, 1)])).replaceAll(/"(\d{19})"/g, '$1')
    expect(body).toContain(':1770131994021415667')
    await receiver.send(body, asJson)
    expect((await receiver.spansOf(traceId))[0]?.span.endNs).toBe(1770131994021415667n)
  })

  it.skipIf(datasetsAbsent)('the example of the specification', async () => {
    const answer = await receiver.send(datasetText('opentelemetry-proto-example', 'trace.json'), asJson)
    expect([answer.status, answer.partial]).toEqual([200, undefined])
    const [stored] = await receiver.spansOf('5b8efff798038103d269b633813fc60c')
    expect(stored?.span).toMatchObject({
      spanId: 'eee19b7ec3c1b174',
      startNs: 1544712660000000000n,
      details: { scopeAttributes: { 'my.scope.attribute': 'some scope attribute' } },
    })
  })

  it('a resource that cannot be read does not take its spans with it, and a warning says so', async () => {
    const traceId = freshTrace()
    const bad = new WireWriter().bytes(1, Uint8Array.from([0x0a, 0x7f]))
    const body = new WireWriter()
      .message(1, (group) =>
        group.bytes(1, bad.end()).message(2, (scoped) => scoped.bytes(2, protoSpan(span(traceId, 1)))),
      )
      .end()
    const answer = await receiver.send(body)
    expect(answer.partial).toEqual({
      rejected: 0,
      message: expect.stringMatching(/^resourceSpans\[0\]\.scopeSpans\[0\]: /),
    })
    expect(await receiver.spansOf(traceId)).toHaveLength(1)
  })

  it('a request that is sent again, as after a cut connection, changes nothing', async () => {
    const traceId = freshTrace()
    for (const name of ['first', 'second']) {
      const answer = await receiver.send(protoOf(exportOf([span(traceId, 1, { name })])))
      expect([answer.status, answer.partial]).toEqual([200, undefined])
    }
    expect((await receiver.spansOf(traceId)).map((one) => one.span.name)).toEqual(['first'])
  })

  it('a span cannot take the place of one that the kit wrote', async () => {
    const traceId = freshTrace()
    await receiver.send(protoOf(exportOf([span(traceId, 1)])))
    expect((await receiver.spansOf(traceId)).every(({ source }) => source === 'otlp')).toBe(true)
  })

  it('more reasons than a person reads are counted, not listed', async () => {
    const bad = Array.from({ length: 40 }, () => ({ spanId: id(2) }))
    const { partial } = await receiver.send(protoOf(exportOf(bad)))
    expect(partial?.rejected).toBe(40)
    expect(partial?.message).toMatch(/; and 35 more$/)
    expect(partial?.message.length).toBeLessThan(2_000)
  })

  it('no value of a span is repeated in an answer', async () => {
    const secret = 'sk-live-1234567890'
    const bad = { traceId: 'xx', spanId: id(2), name: secret, attributes: [text('api_key', secret)] }
    const answers = [
      await receiver.send(jsonBetween(freshTrace(), bad), asJson),
      await receiver.send(`{"resourceSpans": "${secret}`, asJson),
      await receiver.send(secret),
    ]
    for (const { bytes } of answers) expect(Buffer.from(bytes).toString()).not.toContain(secret)
  })
})

describe('a store that cannot keep up', () => {
  it('what goes beyond the bound is sent back with Retry-After; what was given back is free again', async () => {
    const slow = await startReceiver()
    const { traces } = slow.serving.kit.store
    let free = (): void => {}
    const gate = new Promise<void>((resolve) => {
      free = resolve
    })
    const receive = traces.receiveSpans
    let held = 0
    Object.assign(traces, {
      receiveSpans: async (request: Parameters<typeof receive>[0]) => {
        held++
        await gate
        return await receive(request)
      },
    })
    const filler = new WireWriter().bytes(900, new Uint8Array(30 * 1024 * 1024)).end()
    const padded = concat(protoOf(exportOf([span(freshTrace(), 1)])), filler)
    const fitting = Math.floor(intakeBytesMax / padded.length)
    const waiting = Array.from({ length: fitting }, () => slow.send(padded))
    await expect.poll(() => held, { timeout: 20_000 }).toBe(fitting)
    const answer = await slow.send(padded)
    expect(answer).toMatchObject({ status: 503, type: proto, error: { code: 14, message: /^SPANS_BACKLOGGED/ } })
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/)
    free()
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual(waiting.map(() => 200))
    expect((await slow.send(padded)).status).toBe(200)
    await slow.serving.stop()
  })

  it('a store that cannot commit is 503, never 200 and never 500', async () => {
    const broken = await startReceiver()
    const unavailable = { code: 'STORE_UNAVAILABLE', message: 'x', mend: 'y' } as const
    const { AirworthyError } = await import('../../src/core/errors.ts')
    Object.assign(broken.serving.kit.store.traces, {
      receiveSpans: () => Promise.reject(new AirworthyError(unavailable)),
    })
    const answer = await broken.send(protoOf(exportOf(good(freshTrace()))))
    expect([answer.status, answer.error?.code, answer.headers.get('retry-after')]).toEqual([503, 14, '2'])
    await broken.serving.stop()
  })

  it('a fault of ours is 500, which exporters do not repeat, and says nothing of its inside', async () => {
    const broken = await startReceiver()
    Object.assign(broken.serving.kit.store.traces, { receiveSpans: () => Promise.reject(new Error('inside')) })
    const answer = await broken.send('{}', asJson)
    expect([answer.status, answer.error]).toMatchObject([500, { code: 13, message: /^INTERNAL_ERROR/ }])
    expect(answer.error?.message).not.toContain('inside')
    expect(broken.serving.log.join('\n')).toContain('inside')
    await broken.serving.stop()
  })
})
