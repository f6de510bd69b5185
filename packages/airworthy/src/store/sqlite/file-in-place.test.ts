import { mkdtempSync, renameSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { IntendAct } from '../../guard/port.ts'
import type { Store } from '../store.ts'
import { openSqliteStore } from './store.ts'

let dir: string
let store: Store
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'airworthy-in-place-'))
  store = openSqliteStore(dir, () => {})
})
afterEach(async () => {
  await store.close()
  rmSync(dir, { recursive: true, force: true })
})

type HoldAct = Parameters<Store['guard']['hold']>[0]
it('what users said is read by its owner alone, whoever made the folder', () => {
  for (const name of ['airworthy.db', 'airworthy.db-wal', 'traces.db'])
    expect([name, statSync(join(dir, name)).mode & 0o777]).toEqual([name, 0o600])
})

const gone = { code: 'STORE_UNAVAILABLE' }

it.each<[string, () => void | Promise<void>]>([
  ['deleted', () => rmSync(dir, { recursive: true })],
  ['moved away', () => renameSync(join(dir, 'airworthy.db'), join(dir, 'old.db'))],
  [
    'replaced by a new store, as `airworthy kill` would make one',
    async () => {
      rmSync(dir, { recursive: true })
      await openSqliteStore(dir, () => {}).close()
    },
  ],
])('nothing is intended, held or asked of a model once the file was %s', async (_how, away) => {
  await store.probe()
  await away()
  await expect(store.probe()).rejects.toMatchObject(gone)
  await expect(store.guard.intend({ task: { id: 'tsk_1' } } as IntendAct)).rejects.toMatchObject(gone)
  await expect(store.guard.hold({ task: { id: 'tsk_1' } } as HoldAct)).rejects.toMatchObject(gone)
  const call = { task: { id: 'tsk_1' } } as Parameters<Store['models']['beginModelCall']>[0]
  await expect(store.models.beginModelCall(call)).rejects.toMatchObject(gone)
})
