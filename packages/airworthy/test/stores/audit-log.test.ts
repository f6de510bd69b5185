/** The audit log with its sequencer, on every store: entries get their places once, and an outsider can verify what stands there. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noteSigner } from '../../src/audit/note.ts'
import { erasureDraft, sealEntry } from '../../src/audit/seal-entry.ts'
import { verifyExport } from '../../src/audit/verify-export.ts'
import { generateSigningKey } from '../../src/core/signature.ts'
import { exportLog } from '../../src/operate/audit/export-log.ts'
import { createSequencer } from '../../src/operate/sequencer/sequencer.ts'
import type { Store } from '../../src/store/store.ts'
import { entry, openedTask } from '../fixtures/store-acts.ts'
import { onPostgres, type TestDatabase, testDatabase } from '../fixtures/test-store.ts'

const signer = noteSigner('airworthy/desk-agent', generateSigningKey())
let database: TestDatabase
let store: Store
let other: Store
beforeAll(async () => {
  database = await testDatabase()
  ;[store, other] = [await database.open(), await database.open()]
})
afterAll(async () => {
  await Promise.all([store.close(), other.close()])
  await database.remove()
})

const sequencerOf = (one: Store) => createSequencer({ port: one.audit, signer, pollMs: 20, gatherMs: 5 })

async function verified(one: Store) {
  const pieces = exportLog(one.audit, { vkey: signer.vkey, bodies: true, cosignatures: one.cosignatures })
  return await verifyExport(pieces, { publicKey: signer.vkey })
}

describe('the log', () => {
  it('is written by two gateways at once, sequenced by whoever leads, and verifies', async () => {
    const sequencers = [sequencerOf(store), sequencerOf(other)]
    await Promise.all(sequencers.map((one) => one.start()))
    const append = async (one: Store) => {
      for (let n = 0; n < 150; n++) await one.audit.append(sealEntry(entry()))
    }
    await Promise.all([append(store), append(other), openedTask(store), openedTask(other)])
    await Promise.all(sequencers.map((one) => one.drain()))
    expect(sequencers.map((one) => one.coveredSize)).toEqual([302, 302])
    await Promise.all(sequencers.map((one) => one.stop()))
    expect(await verified(other)).toMatchObject({ ok: true, size: 302, faultCount: 0 })
    const rows = await database.sql('SELECT log_index FROM audit_index ORDER BY log_index')
    expect(rows.map((row) => Number(row.log_index))).toEqual(Array.from({ length: 302 }, (_, n) => n))
    expect(await store.audit.readUnsequenced(1)).toEqual([])
  })

  it('one entry has one place: an id comes twice to nobody', async () => {
    const sealed = sealEntry(entry())
    await store.audit.append(sealed)
    await expect(other.audit.append(sealed)).rejects.toThrow()
    expect((await store.audit.entryById(sealed.id))?.index).toBeUndefined()
  })

  it('an act on another state of the log conflicts and writes nothing', async () => {
    await store.audit.lead()
    const [waiting] = await store.audit.readUnsequenced(1)
    const key = waiting?.key ?? 0
    expect(await store.audit.sequence({ firstIndex: 7, entryKeys: [key] })).toBe('conflict')
    const size = await store.audit.indexedSize()
    const beyond = { expectedSize: size, size: size + 1, note: 'n', tiles: [] }
    expect(await store.audit.publishCheckpoint(beyond)).toBe('conflict')
    expect(await store.audit.publishCheckpoint({ ...beyond, expectedSize: 3, size })).toBe('conflict')
    expect(await store.audit.indexedSize()).toBe(size)
    await store.audit.resign()
  })

  if (onPostgres)
    it('only the leader writes, until it resigns or its time is over', async () => {
      expect([await store.audit.lead(), await other.audit.lead(), await store.audit.lead()]).toEqual([
        true,
        false,
        true,
      ])
      const [waiting] = await other.audit.readUnsequenced(1)
      const firstIndex = await other.audit.indexedSize()
      expect(await other.audit.sequence({ firstIndex, entryKeys: [waiting?.key ?? 0] })).toBe('conflict')
      await store.audit.resign()
      expect(await other.audit.lead()).toBe(true)
      await database.sql("UPDATE leases SET expires_at = clock_timestamp() - interval '1 second'")
      expect(await store.audit.lead()).toBe(true)
      expect(await other.audit.sequence({ firstIndex, entryKeys: [waiting?.key ?? 0] })).toBe('conflict')
      await store.audit.resign()
    })

  it('a body is erased once, with the entry that says so, and the log verifies before and after it is covered', async () => {
    const { task } = await openedTask(store)
    const [opened] = await store.audit.entriesOfTask(task.id, 1)
    const entryId = opened?.id ?? ''
    expect((await store.audit.readBody(entryId, 'input'))?.kept?.content).toBe('{"text":"Close it."}')
    const sequencer = sequencerOf(store)
    await sequencer.start()
    await sequencer.drain()
    const erase = (name: string) => {
      const draft = erasureDraft({ entryId, body: name }, { ...entry(), why: 'asked to' })
      return store.audit.eraseBody({ entryId, name, record: sealEntry(draft) })
    }
    expect([await erase('input'), await erase('input')]).toEqual([true, false])
    await expect(erase('none')).rejects.toMatchObject({ code: 'AUDIT_BODY_UNKNOWN' })
    expect(await store.audit.readBody(entryId, 'input')).toMatchObject({ kept: undefined })
    expect(await verified(other)).toMatchObject({ ok: true, faultCount: 0 })
    await sequencer.drain()
    await sequencer.stop()
    expect(await verified(other)).toMatchObject({ ok: true, faultCount: 0 })
    expect((await store.audit.readErasuresAfter(0, 10)).length).toBe(1)
  })
})
