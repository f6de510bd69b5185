/** Migrations: numbered, forward only, under an advisory lock, so that ten gateways that start at once migrate once. */
import type { PoolClient } from 'pg'
import { AirworthyError } from '../../core/errors.ts'
import { type PostgresConnection, schemaName } from './connection.ts'
import { tablesMigration } from './migrations/001-tables.sql.ts'
import { actsMigration } from './migrations/002-acts.sql.ts'
import { tracesMigration } from './migrations/003-traces.sql.ts'
import { rightsOfKit } from './roles.ts'

const migrations: readonly string[] = [tablesMigration, actsMigration, tracesMigration]
const schemaVersion = migrations.length

/**
 * Brings the schema to this version, where the role may.
 * @throws STORE_FOREIGN, STORE_NEWER, STORE_UNAVAILABLE (a replica; a role that may not migrate); nothing is touched then.
 */
export async function migrate(connection: PostgresConnection): Promise<void> {
  await connection.with(async (client) => {
    const { rows } = await client.query('SELECT pg_is_in_recovery() AS replica')
    if (rows[0].replica) throw refused(connection, 'is a read-only replica', 'Point --db at the primary.')
    if ((await versionOf(client, connection)) === schemaVersion) return
    await client.query('BEGIN')
    try {
      await client.query('SELECT pg_advisory_xact_lock(727271)')
      // Somebody else may have been faster.
      const version = await versionOf(client, connection)
      if (version < schemaVersion) await advance(client, connection, version)
      await client.query('COMMIT')
    } catch (error) {
      await client.query('ROLLBACK')
      throw error
    }
  })
}

async function advance(client: PoolClient, connection: PostgresConnection, version: number): Promise<void> {
  const { rows } = await client.query(
    "SELECT CASE WHEN to_regnamespace($1) IS NULL THEN has_database_privilege(current_database(), 'CREATE') ELSE has_schema_privilege($1, 'CREATE') END AS may",
    [schemaName],
  )
  if (!rows[0].may) {
    throw refused(
      connection,
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

/** 0: nothing is there yet. */
async function versionOf(client: PoolClient, connection: PostgresConnection): Promise<number> {
  const { rows } = await client.query(
    `SELECT to_regnamespace($1) IS NOT NULL AS schema, to_regclass($1 || '.meta') IS NOT NULL AS meta,
       (SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace($1)) AS relations`,
    [schemaName],
  )
  const [{ schema, meta, relations }] = rows
  if (!schema || (!meta && relations === 0)) return 0
  if (!meta) {
    throw new AirworthyError({
      code: 'STORE_FOREIGN',
      message: `The schema ${schemaName} of ${connection.shownUrl} belongs to another program.`,
      mend: 'Point --db at a database in which that schema is free.',
    })
  }
  const found = (await client.query(`SELECT version FROM ${schemaName}.meta`)).rows[0].version as number
  if (found > schemaVersion) {
    throw new AirworthyError({
      code: 'STORE_NEWER',
      message: `${connection.shownUrl} was written by a newer version of the kit (schema ${found}, this one knows ${schemaVersion}).`,
      mend: 'Use the newer version, or another database.',
    })
  }
  return found
}

function refused(connection: PostgresConnection, what: string, mend: string): AirworthyError {
  return new AirworthyError({ code: 'STORE_UNAVAILABLE', message: `${connection.shownUrl} ${what}.`, mend })
}
