/** A PostgreSQL database as the end of a copy: one connection, one transaction. */
import { Client, type CustomTypesConfig } from 'pg'
import { AirworthyError, invariant } from '../../core/errors.ts'
import { postgresAuditLog } from '../postgres/audit-log.ts'
import {
  asStoreError,
  clientSettings,
  type PostgresConnection,
  patientStatementMsMax,
  schemaName,
  shownAddress,
} from '../postgres/connection.ts'
import { postgresCosignatureStore } from '../postgres/cosignature-store.ts'
import { migrate, migrateIn } from '../postgres/migrate.ts'
import type { CopySource, CopyTarget } from './end.ts'
import { bytesOf, type Cell, type Row } from './row.ts'
import { notEmpty } from './sqlite-end.ts'
import { quoted, type TableShape, tablesOfPostgresAlone } from './table-shape.ts'

/** @throws STORE_UNAVAILABLE, STORE_FOREIGN, STORE_NEWER; KIT_RUNNING */
export async function postgresSource(url: string): Promise<CopySource> {
  await migrate(url, { mayCreate: false })
  const { client, shown, attempt } = await connected(url)
  return await orClose(client, async () => {
    await attempt(() => client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'))
    await refuseRunning(client, shown)
    return endOf(client, shown, attempt)
  })
}

/** The role has to own the schema, or be able to make it. @throws as above; STORE_NOT_EMPTY */
export async function postgresTarget(url: string, tables: readonly TableShape[]): Promise<CopyTarget> {
  const { client, shown, attempt } = await connected(url)
  return await orClose(client, async () => {
    await attempt(async () => {
      await client.query('BEGIN')
      await migrateIn(client, shown)
      await client.query(`SET LOCAL search_path = ${schemaName}, pg_temp`)
    })
    await refuseOtherShape(client, tables)
    await refuseRunning(client, shown)
    const names = tables.map(({ name }) => quoted(name)).join(', ')
    // A kit that starts meanwhile waits, and then finds everything or nothing.
    await attempt(() => client.query(`LOCK TABLE ${names} IN EXCLUSIVE MODE`))
    for (const { name } of tables) {
      const { rows } = await attempt(() => client.query(`SELECT FROM ${quoted(name)} LIMIT 1`))
      if (rows.length > 0) throw notEmpty(shown, name)
    }
    const connection = readingConnection(client, shown)
    return {
      ...endOf(client, shown, attempt),
      storable: (row) => row.map(storableCell),
      async insert({ name, columns }, rows) {
        const values = rows.map((row, n) => `(${row.map((_, m) => `$${n * columns.length + m + 1}`).join(', ')})`)
        const into = `${quoted(name)} (${columns.map(quoted).join(', ')}) OVERRIDING SYSTEM VALUE`
        await attempt(() => client.query(`INSERT INTO ${into} VALUES ${values.join(', ')}`, rows.flat()))
      },
      complete: () => attempt(() => complete(client, tables)),
      log: postgresAuditLog(connection, 'copy', () => {}),
      cosignatures: postgresCosignatureStore(connection),
      commit: async () => void (await attempt(() => client.query('COMMIT'))),
    }
  })
}

type Attempt = <T>(run: () => Promise<T>) => Promise<T>

async function connected(url: string): Promise<{ client: Client; shown: string; attempt: Attempt }> {
  const shown = shownAddress(url)
  const client = new Client(clientSettings(url, patientStatementMsMax))
  client.on('error', () => {})
  const attempt: Attempt = async (run) => {
    try {
      return await run()
    } catch (error) {
      if ((error as { code?: unknown }).code === '42501') throw ownerNeeded(shown, error)
      throw asStoreError(error, shown)
    }
  }
  await attempt(() => client.connect())
  return { client, shown, attempt }
}

async function orClose<T>(client: Client, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    await client.end()
    throw error
  }
}

const fetchRowsMax = 256
const fetchBytesWanted = 1024 * 1024

