/** A backup of a folder's store, each file as of one moment, taken while a kit goes on writing. */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { AirworthyError } from '../../core/errors.ts'
import { noStoreIn } from '../open-store.ts'
import { asStoreError, databaseFile, tracesFile } from './open.ts'

/**
 * Writes the store of `dir` into the folder `to`, whole or not at all, checked and synced to disk.
 * @throws STORE_UNAVAILABLE, STORE_NOT_EMPTY
 */
export function backupSqlite(dir: string, to: string): void {
  if (!existsSync(join(dir, databaseFile))) throw noStoreIn(dir)
  if ([tracesFile, databaseFile].some((file) => existsSync(join(to, file)))) {
    throw new AirworthyError({
      code: 'STORE_NOT_EMPTY',
      message: `There is a store in ${to} already; a backup overwrites nothing.`,
      mend: 'Name a new folder.',
    })
  }
  mkdirSync(to, { recursive: true, mode: 0o700 })
  // The ledger last: where it stands, the backup is whole.
  const files = [tracesFile, databaseFile].filter((file) => existsSync(join(dir, file)))
  for (const file of files) backUpFile(join(dir, file), join(to, file))
}

function backUpFile(from: string, path: string): void {
  const aside = `${path}.unfinished`
  rmSync(aside, { force: true })
  // Made here, so that nobody else may read it even for a moment.
  closeSync(openSync(aside, 'wx', 0o600))
  try {
    vacuumInto(from, aside)
    const handle = openSync(aside, 'r+')
    fsyncSync(handle)
    closeSync(handle)
    renameSync(aside, path)
  } catch (error) {
    rmSync(aside, { force: true })
    throw asStoreError(error)
  }
}

function vacuumInto(from: string, to: string): void {
  const source = new Database(from, { fileMustExist: true, timeout: 5_000 })
  try {
    source.prepare('VACUUM INTO ?').run(to)
  } finally {
    source.close()
  }
  const written = new Database(to, { readonly: true })
  try {
    const said = written.pragma('quick_check', { simple: true })
    if (said !== 'ok') {
      throw new AirworthyError({
        code: 'STORE_UNAVAILABLE',
        message: `The backup does not pass SQLite's own check: ${String(said).slice(0, 200)}.`,
        mend: 'Check the disks of both folders; nothing was kept.',
      })
    }
  } finally {
    written.close()
  }
}
