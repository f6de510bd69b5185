/** The one place that chooses between the databases. */
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
}

/** @throws STORE_UNAVAILABLE, STORE_FOREIGN, STORE_NEWER */
export async function openStore({ dir, db }: StoreLocation, listeners: StoreListeners = {}): Promise<Store> {
  if (db === undefined) return openSqliteStore(dir, listeners.onAppend ?? (() => {}))
  // Loaded when it is wanted: the embedded store starts without it.
  const { openPostgresStore } = await import('./postgres/store.ts')
  return await openPostgresStore(db, listeners)
}