function endOf(client: Client, shown: string, attempt: Attempt): CopySource {
  return {
    shown,
    async *rows(table): AsyncGenerator<Row> {
      await attempt(() => client.query(`DECLARE copied NO SCROLL CURSOR FOR ${table.selectOf('postgres')}`))
      // Few at first, then as many as are about a mebibyte: a table of large bodies is not fetched by the hundred.
      let count = 8
      for (;;) {
        const fetch = { text: `FETCH ${count} FROM copied`, rowMode: 'array' as const, types: exactTypes }
        const { rows } = await attempt(() => client.query<Cell[]>(fetch))
        yield* rows
        if (rows.length < count) break
        const bytes = rows.reduce((sum, row) => sum + bytesOf(row), 1)
        count = Math.max(1, Math.min(fetchRowsMax, count * 2, Math.floor((count * fetchBytesWanted) / bytes)))
      }
      await attempt(() => client.query('CLOSE copied'))
    },
    // The server rolls back what was not committed.
    close: () => client.end(),
  }
}

const integerTypes: ReadonlySet<number> = new Set([20, 21, 23, 1700])
const byteaType = 17

const exactTypes: CustomTypesConfig = {
  getTypeParser: ((type: number) => (text: string) => {
    if (integerTypes.has(type)) return BigInt(text)
    return type === byteaType ? Buffer.from(text.slice(2), 'hex') : text
  }) as CustomTypesConfig['getTypeParser'],
}

function storableCell(cell: Cell): Cell {
  return typeof cell === 'string' ? cell.toWellFormed().replaceAll('\0', '\uFFFD') : cell
}

/** Entries without an index wait; numbers go on behind the largest. */
async function complete(client: Client, tables: readonly TableShape[]): Promise<void> {
  await client.query(
    `INSERT INTO audit_pending (entry_rowid) SELECT e.rowid FROM audit_entries e
     LEFT JOIN audit_index i ON i.entry_rowid = e.rowid WHERE i.log_index IS NULL`,
  )
  const { rows } = await client.query<{ table_name: string; column_name: string }>(
    "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = $1 AND is_identity = 'YES'",
    [schemaName],
  )
  for (const { table_name: name, column_name: column } of rows) {
    invariant(
      tables.some((table) => table.name === name),
      `a numbered table is copied: ${name}`,
    )
    await client.query(
      `SELECT setval(pg_get_serial_sequence($1, $2), max(${quoted(column)})) FROM ${quoted(name)} HAVING max(${quoted(column)}) IS NOT NULL`,
      [`${schemaName}.${quoted(name)}`, column],
    )
  }
  // Without statistics the first reads after a copy would walk whole tables.
  for (const { name } of tables) await client.query(`ANALYZE ${quoted(name)}`)
}

/** Both databases hold the same columns, but for what one alone has; a column that is not copied would be lost without a word. */
async function refuseOtherShape(client: Client, tables: readonly TableShape[]): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT table_name || '.' || column_name AS name FROM information_schema.columns
     WHERE table_schema = $1 AND table_name <> ALL ($2)`,
    [schemaName, tablesOfPostgresAlone],
  )
  const there = new Set(rows.map(({ name }) => name))
  const wanted = new Set(tables.flatMap(({ name, columns }) => columns.map((column) => `${name}.${column}`)))
  const other = [...[...there].filter((one) => !wanted.has(one)), ...[...wanted].filter((one) => !there.has(one))]
  invariant(other.length === 0, `both databases hold the same columns: ${other.join(', ')}`)
}

async function refuseRunning(client: Client, shown: string): Promise<void> {
  const { rows } = await client.query<{ holder: string }>(
    `SELECT holder FROM ${schemaName}.leases WHERE expires_at > clock_timestamp()`,
  )
  if (rows[0] === undefined) return
  throw new AirworthyError({
    code: 'KIT_RUNNING',
    message: `A kit runs on ${shown} (${rows[0].holder}).`,
    mend: 'Stop all of its gateways first; what they wrote meanwhile would be lost or the log would fork.',
  })
}

function readingConnection(client: Client, shownUrl: string): PostgresConnection {
  const never = async (): Promise<never> => {
    throw new Error('a copy calls no act')
  }
  return {
    shownUrl,
    recentWant: () => undefined,
    act: never,
    plainAct: () => never,
    transaction: never,
    with: never,
    read: async <T>(text: string, values: readonly unknown[] = []) =>
      (await client.query(text, [...values])).rows as T[],
    close: async () => {},
  }
}

function ownerNeeded(shown: string, cause: unknown): AirworthyError {
  const message = `The role of ${shown} may not write tables directly, as a copy does.`
  return new AirworthyError(
    { code: 'STORE_UNAVAILABLE', message, mend: 'Copy with the role that owns the schema (`airworthy store roles`).' },
    { cause },
  )
}
