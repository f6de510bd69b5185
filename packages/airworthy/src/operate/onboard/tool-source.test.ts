import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readToolSource } from './tool-source.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'airworthy-'))
  writeFileSync(
    join(folder, 'tools.ts'),
    "export const tools: object[] = [{ name: 'get_x', parameters: { type: 'object' } }]\nexport const other = { do_y: { inputSchema: { type: 'object' } } }\nexport const none = 7\n",
  )
  writeFileSync(join(folder, 'broken.ts'), 'export const tools = [\n')
  writeFileSync(
    join(folder, 'openai.json'),
    JSON.stringify([{ type: 'function', function: { name: 'get_x', parameters: { type: 'object' } } }]),
  )
  writeFileSync(
    join(folder, 'mcp.json'),
    JSON.stringify({
      mcpServers: {
        'My Server': { command: 'node', args: ['s.js'], alwaysAllow: ['delete_all'] },
        b: { type: 'http', url: 'http://127.0.0.1:1' },
      },
    }),
  )
  writeFileSync(join(folder, 'text.json'), 'no json')
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('readToolSource', () => {
  test.each([
    ['tools.ts', 'get_x'],
    ['tools.ts#tools', 'get_x'],
    ['tools.ts#other', 'do_y'],
    ['openai.json', 'get_x'],
  ])('%s', async (from, name) => {
    expect(await readToolSource(from, folder)).toMatchObject({ kind: 'caller', tools: [{ name }] })
  })

  test('takes from a client file only how servers are reached', async () => {
    expect(await readToolSource('mcp.json', folder)).toEqual({
      kind: 'servers',
      servers: { 'My-Server': { command: 'node', args: ['s.js'] }, b: { url: 'http://127.0.0.1:1' } },
    })
  })

  test.each([
    ['https://mcp.example.com/mcp', 'example'],
    ['http://127.0.0.1:4801/mcp', 'tools'],
    ['http://localhost/mcp', 'tools'],
    ['http://[::1]:1/', 'tools'],
  ])('names the server of %s', async (from, name) => {
    expect(await readToolSource(from, folder)).toEqual({ kind: 'servers', servers: { [name]: { url: from } } })
  })

  test.each([
    ['nowhere.ts', /no file/],
    ['tools.ts#missing', /exports no "missing"; it exports/],
    ['tools.ts#none', /no tools/],
    ['broken.ts', /cannot be imported/],
    ['text.json', /not JSON/],
    ['http://', /not an address/],
  ])('%s cannot be read, and it says why', async (from, why) => {
    await expect(readToolSource(from, folder)).rejects.toMatchObject({
      code: 'TOOL_SOURCE_INVALID',
      message: expect.stringMatching(why),
    })
  })
})
