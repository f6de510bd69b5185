/** What a store is and how much is in it, for an operator; it is looked at and never changed, not migrated either. */
import type { StoreLocation } from '../open-store.ts'
import { sqliteInfo } from './sqlite-info.ts'

export interface StoreInfo {
  readonly kind: 'sqlite' | 'postgresql'
  /** The folder, or the address without its password. */
  readonly at: string
  /** Of the database program. */
  readonly version: string
  readonly schema: number
  /** What this version of the kit would bring it to. */
  readonly schemaKnown: number
  readonly bytes: number
  readonly tables: readonly { readonly name: string; readonly rows: number; readonly bytes: number }[]
  readonly log: {
    /** With an index or not yet. */
    readonly entries: number
    readonly indexed: number
    readonly checkpoint: { readonly size: number; readonly note: string } | undefined
  }
  /** Who sequences the log of a shared store now; undefined: nobody, or the store is in a folder. */
  readonly leader: string | undefined
  /** What an operator should know, one sentence each. */
  readonly notes: readonly string[]
}

/** @throws STORE_UNAVAILABLE, STORE_FOREIGN */
export async function storeInfo({ dir, db }: StoreLocation): Promise<StoreInfo> {
  if (db === undefined) return sqliteInfo(dir)
  return await (await import('./postgres-info.ts')).postgresInfo(db)
}
