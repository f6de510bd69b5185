import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { McpTool } from '../../core/manifest/definition-digest.ts'
import { buildLock } from '../../core/manifest/lock.ts'
import { parseManifest } from '../../core/manifest/parse-manifest.ts'
import { usableTools } from './tool-definitions.ts'
import { firstManifest, firstTools } from './write-manifest.ts'

const tool = (name: string): McpTool => ({
  name,
  inputSchema: { type: 'object', properties: { amount: { type: 'number' }, 'odd\nname': { type: 'integer' } } },
})

describe('the first manifest', () => {
  test('whatever servers and tools are called, it parses without a fault, knows every tool, and permits none', () => {
    const names = fc.uniqueArray(
      fc.oneof(
        fc.string({ minLength: 1, unit: 'binary' }),
        fc.constantFrom('retrieve', 'a b', '{x}', 'true', '# c', 'get_x', "it's", 'delete\n  permit: true'),
      ),
      { maxLength: 8 },
    )
    fc.assert(
      fc.property(names, names, (first, second) => {
        const well = (list: readonly string[]) => usableTools(list.map((name) => tool(name.toWellFormed()))).tools
        const lock = buildLock({ servers: { desk: { tools: well(first) } }, caller: { tools: well(second) } })
        const tools = firstTools(lock)
        const text = firstManifest('an-agent', { desk: { url: 'http://127.0.0.1:1/mcp' } }, tools)
        const { effective, faults } = parseManifest({ text, env: {}, lock })
        expect(faults).toEqual([])
        expect(effective!.tools).toHaveLength(well(first).length + well(second).length)
        for (const each of effective!.tools) expect(each.permit).toBeUndefined()
      }),
    )
  })

  test('the riskiest stand first, and the words CONFIRMATION REQUIRED with them', () => {
    const lock = buildLock({ servers: { desk: { tools: ['get_order', 'create_ticket', 'refund'].map(tool) } } })
    const text = firstManifest('a', {}, firstTools(lock))
    const places = ['refund:', 'create_ticket:', 'get_order:'].map((name) => text.indexOf(`  ${name}`))
    expect(places).toEqual(places.toSorted((left, right) => left - right))
    expect(text).toMatch(/# CONFIRMATION REQUIRED\n {2}refund:/)
    expect(text).toContain('# limits: set minimum and maximum for "/amount"')
  })

  test('servers that offer the same name keep apart', () => {
    const lock = buildLock({ servers: { a: { tools: [tool('get_x')] }, b: { tools: [tool('get_x')] } } })
    expect(firstTools(lock).map(({ name, server, upstreamName }) => [name, server, upstreamName])).toEqual([
      ['a_get_x', 'a', 'get_x'],
      ['b_get_x', 'b', 'get_x'],
    ])
  })
})
