import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import type { McpTool } from '../../core/manifest/definition-digest.ts'
import { byRisk, guessTool } from './guess-effect.ts'

const tool = (name: string, more: Partial<McpTool> = {}): McpTool => ({
  name,
  inputSchema: { type: 'object' },
  ...more,
})

describe('guessTool', () => {
  test.each<[McpTool, string, RegExp]>([
    [tool('get_order'), 'read', /says that it reads/],
    [tool('issue_read'), 'read', /reads/],
    [tool('sites_get'), 'read', /reads/],
    [tool('create_ticket'), 'write', /"create"/],
    [tool('addNote'), 'write', /"add"/],
    [tool('find_and_update'), 'write', /"update"/],
    [tool('get_or_create_user'), 'write', /"create"/],
    [tool('get_order', { annotations: { readOnlyHint: false } }), 'write', /readOnlyHint/],
    [tool('frobnicate'), 'irreversible', /nothing says/],
    [tool('frobnicate', { annotations: { readOnlyHint: true } }), 'irreversible', /only reads, but its name/],
    [tool('frobnicate', { annotations: { destructiveHint: false } }), 'irreversible', /nothing says/],
    [tool('delete_x', { annotations: { readOnlyHint: true, destructiveHint: false } }), 'irreversible', /"delete"/],
    [tool('get_and_delete'), 'irreversible', /"delete"/],
    [tool('get_order', { annotations: { destructiveHint: true } }), 'irreversible', /destructiveHint/],
    [tool('send_email'), 'irreversible', /"send"/],
    [tool('run_job'), 'irreversible', /"run"/],
    [
      tool('query_data', { inputSchema: { type: 'object', properties: { sql_query: {} } } }),
      'irreversible',
      /argument/,
    ],
    [tool('components_list'), 'irreversible', /nothing says/],
    [tool('components_list', { annotations: { readOnlyHint: true } }), 'read', /reads/],
  ])('%o', (definition, effect, reason) => {
    expect(guessTool(definition)).toMatchObject({ effect, effectReason: expect.stringMatching(reason) })
  })

  test('no annotation lowers a risk', () => {
    const ranks = { read: 0, write: 1, irreversible: 2 }
    const names = ['get_order', 'create_ticket', 'delete_x', 'frobnicate', 'send_email', 'issue_read', 'update_or_get']
    const hints = [
      { readOnlyHint: true },
      { readOnlyHint: false },
      { destructiveHint: false },
      { destructiveHint: true },
      { openWorldHint: false },
      { idempotentHint: true },
    ]
    for (const name of names) {
      for (const annotations of hints) {
        expect(
          ranks[guessTool(tool(name, { annotations })).effect],
          `${name} ${JSON.stringify(annotations)}`,
        ).toBeGreaterThanOrEqual(ranks[guessTool(tool(name)).effect])
      }
    }
  })

  test('nothing is ever guessed to stay in the house', () => {
    expect(guessTool(tool('get_order', { annotations: { openWorldHint: false } })).reach).toBe('external')
  })
})

const datasets = fileURLToPath(new URL('../../../../../../shared/datasets/', import.meta.url))
const here = existsSync(datasets)
const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true })
})
function unpacked(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'airworthy-'))
  folders.push(folder)
  execFileSync('tar', ['xzf', join(datasets, `${name}.tar.gz`), '-C', folder])
  return join(folder, name)
}

describe.skipIf(!here)('public tool lists (skipped where ../shared/datasets is absent)', () => {
  test('GitHub: no tool that writes is guessed to read, with its annotations and without', () => {
    const lines = readFileSync(join(unpacked('mcp-github-tools'), 'tools.jsonl'), 'utf8')
      .trim()
      .split('\n')
    const tools = lines.map((line) => JSON.parse(line) as McpTool)
    const writing = tools.filter((each) => each.annotations?.readOnlyHint !== true)
    expect(writing.length).toBeGreaterThan(25)
    for (const { annotations, ...bare } of writing) {
      expect([bare.name, guessTool({ ...bare, annotations: annotations! }).effect]).not.toContain('read')
      expect([bare.name, guessTool(bare).effect]).not.toContain('read')
    }
    const reads = tools.filter((each) => each.annotations?.readOnlyHint === true)
    // Caution has a price; here it is none: every tool that the vendor marks as reading is recognised.
    expect(reads.filter((each) => guessTool(each).effect !== 'read').map((each) => each.name)).toEqual([])
  })

  test('the Docker registry: every tool has a guess with a reason', () => {
    const root = unpacked('mcp-docker-registry')
    const tools = readdirSync(root).flatMap((server) => {
      const file = join(root, server, 'tools.json')
      if (!existsSync(file)) return []
      const listed = JSON.parse(readFileSync(file, 'utf8')) as { name: string; arguments?: { name: string }[] }[]
      return listed.map(({ name, arguments: args = [] }) =>
        tool(name, {
          inputSchema: { type: 'object', properties: Object.fromEntries(args.map((each) => [each.name, {}])) },
        }),
      )
    })
    expect(tools).toHaveLength(331)
    const guesses = tools.map((each) => ({ name: each.name, ...guessTool(each) })).sort(byRisk)
    for (const guess of guesses) expect(guess.effectReason).not.toBe('')
    const looksLikeChange =
      /^(create|update|delete|remove|cancel|send|place|modify|deactivate|activate|replace|upload|upsert|add|run|finalize|publish|append|write)/i
    expect(guesses.filter((guess) => guess.effect === 'read' && looksLikeChange.test(guess.name))).toEqual([])
  })
})
