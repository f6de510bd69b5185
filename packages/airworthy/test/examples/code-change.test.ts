/**
 * The coding agent's manifest, tool by tool and role by role, through the whole guard: a table written by hand says what is to come out.
 * Its rows are the recorded tools/list of GitHub's MCP server, and the six tools that the list lacks and the example needs.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { JsonObject, JsonValue } from '../../src/core/json.ts'
import { isJsonObject } from '../../src/core/json.ts'
import type { RecordedRun } from '../../src/telemetry/recorded-run.ts'
import { datasetsAbsent, datasetText } from '../fixtures/public-dataset.ts'
import { exampleFaults, exampleFolder, replayExample } from './example-folder.ts'

const roles = ['reader', 'developer', 'maintainer', 'nobody'] as const
const letters = { allow: 'a', confirm: 'h', deny: '-' } as const

/** Tool and, where it matters, one argument; then what a reader, a developer and a maintainer get: allowed, held, denied. */
const table = `
  actions_list a a a
  add_issue_comment_reaction - a a
  add_issue_reaction - a a
  add_pull_request_review_comment - a a
  add_sub_issue - a a
  assign_copilot_to_issue - - -
  create_issue - a a
  create_pull_request - a a
  create_pull_request_review - a a
  create_pull_request_review:event=COMMENT - a a
  create_pull_request_review:event=REQUEST_CHANGES - a a
  create_pull_request_review:event=APPROVE - - -
  create_repository - - -
  delete_repository - - h
  discussion_comment_write:method=add - a a
  discussion_comment_write:method=reply - a a
  discussion_comment_write:method=update - a a
  discussion_comment_write:method=delete - h h
  discussion_comment_write:method=mark_answer - a a
  discussion_comment_write:method=unmark_answer - a a
  find_duplicate a a a
  fork_repository - - -
  get_discussion a a a
  get_discussion_comments a a a
  get_global_security_advisory a a a
  get_label a a a
  get_latest_release a a a
  get_me a a a
  get_release_by_tag a a a
  get_repository_tree a a a
  get_tag a a a
  get_team_members - a a
  issue_dependency_write:method=add - a a
  issue_dependency_write:method=remove - a a
  issue_write:method=create - a a
  issue_write:method=update - a a
  list_branches a a a
  list_commits a a a
  list_dependabot_alerts - - a
  list_discussions a a a
  list_global_security_advisories a a a
  list_issues a a a
  list_label a a a
  list_notifications - - -
  list_releases a a a
  list_repository_security_advisories - - a
  manage_notification_subscription - - -
  manage_repository_notification_subscription - - -
  projects_get a a a
  projects_write:method=add_project_item - - a
  projects_write:method=update_project_item - - a
  projects_write:method=update_project_items - - a
  projects_write:method=delete_project_item - - h
  projects_write:method=create_project_status_update - - a
  projects_write:method=create_project_view - - a
  projects_write:method=update_project_view - - a
  projects_write:method=delete_project_view - - h
  projects_write:method=create_project - - a
  projects_write:method=create_iteration_field - - a
  pull_request_read a a a
  pull_request_review_write:method=create - a a
  pull_request_review_write:method=submit_pending - a a
  pull_request_review_write:method=delete_pending - h h
  pull_request_review_write:method=resolve_thread - a a
  pull_request_review_write:method=unresolve_thread - a a
  pull_request_review_write:event=APPROVE - - -
  remove_sub_issue - a a
  reprioritize_sub_issue - a a
  request_copilot_review - a a
  search_commits a a a
  search_issues a a a
  search_orgs a a a
  search_pull_requests a a a
  search_repositories a a a
  set_issue_fields - a a
  star_repository - - -
  submit_pending_pull_request_review:event=COMMENT - a a
  submit_pending_pull_request_review:event=REQUEST_CHANGES - a a
  submit_pending_pull_request_review:event=APPROVE - - -
  unstar_repository - - -
  update_issue_body - a a
  update_issue_state - a a
  update_issue_type - a a
  update_pull_request - a a
  update_pull_request_draft_state - a a
  update_pull_request_state - a a
  update_pull_request_title - a a
  get_file_contents a a a
  create_branch - a a
  create_branch:branch=release/2 - - -
  push_files - a a
  push_files:branch=main - - -
  delete_file - h h
  delete_file:branch=main - - -
  merge_pull_request - - h
  merge_pull_request:owner=others - - -
  actions_run_trigger:method=run_workflow - - h
  actions_run_trigger:method=rerun_workflow_run - - h
  actions_run_trigger:method=rerun_failed_jobs - - h
  actions_run_trigger:method=cancel_workflow_run - - h
  actions_run_trigger:method=delete_workflow_run_logs - - -
`
  .trim()
  .split('\n')
  .map((line) => line.trim().split(' '))
  .map(([row = '', ...wanted]) => ({ row, wanted }))

const tools = (
  JSON.parse(readFileSync(join(exampleFolder('code-change'), 'airworthy.lock'), 'utf8')) as {
    servers: { github: { tools: Record<string, { inputSchema: JsonObject; annotations: JsonObject }> } }
  }
).servers.github.tools
const toolOf = (row: string): string => row.split(':')[0] ?? ''
/** Named on GitHub's pages, and not in the recorded list. */
const added = [
  'actions_run_trigger',
  'create_branch',
  'delete_file',
  'get_file_contents',
  'merge_pull_request',
  'push_files',
]

