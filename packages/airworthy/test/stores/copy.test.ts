/** `store copy` between every two kinds that there are here: right, or not there. */
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { parseCheckpoint } from '../../src/audit/checkpoint.ts'
import { consistencyProof } from '../../src/audit/prove.ts'
import { verifyConsistency } from '../../src/audit/verify-proof.ts'
import { generateSigningKey } from '../../src/core/signature.ts'
import { proveFromTiles } from '../../src/operate/audit/prove-from-tiles.ts'
import { type CopyReport, copyStore } from '../../src/store/copy/copy-store.ts'
import { tableShapes } from '../../src/store/copy/table-shape.ts'
import { storeInfo } from '../../src/store/info/store-info.ts'
import type { Store } from '../../src/store/store.ts'
import { fillStore, sequenced, signerOf } from '../fixtures/filled-store.ts'
import { runCommand } from '../fixtures/run-command.ts'
import { agent, intendAct, openedTask } from '../fixtures/store-acts.ts'
import { postgresDatabase, sqliteDatabase, type TestDatabase } from '../fixtures/test-store.ts'

const admin = inject('postgresUrl')
const sqlite = async (_isMigrated?: boolean): Promise<TestDatabase> => sqliteDatabase()
const postgres = (isMigrated = true): Promise<TestDatabase> => postgresDatabase(admin ?? '', isMigrated)
const ends = { sqlite, postgres }
const directions: readonly { readonly fromName: keyof typeof ends; readonly toName: keyof typeof ends }[] =
  admin === undefined
    ? [{ fromName: 'sqlite', toName: 'sqlite' }]
    : [
        { fromName: 'sqlite', toName: 'postgres' },
        { fromName: 'postgres', toName: 'sqlite' },
        { fromName: 'postgres', toName: 'postgres' },
      ]

const key = generateSigningKey()
const { vkey } = signerOf(key)
const publicKey = () => vkey
const made: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of made.splice(0).reverse()) await one.close()
})
async function fresh(make: (isMigrated?: boolean) => Promise<TestDatabase>): Promise<TestDatabase> {
  const database = await make()
  made.push({ close: () => database.remove() })
  return database
}
async function opened(database: TestDatabase): Promise<Store> {
  const store = await database.open()
  let isOpen = true
  const close = async () => {
    if (isOpen) await store.close()
    isOpen = false
  }
  made.push({ close })
  return { ...store, close }
}
const rowsOf = ({ tables }: Pick<CopyReport, 'tables'>) => Object.fromEntries(tables.map((one) => [one.name, one.rows]))

