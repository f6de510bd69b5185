/** Eval plans and rows as they are stored: canonical JSON, so that a digest of the text is the digest of the row. */
import { canonicalJson } from '../../core/canonical.ts'
import type { Digest } from '../../core/digest.ts'
import { AirworthyError } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import type { Category } from '../../evals/dataset/scenario-shape.ts'
import type { EvalPlan, EvalRow, Recategorisation, RowState } from '../../evals/eval-row.ts'
import type { RowTally, StoredEvalRow, StoredRecategorisation } from '../../evals/port.ts'

export interface StoredRowText {
  readonly body: string
  /** The audit entry about it; null: there is none. */
  readonly entry: string | null
}

export function textOfEval(value: EvalPlan | EvalRow): string {
  return canonicalJson(value as unknown as JsonObject)
}

export interface TallyText {
  readonly state: string
  readonly category: string | null
  /** PostgreSQL counts in 64 bits. */
  readonly count: number | string
}

export function tallyOfRow({ state, category, count }: TallyText): RowTally {
  return {
    state: state as RowState,
    count: Number(count),
    ...(category === null ? {} : { category: category as Category }),
  }
}

export function evalRowOf({ body, entry }: StoredRowText): StoredEvalRow {
  return { row: valueOfJson(body) as EvalRow, loggedDigest: loggedIn(entry, 'row') }
}

export function evalChangeOf({ body, entry }: StoredRowText): StoredRecategorisation {
  return { change: valueOfJson(body) as Recategorisation, loggedDigest: loggedIn(entry, 'change') }
}

/** The digest that an entry holds of what it speaks of. */
export function loggedIn(entry: string | null | undefined, name: 'plan' | 'row' | 'change'): Digest | undefined {
  if (entry === null || entry === undefined) return undefined
  return (valueOfJson(entry) as { details?: Record<string, string> }).details?.[name] as Digest | undefined
}

export function planChanged(run: string): AirworthyError {
  return new AirworthyError({
    code: 'EVAL_PLAN_CHANGED',
    message: `The run ${run} was planned otherwise: its cases, release or seed have changed since.`,
    mend: 'Start a new run, or bring back what the run was planned with.',
  })
}
