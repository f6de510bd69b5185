/** Migrations: numbered, forward only, under an advisory lock, so that ten gateways that start at once migrate once. */
import type { ClientBase } from 'pg'
import { AirworthyError } from '../../core/errors.ts'
import { connectPostgres, patientStatementMsMax, schemaName } from './connection.ts'
import { tablesMigration } from './migrations/001-tables.sql.ts'
import { actsMigration } from './migrations/002-acts.sql.ts'
import { tracesMigration } from './migrations/003-traces.sql.ts'
import { guardsMigration } from './migrations/004-guards.sql.ts'
import { modelCallsMigration } from './migrations/005-model-calls.sql.ts'
import { receivedSpansMigration } from './migrations/006-received-spans.sql.ts'
import { taskContextMigration } from './migrations/007-task-context.sql.ts'
import { actionsByTaskMigration } from './migrations/008-actions-by-task.sql.ts'
import { escalationsMigration } from './migrations/009-escalations.sql.ts'
import { evalsMigration } from './migrations/010-evals.sql.ts'
import { rollupsMigration } from './migrations/011-rollups.sql.ts'
import { alertsMigration } from './migrations/012-alerts.sql.ts'
import { retentionMigration } from './migrations/013-retention.sql.ts'
import { cassettesMigration } from './migrations/014-cassettes.sql.ts'
import { calibrationMigration } from './migrations/015-calibration.sql.ts'
import { erasedSpansMigration } from './migrations/016-erased-spans.sql.ts'
import { evalEntriesMigration } from './migrations/017-eval-entries.sql.ts'
import { ciKeysMigration } from './migrations/018-ci-keys.sql.ts'
import { cheaperTasksMigration } from './migrations/019-cheaper-tasks.sql.ts'
import { recordingsMigration } from './migrations/020-recordings.sql.ts'
import { plainActsMigration } from './migrations/021-plain-acts.sql.ts'
import { gatheredActsMigration } from './migrations/022-gathered-acts.sql.ts'
import { ticksMigration } from './migrations/023-ticks.sql.ts'
import { ownSpansMigration } from './migrations/024-own-spans.sql.ts'
import { evidenceInLogMigration } from './migrations/025-evidence-in-log.sql.ts'
import { rightsOfKit } from './roles.ts'

const migrations: readonly string[] = [
  tablesMigration,
  actsMigration,
  tracesMigration,
  guardsMigration,
  modelCallsMigration,
  receivedSpansMigration,
  taskContextMigration,
  actionsByTaskMigration,
  escalationsMigration,
  evalsMigration,
  rollupsMigration,
  alertsMigration,
  retentionMigration,
  cassettesMigration,
  calibrationMigration,
  erasedSpansMigration,
  evalEntriesMigration,
  ciKeysMigration,
  cheaperTasksMigration,
  recordingsMigration,
  plainActsMigration,
  gatheredActsMigration,
  ticksMigration,
  ownSpansMigration,
  evidenceInLogMigration,
]
export const schemaVersion = migrations.length

/**
 * Brings the schema to this version, where the role may; ten that start at once migrate once. @returns the version before, 0: nothing
 * was there. @param mayCreate  false: a database without the schema is refused, as a typing error in the address.
 * @throws STORE_FOREIGN, STORE_NEWER, STORE_UNAVAILABLE (a replica; a role that may not migrate); nothing is touched then.
 */
export async function migrate(url: string, { mayCreate = true } = {}): Promise<number> {
  const connection = connectPostgres(url, { statementMs: patientStatementMsMax })
  const { shownUrl } = connection
  try {
    return await connection.with(async (client) => {
      await refuseReadOnly(client, shownUrl)
      const before = await versionOf(client, shownUrl)
      if (before === schemaVersion) return before
      if (before === 0 && !mayCreate) throw nothingThere(shownUrl)
      await client.query('BEGIN')
      const version = await migrateIn(client, shownUrl)
      await client.query('COMMIT')
      return version
    })
  } finally {
    await connection.close()
  }
}

