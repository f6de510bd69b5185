/** Eval plans and rows on SQLite. */
import { valueOfJson } from '../../core/value-of-json.ts'
import type { EvalPlan } from '../../evals/eval-row.ts'
import type { EvalStore, PlanFilter, StoredCassette } from '../../evals/port.ts'
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
import type { AuditAppender } from './audit-appender.ts'
import { act, type SqliteDatabase } from './open.ts'

export function sqliteEvalStore(db: SqliteDatabase, audit: AuditAppender): EvalStore {
  const planOf = db.prepare<[string], { row: number; body: string }>('SELECT row, body FROM eval_plans WHERE run = ?')
  const planRow = db.prepare<[string]>('SELECT row FROM eval_plans WHERE run = ?').pluck()
  const insertPlan = db.prepare(
    'INSERT INTO eval_plans (run, kind, release, body, created_ms, entry_id) VALUES (?, ?, ?, ?, ?, ?)',
  )
  const hasRow = db.prepare<[number, number]>('SELECT 1 FROM eval_rows WHERE plan_row = ? AND cell = ?').pluck()
  const insertRow = db.prepare('INSERT INTO eval_rows (plan_row, cell, body, entry_id) VALUES (?, ?, ?, ?)')
  const rowsOf = db.prepare<[string], StoredRowText>(
    `SELECT r.body, e.body AS entry FROM eval_plans p JOIN eval_rows r ON r.plan_row = p.row
     LEFT JOIN audit_entries e ON e.id = r.entry_id WHERE p.run = ? ORDER BY r.cell`,
  )
  const plans = db
    .prepare<{ release: string | null; kind: string | null; limit: number }>(
      `SELECT body FROM eval_plans WHERE (@release IS NULL OR release = @release) AND (@kind IS NULL OR kind = @kind)
       ORDER BY row DESC LIMIT @limit`,
    )
    .pluck()
  const insertChange = db.prepare(
    `INSERT INTO eval_changes (plan_row, n, body, entry_id)
     VALUES (@plan, (SELECT coalesce(max(n), 0) + 1 FROM eval_changes WHERE plan_row = @plan), @body, @entry)`,
  )
  const changesOf = db.prepare<[string], StoredRowText>(
    `SELECT c.body, e.body AS entry FROM eval_plans p JOIN eval_changes c ON c.plan_row = p.row
     LEFT JOIN audit_entries e ON e.id = c.entry_id WHERE p.run = ? ORDER BY c.n`,
  )
  const cellsOf = db
    .prepare<[string]>(
      'SELECT r.cell FROM eval_plans p JOIN eval_rows r ON r.plan_row = p.row WHERE p.run = ? ORDER BY r.cell',
    )
    .pluck()
  const tallyOf = db.prepare<[string], TallyText>(
    `SELECT r.body ->> '$.state' AS state, r.body ->> '$.category' AS category, count(*) AS count
     FROM eval_plans p JOIN eval_rows r ON r.plan_row = p.row WHERE p.run = ? GROUP BY 1, 2`,
  )
  const planEntryOf = db.prepare<[string], { entry: string | null }>(
    'SELECT e.body AS entry FROM eval_plans p LEFT JOIN audit_entries e ON e.id = p.entry_id WHERE p.run = ?',
  )

  const insertCassette = db.prepare('INSERT OR IGNORE INTO cassettes (task, body, at_ms) VALUES (?, ?, ?)')
  const cassetteOf = db.prepare<[string]>('SELECT body FROM cassettes WHERE task = ?').pluck()

  const keepCassettes = db.transaction((cassettes: readonly StoredCassette[]) => {
    for (const { task, body, atMs } of cassettes) insertCassette.run(task, body, atMs)
  })
  const writePlan = db.transaction(({ plan, entry }: Parameters<EvalStore['writePlan']>[0]) => {
    const text = textOfEval(plan)
    const known = planOf.get(plan.run)
    if (known !== undefined) {
      if (known.body !== text) throw planChanged(plan.run)
      return
    }
    insertPlan.run(plan.run, plan.kind, plan.release, text, plan.createdMs, entry.id)
    audit.append(entry)
  })
  const appendRows = db.transaction(({ rows, entries }: Parameters<EvalStore['appendRows']>[0]) => {
    let fresh = 0
    for (const [index, row] of rows.entries()) {
      const plan = planRowOf(row.run)
      const entry = entries[index]
      if (entry === undefined) throw new Error('each row needs its entry')
      if (hasRow.get(plan, row.cell) !== undefined) continue
      insertRow.run(plan, row.cell, textOfEval(row), entry.id)
      audit.append(entry)
      fresh++
    }
    return fresh
  })
  const recategorise = db.transaction(({ change, entry }: Parameters<EvalStore['recategorise']>[0]) => {
    insertChange.run({ plan: planRowOf(change.run), body: JSON.stringify(change), entry: entry.id })
    audit.append(entry)
  })
  const planRowOf = (run: string): number => {
    // Its row alone: the plan of a large run is megabytes, and each of its rows asks.
    const known = planRow.get(run) as number | undefined
    if (known === undefined) throw new Error(`the run ${run} has no plan`)
    return known
  }

  return {
    writePlan: (writing) => act(() => writePlan.immediate(writing)),
    appendRows: (appending) => act(() => appendRows.immediate(appending)),
    readPlan: (run) =>
      act(() => {
        const known = planOf.get(run)
        return known === undefined ? undefined : (valueOfJson(known.body) as EvalPlan)
      }),
    readRows: (run) => act(() => rowsOf.all(run).map(evalRowOf)),
    cellsDone: (run) => act(() => cellsOf.all(run) as unknown as number[]),
    tallyRows: (run) => act(() => tallyOf.all(run).map(tallyOfRow)),
    listPlans: ({ release, kind, limit }: PlanFilter) =>
      act(() =>
        (plans.all({ release: release ?? null, kind: kind ?? null, limit }) as unknown as string[]).map(
          (body) => valueOfJson(body) as EvalPlan,
        ),
      ),
    keepCassettes: (cassettes) => act(() => keepCassettes.immediate(cassettes)),
    readCassette: (task) => act(() => cassetteOf.get(task) as unknown as Uint8Array | undefined),
    recategorise: (recategorising) => act(() => recategorise.immediate(recategorising)),
    readRecategorisations: (run) => act(() => changesOf.all(run).map(evalChangeOf)),
    readLoggedPlan: (run) => act(() => loggedIn(planEntryOf.get(run)?.entry, 'plan')),
  }
}
