/** Evidence on SQLite. */
import { valueOfJson } from '../../core/value-of-json.ts'
import type { EvidenceStore } from '../../operate/evidence/port.ts'
import type { Evidence } from '../../readiness/evidence.ts'
import type { AuditAppender } from './audit-appender.ts'
import { act, type SqliteDatabase } from './open.ts'

export function sqliteEvidenceStore(db: SqliteDatabase, audit: AuditAppender): EvidenceStore {
  const insert = db.prepare('INSERT INTO evidence (control, release, environment, body, at_ms) VALUES (?, ?, ?, ?, ?)')
  const ofRelease = db.prepare<[string]>('SELECT body FROM evidence WHERE release = ? ORDER BY row').pluck()

  const record = db.transaction(({ evidence, entry }: Parameters<EvidenceStore['recordEvidence']>[0]) => {
    for (const one of evidence) insert.run(one.control, one.release, one.environment, JSON.stringify(one), one.atMs)
    audit.append(entry)
  })

  return {
    recordEvidence: (recording) => act(() => record.immediate(recording)),
    evidenceOf: (release) =>
      act(() => (ofRelease.all(release) as unknown as string[]).map((body) => valueOfJson(body) as Evidence)),
  }
}
