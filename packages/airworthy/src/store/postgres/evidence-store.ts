/** Evidence on PostgreSQL. */
import { valueOfJson } from '../../core/value-of-json.ts'
import type { EvidenceStore } from '../../operate/evidence/port.ts'
import type { Evidence } from '../../readiness/evidence.ts'
import type { PostgresConnection } from './connection.ts'
import { entryOf } from './entries.ts'

export function postgresEvidenceStore({ act, read }: PostgresConnection): EvidenceStore {
  return {
    async recordEvidence({ evidence, entry }) {
      const rows = evidence.map((one) => ({
        control: one.control,
        release: one.release,
        environment: one.environment,
        atMs: one.atMs,
        body: JSON.stringify(one),
      }))
      await act('record_evidence', { evidence: rows, entry: entryOf(entry) })
    },
    evidenceOf: async (release) =>
      (await read<{ body: string }>('SELECT body FROM evidence WHERE release = $1 ORDER BY row', [release])).map(
        ({ body }) => valueOfJson(body) as Evidence,
      ),
  }
}
