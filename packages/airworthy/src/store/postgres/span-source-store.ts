/** What the kit's own spans are made of, on PostgreSQL. */
import type { JsonObject } from '../../core/json.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import type { SpanSourceStore } from '../../operate/traces/kit-spans-port.ts'
import {
  type EndedActionRow,
  type EndedCallRow,
  type ExhaustionRow,
  endedActionOfRow,
  endedLookedAtMax,
  lookedAtMax,
  recordedCallOfRow,
  type TotalsRow,
  taskSummaryOfRow,
  totalsOfRow,
} from '../rows/span-source-row.ts'
import type { TaskRow } from '../rows/task-row.ts'
import type { PostgresConnection } from './connection.ts'
import { type ActionJson, actionOfJson } from './guard-store.ts'

interface RecordedRow {
  readonly found: ActionJson
  readonly cost: number
  readonly asked_id: string
  readonly asked_text: string
  readonly settled_id: string | null
  readonly settled_text: string | null
  readonly result: string | null
}

const latest = (
  lookedAt: number,
) => `SELECT a.id, a.tool, a.state, coalesce(a.settled_ms, a.created_ms) AS ended_ms, t.trace_id, t.release, t.probe
   FROM (SELECT * FROM actions ORDER BY row DESC LIMIT ${lookedAt}) a JOIN tasks t ON t.row = a.task_row
   WHERE a.state NOT IN ('held', 'intended')`
const withoutSpan =
  "NOT EXISTS (SELECT FROM spans s WHERE s.trace_id = x.trace_id AND s.span_id = right(x.id, 16) AND s.source = 'kit')"

