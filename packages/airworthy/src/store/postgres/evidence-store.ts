/** Evidence on PostgreSQL. */
import type { EvidenceStore } from '../../operate/evidence/port.ts'
import { type EvidenceRow, entryOfEvidence, evidenceOfRows, evidenceRowsOfRelease } from '../rows/evidence-row.ts'
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
      await act('record_evidence', { evidence: rows, entry: entryOf(entryOfEvidence(entry, evidence)) })
    },
    evidenceOf: async (release) => evidenceOfRows(await read<EvidenceRow>(evidenceRowsOfRelease('$1'), [release])),
  }
}