/** The same inside a transaction that somebody else began and ends. */
export async function migrateIn(client: ClientBase, shownUrl: string): Promise<number> {
  await client.query('SELECT pg_advisory_xact_lock(727271)')
  // Somebody else may have been faster.
  const version = await versionOf(client, shownUrl)
  if (version < schemaVersion) await advance(client, shownUrl, version)
  return version
}

async function refuseReadOnly(client: ClientBase, shownUrl: string): Promise<void> {
  const { rows } = await client.query(
    "SELECT pg_is_in_recovery() AS replica, current_setting('transaction_read_only') = 'on' AS readonly",
  )
  if (rows[0].replica) throw refused(shownUrl, 'is a read-only replica', 'Point --db at the primary.')
  if (rows[0].readonly) {
    const mend = 'Set default_transaction_read_only to off for the database and the role, or point --db elsewhere.'
    throw refused(shownUrl, 'takes no writes: its transactions are read-only', mend)
  }
}

async function advance(client: ClientBase, shownUrl: string, version: number): Promise<void> {
  const { rows } = await client.query(
    "SELECT CASE WHEN to_regnamespace($1) IS NULL THEN has_database_privilege(current_database(), 'CREATE') ELSE has_schema_privilege($1, 'CREATE') END AS may",
    [schemaName],
  )
  if (!rows[0].may) {
    throw refused(
      shownUrl,
      `needs schema ${schemaVersion} and the role may not migrate`,
      'Run `airworthy store migrate --db` with the role that owns the schema.',
    )
  }
  if (version === 0) {
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${schemaName}`)
    await client.query(`CREATE TABLE ${schemaName}.meta (version integer NOT NULL)`)
    await client.query(`INSERT INTO ${schemaName}.meta VALUES (0)`)
  }
  await client.query(`SET LOCAL search_path = ${schemaName}`)
  for (const sql of migrations.slice(version)) await client.query(sql)
  await client.query(rightsOfKit)
  await client.query(`UPDATE ${schemaName}.meta SET version = $1`, [schemaVersion])
}

/** 0: nothing is there yet. @throws STORE_FOREIGN, STORE_NEWER */
async function versionOf(client: ClientBase, shownUrl: string): Promise<number> {
  const found = await readVersion(client, shownUrl)
  if (found <= schemaVersion) return found
  throw new AirworthyError({
    code: 'STORE_NEWER',
    message: `${shownUrl} was written by a newer version of the kit (schema ${found}, this one knows ${schemaVersion}).`,
    mend: 'Use the newer version, or another database.',
  })
}

/** The schema's version as it stands there, whatever this version knows; 0: nothing is there yet. @throws STORE_FOREIGN */
export async function readVersion(client: ClientBase, shownUrl: string): Promise<number> {
  const { rows } = await client.query(
    `SELECT n.oid IS NOT NULL AS schema,
       (SELECT count(*) FROM pg_class WHERE relnamespace = n.oid) + (SELECT count(*) FROM pg_proc WHERE pronamespace = n.oid) AS things,
       (SELECT count(*) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE c.relnamespace = n.oid AND c.relname = 'meta' AND a.attname = 'version' AND a.atttypid = 'integer'::regtype) AS meta
     FROM (SELECT to_regnamespace($1) AS oid) n`,
    [schemaName],
  )
  const { schema, things, meta } = rows[0] as { schema: boolean; things: number; meta: number }
  if (!schema || things === 0) return 0
  const versions = meta === 1 ? (await client.query(`SELECT version FROM ${schemaName}.meta`)).rows : []
  if (versions.length === 1) return versions[0].version as number
  throw new AirworthyError({
    code: 'STORE_FOREIGN',
    message: `The schema ${schemaName} of ${shownUrl} belongs to another program.`,
    mend: 'Point --db at a database in which that schema is free.',
  })
}

function nothingThere(shownUrl: string): AirworthyError {
  return refused(shownUrl, 'holds no store of a kit', 'Correct --db, or start a kit on it with `airworthy up --db`.')
}

function refused(shownUrl: string, what: string, mend: string): AirworthyError {
  return new AirworthyError({ code: 'STORE_UNAVAILABLE', message: `${shownUrl} ${what}.`, mend })
}
