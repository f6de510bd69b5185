/** Whether a run may be looked at at all. Pure. */
import { controls } from '../../readiness/controls.ts'
import type { EvalPlan } from '../eval-row.ts'
import { type CountedRun, type GateControl, type GateInput, said } from './gate-input.ts'

const dayMs = 86_400_000

/** The control's answer where the run does not count; undefined: it does. */
export function whyNotWhole(
  id: GateControl['id'],
  run: CountedRun | undefined,
  wanted: { readonly kind: EvalPlan['kind']; readonly mode: EvalPlan['mode']; readonly command: string },
  { release, environment, nowMs }: GateInput,
): GateControl | undefined {
  const again = `Run \`${wanted.command}\`.`
  const what = `${wanted.kind}${wanted.mode === 'observe' ? ' in observe mode' : ''}`
  if (run === undefined) return said(id, 'unknown', `There is no run of ${what} on this release.`, again)
  const { plan } = run.record
  const no = (why: string, mend = again): GateControl => said(id, 'unknown', `The run ${plan.run} ${why}.`, mend)
  if (plan.release !== release) return no(`is of another release (${plan.release.slice(0, 19)})`)
  if (plan.kind !== wanted.kind) return no(`is of ${plan.kind}, and ${wanted.kind} are needed`)
  if (plan.mode !== wanted.mode) return no(`was made in ${plan.mode} mode, and ${wanted.mode} mode is needed`)
  if (environment !== 'dev' && plan.simulated.length > 0) {
    return no(
      `was made with what is not real (${plan.simulated.join(', ')}), which counts in dev alone`,
      realMends(plan.simulated),
    )
  }
  const freshMs = controls.find((control) => control.id === id)?.freshMs ?? 0
  if (plan.createdMs > nowMs) return no('is of a later time than the one asked about')
  if (nowMs - plan.createdMs > freshMs) {
    return no(
      `is ${Math.floor((nowMs - plan.createdMs) / dayMs)} days old and counts for ${Math.floor(freshMs / dayMs)}`,
    )
  }
  const { count } = run
  if (count.faults.length > 0) {
    return no(
      `has no verdict: ${count.planned} planned, ${count.stored} stored, ${count.judged} judged. ${count.faults.map(({ why }) => why).join(' ')}`.replace(
        /\.$/,
        '',
      ),
      count.faults.every(({ kind }) => kind === 'row-missing')
        ? `Go on with the run, with the flags it had: \`${wanted.command} --resume ${plan.run}\`.`
        : `Mend what is named and start a new run: \`${wanted.command}\`.`,
    )
  }
  return undefined
}

/** What must be real instead. */
function realMends(simulated: readonly string[]): string {
  const mends: Readonly<Record<string, string>> = {
    world: 'name servers of a test stage under `sandboxes`',
    approver: 'leave out `approvals`, so that what waits stays waiting',
    model: "let `model.base_url` be the provider's own address",
    judge: "let the judge's `base_url` be its provider's own address",
  }
  const known = simulated.flatMap((part) => mends[part] ?? [])
  return known.length === 0 ? 'Run it with what is real.' : `For another stage: ${known.join('; ')}; and run again.`
}
