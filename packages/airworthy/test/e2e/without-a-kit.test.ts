/** The commands of operators and approvers where no kit runs: they act on the store, and they execute and register nothing. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createKit, type Kit } from '../../src/kit.ts'
import { lockedTools, type TestProject, testProject } from '../api/project.ts'
import { airworthy } from './binary.ts'

let project: TestProject
let manifest: string
let held: { readonly action: string; readonly approval: string }
const calls: string[] = []

async function kitHere(): Promise<Kit> {
  return await createKit({
    project: project.folder,
    dir: join(project.folder, '.airworthy'),
    env: {},
    upstream: {
      offeredDigest: async (_server, name) => {
        const tool = lockedTools[name]
        return tool === undefined ? { kind: 'missing' } : { kind: 'offered', definitionDigest: tool.digest }
      },
      call: async ({ upstreamName }) => {
        calls.push(upstreamName)
        return { kind: 'answered', result: { content: [] }, isError: false }
      },
      reconcile: async () => ({ state: 'unknown' }),
    },
  })
}
const run = (...args: string[]) => airworthy(args, { cwd: project.folder })
function rows(sql: string): unknown[] {
  const db = new Database(join(project.folder, '.airworthy/airworthy.db'), { readonly: true })
  try {
    return db.prepare(sql).all()
  } finally {
    db.close()
  }
}

beforeAll(async () => {
  project = testProject()
  manifest = readFileSync(join(project.folder, 'airworthy.yaml'), 'utf8')
  const kit = await kitHere()
  await kit.start()
  const { task } = await kit.openTask({
    principal: { id: 'ana', attributes: { role: 'support', tenant: 'acme' } },
    openedBy: 'embedded',
  })
  const to = 'x\u202e'.repeat(20)
  const answer = await kit.act({ task: task.id, tool: 'send_letter', arguments: { to }, door: 'embedded' })
  held = { action: answer.action as string, approval: answer.approval?.id as string }
  await kit.close()
  // From here on the manifest is broken: no kit could be built.
  writeFileSync(join(project.folder, 'airworthy.yaml'), `${manifest}\nnonsense: true\n`)
})
afterAll(() => project.remove())

describe('beside a broken manifest', () => {
  it('kill stops the agent that the log names, and says what it saw', async () => {
    expect((await run('validate')).code).not.toBe(0)
    const releases = rows('SELECT * FROM releases')
    const killed = await run('kill', '--reason', 'e2e', '--json')
    expect(killed.stderr).toBe('')
    expect(killed.code).toBe(0)
    const report = JSON.parse(killed.stdout)
    expect(report).toMatchObject({ agent: 'desk', tool: '*', gateways: [] })
    expect(report.quiesced).toBeGreaterThanOrEqual(report.requested)
    expect(report.verified).toBeGreaterThanOrEqual(report.requested)
    expect(rows('SELECT agent, tool FROM kills')).toEqual([{ agent: 'desk', tool: '*' }])
    expect(rows('SELECT * FROM releases')).toEqual(releases)
    expect((await run('kill')).stdout).toContain('No kit runs on this folder')
    expect((await run('kill', 'no_such_tool')).stderr).toMatch(/TOOL_UNLISTED/)
    expect((await run('revive')).code).toBe(0)
    expect((await run('revive')).code).toBe(1)
  })

  it('kill does not claim rest while the ledger shows something running', async () => {
    const db = new Database(join(project.folder, '.airworthy/airworthy.db'))
    db.exec(
      `INSERT INTO actions (id, task_row, tool, effect, state, arguments_digest, definition_digest, reasons, created_ms, intended_ms, arguments_entry)
       SELECT 'act_left', task_row, 'stamp', effect, 'intended', '', '', '[]', 1, 1, arguments_entry FROM actions LIMIT 1`,
    )
    const killed = await run('kill', 'stamp', '--json')
    db.exec("DELETE FROM actions WHERE id = 'act_left'")
    db.close()
    expect([killed.code, JSON.parse(killed.stdout).quiesced]).toEqual([1, null])
    expect((await run('revive', 'stamp')).code).toBe(0)
  })

  it('a list has a header, and names its fields as the API does', async () => {
    const listed = await run('approval', 'ls')
    expect(listed.stdout).toMatch(
      /^approval +state +tool +for +needs +until\napr_\w+ +pending +send_letter +Ana +approver +\S+Z\n$/i,
    )
    const [approval] = JSON.parse((await run('approval', 'ls', '--json')).stdout).approvals
    expect(approval).toMatchObject({ id: held.approval, action: held.action, created_ms: expect.any(Number) })
    expect(JSON.parse((await run('approval', 'show', held.approval, '--json')).stdout)).toMatchObject({
      ...approval,
      arguments: { to: expect.any(String) },
    })
  })

  it('show gives all of the arguments, with what would hide made visible', async () => {
    const shown = await run('approval', 'show', held.approval)
    expect(shown.stdout).toContain(`to: "${'x\\u{202e}'.repeat(20)}"`)
    expect(shown.stdout).not.toContain('\u202e')
  })

  it('an approval is recorded, executes nothing, and is executed by the kit that runs next', async () => {
    const keyOf = async (...more: string[]): Promise<Record<string, string>> => {
      const made = await run('keys', 'create', '--kind', 'person', '--role', 'approver', '--json', ...more)
      return { AIRWORTHY_KEY: JSON.parse(made.stdout).key }
    }
    const [own, other] = [await keyOf('--name', 'A. L.', '--principal', 'Ana'), await keyOf('--name', 'bo')]
    const decide = (env: Record<string, string>) =>
      airworthy(['approval', 'approve', held.approval], { cwd: project.folder, env })
    expect((await decide(own)).stderr).toMatch(/APPROVAL_FORBIDDEN/)
    const approved = await decide(other)
    expect([approved.code, approved.stderr]).toEqual([0, expect.stringContaining('No kit runs on this folder')])
    expect(calls).toEqual([])
    expect(rows('SELECT state FROM approvals')).toEqual([{ state: 'approved' }])

    writeFileSync(join(project.folder, 'airworthy.yaml'), manifest)
    const kit = await kitHere()
    await kit.start()
    await expect.poll(async () => (await kit.readAction(held.action))?.state, { timeout: 10_000 }).toBe('succeeded')
    await kit.close()
    expect(calls).toEqual(['send_letter'])
    const verified = await run('audit', 'verify', '--json')
    expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true, faults: [] })
  })
})

it('makes no store where there is nothing', async () => {
  const empty = mkdtempSync(join(tmpdir(), 'airworthy-empty-'))
  const killed = await airworthy(['kill'], { cwd: empty })
  expect([killed.code, killed.stderr.includes('MANIFEST_MISSING')]).toEqual([3, true])
  rmSync(empty, { recursive: true })
})
