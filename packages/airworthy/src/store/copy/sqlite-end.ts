/** A SQLite folder as the end of a copy. A target that is cut short rolls back by itself when it is opened again. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { AirworthyError } from '../../core/errors.ts'
import { noStoreIn } from '../open-store.ts'
import { sqliteAuditLog } from '../sqlite/audit-log.ts'
import { sqliteCosignatureStore } from '../sqlite/cosignature-store.ts'
import { asStoreError, databaseFile, openSqlite, type SqliteDatabase } from '../sqlite/open.ts'
import type { CopySource, CopyTarget } from './end.ts'
import type { Cell, Row } from './row.ts'
import { quoted, type TableShape } from './table-shape.ts'

/** @throws STORE_UNAVAILABLE, STORE_FOREIGN, STORE_NEWER */
export function sqliteSource(dir: string): CopySource {
  if (!existsSync(join(dir, databaseFile))) throw noStoreIn(dir)
  const db = openSqlite(dir)
  db.exec('BEGIN')
  return endOf(db, dir)
}

/** @throws STORE_UNAVAILABLE, STORE_FOREIGN, STORE_NEWER; STORE_NOT_EMPTY */
export function sqliteTarget(dir: string, tables: readonly TableShape[]): CopyTarget {
  const db = openSqlite(dir)
  try {
    db.exec('BEGIN IMMEDIATE')
    for (const { name } of tables) {
      if (db.prepare(`SELECT 1 FROM ${quoted(name)} LIMIT 1`).get() !== undefined) throw notEmpty(dir, name)
    }
  } catch (error) {
    db.close()
    throw asStoreError(error)
  }
  return {
    ...endOf(db, dir),
    storable: (row) => row,
    async insert({ name, columns }, rows) {
      const places = columns.map(() => '?').join(', ')
      const insert = db.prepare(`INSERT INTO ${quoted(name)} (${columns.map(quoted).join(', ')}) VALUES (${places})`)
      try {
        for (const row of rows) insert.run(...row)
      } catch (error) {
        throw asStoreError(error)
      }
    },
    complete: async () => {},
    log: sqliteAuditLog(db),
    cosignatures: sqliteCosignatureStore(db),
    async commit() {
      try {
        db.exec('COMMIT')
        db.pragma('wal_checkpoint(truncate)')
      } catch (error) {
        throw asStoreError(error)
      }
    },
  }
}

function endOf(db: SqliteDatabase, dir: string): CopySource {
  return {
    shown: dir,
    async *rows(table): AsyncGenerator<Row> {
      for (const row of db.prepare(table.selectOf('sqlite')).raw().safeIntegers().iterate()) yield row as Cell[]
    },
    // Closing ends a transaction that was not committed.
    close: async () => void db.close(),
  }
}

export function notEmpty(shown: string, table: string): AirworthyError {
  return new AirworthyError({
    code: 'STORE_NOT_EMPTY',
    message: `${shown} holds rows already (${table}); a copy is never mixed with what is there.`,
    mend: 'Name an empty folder or an empty database.',
  })
}
