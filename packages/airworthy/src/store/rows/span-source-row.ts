/** What the kit's own spans are made of, as rows. */
import type { JsonObject } from '../../core/json.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import type { EndedAction, RecordedModelCall, TaskSummary, TaskTotals } from '../../operate/traces/kit-spans-port.ts'
import { type TaskRow, taskOfRow } from './task-row.ts'

export interface TotalsRow extends TaskRow {
  readonly steps: number
  readonly tokens: number
  /** 0 or 1. */
  readonly is_unpriced: number
  readonly model: string | null
  readonly last_act_ms: number
}

export interface ExhaustionRow {
  readonly budget: string
  readonly fallback: string
}

export function totalsOfRow(row: TotalsRow, exhaustions: readonly ExhaustionRow[]): TaskTotals {
  return {
    task: taskOfRow(row),
    steps: row.steps,
    tokens: row.tokens,
    isUnpriced: row.is_unpriced === 1,
    ...(row.model === null ? {} : { model: row.model }),
    exhaustions: exhaustions.map(({ budget, fallback }) => ({ budget, fallback })),
    lastActMs: row.last_act_ms,
  }
}

export interface EndedActionRow {
  readonly id: string
  readonly tool: string
  readonly state: EndedAction['state']
  readonly trace_id: string
  readonly ended_ms: number
}

export function endedActionOfRow(row: EndedActionRow): EndedAction {
  const { id, tool, state } = row
  return { id, tool, state, isExecuted: state !== 'denied', traceId: row.trace_id, endedMs: row.ended_ms }
}

export function taskSummaryOfRow(row: TaskRow): TaskSummary {
  const { id, agent, type, principal, traceId, createdMs, closedMs, counters, probe } = taskOfRow(row)
  return {
    id,
    agent,
    ...(type === undefined ? {} : { type }),
    principalId: principal.id,
    traceId,
    createdMs,
    ...(closedMs === undefined ? {} : { closedMs }),
    ...counters,
    probe,
  }
}

/** How many of the latest actions, or tasks, are looked at for those without a span. */
export const lookedAtMax = 10_000
/** How many are looked at for real ones: behind an evaluation stand its thousands of trials, which are probes. */
export const endedLookedAtMax = 200_000

/** A model call that ended, with the trace of its task. */
export interface EndedCallRow {
  readonly id: string
  readonly task: string
  readonly trace_id: string
  readonly model: string
  readonly state: RecordedModelCall['state']
  readonly begun_ms: number
  readonly ended_ms: number
  readonly details: string
}

export function recordedCallOfRow(row: EndedCallRow): RecordedModelCall {
  return {
    id: row.id,
    taskId: row.task,
    model: row.model,
    state: row.state,
    beganMs: row.begun_ms,
    endedMs: row.ended_ms,
    details: valueOfJson(row.details) as JsonObject,
  }
}
