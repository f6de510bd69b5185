/** Evidence on SQLite. */
import type { EvidenceStore } from '../../operate/evidence/port.ts'
import { type EvidenceRow, entryOfEvidence, evidenceOfRows, evidenceRowsOfRelease } from '../rows/evidence-row.ts'
import type { AuditAppender } from './audit-appender.ts'
import { act, type SqliteDatabase } from './open.ts'

export function sqliteEvidenceStore(db: SqliteDatabase, audit: AuditAppender): EvidenceStore {
  const insert = db.prepare(
    'INSERT INTO evidence (control, release, environment, body, at_ms, entry_id) VALUES (?, ?, ?, ?, ?, ?)',
  )
  const ofRelease = db.prepare<[string], EvidenceRow>(evidenceRowsOfRelease('?'))

  const record = db.transaction(({ evidence, entry }: Parameters<EvidenceStore['recordEvidence']>[0]) => {
    for (const one of evidence) {
      insert.run(one.control, one.release, one.environment, JSON.stringify(one), one.atMs, entry.id)
    }
    audit.append(entryOfEvidence(entry, evidence))
  })

  return {
    recordEvidence: (recording) => act(() => record.immediate(recording)),
    evidenceOf: (release) => act(() => evidenceOfRows(ofRelease.all(release))),
  }
}
