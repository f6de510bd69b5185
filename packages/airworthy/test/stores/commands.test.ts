/** The commands on a store that no kit runs on, or that one runs on: the same on a folder and with `--db`. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sealEntry } from '../../src/audit/seal-entry.ts'
import { createKit } from '../../src/kit.ts'
import { openStore } from '../../src/store/open-store.ts'
import { type TestProject, testProject } from '../api/project.ts'
import { runCommand, runHere, runUp } from '../fixtures/run-command.ts'
import { describeOnPostgres, onPostgres, type TestDatabase, testDatabase } from '../fixtures/test-store.ts'

const password = 'secret-77'
let project: TestProject
let database: TestDatabase
let where: readonly string[]
const heard: string[] = []

beforeAll(async () => {
  project = testProject()
  database = await testDatabase()
  where = onPostgres ? ['--db', withPassword(database)] : ['--dir', database.location.dir]
})
afterAll(async () => {
  await database.remove()
  project.remove()
})

function withPassword({ location: { db = '' } }: TestDatabase): string {
  return Object.assign(new URL(db), { password }).href
}

async function run(...args: string[]) {
  const ran = await runHere(args, { cwd: project.folder })
  heard.push(ran.stdout, ran.stderr)
  return ran
}
const runJson = async (...args: string[]) => {
  const ran = await run(...args, '--json')
  return { ...ran, json: JSON.parse(ran.stdout) }
}

describe('commands on the store', () => {
  if (!onPostgres)
    it('a typing error makes no store', async () => {
      for (const command of [
        ['audit', 'verify'],
        ['trace', 'ls'],
        ['store', 'info'],
      ]) {
        const ran = await run(...command, '--dir', '/nowhere/else')
        expect([ran.code, ran.stderr]).toEqual([3, expect.stringContaining('STORE_UNAVAILABLE')])
      }
    })

  it('keys, kill, revive, approvals, runs and the log work on it, and its info counts', async () => {
    const kit = await createKit({
      project: project.folder,
      ...database.location,
      dir: join(project.folder, '.airworthy'),
      env: {},
    })
    await kit.start()
    await kit.close()
    const dir = ['--dir', join(project.folder, '.airworthy')]
    const at = onPostgres ? [...where, ...dir] : dir
    const created = await run('keys', 'create', '--kind', 'person', '--name', 'bo', '--role', 'approver', ...at)
    expect([created.code, created.stdout]).toEqual([0, expect.stringMatching(/^awp_/)])
    const { json: listed } = await runJson('keys', 'ls', ...at)
    expect(listed.keys).toMatchObject([{ name: 'bo', roles: ['approver'], created_ms: expect.any(Number) }])
    expect((await run('keys', 'ls', ...at)).stdout).toMatch(
      /^key +kind +name +agent +roles +created +revoked\nkey_\w+ +person +bo +approver +\S+Z\n$/,
    )
    expect((await runJson('kill', 'stamp', ...at)).json).toMatchObject({
      requested: expect.any(Number),
      verified: expect.any(Number),
    })
    expect((await runJson('revive', 'stamp', ...at)).json).toEqual({ lifted: true })
    expect((await runJson('approval', 'ls', ...at)).json).toEqual({ approvals: [] })
    expect((await runJson('trace', 'ls', ...at)).json).toMatchObject({ runs: [], imported: 0 })
    expect((await runJson('audit', 'verify', ...at)).json).toMatchObject({ ok: true })
    const checked = await runJson('check', ...at)
    expect([checked.code, checked.json.verdict]).toEqual([1, 'NO-GO'])
    const { json: info } = await runJson('store', 'info', ...at)
    expect(info).toMatchObject({ kind: onPostgres ? 'postgresql' : 'sqlite', leader: null })
    expect(info.schema).toBe(info.schemaKnown)
    expect(info.log.checkpoint.size).toBe(info.log.indexed)
    const shown = await run('store', 'info', ...at)
    expect(shown.stdout).toMatch(/audit log: \d+ entries.*last checkpoint of size \d+[\s\S]*audit_entries +\d+ +\d+/)
  })

  it('`audit ls` lists entries newest last, with and without an index, and shows hostile text for what it is', async () => {
    const dir = join(project.folder, '.airworthy')
    const at = onPostgres ? [...where, '--dir', dir] : ['--dir', dir]
    const { json: all } = await runJson('audit', 'ls', '--limit', '1000', ...at)
    const kinds = all.entries.map(({ kind }: { kind: string }) => kind)
    expect([kinds[0], all.unsequenced, all.cut]).toEqual(['release-registered', 0, false])
    expect(all.entries.map(({ index }: { index: number }) => index)).toEqual([...kinds.keys()])
    const { json: newest } = await runJson('audit', 'ls', '--limit', '2', ...at)
    expect(newest.entries).toEqual(all.entries.slice(-2))
    const { json: created } = await runJson('audit', 'ls', '--kind', 'key-created', ...at)
    expect(created.entries).toMatchObject([{ kind: 'key-created', actor: { verified_by: expect.any(String) } }])
    expect((await run('audit', 'prove', created.entries[0].id, ...at)).code).toBe(0)

    const store = await openStore(onPostgres ? database.location : { dir })
    await store.audit.append(
      sealEntry({
        id: 'ent_hostile',
        timeMs: 0,
        kind: 'action-denied',
        actor: { kind: 'agent', id: `\u001b[2J\u202e${'x'.repeat(200)}`, verifiedBy: 'agent_key' },
        action: 'stamp\nent_forged',
        task: 'tsk_hostile',
        decision: 'deny',
        reasons: [{ code: 'POLICY_FORBID', message: 'No.' }],
      }),
    )
    await store.close()
    const { stdout } = await run('audit', 'ls', '--task', 'tsk_hostile', ...at)
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^time +index +entry +kind +actor +action +object +outcome +task$/),
      expect.stringMatching(
        /^1970-01-01T00:00:00.000Z +- +ent_hostile +action-denied +agent \\u\{1b\}\[2J\\u\{202e\}x+\.\.\. +stamp\\u\{a\}ent_forged +deny POLICY_FORBID +tsk_hostile$/,
      ),
      '',
    ])
    expect((await run('audit', 'ls', ...at)).stdout).toContain('\n1 newer one has no index yet.\n')
    expect((await run('audit', 'ls', '--task', 'tsk_nothing', ...at)).stdout).toBe('No entries.\n')
    expect((await run('audit', 'ls', '--kind', 'denied', ...at)).stderr).toContain('one of log-started')
  })

  it('`store copy` takes it to a folder, verifies it there, and never twice', async () => {
    const from = onPostgres ? withPassword(database) : join(project.folder, '.airworthy')
    const to = join(database.location.dir, 'copy')
    const copied = await run('store', 'copy', from, to)
    expect([copied.code, copied.stdout]).toEqual([
      0,
      expect.stringMatching(/Its audit log verifies: \d+ entries, 0 faults/),
    ])
    expect(copied.stdout).toContain('Keys are no part of a store')
    const again = await runJson('store', 'copy', from, to)
    expect([again.code, again.json.faults[0].code]).toEqual([3, 'STORE_NOT_EMPTY'])
    const verified = await run('audit', 'verify', '--dir', to)
    // A key made for the copy would say that its log is false, and would stand in the way of the right one.
    expect([verified.code, verified.stderr]).toEqual([3, expect.stringContaining('KEY_FILE_INVALID')])
    expect(existsSync(join(to, 'keys'))).toBe(false)
    const { stderr } = await run(
      'audit',
      'export',
      '--dir',
      join(project.folder, '.airworthy'),
      ...(onPostgres ? where : []),
    )
    const vkey = /public key: (\S+)/.exec(stderr)?.[1] ?? ''
    expect((await run('audit', 'verify', '--dir', to, '--key', vkey)).code).toBe(0)
  })

  it('`store roles` prints a script; `store migrate` is for PostgreSQL', async () => {
    const script = await run('store', 'roles', '--owner', 'aw_owner', '--kit', 'aw_kit', '--database', 'aw')
    expect([script.code, script.stdout]).toEqual([0, expect.stringContaining('CREATE ROLE aw_kit LOGIN')])
    expect((await run('store', 'roles', '--owner', 'a b', '--kit', 'k', '--database', 'd')).code).toBe(3)
    const migrated = await run('store', 'migrate', ...where)
    expect(migrated.code).toBe(onPostgres ? 0 : 3)
  })
})

describeOnPostgres('with PostgreSQL', () => {
  it('a database without a store is refused by what only looks, and migrated by `store migrate`', async () => {
    const empty = await testDatabase(false)
    const db = withPassword(empty)
    for (const command of [['audit', 'verify'], ['trace', 'ls'], ['store', 'info'], ['keys', 'ls'], ['kill']]) {
      const ran = await run(...command, '--db', db)
      expect([ran.code, ran.stderr]).toEqual([3, expect.stringContaining('holds no store')])
    }
    expect((await runJson('store', 'migrate', '--db', db)).json).toMatchObject({ before: 0 })
    expect((await runJson('keys', 'ls', '--db', db)).json).toEqual({ keys: [] })
    await empty.remove()
  })

  it('AIRWORTHY_DB is the default of --db', async () => {
    const ran = await runCommand(['store', 'info', '--json'], {
      cwd: project.folder,
      env: { AIRWORTHY_DB: withPassword(database) },
    })
    expect(JSON.parse(ran.stdout)).toMatchObject({ kind: 'postgresql' })
  })

  it('a running kit is asked, refuses to be copied, and leaves no password anywhere', async () => {
    const options = { cwd: project.folder, env: { AIRWORTHY_DB: withPassword(database) } }
    const up = await runUp([], options)
    try {
      const left = readFileSync(join(project.folder, '.airworthy/up.json'), 'utf8')
      expect(JSON.parse(left)).toMatchObject({
        db: expect.stringMatching(/^postgres:\/\/127\.0\.0\.1:\d+\/airworthy_/),
      })
      heard.push(left)
      const asked = await runHere(['keys', 'ls', '--json'], options)
      expect(JSON.parse(asked.stdout).keys).toHaveLength(1)
      const elsewhere = await run('kill', '--db', 'postgres://127.0.0.1:9/other')
      expect([elsewhere.code, elsewhere.stderr]).toEqual([3, expect.stringContaining('USAGE_INVALID')])
      const from = withPassword(database)
      const copying = await runJson('store', 'copy', from, join(database.location.dir, 'other'))
      expect([copying.code, copying.json.faults[0].code]).toEqual([3, 'KIT_RUNNING'])
    } finally {
      expect(await up.stop()).toBe(0)
      heard.push(up.said())
    }
    expect(up.said()).toContain('more than a kit needs')
    expect((await runJson('store', 'info', ...where)).json.leader).toBeNull()
    expect(heard.join('\n')).not.toContain(password)
  })
})
