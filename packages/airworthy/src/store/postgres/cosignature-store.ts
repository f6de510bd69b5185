/** Cosignatures in PostgreSQL. */
import type { CosignatureStore } from '../../operate/anchors/port.ts'
import type { PostgresConnection } from './connection.ts'

export function postgresCosignatureStore({ act, read }: PostgresConnection): CosignatureStore {
  return {
    keep: async ({ size, witness, line }) => void (await act('keep_cosignature', { size, witness, line })),
    readCosignatures: async ({ after, through }) =>
      await read(
        'SELECT size, witness, line FROM audit_cosignatures WHERE size > $1 AND size <= $2 ORDER BY size, witness COLLATE "C"',
        [after, through],
      ),
  }
}
