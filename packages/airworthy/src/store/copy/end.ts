/** The two ends of a copy. Each works in one transaction: a source as of one moment, a target all or nothing. */
import type { CosignatureReader } from '../../operate/audit/port.ts'
import type { AuditLog } from '../store.ts'
import type { Row } from './row.ts'
import type { TableShape } from './table-shape.ts'

export interface CopySource {
  /** For people; without a password. */
  readonly shown: string
  rows(table: TableShape): AsyncIterable<Row>
  close(): Promise<void>
}

export interface CopyTarget extends CopySource {
  /** What the database cannot hold is replaced: a row as it will be stored. */
  storable(row: Row): Row
  insert(table: TableShape, rows: readonly Row[]): Promise<void>
  /** What follows from the rows; then everything stands as a kit will find it, and nobody else sees it yet. */
  complete(tables: readonly TableShape[]): Promise<void>
  /** The log as it stands in the transaction. */
  readonly log: AuditLog
  readonly cosignatures: CosignatureReader
  commit(): Promise<void>
}
