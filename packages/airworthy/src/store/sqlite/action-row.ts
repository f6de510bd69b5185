/**
 * Actions as rows, read table by table: a statement that joins these tables is planned anew by SQLite whenever another value is
 * bound (its partial indexes make the plan depend on it), which costs ten times what the reading does.
 */
import type { JsonObject } from '../../core/json.ts'
import type { ActionRecord, ErrorText } from '../../guard/port.ts'
import type { AuditAppender } from './audit-appender.ts'
import type { SqliteDatabase } from './open.ts'
import { type CounterRow, counterColumns } from './task-row.ts'

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

export interface ActionReader {
  byId(id: string): ActionRecord | undefined
  /** The row itself and its task, for acts that change it. */
  rowById(id: string): { readonly action: ActionRow; readonly task: ActionTaskRow } | undefined
  byKey(taskRow: number, key: string): ActionRecord | undefined
  /** The newest without a key that is held, or approved and not yet collected. */
  waiting(taskRow: number, tool: string, argumentsDigest: string): ActionRecord | undefined
  /** A state-changing one whose outcome is in doubt, whatever its key. */
  ambiguous(taskRow: number, tool: string, argumentsDigest: string): ActionRecord | undefined
}

const select =
  'SELECT a.*, (SELECT p.state FROM approvals p WHERE p.id = a.approval_id) AS approval_state FROM actions a'

export function actionReader(db: SqliteDatabase, audit: AuditAppender): ActionReader {
  const byId = db.prepare<[string], ActionRow>(`${select} WHERE a.id = ?`)
  const byKey = db.prepare<[number, string], ActionRow>(`${select} WHERE a.task_row = ? AND a.idempotency_key = ?`)
  const waiting = db.prepare<[number, string, string], ActionRow>(
    `${select} WHERE a.task_row = ? AND a.tool = ? AND a.arguments_digest = ? AND a.approval_id IS NOT NULL
     AND a.collected_ms IS NULL AND a.idempotency_key IS NULL`,
  )
  const ambiguous = db.prepare<[number, string, string], ActionRow>(
    `${select} WHERE a.state = 'ambiguous' AND a.task_row = ? AND a.tool = ? AND a.arguments_digest = ?`,
  )
  const taskByRow = db.prepare<[number], ActionTaskRow>(
    `SELECT ${counterColumns}, id, agent, release, environment, principal, trace_id FROM tasks WHERE row = ?`,
  )
  const recordOf = (row: ActionRow | undefined): ActionRecord | undefined =>
    row === undefined ? undefined : actionOfRow(row, taskByRow.get(row.task_row) as ActionTaskRow, audit)

  return {
    byId: (id) => recordOf(byId.get(id)),
    rowById(id) {
      const action = byId.get(id)
      return action === undefined ? undefined : { action, task: taskByRow.get(action.task_row) as ActionTaskRow }
    },
    byKey: (taskRow, key) => recordOf(byKey.get(taskRow, key)),
    waiting: (taskRow, tool, argumentsDigest) => recordOf(waiting.get(taskRow, tool, argumentsDigest)),
    ambiguous: (taskRow, tool, argumentsDigest) => recordOf(ambiguous.get(taskRow, tool, argumentsDigest)),
  }
}

function actionOfRow(row: ActionRow, task: ActionTaskRow, audit: AuditAppender): ActionRecord {
  const body = (entry: string | null, name: string): JsonObject | undefined =>
    entry === null ? undefined : audit.readBody(entry, name)
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
    reasons: JSON.parse(row.reasons),
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