export function postgresSpanSourceStore({ read }: PostgresConnection): SpanSourceStore {
  return {
    async taskTotals(id) {
      const [row] = await read<TotalsRow>(
        `SELECT t.*, coalesce(u.steps, 0) AS steps, coalesce(u.tokens, 0) AS tokens,
           (EXISTS (SELECT FROM model_calls m WHERE m.task_row = t.row AND strpos(m.details, '"unpriced":true') > 0))::integer AS is_unpriced,
           (SELECT m.model FROM model_calls m WHERE m.task_row = t.row GROUP BY m.model
             ORDER BY sum(coalesce(m.cost_usd_micros, 0)) DESC, count(*) DESC, m.model LIMIT 1) AS model,
           greatest(t.created_ms,
             (SELECT max(coalesce(a.settled_ms, a.created_ms)) FROM actions a WHERE a.task_row = t.row),
             (SELECT max(coalesce(m.ended_ms, m.begun_ms)) FROM model_calls m WHERE m.task_row = t.row)) AS last_act_ms
         FROM tasks t LEFT JOIN model_use u ON u.task_row = t.row WHERE t.id = $1`,
        [id],
      )
      if (row === undefined) return undefined
      const exhaustions = await read<ExhaustionRow>(
        'SELECT budget, fallback FROM task_exhaustions WHERE task_row = $1 ORDER BY at_ms, budget',
        [row.row],
      )
      return totalsOfRow(row, exhaustions)
    },
    async recordedAction(id) {
      const [row] = await read<RecordedRow>(
        `SELECT action_json(a) AS found, a.cost_usd_micros AS cost, e.id AS asked_id, e.body AS asked_text,
           s.id AS settled_id, s.body AS settled_text,
           (SELECT b.content FROM audit_bodies b WHERE b.entry_rowid = s.rowid AND b.name = 'result') AS result
         FROM actions a JOIN audit_entries e ON e.id = a.arguments_entry LEFT JOIN audit_entries s ON s.id = a.result_entry
         WHERE a.id = $1`,
        [id],
      )
      if (row === undefined) return undefined
      const { settled_id: settledId, settled_text: settledText } = row
      return {
        action: actionOfJson(row.found),
        costUsdMicros: row.cost,
        result: row.result === null ? undefined : (valueOfJson(row.result) as JsonObject),
        askedEntry: { id: row.asked_id, text: row.asked_text },
        ...(settledId === null || settledText === null ? {} : { settledEntry: { id: settledId, text: settledText } }),
      }
    },
    async untracedActions({ fromMs, untilMs, limit }) {
      const rows = await read<{ id: string }>(
        `SELECT x.id FROM (${latest(lookedAtMax)}) x WHERE x.ended_ms BETWEEN $1 AND $2 AND ${withoutSpan} LIMIT $3`,
        [fromMs, untilMs, limit],
      )
      return rows.map(({ id }) => id)
    },
    async untracedTasks({ fromMs, untilMs, limit }) {
      const rows = await read<{ id: string }>(
        `SELECT x.id FROM (SELECT * FROM tasks ORDER BY row DESC LIMIT ${lookedAtMax}) x
         WHERE x.closed_ms BETWEEN $1 AND $2 AND ${withoutSpan} LIMIT $3`,
        [fromMs, untilMs, limit],
      )
      return rows.map(({ id }) => id)
    },
    async untracedModelCalls({ fromMs, untilMs, limit }) {
      const rows = await read<EndedCallRow>(
        `SELECT x.* FROM (SELECT m.id, m.model, m.state, m.begun_ms, m.ended_ms, m.details, t.id AS task, t.trace_id
           FROM (SELECT * FROM model_calls ORDER BY row DESC LIMIT ${lookedAtMax}) m JOIN tasks t ON t.row = m.task_row
           WHERE m.state IN ('succeeded', 'failed') AND m.ended_ms BETWEEN $1 AND $2) x WHERE ${withoutSpan} LIMIT $3`,
        [fromMs, untilMs, limit],
      )
      return rows.map(recordedCallOfRow)
    },
    async idleTasks({ beforeMs, limit }) {
      const rows = await read<{ id: string }>(
        `SELECT t.id FROM tasks t WHERE t.closed_ms IS NULL AND t.created_ms < $1
           AND NOT EXISTS (SELECT FROM actions a WHERE a.task_row = t.row
             AND (a.state IN ('held', 'intended') OR coalesce(a.settled_ms, a.created_ms) >= $1))
           AND NOT EXISTS (SELECT FROM model_calls m WHERE m.task_row = t.row
             AND (m.state = 'running' OR coalesce(m.ended_ms, m.begun_ms) >= $1))
           AND NOT EXISTS (SELECT FROM escalations e WHERE e.task_row = t.row AND e.state IN ('open', 'claimed'))
         ORDER BY t.created_ms LIMIT $2`,
        [beforeMs, limit],
      )
      return rows.map(({ id }) => id)
    },
    async endedActions({ release, sinceMs, limit }) {
      const rows = await read<EndedActionRow>(
        `SELECT * FROM (${latest(endedLookedAtMax)} ORDER BY a.row DESC) x WHERE x.release = $1 AND x.probe = 0 AND x.ended_ms >= $3 LIMIT $2`,
        [release, limit, sinceMs],
      )
      return rows.map(endedActionOfRow)
    },
    async kitSpans(ids) {
      const rows = await read<{ attributes: string | null }>(
        `SELECT s.attributes FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS w (trace_id, span_id, n)
         LEFT JOIN spans s ON s.trace_id = w.trace_id AND s.span_id = w.span_id AND s.source = 'kit' ORDER BY w.n`,
        [ids.map(({ traceId }) => traceId), ids.map(({ spanId }) => spanId)],
      )
      return rows.map(({ attributes }) => (attributes === null ? undefined : (valueOfJson(attributes) as JsonObject)))
    },
    async listTasks({ limit, withProbes }) {
      const text = 'SELECT * FROM tasks WHERE probe <= $2 ORDER BY row DESC LIMIT $1'
      return (await read<TaskRow>(text, [limit, withProbes ? 1 : 0])).map(taskSummaryOfRow)
    },
  }
}
