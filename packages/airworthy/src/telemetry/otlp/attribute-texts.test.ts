/** Attributes as text are what attributes as values print as: the same JSON, the same reading, the same refusals. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../core/json.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import { genAiReadingOf } from '../gen-ai-reading.ts'
import { claimsOf } from '../rollups/contribution.ts'
import { type AttributeTaker, attributeValues } from './attribute-taker.ts'
import { AttributeTexts } from './attribute-texts.ts'
import { openTaken } from './read-trace-request.ts'
import { WireWriter } from './wire-writer.ts'

type Value =
  | { readonly text: string }
  | { readonly raw: Uint8Array }
  | { readonly bool: boolean }
  | { readonly int: bigint }
  | { readonly double: number }
  | { readonly list: readonly Value[] }
  | { readonly map: readonly (readonly [string, Value | undefined])[] }
  | { readonly bytes: Uint8Array }
  | { readonly several: readonly Value[] }
type Entry = readonly [string, Value | undefined]

function put(writer: WireWriter, value: Value): void {
  if ('text' in value) writer.bytes(1, Buffer.from(value.text))
  else if ('raw' in value) writer.bytes(1, value.raw)
  else if ('bool' in value) writer.int(2, value.bool ? 1 : 0)
  else if ('int' in value) writer.int(3, BigInt.asUintN(64, value.int))
  else if ('double' in value) writer.double(4, value.double)
  else if ('list' in value) {
    writer.message(5, (list) => {
      for (const item of value.list) list.message(1, (one) => put(one, item))
    })
  } else if ('map' in value) {
    writer.message(6, (map) => {
      for (const entry of value.map) putEntry(map, 1, entry)
    })
  } else if ('bytes' in value) writer.bytes(7, value.bytes)
  else for (const one of value.several) put(writer, one)
}

function putEntry(writer: WireWriter, field: number, [key, value]: Entry): void {
  writer.message(field, (entry) => {
    if (key !== '') entry.bytes(1, Buffer.from(key))
    if (value !== undefined) entry.message(2, (any) => put(any, value))
  })
}

function requestOf(spans: readonly (readonly Entry[])[]): Uint8Array {
  const writer = new WireWriter()
  writer.message(1, (resource) =>
    resource.message(2, (scope) => {
      for (const [n, entries] of spans.entries()) {
        scope.message(2, (span) => {
          span.bytes(1, Buffer.alloc(16, n + 1)).bytes(2, Buffer.alloc(8, n + 1))
          for (const entry of entries) putEntry(span, 9, entry)
        })
      }
    }),
  )
  return writer.end()
}

function taken<A>(body: Uint8Array, taker: AttributeTaker<A>) {
  const opened = openTaken('protobuf', body, taker)
  if (opened.kind !== 'spans') throw new Error(opened.why)
  const spans: { attributes: A; types: unknown }[] = []
  const rejected: string[] = []
  for (let next = opened.spans.next(); next.done !== true; next = opened.spans.next()) {
    // Of two faults, either may be told.
    if ('why' in next.value) rejected.push(/spans\[\d+\]/.exec(next.value.where)?.[0] ?? next.value.where)
    else spans.push({ attributes: next.value.attributes, types: next.value.details?.types })
  }
  return { spans, rejected }
}

function check(spans: readonly (readonly Entry[])[]): void {
  const body = requestOf(spans)
  const texts = new AttributeTexts()
  const written = taken(body, texts)
  const values = taken(body, attributeValues())
  expect(written.rejected).toEqual(values.rejected)
  expect(written.spans.length).toBe(values.spans.length)
  for (const [n, { attributes, types }] of written.spans.entries()) {
    const expected = values.spans[n] as { attributes: JsonObject; types: unknown }
    const text = texts.bytes.toString('utf8', attributes.from, attributes.to)
    expect(valueOfJson(text)).toEqual(expected.attributes)
    expect(text.length).toBe(JSON.stringify(expected.attributes).length)
    expect(attributes.characters).toBe(text.length)
    expect(types).toEqual(expected.types)
    expect(genAiReadingOf(attributes.read)).toEqual(genAiReadingOf(expected.attributes))
    expect(claimsOf(attributes.read)).toEqual(claimsOf(expected.attributes))
  }
}

const texts = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary-ascii' }),
  fc.constantFrom('chat', 'LLM', 'ai.generateText.doGenerate', '12', '\u0000'.repeat(40), '"\\\n\u001f\u2028 naïve 😀'),
)
const names = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...readNames()) },
  { weight: 1, arbitrary: fc.constantFrom('', 'llm.other', 'gen_ai.other', 'x', 'y"\\é', '7', 'constructor') },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 8 }) },
)
const { value } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    { weight: 5, arbitrary: fc.record({ text: texts }) },
    fc.record({ bool: fc.boolean() }),
    fc.record({ int: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) }),
    fc.record({ int: fc.bigInt({ min: 0n, max: 5_000n }) }),
    fc.record({ double: fc.double() }),
    fc.record({ bytes: fc.uint8Array({ maxLength: 9 }) }),
    fc.record({ list: fc.array(fc.record({ text: texts }), { maxLength: 4 }) }),
    fc.record({ list: fc.array(tie('value'), { maxLength: 3 }) }),
    fc.record({ map: fc.array(fc.tuple(names, tie('value')), { maxLength: 3 }) }),
    fc.record({ several: fc.array(tie('value'), { maxLength: 2 }) }),
    fc.record({ raw: fc.uint8Array({ maxLength: 4 }) }),
  ),
}))

function readNames(): readonly string[] {
  return [
    'gen_ai.operation.name',
    'gen_ai.request.model',
    'gen_ai.response.id',
    'gen_ai.usage.input_tokens',
    'gen_ai.usage.output_tokens',
    'gen_ai.tool.name',
    'openinference.span.kind',
    'llm.model_name',
    'llm.token_count.prompt',
    'llm.request.type',
    'ai.operationId',
    'ai.usage.promptTokens',
    'ai.toolCall.name',
    'mcp.method.name',
    'error.type',
    'gen_ai.response.time_to_first_chunk',
  ]
}

describe('attributes as text', () => {
  test('are what attributes as values print as, whatever they are', () => {
    const entry = fc.tuple(names, fc.option(value, { nil: undefined, freq: 8 }))
    fc.assert(
      fc.property(fc.array(fc.array(entry, { maxLength: 12 }), { maxLength: 4 }), (spans) => check(spans)),
      { numRuns: 1_000 },
    )
  })

  test('grow with what they hold, and a rejected span leaves nothing behind', () => {
    const long = 'é"\u0001'.repeat(400_000)
    check([
      [['a', { text: long }]],
      [
        ['kept', { text: 'x' }],
        ['bad', { raw: Uint8Array.of(0xc3) }],
      ],
      [['b', { list: [{ text: long }, { text: '' }] }]],
      [['a', { text: 'short' }]],
    ])
  })

  test('names beyond those that are remembered are compared all the same', () => {
    const many = Array.from({ length: 5_000 }, (_, n): Entry => [`made.up.${n}`, { int: BigInt(n) }])
    const twice: readonly Entry[] = [...many, ['made.up.4999', { text: 'again' }], ['made.up.1', { text: 'again' }]]
    check([
      twice,
      [
        ['made.up.4999', { text: 'one' }],
        ['made.up.4999', { text: 'two' }],
      ],
      twice,
    ])
  })
})
