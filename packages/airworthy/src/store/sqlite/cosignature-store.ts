/** Cosignatures in SQLite. */
import type { Database } from 'better-sqlite3'
import type { Cosignature, CosignatureStore } from '../../operate/anchors/port.ts'

export function sqliteCosignatureStore(db: Database): CosignatureStore {
  const insert = db.prepare<[number, string, string]>(
    'insert into audit_cosignatures (size, witness, line) values (?, ?, ?) on conflict do nothing',
  )
  const read = db.prepare<[number, number], Cosignature>(
    'select size, witness, line from audit_cosignatures where size > ? and size <= ? order by size, witness',
  )
  return {
    keep: async ({ size, witness, line }) => void insert.run(size, witness, line),
    readCosignatures: async ({ after, through }) => read.all(after, through),
  }
}
