/** Actions as rows, the same on every store. */
import type { Reason } from '../../core/decision.ts'
import type { JsonObject } from '../../core/json.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import type { ActionRecord, ErrorText } from '../../guard/port.ts'
import type { CounterRow } from './task-row.ts'

export interface ActionRow {
  readonly row: number
  readonly id: string
  readonly task_row: number
  readonly tool: string
  readonly effect: ActionRecord['effect']
  readonly state: ActionRecord['state']
  readonly arguments_digest: string
  readonly definition_digest: string
  readonly idempotency_key: string | null
  readonly approval_id: string | null
  readonly approval_state: ActionRecord['approvalState'] | null
  readonly reasons: string
  readonly cost_usd_micros: number
  readonly error: string | null
  readonly owner: string | null
  readonly doubt_ms: number | null
  readonly created_ms: number
  readonly intended_ms: number | null
  readonly settled_ms: number | null
  readonly arguments_entry: string
  readonly result_entry: string | null
}

/** What an action's records say of its task. */
export interface ActionTaskRow extends CounterRow {
  readonly id: string
  readonly agent: string
  readonly release: string
  readonly environment: string
  readonly principal: string
  readonly trace_id: string
}

/** @param body  reads a body of an entry; undefined when there is none, or it was erased. */
export function actionOfRow(
  row: ActionRow,
  task: ActionTaskRow,
  body: (entry: string | null, name: string) => JsonObject | undefined,
): ActionRecord {
  const sent = body(row.arguments_entry, 'arguments_sent')
  const result = body(row.result_entry, 'result')
  const shown = body(row.result_entry, 'shown') ?? result
  const said = body(row.result_entry, 'error_text')
  return {
    id: row.id,
    task: task.id,
    agent: task.agent,
    tool: row.tool,
    effect: row.effect,
    state: row.state,
    arguments: body(row.arguments_entry, 'arguments') ?? {},
    ...(sent === undefined ? {} : { argumentsSent: sent }),
    argumentsDigest: row.arguments_digest as ActionRecord['argumentsDigest'],
    definitionDigest: row.definition_digest as ActionRecord['definitionDigest'],
    ...(row.idempotency_key === null ? {} : { idempotencyKey: row.idempotency_key }),
    ...(row.approval_id === null ? {} : { approvalId: row.approval_id }),
    ...(row.approval_state === null
      ? {}
      : { approvalState: row.approval_state as NonNullable<ActionRecord['approvalState']> }),
    reasons: valueOfJson(row.reasons) as readonly Reason[],
    ...(result === undefined ? {} : { result }),
    ...(shown === undefined ? {} : { shown }),
    ...(row.error === null ? {} : { error: row.error }),
    ...(said === undefined ? {} : { errorText: said as unknown as ErrorText }),
    ...(row.owner === null ? {} : { owner: row.owner }),
    ...(row.doubt_ms === null ? {} : { doubtMs: row.doubt_ms }),
    createdMs: row.created_ms,
    ...(row.intended_ms === null ? {} : { intendedMs: row.intended_ms }),
    ...(row.settled_ms === null ? {} : { settledMs: row.settled_ms }),
    traceId: task.trace_id,
  }
}
