/** Deletes recordings that are old, too much, or of tasks that were recorded only in case they fail and did not. */
import { recordingDefault, retentionDefault } from '../../core/manifest/defaults.ts'
import type { RecordingRule, Retention } from '../../core/manifest/effective.ts'
import type { RecordingStore } from './port.ts'

/** How long after its end a task may be found to have failed: what ran is settled, what is lost is counted. */
const decidedMs = 60_000
/** Tasks, in one act. */
const batchTasks = 200
/** More than this is left to the next round. */
const batchesMax = 500

/** @returns how many tasks' recordings were deleted. @throws STORE_UNAVAILABLE */
export async function expireRecordings(
  store: Pick<RecordingStore, 'expireRecordings'>,
  nowMs: number,
  retention: Retention = retentionDefault,
  rule: Pick<RecordingRule, 'storeBytesMax'> = recordingDefault,
): Promise<number> {
  const bounds = {
    beforeMs: nowMs - (retention.recordingsMs ?? retention.spansMs),
    keptBeforeMs: nowMs - retention.keptMs,
    decidedBeforeMs: nowMs - decidedMs,
    bytesMax: rule.storeBytesMax,
    limit: batchTasks,
  }
  let all = 0
  for (let batch = 0; batch < batchesMax; batch++) {
    const { deleted } = await store.expireRecordings(bounds)
    all += deleted
    if (deleted === 0) break
  }
  return all
}
