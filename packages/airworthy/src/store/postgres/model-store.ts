/** Model calls on PostgreSQL. */
import type { BeginModelCallAnswer, ModelStore, ModelUse } from '../../operate/model/port.ts'
import { rollupBatch } from '../../telemetry/rollups/batch.ts'
import { nameBound } from '../../telemetry/rollups/name-bound.ts'
import { countedSpan } from '../rows/counted-span.ts'
import { type KillRow, killOfRow } from '../rows/kill-row.ts'
import { type TaskActionRow, taskActionColumns, taskActionOfRow } from '../rows/task-action-row.ts'
import { spanValues } from '../rows/trace-row.ts'
import type { PostgresConnection } from './connection.ts'
import { rollupsOf } from './rollups.ts'

type BeginJson = Exclude<BeginModelCallAnswer, { kind: 'killed' }> | { readonly kind: 'killed'; readonly kill: KillRow }

export function postgresModelStore({ act, read }: PostgresConnection): ModelStore {
  const names = nameBound()
  return {
    async beginModelCall({ callId, task, reserved, ...call }) {
      const answer = await act<BeginJson>('begin_model_call', {
        ...call,
        ...reserved,
        call: callId,
        task: task.id,
        agent: task.agent,
      })
      return answer.kind === 'killed' ? { kind: 'killed', kill: killOfRow(answer.kill) } : answer
    },
    async endModelCall({ callId, span, details, ...ending }) {
      const counted = span === undefined ? undefined : countedSpan(span, { source: 'kit' }).contribution
      const batch = rollupBatch(names)
      if (counted !== undefined) batch.add(counted)
      return await act<boolean>('end_counted_call', {
        ...ending,
        call: callId,
        details: JSON.stringify(details),
        ...(span === undefined
          ? {}
          : { span: spanValues(span).map((value) => (typeof value === 'bigint' ? `${value}` : value)) }),
        ...(counted === undefined ? {} : { rollups: rollupsOf(batch.deltas()) }),
      })
    },
    async readModelUse(task) {
      const [row] = await read<ModelUse>(
        'SELECT u.steps, u.tokens FROM model_use u JOIN tasks t ON t.row = u.task_row WHERE t.id = $1',
        [task],
      )
      return row ?? { steps: 0, tokens: 0 }
    },
    async countModelCalls({ release, sinceMs, limit }) {
      const [row] = await read<{ ended: number; untraced: number; lost: number }>(
        `SELECT count(*) FILTER (WHERE state <> 'lost') AS ended,
           count(*) FILTER (WHERE state <> 'lost' AND NOT EXISTS
             (SELECT FROM spans s WHERE s.trace_id = c.trace_id AND s.span_id = right(c.id, 16) AND s.source = 'kit')) AS untraced,
           count(*) FILTER (WHERE state = 'lost') AS lost
         FROM (SELECT m.id, m.state, t.trace_id FROM model_calls m JOIN tasks t ON t.row = m.task_row
           WHERE m.state <> 'running' AND t.release = $1 AND t.probe = 0 AND m.begun_ms >= $3 ORDER BY m.row DESC LIMIT $2) c`,
        [release, limit, sinceMs],
      )
      return row ?? { ended: 0, untraced: 0, lost: 0 }
    },
    async readTaskActions(task, limit) {
      const rows = await read<TaskActionRow>(
        `SELECT ${taskActionColumns} FROM actions WHERE task_row = (SELECT row FROM tasks WHERE id = $1)
         ORDER BY row DESC LIMIT $2`,
        [task, limit],
      )
      return rows.map(taskActionOfRow)
    },
    openModelOwners: async () =>
      (await read<{ owner: string }>("SELECT DISTINCT owner FROM model_calls WHERE state = 'running'")).map(
        ({ owner }) => owner,
      ),
    doubtfulModelCalls: async ({ nowMs, owners, limit }) =>
      (
        await read<{ id: string }>(
          `SELECT id FROM model_calls WHERE state = 'running' AND (doubt_ms <= $1 OR owner = ANY ($2))
           ORDER BY row LIMIT $3`,
          [nowMs, owners, limit],
        )
      ).map(({ id }) => id),
  }
}
