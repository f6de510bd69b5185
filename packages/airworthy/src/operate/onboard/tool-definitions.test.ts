import { jsonSchema, tool } from 'ai'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { toolDefinitionsOf, usableTools } from './tool-definitions.ts'

const parameters = { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] }
const expected = [{ name: 'get_order', description: 'Looks.', inputSchema: parameters }]

describe('toolDefinitionsOf', () => {
  test.each<[string, unknown]>([
    [
      "OpenAI's chat format",
      [{ type: 'function', function: { name: 'get_order', description: 'Looks.', parameters } }],
    ],
    [
      "OpenAI's responses format",
      [{ type: 'function', name: 'get_order', description: 'Looks.', parameters, strict: true }],
    ],
    ["Anthropic's format", [{ name: 'get_order', description: 'Looks.', input_schema: parameters }]],
    ["MCP's tools/list", { tools: [{ name: 'get_order', description: 'Looks.', inputSchema: parameters }] }],
    ["Docker's registry", [{ name: 'get_order', description: 'Looks.', arguments: [{ name: 'id', type: 'string' }] }]],
    [
      'an AI SDK record with jsonSchema()',
      { get_order: tool({ description: 'Looks.', inputSchema: jsonSchema(parameters as never) }) },
    ],
  ])('reads %s', async (_, value) => {
    expect(await toolDefinitionsOf(value)).toEqual({ tools: expected, refused: [] })
  })

  test('reads an AI SDK record with zod', async () => {
    const read = await toolDefinitionsOf({
      get_order: tool({ description: 'Looks.', inputSchema: z.object({ id: z.string(), count: z.int().optional() }) }),
    })
    expect(read?.tools[0]).toMatchObject({
      name: 'get_order',
      inputSchema: {
        type: 'object',
        properties: { id: { type: 'string' }, count: { type: 'integer' } },
        required: ['id'],
      },
    })
  })

  test('names what it cannot read, and reads the rest', async () => {
    const foreign = { '~standard': { version: 1, vendor: 'other', validate: () => ({}) } }
    const read = await toolDefinitionsOf([
      { name: 'odd', inputSchema: foreign },
      { description: 'nameless', parameters },
      { name: 'none', parameters: null },
    ])
    expect(read?.tools).toEqual([{ name: 'none', inputSchema: { type: 'object', properties: {} } }])
    expect(read?.refused.map(({ name }) => name)).toEqual(['odd', '(without a name)'])
  })

  test.each([[undefined], [null], [7], ['tools'], [{}], [{ a: 1 }]])('%o holds no tools', async (value) => {
    expect(await toolDefinitionsOf(value)).toBeUndefined()
  })

  test('leaves out what no manifest could name', () => {
    const definition = (name: string) => ({ name, inputSchema: { type: 'object' } })
    const deep = JSON.parse(`${'{"a":'.repeat(80)}1${'}'.repeat(80)}`)
    const { tools, refused } = usableTools([
      definition('a'),
      definition('a'),
      definition('__proto__'),
      { name: 'deep', inputSchema: deep },
      { name: 'p', inputSchema: JSON.parse('{"properties":{"constructor":{}}}') },
    ])
    expect(tools).toEqual([definition('a')])
    expect(refused.map(({ name }) => name)).toEqual(['a', '__proto__', 'deep', 'p'])
  })
})
