import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import type { McpTool } from '../../core/manifest/definition-digest.ts'
import { byRisk, guessTool } from './guess-effect.ts'
import { toolDefinitionsOf } from './tool-definitions.ts'

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
    [tool('run_sql', { annotations: { readOnlyHint: true } }), 'irreversible', /"run"/],
    [
      tool('query_data', {
        annotations: { readOnlyHint: true },
        inputSchema: { type: 'object', properties: { sql: {} } },
      }),
      'irreversible',
      /argument/,
    ],
    [tool('read_query', { description: 'Execute a SELECT query.' }), 'irreversible', /"execute"/],
    [tool('write_query', { description: 'Execute an INSERT query.' }), 'irreversible', /"execute"/],
    [tool('get_logs', { description: 'Get logs. Automatically saves large ones to a file.' }), 'write', /"saves"/],
    [tool('get_users', { description: 'Fetch all users and save them.' }), 'write', /"save"/],
    [tool('get_users', { description: 'Lists triggers. Create a user first. Update it then.' }), 'read', /reads/],
    [tool('get_users', { description: 'Get a time or a start, and updates on issues.' }), 'read', /reads/],
    [tool('verify_domain'), 'write', /"verify"/],
    [tool('export_users'), 'write', /"export"/],
    [
      tool('get_report', { inputSchema: { type: 'object', properties: { outputPath: {} } } }),
      'write',
      /where it leaves a file/,
    ],
    [tool('read_file', { inputSchema: { type: 'object', properties: { path: {} } } }), 'read', /reads/],
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

/** Established by reading each tool's name, description and arguments, not by our rule and not by the vendor's annotations. */
const gitHubWrites = `
  add_issue_comment_reaction add_issue_reaction add_pull_request_review_comment add_sub_issue
  assign_copilot_to_issue create_issue create_pull_request create_pull_request_review
  create_repository delete_repository discussion_comment_write fork_repository
  issue_dependency_write issue_write manage_notification_subscription manage_repository_notification_subscription
  projects_write pull_request_review_write remove_sub_issue reprioritize_sub_issue
  request_copilot_review set_issue_fields star_repository submit_pending_pull_request_review
  unstar_repository update_issue_body update_issue_state update_issue_type
  update_pull_request update_pull_request_draft_state update_pull_request_state update_pull_request_title
`
  .trim()
  .split(/\s+/)

describe.skipIf(!here)('public tool lists (skipped where ../shared/datasets is absent)', () => {
  test('GitHub: no tool that writes is guessed to read, with all that its server says, and by its name alone', () => {
    const lines = readFileSync(join(unpacked('mcp-github-tools'), 'tools.jsonl'), 'utf8')
      .trim()
      .split('\n')
    const tools = lines.map((line) => JSON.parse(line) as McpTool)
    expect(tools).toHaveLength(61)
    for (const name of gitHubWrites) {
      const found = tools.find((each) => each.name === name)
      expect(found, name).toBeDefined()
      const { annotations, ...unannotated } = found!
      const { description, ...bare } = unannotated
      for (const each of [found!, unannotated, bare, { ...bare, annotations: { readOnlyHint: true } }]) {
        expect([name, guessTool(each).effect]).not.toContain('read')
      }
    }
    // Caution has a price; here it is none: every tool that only reads is recognised.
    const others = tools.filter((each) => !gitHubWrites.includes(each.name))
    expect(others).toHaveLength(29)
    expect(others.filter((each) => guessTool(each).effect !== 'read').map((each) => each.name)).toEqual([])
  })

  test('the Docker registry: every tool has a guess with a reason, and what was found by eye to do more than read is no read', async () => {
    const root = unpacked('mcp-docker-registry')
    const tools: McpTool[] = []
    for (const server of readdirSync(root)) {
      const file = join(root, server, 'tools.json')
      if (!existsSync(file)) continue
      const read = await toolDefinitionsOf(JSON.parse(readFileSync(file, 'utf8')))
      expect(read?.refused ?? []).toEqual([])
      tools.push(...(read?.tools ?? []))
    }
    expect(tools).toHaveLength(331)
    const guesses = tools.map((each) => ({ name: each.name, ...guessTool(each) })).sort(byRisk)
    for (const guess of guesses) expect(guess.effectReason).not.toBe('')
    const looksLikeChange =
      /^(create|update|delete|remove|cancel|send|place|modify|deactivate|activate|replace|upload|upsert|add|run|finalize|publish|append|write)/i
    expect(guesses.filter((guess) => guess.effect === 'read' && looksLikeChange.test(guess.name))).toEqual([])
    const doMore = ['get_job_logs', 'verify_custom_domain', 'verify_email_domain', 'export_users_csv', 'read_query']
    expect(guesses.filter((guess) => doMore.includes(guess.name)).map((guess) => guess.effect)).toHaveLength(5)
    expect(guesses.filter((guess) => guess.effect === 'read' && doMore.includes(guess.name))).toEqual([])
    // Of 331 names a person then has to look twice at the others; no more than these may stop being reads.
    expect(guesses.filter((guess) => guess.effect === 'read')).toHaveLength(176)
  })
})
