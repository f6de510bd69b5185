import { describe, expect, it } from 'vitest'
import { testTool } from '../../test/fixtures/test-guard.ts'
import type { JsonObject } from '../core/json.ts'
import { argumentValidator } from './argument-validator.ts'

function check(pattern: string, text: string): string | undefined {
  const inputSchema: JsonObject = { type: 'object', properties: { order: { type: 'string', pattern } } }
  return argumentValidator().check(testTool('look', { inputSchema }), { order: text })?.message
}

describe('a pattern that is tried from every place of a text', () => {
  const pattern = '[A-Z]+-[0-9]+'

  it.each(['ORD-12', `${'A'.repeat(3_000)}-1`])('is held against a text of usual length', (text) => {
    expect(check(pattern, text)).toBeUndefined()
    expect(check(pattern, text.replace('-', '_'))).toMatch(/must match pattern/)
  })

  it('is not held against one so long that the guard would stand still for seconds: refused, also where none may match', () => {
    const long = 'A'.repeat(60_000)
    expect(check(pattern, long)).toMatch(/longer than 4096 characters/)
    const none: JsonObject = { type: 'object', properties: { order: { not: { pattern } } } }
    const tool = testTool('look', { inputSchema: none })
    expect(argumentValidator().check(tool, { order: long })?.message).toMatch(/longer than 4096 characters/)
  })

  it('one that begins with ^ is, whatever the length', () => {
    expect(check('^[A-Z]+-[0-9]+$', `${'A'.repeat(60_000)}-1`)).toBeUndefined()
  })
})

// A member may have the name of a keyword.
describe.each(['args', 'default'])('a schema that leads back to itself by "%s"', (list) => {
  const both = (op: string): JsonObject => ({
    type: 'object',
    properties: { [list]: { type: 'array', items: { $ref: '#/$defs/filter' } }, op: { const: op } },
    required: ['op'],
  })
  const is: JsonObject = {
    type: 'object',
    properties: { op: { const: 'is' }, field: { type: 'string' } },
    required: ['op'],
  }
  const inputSchema: JsonObject = {
    type: 'object',
    properties: { filter: { $ref: '#/$defs/filter' } },
    $defs: { filter: { oneOf: [both('and'), both('or'), is] } },
  }
  const filter = (levels: number): JsonObject =>
    levels === 0 ? { op: 'is', field: 'a' } : { [list]: [filter(levels - 1)], op: 'or' }
  const validator = argumentValidator()
  const fault = (levels: number) => validator.check(testTool('look', { inputSchema }), { filter: filter(levels) })

  it('is held against what people nest', () => {
    for (let levels = 0; levels <= 10; levels++) expect(fault(levels)).toBeUndefined()
    expect(validator.check(testTool('look', { inputSchema }), { filter: { op: 'not' } })?.message).toMatch(/must/)
  })

  it('refuses what would take hours, each time', () => {
    for (let round = 0; round < 3; round++)
      expect(fault(30)?.message).toMatch(/nested in more ways than can be checked/)
    expect(fault(1)).toBeUndefined()
  })

  it('data that looks like a reference is data', () => {
    const given = { $ref: '#/nowhere' }
    const tool = testTool('data', {
      inputSchema: { type: 'object', properties: { a: { const: given }, b: { enum: [given] } } },
    })
    expect(validator.check(tool, { a: given, b: given })).toBeUndefined()
  })
})
