/**
 * Opens the embedded database: two files in the kit's folder, safe with a command beside a running server. One holds the ledger and the
 * log, the other what can be deleted: spans, rollups and imported runs. WAL, and `synchronous=FULL` on each connection: the library is
 * built with NORMAL in WAL mode, which may lose the last commits.
 */
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { AirworthyError } from '../../core/errors.ts'
import { flushLateActs } from './late-acts.ts'
import { migrateLedger } from './migrate.ts'
import { addTracesTo, migrateTraces, moveTraces } from './migrate-traces.ts'

export type SqliteDatabase = Database.Database

/** In the kit's folder. */
export const databaseFile = 'airworthy.db'
export const tracesFile = 'traces.db'

const busyTimeoutMs = 5_000

/**
 * The ledger and the log. In memory, all there is.
 * @param dir the kit's folder, or `:memory:`. @throws STORE_UNAVAILABLE, STORE_FOREIGN, STORE_NEWER
 */
export function openSqlite(dir: string): SqliteDatabase {
  if (dir === ':memory:') {
    const whole = opened(dir, (db) => migrateLedger(db, dir, () => {}))
    addTracesTo(whole)
    return whole
  }
  const path = join(dir, databaseFile)
  return opened(path, (db) => {
    migrateLedger(db, path, () => {
      const traces = openTraces(dir)
      moveTraces(traces, path)
      traces.close()
    })
  })
}

/** The file of traces. @param dir the kit's folder. @throws STORE_UNAVAILABLE, STORE_FOREIGN, STORE_NEWER */
export function openTraces(dir: string): SqliteDatabase {
  const path = join(dir, tracesFile)
  return opened(path, (db) => migrateTraces(db, path))
}

/** The ledger and the traces of a folder: two connections, or in memory one. @throws as above; nothing is left open then */
export function openLedgerAndTraces(dir: string): { readonly db: SqliteDatabase; readonly traces: SqliteDatabase } {
  const db = openSqlite(dir)
  if (dir === ':memory:') return { db, traces: db }
  try {
    return { db, traces: openTraces(dir) }
  } catch (error) {
    db.close()
    throw error
  }
}

/** Both files on one connection, for who takes the store as a whole; `traces.` names the second one. @throws as above */
export function openBoth(dir: string): SqliteDatabase {
  const { db, traces } = openLedgerAndTraces(dir)
  traces.close()
  db.prepare('ATTACH ? AS traces').run(join(dir, tracesFile))
  db.pragma('traces.synchronous = FULL')
  return db
}

function opened(path: string, migrate: (db: SqliteDatabase) => void): SqliteDatabase {
  let db: SqliteDatabase
  try {
    if (path !== ':memory:') makeForOwner(path)
    db = new Database(path, { timeout: busyTimeoutMs })
    db.pragma('journal_mode = WAL')
  } catch (cause) {
    throw cannotBeOpened(path, cause)
  }
  db.pragma('synchronous = FULL')
  db.pragma('foreign_keys = ON')
  // A row that moves when its page is split leaves no copy of itself behind, which no erasure would find. It costs no write more.
  db.pragma('secure_delete = fast')
  // 16 MiB: the working set of a busy day's ledger and log.
  db.pragma('cache_size = -16384')
  db.pragma('trusted_schema = OFF')
  try {
    migrate(db)
  } catch (error) {
    db.close()
    throw error
  }
  return db
}

/** A folder that somebody else made may be open to all; what users said is not. The journal gets the rights of its file. */
function makeForOwner(path: string): void {
  if (!existsSync(dirname(path))) mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600))
}

export function cannotBeOpened(path: string, cause: unknown): AirworthyError {
  return new AirworthyError(
    {
      code: 'STORE_UNAVAILABLE',
      message: `The database ${path} cannot be opened: ${cause instanceof Error ? cause.message : 'unknown reason'}.`,
      mend: path.endsWith(tracesFile)
        ? 'Check that the folder can be written and its disk has room; put the file back from a backup, or move it away: the kit makes an empty one, and the ledger and the log are whole.'
        : 'Check that the folder can be written, that its disk has room, and that the file is a database of the kit; put a damaged one back from a backup.',
    },
    { cause },
  )
}

/** Runs an act; a store that cannot commit is STORE_UNAVAILABLE, and nothing of the act is there. */
export async function act<T>(run: () => T): Promise<T> {
  flushLateActs()
  return await readApart(run)
}

/** A read that no late act can change, and that hurries none. */
export async function readApart<T>(run: () => T): Promise<T> {
  try {
    return run()
  } catch (error) {
    throw asStoreError(error)
  }
}

/** What a failed act looks like to its caller. */
export function asStoreError(error: unknown): unknown {
  if (error instanceof AirworthyError || !(error instanceof Database.SqliteError)) return error
  return new AirworthyError(
    {
      code: 'STORE_UNAVAILABLE',
      message: `The store could not commit (${error.code}).`,
      mend: 'Check the disk and the folder of the kit; nothing of this act was kept.',
    },
    { cause: error },
  )
}
