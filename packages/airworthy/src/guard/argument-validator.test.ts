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
