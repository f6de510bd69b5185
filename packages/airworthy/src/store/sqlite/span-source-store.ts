/** What the kit's own spans are made of, on SQLite. */
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
import { actionReader } from './action-reader.ts'
import type { AuditAppender } from './audit-appender.ts'
import { act, type SqliteDatabase } from './open.ts'
import { spanFinder } from './span-finder.ts'

interface Traceable {
  readonly id: string
  readonly trace_id: string
}

interface EntryRow {
  readonly id: string
  readonly text: string
}

/** @param traces  where spans are. */
export function sqliteSpanSourceStore(
  db: SqliteDatabase,
  traces: SqliteDatabase,
  audit: AuditAppender,
): SpanSourceStore {
  const actions = actionReader(db, audit)
  const totals = db.prepare<[string], TotalsRow>(
    `SELECT t.*, coalesce(u.steps, 0) AS steps, coalesce(u.tokens, 0) AS tokens,
       EXISTS (SELECT 1 FROM model_calls m WHERE m.task_row = t.row AND instr(m.details, '"unpriced":true') > 0) AS is_unpriced,
       (SELECT m.model FROM model_calls m WHERE m.task_row = t.row GROUP BY m.model
         ORDER BY sum(coalesce(m.cost_usd_micros, 0)) DESC, count(*) DESC, m.model LIMIT 1) AS model,
       max(t.created_ms,
         coalesce((SELECT max(coalesce(a.settled_ms, a.created_ms)) FROM actions a WHERE a.task_row = t.row), 0),
         coalesce((SELECT max(coalesce(m.ended_ms, m.begun_ms)) FROM model_calls m WHERE m.task_row = t.row), 0)) AS last_act_ms
     FROM tasks t LEFT JOIN model_use u ON u.task_row = t.row WHERE t.id = ?`,
  )
  const exhaustions = db.prepare<[number], ExhaustionRow>(
    'SELECT budget, fallback FROM task_exhaustions WHERE task_row = ? ORDER BY at_ms, budget',
  )
  const entry = db.prepare<[string], EntryRow>('SELECT id, body AS text FROM audit_entries WHERE id = ?')
  const latest = (
    lookedAt: number,
  ) => `SELECT a.id, a.tool, a.state, coalesce(a.settled_ms, a.created_ms) AS ended_ms, t.trace_id, t.release, t.probe
     FROM (SELECT * FROM actions ORDER BY row DESC LIMIT ${lookedAt}) a JOIN tasks t ON t.row = a.task_row
     WHERE a.state <> 'held' AND a.state <> 'intended'`
  const hasSpan = spanFinder(traces)
  const endedActions = db.prepare<[number, number], Traceable>(
    `SELECT x.id, x.trace_id FROM (${latest(lookedAtMax)}) x WHERE x.ended_ms BETWEEN ? AND ?`,
  )
  const closedTasks = db.prepare<[number, number], Traceable>(
    `SELECT x.id, x.trace_id FROM (SELECT * FROM tasks ORDER BY row DESC LIMIT ${lookedAtMax}) x WHERE x.closed_ms BETWEEN ? AND ?`,
  )
  const endedCalls = db.prepare<[number, number], EndedCallRow>(
    `SELECT m.id, m.model, m.state, m.begun_ms, m.ended_ms, m.details, t.id AS task, t.trace_id
     FROM (SELECT * FROM model_calls ORDER BY row DESC LIMIT ${lookedAtMax}) m JOIN tasks t ON t.row = m.task_row
     WHERE (m.state = 'succeeded' OR m.state = 'failed') AND m.ended_ms BETWEEN ? AND ?`,
  )
  const untraced = <T extends Traceable>(those: readonly T[], limit: number): T[] =>
    those
      .values()
      .filter(({ id, trace_id }) => !hasSpan(trace_id, id))
      .take(limit)
      .toArray()
  const ids = (those: readonly Traceable[]): string[] => those.map(({ id }) => id)
  const idleTasks = db
    .prepare<{ beforeMs: number; limit: number }, string>(
      `SELECT t.id FROM tasks t WHERE t.closed_ms IS NULL AND t.created_ms < @beforeMs
         AND NOT EXISTS (SELECT 1 FROM actions a WHERE a.task_row = t.row
           AND (a.state = 'held' OR a.state = 'intended' OR coalesce(a.settled_ms, a.created_ms) >= @beforeMs))
         AND NOT EXISTS (SELECT 1 FROM model_calls m WHERE m.task_row = t.row
           AND (m.state = 'running' OR coalesce(m.ended_ms, m.begun_ms) >= @beforeMs))
         AND NOT EXISTS (SELECT 1 FROM escalations e WHERE e.task_row = t.row AND (e.state = 'open' OR e.state = 'claimed'))
       ORDER BY t.created_ms LIMIT @limit`,
    )
    .pluck()
  const ended = db.prepare<[string, number, number], EndedActionRow>(
    `SELECT * FROM (${latest(endedLookedAtMax)}) x WHERE x.release = ? AND x.probe = 0 AND x.ended_ms >= ? LIMIT ?`,
  )
  const attributesOf = traces
    .prepare<[string, string], string>(
      "SELECT attributes FROM spans WHERE trace_id = ? AND span_id = ? AND source = 'kit'",
    )
    .pluck()
  const tasks = db.prepare<[0 | 1, number], TaskRow>('SELECT * FROM tasks WHERE probe <= ? ORDER BY row DESC LIMIT ?')

  return {
    taskTotals: (id) =>
      act(() => {
        const row = totals.get(id)
        return row === undefined ? undefined : totalsOfRow(row, exhaustions.all(row.row))
      }),
    recordedAction: (id) =>
      act(() => {
        const found = actions.rowById(id)
        const action = found === undefined ? undefined : actions.byId(id)
        const askedEntry = found === undefined ? undefined : entry.get(found.action.arguments_entry)
        if (found === undefined || action === undefined || askedEntry === undefined) return undefined
        const { result_entry: resultEntry, cost_usd_micros: costUsdMicros } = found.action
        const settledEntry = resultEntry === null ? undefined : entry.get(resultEntry)
        return {
          action,
          costUsdMicros,
          result: resultEntry === null ? undefined : audit.readBody(resultEntry, 'result'),
          askedEntry,
          ...(settledEntry === undefined ? {} : { settledEntry }),
        }
      }),
    untracedActions: ({ fromMs, untilMs, limit }) => act(() => ids(untraced(endedActions.all(fromMs, untilMs), limit))),
    untracedTasks: ({ fromMs, untilMs, limit }) => act(() => ids(untraced(closedTasks.all(fromMs, untilMs), limit))),
    untracedModelCalls: ({ fromMs, untilMs, limit }) =>
      act(() => untraced(endedCalls.all(fromMs, untilMs), limit).map(recordedCallOfRow)),
    idleTasks: (filter) => act(() => idleTasks.all(filter) as string[]),
    endedActions: ({ release, sinceMs, limit }) => act(() => ended.all(release, sinceMs, limit).map(endedActionOfRow)),
    kitSpans: (ids) =>
      act(() =>
        ids.map(({ traceId, spanId }) => {
          const text = attributesOf.get(traceId, spanId)
          return text === undefined ? undefined : (valueOfJson(text as string) as JsonObject)
        }),
      ),
    listTasks: ({ limit, withProbes }) => act(() => tasks.all(withProbes ? 1 : 0, limit).map(taskSummaryOfRow)),
  }
}
