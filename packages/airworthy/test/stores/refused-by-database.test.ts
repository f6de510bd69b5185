/** What the database itself refuses, whoever asks with whatever rights: the statements that would rewrite what was said. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noteSigner } from '../../src/audit/note.ts'
import { generateSigningKey } from '../../src/core/signature.ts'
import { createSequencer } from '../../src/operate/sequencer/sequencer.ts'
import type { Store } from '../../src/store/store.ts'
import { decide, holdAct, intendAct, openedTask } from '../fixtures/store-acts.ts'
import { onPostgres, type TestDatabase, testDatabase } from '../fixtures/test-store.ts'

let database: TestDatabase
let store: Store
beforeAll(async () => {
  database = await testDatabase()
  store = await database.open()
  const { task } = await openedTask(store, {}, [{ kind: 'effect', tool: 'change', effect: 'write' }])
  const held = holdAct(task)
  await store.guard.hold(held)
  await decide(store, held.approval.id, 'rejected')
  await store.guard.intend(intendAct(task))
  const sequencer = createSequencer({ port: store.audit, signer: noteSigner('airworthy/a', generateSigningKey()) })
  await sequencer.start()
  await sequencer.stop()
  await store.cosignatures.keep({ size: 1, witness: 'w', line: 'l' })
  await openedTask(store)
})
afterAll(async () => {
  await store.close()
  await database.remove()
})

const everywhere: readonly string[] = [
  "UPDATE audit_entries SET body = '{}'",
  'UPDATE audit_entries SET leaf_hash = leaf_hash',
  'DELETE FROM audit_entries',
  'UPDATE audit_index SET log_index = log_index + 100',
  'DELETE FROM audit_index WHERE log_index = 0',
  'INSERT INTO audit_index (log_index, entry_rowid) SELECT max(i.log_index) + 2, max(e.rowid) FROM audit_index i, audit_entries e',
  'INSERT INTO audit_index (log_index, entry_rowid) SELECT max(log_index) + 1, max(entry_rowid) FROM audit_index',
  "UPDATE audit_checkpoints SET note = 'mine'",
  'DELETE FROM audit_checkpoints',
  "INSERT INTO audit_checkpoints (size, note) VALUES (1, 'an older one')",
  'DELETE FROM audit_tiles',
  'UPDATE audit_tiles SET n = n + 1',
  'DELETE FROM audit_bodies',
  "UPDATE audit_bodies SET content = '{}'",
  "UPDATE audit_bodies SET name = 'other'",
  "UPDATE audit_cosignatures SET line = 'other'",
  'DELETE FROM audit_cosignatures',
  "UPDATE facts SET body = '{}'",
  "UPDATE approvals SET state = 'approved'",
  "UPDATE approvals SET state = 'pending'",
  "UPDATE actions SET state = 'unheard-of'",
  'UPDATE tasks SET tool_calls = -1',
]
const onPostgresAlone: readonly string[] = [
  'TRUNCATE audit_entries CASCADE',
  'TRUNCATE audit_index',
  'TRUNCATE audit_checkpoints',
  'TRUNCATE audit_tiles',
  'TRUNCATE audit_bodies',
  'TRUNCATE audit_cosignatures',
  'TRUNCATE facts',
  'TRUNCATE approvals',
  'DELETE FROM facts',
  'DELETE FROM approvals',
  'DELETE FROM actions',
  "UPDATE audit_tiles SET hashes = decode(repeat('00', 32), 'hex')",
]
const onSqliteAlone: readonly string[] = [
  'UPDATE audit_tiles SET hashes = zeroblob(32)',
  'REPLACE INTO audit_entries (rowid, id, time_ms, body, leaf_hash) SELECT rowid, id, 0, body, leaf_hash FROM audit_entries',
]

describe('the database refuses', () => {
  it.each([...everywhere, ...(onPostgres ? onPostgresAlone : onSqliteAlone)])('%s', async (statement) => {
    const [table] = /audit_\w+|facts|approvals|actions|tasks/.exec(statement) ?? []
    const order = onPostgres ? '1' : 'rowid'
    const rows = () => database.sql(`SELECT * FROM ${table} ORDER BY ${withoutRowid(table) ? '1, 2' : order}`)
    const before = await rows()
    expect(before.length).toBeGreaterThan(0)
    await expect(database.sql(statement)).rejects.toThrow()
    expect(await rows()).toEqual(before)
  })

  it('and takes an erasure: content and salt, nothing else', async () => {
    await database.sql("UPDATE audit_bodies SET content = NULL, salt = NULL WHERE name = 'input'")
    await expect(database.sql("UPDATE audit_bodies SET content = '', salt = 'a'")).rejects.toThrow()
  })
})

const withoutRowid = (table: string | undefined): boolean =>
  ['facts', 'audit_bodies', 'audit_cosignatures', 'audit_tiles'].includes(table ?? '')
