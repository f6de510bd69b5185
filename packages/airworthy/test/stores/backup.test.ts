/** Backups as docs/postgres.md says them, taken while entries are written, and restored. */
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, describe, expect, inject, it } from 'vitest'
import { sealEntry } from '../../src/audit/seal-entry.ts'
import { verifyExport } from '../../src/audit/verify-export.ts'
import { generateSigningKey } from '../../src/core/signature.ts'
import { exportLog } from '../../src/operate/audit/export-log.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/store.ts'
import { fillStore, sequenced, signerOf } from '../fixtures/filled-store.ts'
import { postgresBinaries } from '../fixtures/postgres-server.ts'
import { runCommand } from '../fixtures/run-command.ts'
import { entry, intendAct, openedTask } from '../fixtures/store-acts.ts'
import { onPostgres, postgresDatabase, sqliteDatabase } from '../fixtures/test-store.ts'

const key = generateSigningKey()
const folder = mkdtempSync(join(tmpdir(), 'airworthy-backup-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const page = readFileSync(fileURLToPath(new URL('../../../../docs/postgres.md', import.meta.url)), 'utf8')

/** Entries go on being written, in turns with the backup's own process. */
async function whileWriting<T>(store: Store, take: () => Promise<T>): Promise<T> {
  const sequencer = await sequenced(store, key)
  let isDone = false
  const writing = (async () => {
    while (!isDone) {
      await store.audit.append(sealEntry(entry()))
      sequencer.wake()
      await new Promise((resolve) => setImmediate(resolve))
    }
  })()
  await new Promise((resolve) => setTimeout(resolve, 20))
  const taken = await take()
  isDone = true
  await writing
  await sequencer.stop()
  return taken
}

/** Everything is there, the log verifies, and a kit goes on with it. */
async function usable(store: Store): Promise<void> {
  const { vkey } = signerOf(key)
  const verified = async () =>
    await verifyExport(exportLog(store.audit, { vkey, bodies: true, cosignatures: store.cosignatures }), {
      publicKey: vkey,
    })
  const before = await verified()
  expect(before).toMatchObject({ ok: true, faultCount: 0 })
  const { task } = await openedTask(store)
  expect(await store.guard.intend(intendAct(task))).toMatchObject({ kind: 'committed' })
  const sequencer = await sequenced(store, key)
  await sequencer.stop()
  const after = await verified()
  expect(after).toMatchObject({ ok: true })
  expect(after.size).toBeGreaterThan(before.size)
  expect(await store.approvals.listApprovals({ limit: 10 })).toHaveLength(4)
  expect(await store.traces.countRuns()).toBe(1)
}

describe('a backup', () => {
  if (!onPostgres)
    it('of a folder: the command of the docs, while a kit writes', async () => {
      const database = sqliteDatabase()
      const store = await database.open()
      await fillStore(store, key)
      const { dir } = database.location
      // A process of its own: writing and backing up overlap.
      const backup = () => runCommand(['store', 'backup', 'backup', '--dir', dir], { cwd: folder })
      const ran = await whileWriting(store, backup)
      expect([ran.code, ran.stderr]).toEqual([0, ''])
      expect(readdirSync(join(folder, 'backup'))).toEqual(['airworthy.db', 'traces.db'])
      for (const file of ['airworthy.db', 'traces.db'])
        expect(statSync(join(folder, 'backup', file)).mode & 0o077).toBe(0)
      expect(await backup()).toMatchObject({ code: 3, stderr: expect.stringContaining('STORE_NOT_EMPTY') })
      const restored = await openStore({ dir: join(folder, 'backup') }, { mayCreate: false })
      await usable(restored)
      await restored.close()
      await store.close()
      await database.remove()
    })

  const programs = onPostgres ? dumpFolder() : undefined
  if (onPostgres)
    it.skipIf(programs === undefined)(
      'of PostgreSQL, with a pg_dump of its version: while gateways write, and restored into a new database',
      async () => {
        const admin = inject('postgresUrl') ?? ''
        const [from, to] = [await postgresDatabase(admin), await postgresDatabase(admin, false)]
        const store = await from.open()
        await fillStore(store, key)
        const file = join(folder, 'airworthy.dump')
        const program = async (name: string, args: readonly string[]) =>
          expect((await promisify(execFile)(join(programs ?? '', name), args, { env: { LC_ALL: 'C' } })).stderr).toBe(
            '',
          )
        const dump = [
          '--format=custom',
          '--schema=airworthy',
          '--exclude-table-data=airworthy.leases',
          `--file=${file}`,
        ]
        for (const option of dump.slice(0, 3)) expect(page).toContain(option)
        await whileWriting(store, () => program('pg_dump', [...dump, from.location.db ?? '']))
        await program('pg_restore', [`--dbname=${to.location.db}`, '--exit-on-error', file])
        const restored = await to.open()
        await usable(restored)
        await restored.close()
        await store.close()
        await expect(to.sql('DELETE FROM audit_entries')).rejects.toThrow(/append-only/)
        await Promise.all([from.remove(), to.remove()])
      },
    )
})

/** The programs of the same version as the server, where somebody installed them: npm's build has none. */
function dumpFolder(): string | undefined {
  const major = inject('postgresMajor')
  const folders = postgresBinaries().flatMap((one) => (one.major === major ? [one.folder] : []))
  return [...folders, `/usr/lib/postgresql/${major}/bin`].find((one) => existsSync(join(one, 'pg_dump')))
}
