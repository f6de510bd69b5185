/** Gathers what the gate judges: the runs that count for a release, each counted anew. */
import type { Digest } from '../../core/digest.ts'
import { AirworthyError } from '../../core/errors.ts'
import type { Gates } from '../../core/manifest/effective.ts'
import type { Evidence } from '../../readiness/evidence.ts'
import type { Calibration } from '../calibration/standing.ts'
import type { EvalPlan } from '../eval-row.ts'
import type { EvalStore } from '../port.ts'
import type { CountedRun, GateInput, IncidentStanding } from './gate-input.ts'
import { importedNoteOf } from './imported-verdicts.ts'
import { lintStandingOf } from './lint-standing.ts'
import { recount } from './recount.ts'

export interface GateRequest {
  readonly gates: Gates
  readonly release: Digest
  readonly environment: string
  /** The release may use a cheaper model. */
  readonly hasCheaper?: boolean
  /** Runs that count instead of the newest of their kind and mode. */
  readonly runs?: readonly string[]
  /** About this release, `eval lint`'s among it. */
  readonly evidence: readonly Evidence[]
  readonly calibrations: readonly Calibration[]
  readonly incidents?: IncidentStanding
  readonly nowMs: number
}

type RunReader = Pick<EvalStore, 'listPlans' | 'readPlan' | 'readLoggedPlan' | 'readRows' | 'readRecategorisations'>

/** Runs further back are not looked for: whoever filters that often names the run. */
const plansMax = 200

/** @throws EVAL_RUN_UNKNOWN, USAGE_INVALID (two named runs of one kind and mode) */
export async function readGateInput(store: RunReader, request: GateRequest): Promise<GateInput> {
  const { gates, release, environment, evidence, calibrations, incidents, nowMs, runs = [] } = request
  const named = await Promise.all(runs.map((run) => planOf(store, run)))
  const pick = async (
    kind: EvalPlan['kind'],
    mode: EvalPlan['mode'],
    least: number,
    { dataset, model }: { dataset?: Digest | undefined; model?: EvalPlan['model'] } = {},
  ) => {
    const own = named.filter((plan) => plan.kind === kind && plan.mode === mode && plan.model === model)
    if (own.length > 1) throw twice(own.map(({ run }) => run))
    if (own[0] !== undefined) return own[0]
    const plans = (await store.listPlans({ release, kind, limit: plansMax })).filter(
      (plan) => plan.mode === mode && plan.model === model,
    )
    // A run of a few filtered cases does not stand for the dataset; where there are only such, the newest shows what is lacking.
    return (
      plans.find((plan) => dataset !== undefined && plan.dataset === dataset) ??
      plans.find(({ cells }) => cells.length >= least) ??
      plans[0]
    )
  }
  const [scenarios, attacks] = await Promise.all([
    pick('scenarios', 'enforce', gates.scenarios),
    pick('attacks', 'enforce', gates.adversarial),
  ])
  const [observed, cheaper] = await Promise.all([
    pick('attacks', 'observe', gates.adversarial, { dataset: attacks?.dataset }),
    pick('scenarios', 'enforce', gates.scenarios, { dataset: scenarios?.dataset, model: 'cheaper' }),
  ])
  const [first, second, third, fourth] = await Promise.all(
    [scenarios, attacks, observed, cheaper].map((plan) => counted(store, plan)),
  )
  const lint = lintStandingOf(evidence, scenarios?.dataset)
  const imported = importedNoteOf(evidence)
  return {
    gates,
    release,
    environment,
    ...(first === undefined ? {} : { scenarios: first }),
    ...(second === undefined ? {} : { attacks: second }),
    ...(third === undefined ? {} : { observed: third }),
    ...(fourth === undefined ? {} : { cheaper: fourth }),
    hasCheaper: request.hasCheaper ?? false,
    ...(lint === undefined ? {} : { lint }),
    ...(imported === undefined ? {} : { imported }),
    calibrations,
    ...(incidents === undefined ? {} : { incidents }),
    nowMs,
  }
}

/** A run by its id, counted anew. @throws EVAL_RUN_UNKNOWN */
export async function readRun(store: RunReader, run: string): Promise<CountedRun> {
  return (await counted(store, await planOf(store, run))) as CountedRun
}

async function counted(store: RunReader, plan: EvalPlan | undefined): Promise<CountedRun | undefined> {
  if (plan === undefined) return undefined
  const { run } = plan
  const [loggedPlan, rows, changes] = await Promise.all([
    store.readLoggedPlan(run),
    store.readRows(run),
    store.readRecategorisations(run),
  ])
  const record = { plan, loggedPlan, rows, changes }
  return { record, count: recount(record) }
}

async function planOf(store: RunReader, run: string): Promise<EvalPlan> {
  const plan = await store.readPlan(run)
  if (plan !== undefined) return plan
  throw new AirworthyError({
    code: 'EVAL_RUN_UNKNOWN',
    message: `There is no run of evals ${run.slice(0, 64)}.`,
    mend: 'Name a run that `airworthy eval run` or `airworthy redteam run` printed.',
  })
}

function twice(runs: readonly string[]): AirworthyError {
  return new AirworthyError({
    code: 'USAGE_INVALID',
    message: `The runs ${runs.join(' and ')} are of one kind and mode.`,
    mend: 'Name one of them.',
  })
}
