/** Tasks as rows. */
import type { BudgetName } from '../../core/manifest/effective.ts'
import type { Principal } from '../../core/principal.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import type { Fact, TaskRecord } from '../../guard/port.ts'

/** What every act about a task reads first. */
export interface CounterRow {
  readonly row: number
  readonly tool_calls: number
  readonly cost_usd_micros: number
  readonly last_fact: number
  readonly created_ms: number
  readonly closed_ms: number | null
  readonly waited_ms: number
}

export const counterColumns = 'row, tool_calls, cost_usd_micros, last_fact, created_ms, closed_ms, waited_ms'

/** What may be otherwise at the next look. */
export interface StandingRow {
  readonly row: number
  readonly closed_ms: number | null
  readonly waited_ms: number
  readonly tool_calls: number
  readonly cost_usd_micros: number
  readonly cheaper: number
  readonly stopped_by: string | null
  readonly stopped_used: number | null
}

export const standingColumns =
  'row, closed_ms, waited_ms, tool_calls, cost_usd_micros, cheaper, stopped_by, stopped_used'

export interface TaskRow extends CounterRow, StandingRow {
  readonly id: string
  readonly project: string
  readonly agent: string
  readonly release: string
  readonly environment: string
  readonly principal: string
  readonly trace_id: string
  readonly resume_url: string | null
  readonly probe: number
  readonly type: string | null
  readonly parent_span_id: string | null
  readonly trace_state: string | null
}

/** What was said when the task was opened, and never changes. */
export type LastingTask = Omit<TaskRecord, 'facts' | keyof StandingTask>
type StandingTask = Pick<TaskRecord, 'closedMs' | 'waitedMs' | 'cheaper' | 'stopped' | 'counters'>

export function taskOfRow(row: TaskRow, facts: readonly Fact[] = []): TaskRecord {
  return { ...lastingTaskOfRow(row), ...standingTaskOfRow(row), facts }
}

export function lastingTaskOfRow(row: TaskRow): LastingTask {
  return {
    id: row.id,
    project: row.project,
    agent: row.agent,
    release: row.release as TaskRecord['release'],
    environment: row.environment,
    principal: valueOfJson(row.principal) as Principal,
    traceId: row.trace_id,
    ...(row.parent_span_id === null ? {} : { parentSpanId: row.parent_span_id }),
    ...(row.trace_state === null ? {} : { traceState: row.trace_state }),
    ...(row.type === null ? {} : { type: row.type }),
    createdMs: row.created_ms,
    ...(row.resume_url === null ? {} : { resumeUrl: row.resume_url }),
    probe: row.probe === 1,
  }
}

export function standingTaskOfRow(row: StandingRow): StandingTask {
  return {
    ...(row.closed_ms === null ? {} : { closedMs: row.closed_ms }),
    waitedMs: row.waited_ms,
    ...(row.cheaper === 1 ? { cheaper: true } : {}),
    ...(row.stopped_by === null
      ? {}
      : { stopped: { budget: row.stopped_by as BudgetName, used: row.stopped_used ?? 0 } }),
    counters: { toolCalls: row.tool_calls, costUsdMicros: row.cost_usd_micros },
  }
}
