/**
 * Copies a whole store into an empty one, of whichever kind. What was read is digested as it goes in and read back before the
 * target commits, and the log is verified there by its checkpoints: a copy is right, or it is not there.
 */
import { verifyExport } from '../../audit/verify-export.ts'
import type { LogVerification } from '../../audit/verify-log.ts'
import { AirworthyError } from '../../core/errors.ts'
import { exportLog } from '../../operate/audit/export-log.ts'
import type { StoreLocation } from '../open-store.ts'
import type { CopySource, CopyTarget } from './end.ts'
import { bytesOf, type Row, rowDigest } from './row.ts'
import { sqliteSource, sqliteTarget } from './sqlite-end.ts'
import { type TableShape, tableShapes } from './table-shape.ts'

export interface CopyReport {
  readonly from: string
  readonly to: string
  readonly tables: readonly { readonly name: string; readonly rows: number; readonly digest: string }[]
  /** Of the copy's log; undefined: it has no checkpoint yet. */
  readonly log: LogVerification | undefined
  /** Texts that held a character which the target cannot hold (NUL, on PostgreSQL); it became U+FFFD. */
  readonly replacedTexts: number
}

export interface CopyRequest {
  readonly from: StoreLocation
  readonly to: StoreLocation
  /** Gives the log's public key (`name+id+key`) for its origin; called when the log has a checkpoint. */
  readonly publicKey: (origin: string) => string
  readonly onTable?: (name: string, rows: number) => void
}

/**
 * Memory does not grow with the store: rows go over about a mebibyte at a time.
 * @throws STORE_NOT_EMPTY, STORE_COPY_FAILED, KIT_RUNNING (PostgreSQL knows; of a folder the caller has to), STORE_UNAVAILABLE,
 * STORE_FOREIGN, STORE_NEWER; nothing is in the target then.
 */
export async function copyStore({ from, to, publicKey, onTable }: CopyRequest): Promise<CopyReport> {
  const tables = tableShapes()
  const source = await sourceAt(from)
  try {
    const target = await targetAt(to, tables)
    try {
      return await copy(source, target, tables, publicKey, onTable)
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
}

async function sourceAt({ dir, db }: StoreLocation): Promise<CopySource> {
  if (db === undefined) return sqliteSource(dir)
  return await (await import('./postgres-end.ts')).postgresSource(db)
}

async function targetAt({ dir, db }: StoreLocation, tables: readonly TableShape[]): Promise<CopyTarget> {
  if (db === undefined) return sqliteTarget(dir, tables)
  return await (await import('./postgres-end.ts')).postgresTarget(db, tables)
}

async function copy(
  source: CopySource,
  target: CopyTarget,
  tables: readonly TableShape[],
  publicKey: CopyRequest['publicKey'],
  onTable: CopyRequest['onTable'],
): Promise<CopyReport> {
  let replacedTexts = 0
  const copied: { name: string; rows: number; digest: string }[] = []
  for (const table of tables) {
    const digest = rowDigest()
    for await (const batch of batches(source.rows(table), table.columns.length)) {
      const rows = batch.map((row) => {
        const storable = target.storable(row)
        replacedTexts += storable.filter((cell, n) => cell !== row[n]).length
        digest.add(storable)
        return storable
      })
      await target.insert(table, rows)
    }
    copied.push({ name: table.name, rows: digest.rows, digest: digest.end() })
    onTable?.(table.name, digest.rows)
  }
  await target.complete(tables)
  for (const [n, table] of tables.entries()) {
    const digest = rowDigest()
    for await (const row of target.rows(table)) digest.add(row)
    const read = { name: table.name, rows: digest.rows, digest: digest.end() }
    if (read.rows !== copied[n]?.rows || read.digest !== copied[n]?.digest) {
      throw failed(`${table.name} reads back otherwise: ${read.rows} of ${copied[n]?.rows} rows, ${read.digest}`)
    }
  }
  const log = await verifyLog(target, publicKey)
  if (log?.ok === false) {
    const [first] = log.faults
    throw failed(`its log does not verify: ${log.faultCount} faults, the first ${first?.kind} at ${first?.index}`)
  }
  await target.commit()
  return { from: source.shown, to: target.shown, tables: copied, log, replacedTexts }
}

async function verifyLog(
  { log, cosignatures }: CopyTarget,
  publicKey: CopyRequest['publicKey'],
): Promise<LogVerification | undefined> {
  const latest = await log.latestCheckpoint()
  if (latest === undefined) return undefined
  const vkey = publicKey(latest.note.slice(0, latest.note.indexOf('\n')))
  return await verifyExport(exportLog(log, { vkey, bodies: true, cosignatures }), { publicKey: vkey })
}

const batchRowsMax = 256
const batchBytesWanted = 1024 * 1024
/** PostgreSQL counts parameters in 16 bits. */
const batchCellsMax = 32_000

async function* batches(rows: AsyncIterable<Row>, columns: number): AsyncGenerator<readonly Row[]> {
  const rowsMax = Math.min(batchRowsMax, Math.floor(batchCellsMax / columns))
  let batch: Row[] = []
  let bytes = 0
  for await (const row of rows) {
    batch.push(row)
    bytes += bytesOf(row)
    if (batch.length < rowsMax && bytes < batchBytesWanted) continue
    yield batch
    batch = []
    bytes = 0
  }
  if (batch.length > 0) yield batch
}

function failed(why: string): AirworthyError {
  return new AirworthyError({
    code: 'STORE_COPY_FAILED',
    message: `The copy was undone: ${why}.`,
    mend: 'Verify the source with `airworthy audit verify`, and copy again.',
  })
}
