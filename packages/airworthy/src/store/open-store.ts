/** The one place that chooses between the databases. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { AirworthyError } from '../core/errors.ts'
import { databaseFile } from './sqlite/open.ts'
import { openSqliteStore } from './sqlite/store.ts'
import type { Store } from './store.ts'

export interface StoreLocation {
  /** The kit's folder, or `:memory:`; where the embedded store is unless `db` names another. */
  readonly dir: string
  /** `postgres://...`. */
  readonly db?: string | undefined
}

export interface StoreListeners {
  /** An entry was appended; the act may still roll back. */
  readonly onAppend?: () => void
  /** What an operator should know, one sentence each. */
  readonly log?: (line: string) => void
  /** False, for commands that look at a store or act on one: a typing error in --dir or --db must not make a new, empty one. */
  readonly mayCreate?: boolean
}

/** @throws STORE_UNAVAILABLE, STORE_FOREIGN, STORE_NEWER */
export async function openStore({ dir, db }: StoreLocation, listeners: StoreListeners = {}): Promise<Store> {
  if (db === undefined) {
    if (listeners.mayCreate === false && !existsSync(join(dir, databaseFile))) throw noStoreIn(dir)
    return openSqliteStore(dir, listeners.onAppend ?? (() => {}))
  }
  // Loaded when it is wanted: the embedded store starts without it.
  const { openPostgresStore } = await import('./postgres/store.ts')
  return await openPostgresStore(db, listeners)
}

export function noStoreIn(dir: string): AirworthyError {
  return new AirworthyError({
    code: 'STORE_UNAVAILABLE',
    message: `There is no store in ${dir}.`,
    mend: 'Give the folder of a kit with --dir, or the database of one with --db.',
  })
}
