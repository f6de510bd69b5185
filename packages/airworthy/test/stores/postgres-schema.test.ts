/** Migrations and roles on PostgreSQL: who may change the schema, and that nobody does twice. */
import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { noteSigner } from '../../src/audit/note.ts'
import { sealEntry } from '../../src/audit/seal-entry.ts'
import { verifyExport } from '../../src/audit/verify-export.ts'
import { generateSigningKey } from '../../src/core/signature.ts'
import { exportLog } from '../../src/operate/audit/export-log.ts'
import { createSequencer } from '../../src/operate/sequencer/sequencer.ts'
import { migrate, schemaVersion } from '../../src/store/postgres/migrate.ts'
import { rolesScript } from '../../src/store/postgres/roles.ts'
import { openPostgresStore } from '../../src/store/postgres/store.ts'
import type { Store } from '../../src/store/store.ts'
import { startServing } from '../api/serving.ts'
import { administer, databaseUrl } from '../fixtures/postgres-server.ts'
import { decide, entry, holdAct, intendAct, openedTask, settleAct, startMs } from '../fixtures/store-acts.ts'
import { describeOnPostgres, type TestDatabase, testDatabase } from '../fixtures/test-store.ts'

describeOnPostgres('migrations', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await testDatabase(false)
  })
  afterAll(() => database.remove())
  const url = () => database.location.db ?? ''

  it('ten gateways that start at once on an empty database migrate once', async () => {
    const [befores, stores] = await Promise.all([
      Promise.all(Array.from({ length: 5 }, () => migrate(url()))),
      Promise.all(Array.from({ length: 10 }, () => database.open())),
    ])
    expect(befores.filter((version) => version === 0).length).toBeLessThanOrEqual(1)
    expect(await database.sql('SELECT * FROM meta')).toEqual([{ version: schemaVersion }])
    const append = async (store: Store) => await store.audit.append(sealEntry(entry()))
    await Promise.all(stores.map(append))
    expect(await stores[0]?.audit.readUnsequenced(100)).toHaveLength(10)
    await Promise.all(stores.map((store) => store.close()))
  })

  it.each([
    ['a newer version of the kit', 'UPDATE airworthy.meta SET version = 999', 'STORE_NEWER', /schema 999/],
    [
      'another program with a table meta',
      'ALTER TABLE airworthy.meta RENAME version TO schema',
      'STORE_FOREIGN',
      /another program/,
    ],
    ['another program without one', 'DROP TABLE airworthy.meta', 'STORE_FOREIGN', /another program/],
  ])('a schema of %s is met with a clear error, and nothing is touched', async (_name, change, code, message) => {
    const other = await testDatabase()
    await other.sql(change)
    const tables = () =>
      other.sql("SELECT relname, relnatts FROM pg_class WHERE relnamespace = 'airworthy'::regnamespace ORDER BY oid")
    const before = await tables()
    await expect(other.open()).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
    expect(await tables()).toEqual(before)
    await other.remove()
  })

  it('a command that looks for a store makes none', async () => {
    const empty = await testDatabase(false)
    const opening = openPostgresStore(empty.location.db ?? '', { mayCreate: false })
    await expect(opening).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', message: /holds no store/ })
    expect(await empty.sql("SELECT to_regnamespace('airworthy') AS schema")).toEqual([{ schema: null }])
    await empty.remove()
  })
})

describe('the script of roles', () => {
  it.each(['Kit', 'a b', "x'; DROP ROLE", '', '1a', 'airworthy_kit'])('refuses %j as the name of a role', (owner) => {
    expect(() => rolesScript({ owner, kit: 'kit', database: 'd' })).toThrow(
      expect.objectContaining({ code: 'USAGE_INVALID' }),
    )
  })
})

