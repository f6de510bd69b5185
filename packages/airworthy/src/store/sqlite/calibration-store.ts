/** Calibrations on SQLite. */
import { valueOfJson } from '../../core/value-of-json.ts'
import type { CalibrationStore } from '../../evals/calibration/port.ts'
import type { CalibrationLabel, CalibrationSample } from '../../evals/calibration/sample.ts'
import type { AuditAppender } from './audit-appender.ts'
import { act, type SqliteDatabase } from './open.ts'

export function sqliteCalibrationStore(db: SqliteDatabase, audit: AuditAppender): CalibrationStore {
  const sampleOf = db.prepare<[string], { row: number; body: string }>(
    'SELECT row, body FROM calibration_samples WHERE id = ?',
  )
  const insertSample = db.prepare('INSERT INTO calibration_samples (id, judge, body, created_ms) VALUES (?, ?, ?, ?)')
  const samples = db
    .prepare<{ judge: string | null; limit: number }>(
      'SELECT body FROM calibration_samples WHERE @judge IS NULL OR judge = @judge ORDER BY row DESC LIMIT @limit',
    )
    .pluck()
  const hasLabel = db
    .prepare<[number, number, string]>(
      'SELECT 1 FROM calibration_labels WHERE sample_row = ? AND item = ? AND labeler = ?',
    )
    .pluck()
  const insertLabel = db.prepare(
    'INSERT INTO calibration_labels (sample_row, item, labeler, body, at_ms) VALUES (?, ?, ?, ?, ?)',
  )
  const labelsOf = db
    .prepare<[string]>(
      'SELECT l.body FROM calibration_samples s JOIN calibration_labels l ON l.sample_row = s.row WHERE s.id = ? ORDER BY l.row',
    )
    .pluck()

  const writeSample = db.transaction(({ sample, entry }: Parameters<CalibrationStore['writeSample']>[0]) => {
    if (sampleOf.get(sample.id) !== undefined) return
    insertSample.run(sample.id, sample.judge, JSON.stringify(sample), sample.createdMs)
    audit.append(entry)
  })
  const writeLabel = db.transaction(({ label, entry }: Parameters<CalibrationStore['writeLabel']>[0]) => {
    const sample = sampleOf.get(label.sample)
    if (sample === undefined) throw new Error(`there is no sample ${label.sample}`)
    if (hasLabel.get(sample.row, label.item, label.labeler) !== undefined) return false
    insertLabel.run(sample.row, label.item, label.labeler, JSON.stringify(label), label.atMs)
    audit.append(entry)
    return true
  })

  return {
    writeSample: (writing) => act(() => writeSample.immediate(writing)),
    readSample: (id) =>
      act(() => {
        const known = sampleOf.get(id)
        return known === undefined ? undefined : (valueOfJson(known.body) as CalibrationSample)
      }),
    listSamples: ({ judge, limit }) =>
      act(() =>
        (samples.all({ judge: judge ?? null, limit }) as unknown as string[]).map(
          (body) => valueOfJson(body) as CalibrationSample,
        ),
      ),
    writeLabel: (writing) => act(() => writeLabel.immediate(writing)),
    readLabels: (sample) =>
      act(() => (labelsOf.all(sample) as unknown as string[]).map((body) => valueOfJson(body) as CalibrationLabel)),
  }
}