describe.each(directions)('from $fromName to $toName', ({ fromName, toName }) => {
  const [makeFrom, makeTo] = [ends[fromName], ends[toName]]
  /** Read by all, changed by none. */
  let full: TestDatabase
  let erased: string
  beforeAll(async () => {
    full = await makeFrom()
    const source = await full.open()
    erased = await fillStore(source, key)
    await source.close()
    for (const statement of modelCalls) await full.sql(statement)
  })
  afterAll(() => full.remove())
  const copied = async (from = full) => {
    const to = await fresh(() => makeTo(false))
    const report = await copyStore({ from: from.location, to: to.location, publicKey })
    return { from, to, report }
  }

  it('everything goes over, is read back with the same digests, and copies back to the same', async () => {
    const { from, to, report } = await copied()
    expect(report.log).toMatchObject({ ok: true, faultCount: 0 })
    expect(report.replacedTexts).toBe(0)
    const rows = rowsOf(report)
    // A table that the fixture leaves empty proves nothing.
    const empty = Object.entries(rows).filter(([, count]) => count === 0)
    expect(empty).toEqual([])
    const info = await storeInfo(to.location)
    expect(info.log).toMatchObject({ entries: rows.audit_entries, indexed: rows.audit_index })
    expect(info.log.entries - info.log.indexed).toBe(3)
    const again = await fresh(makeFrom)
    const back = await copyStore({ from: to.location, to: again.location, publicKey })
    expect(back.tables).toEqual(report.tables)
    const [first, last] = [await opened(from), await opened(again)]
    expect(await last.audit.readBody(erased, 'input')).toEqual(await first.audit.readBody(erased, 'input'))
    expect(await last.traces.spansOf('d'.repeat(32))).toEqual(await first.traces.spansOf('d'.repeat(32)))
    const actions = await from.sql('SELECT id FROM actions')
    for (const { id } of actions) {
      expect(await last.guard.readAction(`${id}`)).toEqual(await first.guard.readAction(`${id}`))
    }
  })

  it('a kit on the copy goes on: new tasks, and checkpoints that extend the old one', async () => {
    const { to } = await copied()
    const store = await opened(to)
    const old = parseCheckpoint((await store.audit.latestCheckpoint())?.note ?? '')
    const { task } = await openedTask(store)
    expect(await store.guard.intend(intendAct(task))).toMatchObject({ kind: 'committed' })
    expect(await store.guard.readKills(agent)).toHaveLength(1)
    const sequencer = await sequenced(store, key)
    await sequencer.stop()
    const now = parseCheckpoint((await store.audit.latestCheckpoint())?.note ?? '')
    expect(now.size).toBe(old.size + 5n)
    const proof = await proveFromTiles(store.audit, (read) =>
      consistencyProof(Number(old.size), Number(now.size), read),
    )
    const claim = { size1: old.size, size2: now.size, root1: old.root, root2: now.root, proof }
    expect(verifyConsistency(claim)).toBe(true)
    expect(verifyConsistency({ ...claim, root1: now.root })).toBe(false)
  })

  it('never into a store that holds something, whatever it is', async () => {
    const [from, to] = [full, await fresh(makeTo)]
    const target = await opened(to)
    await openedTask(target)
    const copying = copyStore({ from: from.location, to: to.location, publicKey })
    await expect(copying).rejects.toMatchObject({ code: 'STORE_NOT_EMPTY' })
    expect((await storeInfo(to.location)).log.entries).toBe(1)
  })

  it('a copy that fails at any table leaves an empty store, and can be made again', async () => {
    const [from, to] = [full, await fresh(makeTo)]
    for (const { name } of tableShapes().filter((_, n) => n % 7 === 6)) {
      const onTable = (table: string): void => {
        if (table === name) throw new Error('cut')
      }
      await expect(copyStore({ from: from.location, to: to.location, publicKey, onTable })).rejects.toThrow('cut')
    }
    const wrongKey = () => signerOf(generateSigningKey()).vkey
    const copying = copyStore({ from: from.location, to: to.location, publicKey: wrongKey })
    await expect(copying).rejects.toMatchObject({ code: expect.stringMatching(/NOTE_UNTRUSTED|STORE_COPY_FAILED/) })
    const store = await opened(to)
    expect(await store.audit.indexedSize()).toBe(0)
    await store.close()
    expect(await copyStore({ from: from.location, to: to.location, publicKey })).toMatchObject({ log: { ok: true } })
  })

  // Each kind of end once: the commands are processes of their own, which takes its time.
  const isTried = fromName !== toName || fromName === 'sqlite'
  const itIfTried = isTried ? it : () => {}
  itIfTried('a copy that is killed leaves an empty store, wherever it was', async () => {
    const to = await fresh(makeTo)
    const [fromText, toText] = [full, to].map(({ location }) => location.db ?? location.dir)
    const copy = (killAt?: string) =>
      runCommand(['store', 'copy', fromText ?? '', toText ?? '', '--key', vkey], { cwd: full.location.dir, killAt })
    for (const table of ['tasks', 'audit_bodies']) {
      const killed = await copy(`${table}: `)
      expect([killed.code, killed.stdout]).toEqual([null, ''])
      const store = await opened(to)
      expect(await store.audit.readUnsequenced(1)).toEqual([])
      expect(await store.traces.countRuns()).toBe(0)
      await store.close()
    }
    expect((await copy()).stdout).toMatch(/Its audit log verifies/)
  })

  it('a source whose log was rewritten is not copied', async () => {
    const [from, to] = [await fresh(makeFrom), await fresh(makeTo)]
    const source = await opened(from)
    await fillStore(source, key)
    await source.close()
    for (const statement of unlocked(fromName)) await from.sql(statement)
    const copying = copyStore({ from: from.location, to: to.location, publicKey })
    await expect(copying).rejects.toMatchObject({ code: 'STORE_COPY_FAILED', message: /does not verify/ })
    const store = await opened(to)
    expect(await store.audit.latestCheckpoint()).toBeUndefined()
  })

  it('an empty store is copied too, and one that was never made is not', async () => {
    const [from, to, never] = [await fresh(makeFrom), await fresh(makeTo), await fresh(() => makeFrom(false))]
    const copying = copyStore({ from: never.location, to: to.location, publicKey })
    await expect(copying).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await (await opened(from)).close()
    const report = await copyStore({ from: from.location, to: to.location, publicKey })
    expect(report.log).toBeUndefined()
    expect(report.tables.every(({ rows }) => rows === 0)).toBe(true)
  })

  if (fromName === 'sqlite' && toName === 'postgres')
    it('a text with a character that PostgreSQL cannot hold is counted', async () => {
      const from = await fresh(makeFrom)
      const source = await opened(from)
      await fillStore(source, key, 'a\0b')
      await source.close()
      const { report } = await copied(from)
      expect(report.replacedTexts).toBeGreaterThan(0)
      expect(report.log).toMatchObject({ ok: true })
    })

  if (fromName === 'postgres')
    it('not while a gateway leads the log', async () => {
      const [from, to] = [await fresh(makeFrom), await fresh(makeTo)]
      const source = await opened(from)
      await source.audit.lead()
      const copying = () => copyStore({ from: from.location, to: to.location, publicKey })
      await expect(copying()).rejects.toMatchObject({ code: 'KIT_RUNNING' })
      expect(await storeInfo(from.location)).toMatchObject({ leader: expect.stringContaining('/') })
      await source.audit.resign()
      expect(await copying()).toMatchObject({ log: undefined })
    })
})

const modelCalls: readonly string[] = [
  'INSERT INTO model_use (task_row, steps, tokens) SELECT "row", 1, 2 FROM tasks LIMIT 1',
  `INSERT INTO model_calls (id, task_row, model, state, reserved_tokens, reserved_usd_micros, owner, doubt_ms, begun_ms)
   SELECT 'mdl_1', "row", 'm', 'running', 9, 9, 'o', 1, 1 FROM tasks LIMIT 1`,
]

/** What somebody with every right would do to rewrite an entry. */
function unlocked(kind: string): readonly string[] {
  const change = "UPDATE audit_entries SET body = replace(body, 'desk-agent', 'other-agent') WHERE rowid = 5"
  return kind === 'postgres'
    ? ['ALTER TABLE audit_entries DISABLE TRIGGER ALL', change]
    : ['DROP TRIGGER audit_entries_never_updated', change]
}
