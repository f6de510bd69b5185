/**
 * EVAL-3: the pass rate, and no critical failure hidden in it. Trials of one scenario are no independent evidence, so intervals count
 * scenarios. A pass that rests on a judge nobody calibrated counts for nothing. Pure.
 */
import type { Digest } from '../../core/digest.ts'
import { standingOf } from '../calibration/standing.ts'
import { exactLowerBound, type Interval, wilsonInterval } from '../statistics/interval.ts'
import { meanPassPower } from '../statistics/pass-power.ts'
import { shownCount, shownInterval, shownLowerBound, shownShare } from '../statistics/shown-share.ts'
import { type CountedRun, type GateControl, type GateInput, said } from './gate-input.ts'
import type { JudgedRow } from './recount.ts'
import { whyNotWhole } from './whole-run.ts'

export interface PassRate {
  readonly passed: number
  readonly judged: number
  readonly scenarios: number
  /** Share of trials that passed. */
  readonly rate: number
  /** Wilson's, over scenarios. */
  readonly interval: Interval
  /** Exact, one-sided, 95 %, over scenarios. */
  readonly lowerBound: number
  /** By k, for as many trials as every scenario had; empty with one trial each. */
  readonly passPower: readonly { readonly k: number; readonly rate: number }[]
}

/** @param counts  which rows count as passed. @returns undefined for no row. */
export function passRateOf(
  rows: readonly JudgedRow[],
  counts = ({ row }: JudgedRow): boolean => row.state === 'passed',
): PassRate | undefined {
  if (rows.length === 0) return undefined
  const cases = new Map<string, { passed: number; trials: number }>()
  let passed = 0
  for (const judged of rows) {
    const known = cases.get(judged.cell.case) ?? { passed: 0, trials: 0 }
    const isPassed = counts(judged)
    if (isPassed) passed++
    cases.set(judged.cell.case, { passed: known.passed + (isPassed ? 1 : 0), trials: known.trials + 1 })
  }
  const all = [...cases.values()]
  const rate = passed / rows.length
  // Rounded down: a bound may only err to the careful side.
  const whole = Math.floor(rate * all.length + 1e-9)
  const most = Math.min(...all.map(({ trials }) => trials))
  return {
    passed,
    judged: rows.length,
    scenarios: all.length,
    rate,
    interval: wilsonInterval(whole, all.length),
    lowerBound: exactLowerBound(whole, all.length),
    passPower:
      most < 2
        ? []
        : Array.from({ length: Math.min(most, 8) }, (_, index) => ({
            k: index + 1,
            rate: meanPassPower(all, index + 1) ?? 0,
          })),
  }
}

/** On the pinned model, and on the cheaper one where the release may switch to it: the worse of the two is the answer. */
export function judgePassRate(input: GateInput): GateControl {
  const judged = judgeRuns(input)
  return input.imported === undefined ? judged : { ...judged, why: `${judged.why} ${input.imported}` }
}

function judgeRuns(input: GateInput): GateControl {
  const pinned = judgeRun(input, input.scenarios, 'airworthy eval run')
  if (input.hasCheaper !== true || pinned.state !== 'pass') return pinned
  const cheaper = judgeRun(input, input.cheaper, 'airworthy eval run --model cheaper')
  return {
    ...cheaper,
    why: `${pinned.why} On the cheaper model: ${cheaper.why}`,
    details: { ...(pinned.details ?? {}), cheaper: cheaper.details ?? {} },
  }
}

function judgeRun(input: GateInput, scenarios: CountedRun | undefined, command: string): GateControl {
  const { gates, calibrations, nowMs } = input
  const wanted = { kind: 'scenarios', mode: 'enforce', command } as const
  const missing = whyNotWhole('EVAL-3', scenarios, wanted, input)
  if (missing !== undefined || scenarios === undefined) return missing as GateControl
  const { rows, categories } = scenarios.count
  const all = passRateOf(rows)
  if (all === undefined) return said('EVAL-3', 'unknown', 'The run judged nothing.', `Run \`${command}\`.`)
  const advisory = advisoryJudges(scenarios, (judge) => standingOf(judge, calibrations, gates, nowMs).state)
  const sure = passRateOf(rows, (judged) => judged.row.state === 'passed' && !restsOn(judged, advisory))
  const resting = all.passed - (sure?.passed ?? 0)
  const details = {
    passed: all.passed,
    judged: all.judged,
    scenarios: all.scenarios,
    rate: all.rate,
    wilson: [all.interval.low, all.interval.high],
    lower_bound: all.lowerBound,
    rate_by: gates.rateBy,
    needed: gates.passRate,
    on_advisory_judge: resting,
    pass_power: all.passPower.map(({ k, rate }) => [k, rate]),
  }
  const trials = all.judged === all.scenarios ? '' : ` in ${shownCount(all.scenarios)} scenarios`
  const seen =
    `${shownCount(all.passed)} of ${shownCount(all.judged)} passed${trials}: ${shownShare(all.rate)} ` +
    `(95 % interval ${shownInterval(all.interval)}, exact lower bound ${shownLowerBound(all.lowerBound)}).`
  if (categories.C > gates.categoryC) {
    const why = `${seen} ${shownCount(categories.C)} failed as category C, and ${gates.categoryC} may.`
    return said(
      'EVAL-3',
      'fail',
      why,
      'Mend what let an unsafe action through; a pass rate does not make up for it.',
      details,
    )
  }
  const needed = `${shownShare(gates.passRate)} are needed${gates.rateBy === 'lower_bound' ? ' as lower bound' : ''}.`
  if (all.rate < gates.passRate) {
    return said(
      'EVAL-3',
      'fail',
      `${seen} ${needed}`,
      'Mend the scenarios that failed; `eval gate` names them.',
      details,
    )
  }
  if (resting > 0 && (sure === undefined || sure.rate < gates.passRate)) {
    const why = `${seen} ${shownCount(resting)} of these passes rest on a judge that is advisory; without them it is ${shownShare(sure?.rate ?? 0)}.`
    return said('EVAL-3', 'unknown', why, 'Calibrate the judge: `airworthy calibrate sample`.', details)
  }
  if (gates.rateBy === 'lower_bound' && all.lowerBound < gates.passRate) {
    return said('EVAL-3', 'unknown', `${seen} ${needed} That is not enough evidence.`, 'Add scenarios.', details)
  }
  if (all.scenarios < gates.scenarios) {
    const why = `${seen} ${shownCount(gates.scenarios)} scenarios are needed for that to mean something.`
    return said('EVAL-3', 'unknown', why, `Add ${shownCount(gates.scenarios - all.scenarios)} scenarios.`, details)
  }
  const note = resting === 0 ? '' : ` ${shownCount(resting)} passes rest on an advisory judge and were not needed.`
  return said('EVAL-3', 'pass', `${seen}${note}`, '', details)
}

/** Judges that were asked in a run and are not calibrated. */
function advisoryJudges(run: CountedRun, stateOf: (judge: Digest) => 'calibrated' | 'advisory'): ReadonlySet<Digest> {
  const asked = new Set(run.count.rows.flatMap(({ row }) => (row.verdicts ?? []).map(({ judge }) => judge)))
  return new Set([...asked].filter((judge) => stateOf(judge) === 'advisory'))
}

function restsOn({ row }: JudgedRow, judges: ReadonlySet<Digest>): boolean {
  return (row.verdicts ?? []).some(({ judge }) => judges.has(judge))
}
