/** Rows of notifications and schedule runs, as both databases give them. */
import type { JsonObject } from '../../core/json.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import type { NotificationRecord, NotificationState } from '../../operate/notifications/port.ts'
import type { ScheduleOutcome, ScheduleRun } from '../../operate/schedules/port.ts'

export interface NotificationRow {
  readonly id: string
  readonly agent: string
  readonly environment: string
  readonly channel: string
  readonly body: string
  readonly created_ms: number
  readonly state: string
  readonly attempts: number
  readonly due_ms: number
  readonly settled_ms: number | null
  readonly failure: string | null
}

export function notificationOfRow(row: NotificationRow): NotificationRecord {
  return {
    id: row.id,
    agent: row.agent,
    environment: row.environment,
    channel: row.channel,
    body: valueOfJson(row.body) as JsonObject,
    createdMs: row.created_ms,
    state: row.state as NotificationState,
    attempts: row.attempts,
    dueMs: row.due_ms,
    ...(row.settled_ms === null ? {} : { settledMs: row.settled_ms }),
    ...(row.failure === null ? {} : { failure: row.failure }),
  }
}

export interface ScheduleRunRow {
  readonly id: string
  readonly agent: string
  readonly environment: string
  readonly schedule: string
  readonly due_ms: number
  readonly begun_ms: number
  readonly ended_ms: number | null
  readonly outcome: string
  readonly why: string
  readonly skipped: number
}

export function scheduleRunOfRow(row: ScheduleRunRow): ScheduleRun {
  return {
    id: row.id,
    agent: row.agent,
    environment: row.environment,
    schedule: row.schedule,
    dueMs: row.due_ms,
    begunMs: row.begun_ms,
    ...(row.ended_ms === null ? {} : { endedMs: row.ended_ms }),
    outcome: row.outcome as ScheduleOutcome,
    why: row.why,
    skipped: row.skipped,
  }
}