describeOnPostgres('roles', () => {
  const suffix = randomBytes(4).toString('hex')
  const [owner, kit] = [`owner_${suffix}`, `kit_${suffix}`]
  let admin: string
  let name: string
  let store: Store
  const lines: string[] = []
  const as = (role: string, database = name) =>
    Object.assign(new URL(databaseUrl(admin, database)), { username: role, password: 'secret-1' }).href

  beforeAll(async () => {
    admin = inject('postgresUrl') ?? ''
    name = `airworthy_${suffix}`
    const script = rolesScript({ owner, kit, database: name })
    await administer(admin, `CREATE DATABASE ${name}`, script, script)
    await administer(admin, ...[owner, kit].map((role) => `ALTER ROLE ${role} PASSWORD 'secret-1'`))
  })
  afterAll(async () => {
    await store?.close()
    await administer(
      admin,
      `DROP DATABASE IF EXISTS ${name}_kit WITH (FORCE)`,
      `DROP DATABASE ${name} WITH (FORCE)`,
      `DROP ROLE ${owner}`,
      `DROP ROLE ${kit}`,
    )
  })

  it('a kit cannot make the schema; it says who can', async () => {
    await expect(openPostgresStore(as(kit))).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      mend: expect.stringContaining('airworthy store migrate'),
    })
  })

  it('the owner migrates, and the kit’s role does everything that a kit does', async () => {
    expect(await migrate(as(owner))).toBe(0)
    store = await openPostgresStore(as(kit), { log: (line) => lines.push(line) })
    expect(lines).toEqual([])
    const { task } = await openedTask(store, {}, [{ kind: 'effect', tool: 'change', effect: 'write' }])
    const held = holdAct(task)
    await store.guard.hold(held)
    await decide(store, held.approval.id, 'approved')
    const approval = { id: held.approval.id, bindingDigest: held.approval.bindingDigest }
    const used = await store.guard.intend(intendAct(task, { actionId: held.actionId, approval, atMs: startMs + 4_000 }))
    expect(used.kind).toBe('committed')
    const intent = intendAct(task, { arguments: { n: 2 } })
    await store.guard.intend(intent)
    expect(await store.recovery.doubtfulActions({ nowMs: startMs + 90_000, owners: [], limit: 9 })).toHaveLength(2)
    await store.guard.settle(settleAct(intent.actionId, { state: 'ambiguous' }))
    expect(await store.recovery.ambiguousActions({ tools: ['change'], after: 0, limit: 9 })).toMatchObject({ next: 0 })
    expect(await store.approvals.approvedActions()).toEqual([])
    expect(await store.approvals.listApprovals({ limit: 9 })).toHaveLength(1)
    await store.kills.engageKill({
      kill: { agent: task.agent, tool: '*', reason: 'r', by: 'ana', atMs: startMs },
      entry: entry({ kind: 'kill-engaged' }),
    })
    await store.kills.liftKill({ agent: task.agent, tool: '*', entry: entry({ kind: 'kill-lifted' }) })
    await store.cosignatures.keep({ size: 1, witness: 'w', line: 'l' })
    expect(await store.traces.listRuns({ limit: 9 })).toEqual([])
    const signer = noteSigner('airworthy/desk-agent', generateSigningKey())
    const sequencer = createSequencer({ port: store.audit, signer })
    await sequencer.start()
    await sequencer.stop()
    const [opened] = await store.audit.entriesOfTask(task.id, 1)
    const erasure = {
      entryId: opened?.id ?? '',
      name: 'input',
      record: sealEntry(entry({ kind: 'body-erased', object: opened?.id, details: { body: 'input' } })),
    }
    expect(await store.audit.eraseBody(erasure)).toBe(true)
    expect(
      await verifyExport(exportLog(store.audit, { vkey: signer.vkey, bodies: true }), { publicKey: signer.vkey }),
    ).toMatchObject({ ok: true })
    await store.probe()
  })

  it('a whole kit runs under it: tasks, approvals, kills, the log, and a check', async () => {
    // A database of its own, for the same roles: a log has one key.
    const second = `${name}_kit`
    await administer(admin, `CREATE DATABASE ${second}`, rolesScript({ owner, kit, database: second }))
    await migrate(as(owner, second))
    const serving = await startServing({ db: as(kit, second) })
    const { keys, call } = serving
    try {
      const { task } = await serving.openTask()
      const act = async (tool: string) =>
        (
          await call('POST', `/api/v1/tasks/${task}/actions`, {
            key: keys.agent,
            json: { tool, arguments: { to: 'ana' } },
          })
        ).json
      expect(await act('stamp')).toMatchObject({ state: 'succeeded' })
      const held = (await act('send_letter')) as unknown as { action: string; approval: { id: string } }
      const decided = await call('POST', `/api/v1/approvals/${held.approval.id}/decision`, {
        key: keys.person,
        json: { decision: 'approved' },
      })
      expect(decided.status).toBe(200)
      expect((await call('GET', `/api/v1/actions/${held.action}?wait=5000`, { key: keys.agent })).json.state).toBe(
        'succeeded',
      )
      const kill = await call('POST', '/api/v1/kills', { key: keys.operator, json: { tool: '*', reason: 'a test' } })
      expect(kill.json).toMatchObject({ verified: expect.any(Number) })
      expect(await act('stamp')).toMatchObject({ state: 'denied' })
      const lifted = await call('POST', '/api/v1/kills/lift', {
        key: keys.operator,
        json: { tool: '*', reason: 'a test' },
      })
      expect(lifted.json).toEqual({ lifted: true })
      expect((await serving.kit.check({})).controls.find(({ id }) => id === 'OBS-5')?.state).toBe('pass')
      expect(await serving.kit.unreadiness()).toBeUndefined()
    } finally {
      await serving.stop()
    }
    expect(serving.log.filter((line) => !line.includes('resume'))).toEqual([])
  })

  it.each([
    "UPDATE audit_entries SET body = ''",
    'DELETE FROM audit_entries',
    'TRUNCATE audit_entries CASCADE',
    "INSERT INTO audit_entries (id, time_ms, body, leaf_hash) VALUES ('x', 0, '', decode(repeat('00', 32), 'hex'))",
    'DELETE FROM audit_index',
    "INSERT INTO audit_checkpoints (size, note) VALUES (999, 'mine')",
    'DELETE FROM audit_pending',
    'UPDATE audit_tiles SET hashes = hashes',
    'UPDATE audit_bodies SET salt = NULL, content = NULL',
    "UPDATE approvals SET state = 'approved'",
    "UPDATE actions SET state = 'succeeded'",
    'UPDATE tasks SET cost_usd_micros = 0',
    'DELETE FROM kills',
    "INSERT INTO credentials (id, kind, name, roles, hash, created_ms) VALUES ('k', 'operator', 'me', '[]', 'h', 0)",
    'UPDATE releases SET body = body',
    'UPDATE environments SET release = release',
    'DELETE FROM evidence',
    "UPDATE leases SET holder = 'me'",
    'UPDATE meta SET version = 0',
    'DELETE FROM spans',
    'CREATE TABLE airworthy.mine (a int)',
    'CREATE SCHEMA mine',
    'DROP TABLE audit_entries CASCADE',
    'ALTER TABLE audit_entries DISABLE TRIGGER ALL',
    'DROP TRIGGER append_only ON audit_entries',
    'ALTER TABLE audit_entries OWNER TO CURRENT_USER',
    'CREATE INDEX mine ON audit_entries (time_ms)',
    'CREATE OR REPLACE FUNCTION append(p jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT p $$',
    'DROP FUNCTION append(jsonb)',
    "SELECT append_entry('{}'::jsonb)",
    "SELECT airworthy.lock_agent('a')",
    "SET session_replication_role = 'replica'",
    `SET ROLE owner_${suffix}`,
    `ALTER ROLE kit_${suffix} SUPERUSER`,
    "COPY audit_entries TO PROGRAM 'cat'",
  ])('the kit’s role may not: %s', async (statement) => {
    const client = new Client({ connectionString: as(kit), options: '-c search_path=airworthy' })
    await client.connect()
    try {
      await expect(client.query(statement)).rejects.toMatchObject({ code: '42501' })
    } finally {
      await client.end()
    }
  })

  it('an object of the same name in a temporary schema is not what an act writes', async () => {
    const client = new Client({ connectionString: as(kit), options: '-c search_path=airworthy' })
    await client.connect()
    try {
      await client.query(
        'CREATE TEMPORARY TABLE kills (agent text, tool text, reason text, engaged_by text, engaged_ms bigint)',
      )
      const killed = {
        agent: 'temp',
        tool: '*',
        reason: 'r',
        by: 'ana',
        atMs: 1,
        entry: { id: 'ent_temp', time_ms: 1, text: '{}', leaf_hash: '00'.repeat(32), bodies: [] },
      }
      await client.query('SELECT airworthy.engage_kill($1::jsonb)', [JSON.stringify(killed)])
    } finally {
      await client.end()
    }
    expect(await store.guard.readKills('temp')).toHaveLength(1)
  })

  it('a kit with more rights than it needs says so plainly, without the password', async () => {
    const said: string[] = []
    for (const url of [as(owner), databaseUrl(admin, name)]) {
      const rich = await openPostgresStore(url, { log: (line) => said.push(line) })
      await rich.close()
    }
    expect(said[0]).toMatch(/may change the schema, may write audit rows directly/)
    expect(said[1]).toMatch(/is a superuser/)
    expect(said.join()).not.toContain('secret-1')
    expect(said[0]).toContain('airworthy store roles')
  })
})
