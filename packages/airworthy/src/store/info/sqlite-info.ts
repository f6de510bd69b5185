/** A SQLite folder, looked at. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { AirworthyError } from '../../core/errors.ts'
import { noStoreIn } from '../open-store.ts'
import { applicationId } from '../sqlite/application-id.ts'
import { schemaVersion } from '../sqlite/migrate.ts'
import { asStoreError, cannotBeOpened, databaseFile, tracesFile } from '../sqlite/open.ts'
import type { StoreInfo } from './store-info.ts'

/** @throws STORE_UNAVAILABLE, STORE_FOREIGN */
export function sqliteInfo(dir: string): StoreInfo {
  const path = join(dir, databaseFile)
  if (!existsSync(path)) throw noStoreIn(dir)
  let db: Database.Database | undefined
  try {
    db = new Database(path, { readonly: true, timeout: 5_000 })
    attachTraces(db, join(dir, tracesFile))
    return infoOf(db, dir)
  } catch (error) {
    throw asStoreError(error)
  } finally {
    db?.close()
  }
}

/** A folder of an earlier version has none yet. */
function attachTraces(db: Database.Database, path: string): void {
  if (!existsSync(path)) return
  try {
    db.prepare('ATTACH ? AS traces').run(path)
  } catch (error) {
    throw cannotBeOpened(path, error)
  }
}

function infoOf(db: Database.Database, dir: string): StoreInfo {
  const value = (sql: string): unknown => db.prepare(sql).pluck().get()
  const number = (sql: string): number => value(sql) as number
  if (number('PRAGMA application_id') !== applicationId) {
    throw new AirworthyError({
      code: 'STORE_FOREIGN',
      message: `${join(dir, databaseFile)} is a database of another program.`,
      mend: 'Point --dir at a folder of the kit.',
    })
  }
  const files = db.pragma('database_list') as readonly { readonly name: string }[]
  const tables = files.flatMap(({ name: file }) => {
    const names = db
      .prepare<[], string>(
        `SELECT name FROM ${file}.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`,
      )
      .pluck()
      .all()
    const bytesOf = db
      .prepare<[string], number>(
        `SELECT coalesce(sum(pgsize), 0) FROM dbstat('${file}')
         WHERE name IN (SELECT name FROM ${file}.sqlite_schema WHERE tbl_name = ?)`,
      )
      .pluck()
    return names.map((name) => ({
      name,
      rows: number(`SELECT count(*) FROM ${file}."${name}"`),
      bytes: bytesOf.get(name) as number,
    }))
  })
  const bytes = files.reduce(
    (sum, { name }) => sum + number(`PRAGMA ${name}.page_count`) * number(`PRAGMA ${name}.page_size`),
    0,
  )
  return {
    kind: 'sqlite',
    at: dir,
    version: value('SELECT sqlite_version()') as string,
    schema: number('PRAGMA user_version'),
    schemaKnown: schemaVersion,
    bytes,
    tables: tables.sort((a, b) => (a.name < b.name ? -1 : 1)),
    log: {
      entries: number('SELECT count(*) FROM audit_entries'),
      indexed: number('SELECT coalesce(max(log_index) + 1, 0) FROM audit_index'),
      checkpoint: db
        .prepare<[], { size: number; note: string }>(
          'SELECT size, note FROM audit_checkpoints ORDER BY size DESC LIMIT 1',
        )
        .get(),
    },
    leader: undefined,
    notes: [],
  }
}