describe('examples/code-change', () => {
  it('has no fault', () => expect(exampleFaults('code-change')).toEqual([]))

  it('has a row for every tool, and one for every method of a tool that changes something', () => {
    const rows = new Set(table.map(({ row }) => row))
    expect([...new Set(table.map(({ row }) => toolOf(row)))].sort()).toEqual(Object.keys(tools).sort())
    const methods = Object.entries(tools).flatMap(([tool, { inputSchema, annotations }]) => {
      const { method } = inputSchema.properties as Record<string, JsonObject>
      const names = annotations.readOnlyHint === true ? [] : (method?.enum ?? [])
      return (names as string[]).map((name) => `${tool}:method=${name}`)
    })
    expect(methods.length).toBeGreaterThan(25)
    expect(methods.filter((row) => !rows.has(row))).toEqual([])
  })

  it('allows, holds and denies as the table says, and gives nothing to who has no role', async () => {
    const questions = table.flatMap(({ row, wanted }) =>
      roles.map((role) => ({ row, role, wanted: wanted[roles.indexOf(role)] ?? '-' })),
    )
    const runs = questions.map(({ row, role }): RecordedRun => {
      const call = { index: 0, tool: toolOf(row), arguments: sampleOf(row), afterMessages: 0, result: {} }
      const principal = { id: role, attributes: { role, organization: 'acme' } }
      return {
        id: `${row} ${role}`,
        name: row,
        format: 'openai-messages',
        principal,
        messages: [],
        calls: [call],
        traceId: '',
      }
    })
    const replay = await replayExample('code-change', { runs, answerCheck: () => true })
    const got = replay.runs.map(({ calls: [call] }, position) => {
      const { row, role } = questions[position] as (typeof questions)[number]
      // A malformed call would be denied for a reason that the table does not mean.
      expect(
        call?.reasons.map(({ code }) => code),
        row,
      ).not.toContain('ARGUMENTS_INVALID')
      return `${row} ${role} ${letters[call?.decision ?? 'deny']}`
    })
    expect(got).toEqual(questions.map(({ row, role, wanted }) => `${row} ${role} ${wanted}`))
  })

  it.skipIf(datasetsAbsent)(
    `locks the recorded tools/list, words aside${datasetsAbsent ? `: ${datasetsAbsent}` : ''}`,
    () => {
      const recorded = datasetText('mcp-github-tools', 'tools.jsonl')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { name: string; inputSchema: JsonObject; annotations: JsonObject })
      expect([...recorded.map(({ name }) => name), ...added].sort()).toEqual(Object.keys(tools).sort())
      for (const { name, inputSchema, annotations } of recorded) {
        const { title: _, ...hints } = annotations
        expect(tools[name]?.inputSchema, name).toEqual(withoutWords(inputSchema, false))
        expect(tools[name]?.annotations, name).toEqual(hints)
      }
    },
  )
})

/** The least that a tool's schema takes, in the user's own organization, with the argument that the row names. */
function sampleOf(row: string): JsonObject {
  const [tool, setting] = row.split(':')
  const inputSchema: JsonObject = tools[tool ?? '']?.inputSchema ?? {}
  const properties = inputSchema.properties as Record<string, JsonObject>
  const required = (inputSchema.required ?? []) as string[]
  const least = Object.fromEntries(required.map((name) => [name, sampleValue(properties[name])]))
  const [name, value] = setting?.split('=') ?? []
  return {
    ...least,
    ...(properties.owner === undefined ? {} : { owner: 'acme' }),
    ...(name === undefined || value === undefined ? {} : { [name]: value }),
  }
}

function sampleValue(schema: JsonObject | undefined): JsonValue {
  if (Array.isArray(schema?.enum)) return schema.enum[0] ?? null
  if (Array.isArray(schema?.anyOf)) return sampleValue(schema.anyOf[0] as JsonObject)
  if (schema?.type === 'number' || schema?.type === 'integer') return 7
  if (schema?.type === 'boolean') return true
  if (schema?.type === 'object') return objectOf(schema)
  if (schema?.type === 'array') return isJsonObject(schema.items) ? [sampleValue(schema.items)] : []
  return 'some text'
}

function objectOf(schema: JsonObject): JsonObject {
  const required = (schema.required ?? []) as string[]
  return Object.fromEntries(
    required.map((name) => [name, sampleValue((schema.properties as Record<string, JsonObject>)[name])]),
  )
}

/** A schema without descriptions, titles, defaults and vendor keywords; names of properties stay whatever they are. */
function withoutWords(value: JsonValue, isNames: boolean): JsonValue {
  if (Array.isArray(value)) return value.map((one) => withoutWords(one, false))
  if (!isJsonObject(value)) return value
  const isWord = (key: string): boolean => /^(description|title|default|x-.*)$/.test(key)
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => isNames || !isWord(key))
      .map(([key, one]) => [key, withoutWords(one, key === 'properties' && !isNames)]),
  )
}
