/**
 * Trajectories of tau-bench: `{task_id, trial, reward, info, traj: [chat messages]}`, one a line or in an array. The user of the
 * task is the principal: the benchmark's own word, which the conversation may never mention.
 */
import { isJsonObject, type JsonValue } from '../../core/json.ts'
import { RunBuilder } from '../build-run.ts'
import { type FileRecord, readRecords } from '../read-records.ts'
import type { ReadRuns } from '../read-runs.ts'
import type { RecordedRun } from '../recorded-run.ts'
import { readEach, UnreadableRun } from '../unreadable-run.ts'
import { readMessages } from './openai-messages.ts'

/** Never throws. Pure. */
export function readTauBench(text: string): ReadRuns {
  const { records, unread } = readRecords(text)
  const read = readEach(records, readRun)
  return { runs: read.runs, spans: [], unread: [...unread, ...read.unread] }
}

function readRun({ value }: FileRecord): RecordedRun {
  if (value.traj === undefined && value.messages_display !== undefined) {
    throw new UnreadableRun('', 'it is a conversation printed for reading, without the tool calls')
  }
  const builder = new RunBuilder()
  readMessages(value.traj, '.traj', builder)
  const userId = userIdOf(value.info)
  const { reward } = value
  return builder.build(value, {
    name: `tau-bench/task-${numberOf(value.task_id)}/trial-${numberOf(value.trial)}`,
    format: 'tau-bench',
    ...(userId === undefined ? {} : { principal: { id: userId, attributes: { user_id: userId } } }),
    ...(typeof reward === 'number' ? { outcome: { reward } } : {}),
  })
}

function userIdOf(info: JsonValue | undefined): string | undefined {
  if (!isJsonObject(info) || !isJsonObject(info.task)) return undefined
  return typeof info.task.user_id === 'string' ? info.task.user_id : undefined
}

function numberOf(value: JsonValue | undefined): string {
  return typeof value === 'number' || typeof value === 'string' ? `${value}`.slice(0, 60) : 'unknown'
}
