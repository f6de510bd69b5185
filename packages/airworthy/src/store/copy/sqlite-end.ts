/** A SQLite folder as the end of a copy. A target that is cut short rolls back by itself when it is opened again. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { AirworthyError } from '../../core/errors.ts'
import { noStoreIn } from '../open-store.ts'
import { sqliteAuditLog } from '../sqlite/audit-log.ts'
import { sqliteCosignatureStore } from '../sqlite/cosignature-store.ts'
import { asStoreError, databaseFile, openBoth, type SqliteDatabase } from '../sqlite/open.ts'
import { packedPlace, sqliteSpanBlocks } from '../sqlite/span-blocks.ts'
import type { CopySource, CopyTarget } from './end.ts'
import type { Cell, Row } from './row.ts'
import { quoted, type TableShape } from './table-shape.ts'

/** @throws STORE_UNAVAILABLE, STORE_FOREIGN, STORE_NEWER */
export function sqliteSource(dir: string): CopySource {
  if (!existsSync(join(dir, databaseFile))) throw noStoreIn(dir)
  const db = openBoth(dir)
  db.exec('BEGIN')
  return endOf(db, dir)
}

/** @throws STORE_UNAVAILABLE, STORE_FOREIGN, STORE_NEWER; STORE_NOT_EMPTY */
export function sqliteTarget(dir: string, tables: readonly TableShape[]): CopyTarget {
  const db = openBoth(dir)
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
        for (const file of ['main', 'traces']) db.pragma(`${file}.wal_checkpoint(truncate)`)
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
      const rows = db.prepare(table.selectOf('sqlite')).raw().safeIntegers().iterate() as IterableIterator<Cell[]>
      yield* table.name === 'spans' ? unpackedRows(db, table, rows) : rows
    },
    // Closing ends a transaction that was not committed.
    close: async () => void db.close(),
  }
}

/** Spans of one block stand beside each other: it is unpacked once, and memory holds one block. */
function* unpackedRows(db: SqliteDatabase, { columns }: TableShape, rows: Iterable<Cell[]>): Generator<Row> {
  const blocks = sqliteSpanBlocks(db)
  const place = columns.indexOf('attributes')
  let open: number | undefined
  let waiting: Cell[][] = []
  function* unpacked(): Generator<Row> {
    const texts = blocks.unpacked(waiting.map((row) => ({ attributes: row[place] as string })))
    for (const [n, row] of waiting.entries()) yield row.with(place, texts[n]?.attributes as string)
    waiting = []
  }
  for (const row of rows) {
    const block = packedPlace(row[place] as string)?.block
    if (block === undefined || block !== open) yield* unpacked()
    open = block
    waiting.push(row)
  }
  yield* unpacked()
}

export function notEmpty(shown: string, table: string): AirworthyError {
  return new AirworthyError({
    code: 'STORE_NOT_EMPTY',
    message: `${shown} holds rows already (${table}); a copy is never mixed with what is there.`,
    mend: 'Name an empty folder or an empty database.',
  })
}
