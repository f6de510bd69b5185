/** Eval plans and rows on PostgreSQL. */
import { invariant } from '../../core/errors.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import type { EvalPlan } from '../../evals/eval-row.ts'
import type { EvalStore } from '../../evals/port.ts'
import {
  evalChangeOf,
  evalRowOf,
  loggedIn,
  planChanged,
  type StoredRowText,
  type TallyText,
  tallyOfRow,
  textOfEval,
} from '../rows/eval-row.ts'
import type { PostgresConnection } from './connection.ts'
import { entryOf } from './entries.ts'

export function postgresEvalStore({ act, read }: PostgresConnection): EvalStore {
  return {
    async writePlan({ plan, entry }) {
      const { run, kind, release, createdMs } = plan
      const isSame = await act<boolean>('write_eval_plan', {
        run,
        kind,
        release,
        createdMs,
        body: textOfEval(plan),
        entry: entryOf(entry),
      })
      if (!isSame) throw planChanged(run)
    },
    async appendRows({ rows, entries }) {
      const made = rows.map((row, index) => {
        const entry = entries[index]
        invariant(entry !== undefined, 'each row has its entry')
        return { run: row.run, cell: row.cell, body: textOfEval(row), entry: entryOf(entry) }
      })
      return await act<number>('append_eval_rows', { rows: made })
    },
    async readPlan(run) {
      const [known] = await read<{ body: string }>('SELECT body FROM eval_plans WHERE run = $1', [run])
      return known === undefined ? undefined : (valueOfJson(known.body) as EvalPlan)
    },
    readRows: async (run) =>
      (
        await read<StoredRowText>(
          `SELECT r.body, e.body AS entry FROM eval_plans p JOIN eval_rows r ON r.plan_row = p.row
           LEFT JOIN audit_entries e ON e.id = r.entry_id WHERE p.run = $1 ORDER BY r.cell`,
          [run],
        )
      ).map(evalRowOf),
    cellsDone: async (run) =>
      (
        await read<{ cell: number }>(
          'SELECT r.cell FROM eval_plans p JOIN eval_rows r ON r.plan_row = p.row WHERE p.run = $1 ORDER BY r.cell',
          [run],
        )
      ).map(({ cell }) => Number(cell)),
    tallyRows: async (run) =>
      (
        await read<TallyText>(
          `SELECT r.body::jsonb ->> 'state' AS state, r.body::jsonb ->> 'category' AS category, count(*) AS count
           FROM eval_plans p JOIN eval_rows r ON r.plan_row = p.row WHERE p.run = $1 GROUP BY 1, 2`,
          [run],
        )
      ).map(tallyOfRow),
    listPlans: async ({ release, kind, limit }) =>
      (
        await read<{ body: string }>(
          `SELECT body FROM eval_plans WHERE ($1::text IS NULL OR release = $1) AND ($2::text IS NULL OR kind = $2)
           ORDER BY row DESC LIMIT $3`,
          [release ?? null, kind ?? null, limit],
        )
      ).map(({ body }) => valueOfJson(body) as EvalPlan),
    async keepCassettes(cassettes) {
      await act('keep_cassettes', {
        cassettes: cassettes.map(({ task, body, atMs }) => ({
          task,
          body: Buffer.from(body).toString('base64'),
          atMs,
        })),
      })
    },
    async readCassette(task) {
      const [row] = await read<{ body: Uint8Array }>('SELECT body FROM cassettes WHERE task = $1', [task])
      return row?.body
    },
    async recategorise({ change, entry }) {
      await act('recategorise_eval_row', { run: change.run, body: JSON.stringify(change), entry: entryOf(entry) })
    },
    readRecategorisations: async (run) =>
      (
        await read<StoredRowText>(
          `SELECT c.body, e.body AS entry FROM eval_plans p JOIN eval_changes c ON c.plan_row = p.row
           LEFT JOIN audit_entries e ON e.id = c.entry_id WHERE p.run = $1 ORDER BY c.n`,
          [run],
        )
      ).map(evalChangeOf),
    async readLoggedPlan(run) {
      const [known] = await read<{ entry: string | null }>(
        'SELECT e.body AS entry FROM eval_plans p LEFT JOIN audit_entries e ON e.id = p.entry_id WHERE p.run = $1',
        [run],
      )
      return loggedIn(known?.entry, 'plan')
    },
  }
}
