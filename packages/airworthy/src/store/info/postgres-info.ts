/** A PostgreSQL database, looked at. */
import { AirworthyError } from '../../core/errors.ts'
import { connectPostgres, patientStatementMsMax, schemaName } from '../postgres/connection.ts'
import { readVersion, schemaVersion } from '../postgres/migrate.ts'
import { surplusRights } from '../postgres/roles.ts'
import type { StoreInfo } from './store-info.ts'

/** @throws STORE_UNAVAILABLE, STORE_FOREIGN */
export async function postgresInfo(url: string): Promise<StoreInfo> {
  const connection = connectPostgres(url, { statementMs: patientStatementMsMax })
  const { read, shownUrl } = connection
  const one = async <T>(text: string): Promise<T> => (await read<{ value: T }>(text))[0]?.value as T
  try {
    const schema = await connection.with((client) => readVersion(client, shownUrl))
    if (schema === 0) {
      throw new AirworthyError({
        code: 'STORE_UNAVAILABLE',
        message: `${shownUrl} holds no store of a kit.`,
        mend: 'Correct --db, or make one with `airworthy store migrate --db`.',
      })
    }
    const tables = await read<{ name: string; bytes: number }>(
      `SELECT relname AS name, pg_total_relation_size(oid) AS bytes FROM pg_class
       WHERE relnamespace = '${schemaName}'::regnamespace AND relkind IN ('r', 'p') ORDER BY relname COLLATE "C"`,
    )
    const counted: { name: string; rows: number; bytes: number }[] = []
    for (const { name, bytes } of tables) {
      counted.push({ name, rows: await one<number>(`SELECT count(*) AS value FROM "${name}"`), bytes })
    }
    const isReadOnly = await one<boolean>("SELECT current_setting('transaction_read_only') = 'on' AS value")
    const surplus = await surplusRights(connection)
    return {
      kind: 'postgresql',
      at: shownUrl,
      version: await one<string>("SELECT current_setting('server_version') AS value"),
      schema,
      schemaKnown: schemaVersion,
      bytes: tables.reduce((sum, table) => sum + table.bytes, 0),
      tables: counted,
      log: {
        entries: counted.find(({ name }) => name === 'audit_entries')?.rows ?? 0,
        indexed: await one<number>('SELECT coalesce(max(log_index) + 1, 0) AS value FROM audit_index'),
        checkpoint: (
          await read<{ size: number; note: string }>(
            'SELECT size, note FROM audit_checkpoints ORDER BY size DESC LIMIT 1',
          )
        )[0],
      },
      leader: await one<string | undefined>(
        "SELECT holder AS value FROM leases WHERE name = 'sequencer' AND expires_at > clock_timestamp()",
      ),
      notes: [
        ...(isReadOnly ? ['It takes no writes: it is a replica, or its transactions are read-only.'] : []),
        ...(surplus.length === 0 ? [] : [`This role ${surplus.join(', ')}: more than a kit needs.`]),
      ],
    }
  } finally {
    await connection.close()
  }
}
