/** Calibrations on PostgreSQL. */
import { valueOfJson } from '../../core/value-of-json.ts'
import type { CalibrationStore } from '../../evals/calibration/port.ts'
import type { CalibrationLabel, CalibrationSample } from '../../evals/calibration/sample.ts'
import type { PostgresConnection } from './connection.ts'
import { entryOf } from './entries.ts'

export function postgresCalibrationStore({ act, read }: PostgresConnection): CalibrationStore {
  return {
    async writeSample({ sample, entry }) {
      const { id, judge, createdMs } = sample
      await act('write_calibration_sample', {
        id,
        judge,
        createdMs,
        body: JSON.stringify(sample),
        entry: entryOf(entry),
      })
    },
    async readSample(id) {
      const [known] = await read<{ body: string }>('SELECT body FROM calibration_samples WHERE id = $1', [id])
      return known === undefined ? undefined : (valueOfJson(known.body) as CalibrationSample)
    },
    listSamples: async ({ judge, limit }) =>
      (
        await read<{ body: string }>(
          'SELECT body FROM calibration_samples WHERE $1::text IS NULL OR judge = $1 ORDER BY row DESC LIMIT $2',
          [judge ?? null, limit],
        )
      ).map(({ body }) => valueOfJson(body) as CalibrationSample),
    writeLabel: async ({ label, entry }) => {
      const { sample, item, labeler, atMs } = label
      const body = JSON.stringify(label)
      return await act<boolean>('write_calibration_label', { sample, item, labeler, atMs, body, entry: entryOf(entry) })
    },
    readLabels: async (sample) =>
      (
        await read<{ body: string }>(
          'SELECT l.body FROM calibration_samples s JOIN calibration_labels l ON l.sample_row = s.row WHERE s.id = $1 ORDER BY l.row',
          [sample],
        )
      ).map(({ body }) => valueOfJson(body) as CalibrationLabel),
  }
}
