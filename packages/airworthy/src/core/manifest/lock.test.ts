import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../json.ts'
import { valueOfJson } from '../value-of-json.ts'
import type { McpTool } from './definition-digest.ts'
import { buildLock, lockText, parseLock } from './lock.ts'
import { diffLock, schemaWidening } from './lock-diff.ts'

const tool = (name: string, more: Partial<McpTool> = {}): McpTool => ({
  name,
  description: 'd',
  inputSchema: { type: 'object', properties: { a: { type: 'number', maximum: 5 } }, required: ['a'] },
  ...more,
})
const lockOf = (...tools: readonly McpTool[]) =>
  buildLock({ servers: { desk: { server: { name: 'desk', version: '1' }, tools } } })

describe('the lock', () => {
  const value = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<JsonValue>
  const name = fc.stringMatching(/^[a-z]{1,8}$/).filter((text) => text !== 'constructor' && text !== 'prototype')
  const schema = fc.dictionary(name, value, { noNullPrototype: true }) as fc.Arbitrary<JsonObject>
  const definition = fc.record(
    { name, title: fc.string(), description: fc.string(), inputSchema: schema },
    { requiredKeys: ['name', 'inputSchema'] },
  )

  test('what is written reads back, whatever the order it was found in', () => {
    fc.assert(
      fc.property(fc.uniqueArray(definition, { selector: (each) => each.name, maxLength: 5 }), (tools) => {
        const well = valueOfJson(JSON.stringify(tools).toWellFormed()) as McpTool[]
        fc.pre(
          JSON.stringify(well) === JSON.stringify(tools) &&
            !/__proto__|"constructor"|"prototype"/.test(JSON.stringify(tools)),
        )
        const lock = lockOf(...well)
        expect(parseLock(lockText(lock))).toEqual({ lock, faults: [] })
        expect(lockText(lockOf(...well.toReversed()))).toBe(lockText(lock))
      }),
    )
  })

  test.each<[string, (text: string) => string, string]>([
    [
      'a changed description',
      (text) => text.replace('"description": "d"', '"description": "e"'),
      'LOCK_DIGEST_MISMATCH',
    ],
    ['a changed bound', (text) => text.replace('"maximum": 5', '"maximum": 500'), 'LOCK_DIGEST_MISMATCH'],
    ['a changed server version', (text) => text.replace('"version": "1"', '"version": "2"'), 'LOCK_DIGEST_MISMATCH'],
    [
      'a removed tool',
      (text) => JSON.stringify({ ...JSON.parse(text), servers: { desk: { tools: {} } } }),
      'LOCK_DIGEST_MISMATCH',
    ],
    ['a changed digest', (text) => text.replace(/sha256:[0-9a-f]{4}/, 'sha256:0000'), 'LOCK_DIGEST_MISMATCH'],
    ['a cut text', (text) => text.slice(0, -10), 'LOCK_INVALID'],
    ['another version', (text) => text.replace('"version": 1\n', '"version": 2\n'), 'LOCK_INVALID'],
    ['a prototype key', (text) => text.replace('"desk"', '"__proto__"'), 'LOCK_INVALID'],
    ['a tool without a schema', (text) => text.replace('"inputSchema"', '"schema"'), 'LOCK_INVALID'],
    ['no lock at all', () => '[]', 'LOCK_INVALID'],
  ])('finds %s', (_, change, code) => {
    const text = lockText(lockOf(tool('t')))
    expect(change(text)).not.toBe(text)
    const { lock, faults } = parseLock(change(text))
    expect(lock).toBeUndefined()
    expect(faults.map((fault) => fault.code)).toContain(code)
  })

  test('keeps only what the digest covers', () => {
    const text = lockText(lockOf({ ...tool('t'), icons: [1] } as McpTool))
    expect(text).not.toContain('icons')
  })
})

describe('diffLock', () => {
  test('says what is new, gone and changed', () => {
    const before = lockOf(tool('stays'), tool('goes'), tool('changes'))
    const after = lockOf(tool('stays'), tool('comes'), tool('changes', { description: 'other' }))
    expect(diffLock(before, after).map(({ kind, tool: name, fields }) => [kind, name, fields])).toEqual([
      ['tool-added', 'comes', []],
      ['tool-changed', 'changes', ['description']],
      ['tool-removed', 'goes', []],
    ])
    expect(diffLock(before, before)).toEqual([])
    expect(diffLock(undefined, before)[0]!.kind).toBe('server-added')
  })

  test('a server that marks a tool riskier made it wider', () => {
    const wider = (before: JsonObject, after: JsonObject) =>
      diffLock(lockOf(tool('t', { annotations: before })), lockOf(tool('t', { annotations: after })))[0]!.wider
    expect(wider({ readOnlyHint: true }, { destructiveHint: true })).toHaveLength(2)
    expect(wider({ destructiveHint: true }, { destructiveHint: false })).toEqual([])
  })

  const object = (properties: JsonObject, more: JsonObject = {}): JsonObject => ({
    type: 'object',
    properties,
    ...more,
  })
  const a = { type: 'number', maximum: 5 }
  test.each<[string, JsonObject, JsonObject, RegExp | undefined]>([
    [
      'a looser maximum',
      object({ a }),
      object({ a: { type: 'number', maximum: 50 } }),
      /maximum of "a" went from 5 to 50/,
    ],
    ['a tighter maximum', object({ a }), object({ a: { type: 'number', maximum: 2 } }), undefined],
    ['a lost maximum', object({ a }), object({ a: { type: 'number' } }), /lost its maximum/],
    ['a new argument', object({ a }), object({ a, b: a }), /"b" is a new argument/],
    ['an argument less', object({ a, b: a }), object({ a }), undefined],
    ['no longer required', object({ a }, { required: ['a'] }), object({ a }), /no longer required/],
    ['required now', object({ a }), object({ a }, { required: ['a'] }), undefined],
    ['another value', object({ a: { enum: ['x'] } }), object({ a: { enum: ['x', 'y'] } }), /may also be "y"/],
    ['a value less', object({ a: { enum: ['x', 'y'] } }), object({ a: { enum: ['x'] } }), undefined],
    ['another type', object({ a: { type: 'string' } }), object({ a: { type: ['string', 'null'] } }), /takes null/],
    ['integers of numbers', object({ a: { type: 'number' } }), object({ a: { type: 'integer' } }), undefined],
    ['opened', object({ a }, { additionalProperties: false }), object({ a }), /keys that the schema does not name/],
    ['closed', object({ a }), object({ a }, { additionalProperties: false }), undefined],
    [
      'deeper inside',
      object({ l: { type: 'array', items: object({ a }) } }),
      object({ l: { type: 'array', items: object({ a: {} }) } }),
      /"l\[\]\.a" may be anything/,
    ],
    [
      'changed logic',
      object({ a: { anyOf: [a] } }),
      object({ a: { anyOf: [{ type: 'string' }] } }),
      /"anyOf" of "a" changed/,
    ],
    ['only words', object({ a: { ...a, description: 'x' } }), object({ a: { description: 'y', ...a } }), undefined],
  ])('%s', (_, before, after, expected) => {
    const wider = schemaWidening(before, after)
    if (expected === undefined) expect(wider).toEqual([])
    else expect(wider.join('\n')).toMatch(expected)
  })
})
