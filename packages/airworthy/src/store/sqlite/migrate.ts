/** Migrations: numbered, forward only, under the database's own write lock, so that several starts migrate once. */
import { AirworthyError } from '../../core/errors.ts'
import { applicationId } from './application-id.ts'
import { ledgerMigration } from './migrations/001-ledger.sql.ts'
import { auditMigration } from './migrations/002-audit.sql.ts'
import { personsMigration } from './migrations/003-persons.sql.ts'
import { tracesMigration } from './migrations/004-traces.sql.ts'
import { cosignaturesMigration } from './migrations/005-cosignatures.sql.ts'
import { modelCallsMigration } from './migrations/006-model-calls.sql.ts'
import { receivedSpansMigration } from './migrations/007-received-spans.sql.ts'
import { taskContextMigration } from './migrations/008-task-context.sql.ts'
import { actionsByTaskMigration } from './migrations/009-actions-by-task.sql.ts'
import { escalationsMigration } from './migrations/010-escalations.sql.ts'
import { evalsMigration } from './migrations/011-evals.sql.ts'
import { rollupsMigration } from './migrations/012-rollups.sql.ts'
import { alertsMigration } from './migrations/013-alerts.sql.ts'
import { cassettesMigration } from './migrations/014-cassettes.sql.ts'
import { calibrationMigration } from './migrations/015-calibration.sql.ts'
import { evalEntriesMigration } from './migrations/016-eval-entries.sql.ts'
import { ciKeysMigration } from './migrations/017-ci-keys.sql.ts'
import { spanBlocksMigration } from './migrations/018-span-blocks.sql.ts'
import { entriesByTaskMigration } from './migrations/019-entries-by-task.sql.ts'
import { recordingsMigration } from './migrations/020-recordings.sql.ts'
import { tracesApartMigration } from './migrations/021-traces-apart.sql.ts'
import { evidenceInLogMigration } from './migrations/022-evidence-in-log.sql.ts'
import type { SqliteDatabase } from './open.ts'

export const ledgerMigrations: readonly string[] = [
  ledgerMigration,
  auditMigration,
  personsMigration,
  tracesMigration,
  cosignaturesMigration,
  modelCallsMigration,
  receivedSpansMigration,
  taskContextMigration,
  actionsByTaskMigration,
  escalationsMigration,
  evalsMigration,
  rollupsMigration,
  alertsMigration,
  cassettesMigration,
  calibrationMigration,
  evalEntriesMigration,
  ciKeysMigration,
  spanBlocksMigration,
  entriesByTaskMigration,
  recordingsMigration,
  tracesApartMigration,
  evidenceInLogMigration,
]

export const schemaVersion = ledgerMigrations.length

/** From this version on, traces stand in a file of their own. */
const tracesApartVersion = ledgerMigrations.indexOf(tracesApartMigration) + 1

/**
 * Brings the ledger to this version. @throws STORE_FOREIGN, STORE_NEWER; nothing is touched then
 * @param moveTraces  takes what an earlier version kept of traces to where they stand now; called before they are dropped here
 */
export function migrateLedger(db: SqliteDatabase, path: string, moveTraces: () => void): void {
  const version = schemaVersionOf(db)
  if (version > 0 && version < tracesApartVersion) {
    applyMigrations(db, path, ledgerMigrations.slice(0, tracesApartVersion - 1))
    moveTraces()
  }
  applyMigrations(db, path, ledgerMigrations)
}

/** @param migrations  all there are, the first one for an empty file. @throws STORE_FOREIGN, STORE_NEWER */
export function applyMigrations(db: SqliteDatabase, path: string, migrations: readonly string[]): void {
  const run = db.transaction(() => {
    const version = schemaVersionOf(db)
    const owner = db.pragma('application_id', { simple: true }) as number
    const tables = db.prepare("SELECT count(*) AS count FROM sqlite_schema WHERE type = 'table'").get() as {
      count: number
    }
    if (owner !== applicationId && (owner !== 0 || tables.count > 0)) {
      throw new AirworthyError({
        code: 'STORE_FOREIGN',
        message: `${path} is a database of another program.`,
        mend: 'Point --dir at an empty folder or at a folder of the kit.',
      })
    }
    if (version > migrations.length) {
      throw new AirworthyError({
        code: 'STORE_NEWER',
        message: `${path} was written by a newer version of the kit (schema ${version}, this one knows ${migrations.length}).`,
        mend: 'Use the newer version, or another --dir.',
      })
    }
    for (const sql of migrations.slice(version)) db.exec(sql)
    db.pragma(`application_id = ${applicationId}`)
    db.pragma(`user_version = ${migrations.length}`)
  })
  // A start that finds everything in place must not wait for the write lock of a running server.
  const isCurrent =
    (db.pragma('application_id', { simple: true }) as number) === applicationId &&
    schemaVersionOf(db) === migrations.length
  if (!isCurrent) run.immediate()
}

function schemaVersionOf(db: SqliteDatabase): number {
  return db.pragma('user_version', { simple: true }) as number
}
