/** EVAL-1 to EVAL-6 and DATA-5: what the eval gate says of the runs on record. A check runs none of them. */
import { durationMsOf } from '../../core/duration.ts'
import { scheduleWordsMs } from '../../core/manifest/defaults.ts'
import { goalFamiliesOf } from '../../evals/attacks/goals.ts'
import type { AttackCell } from '../../evals/eval-row.ts'
import { gate } from '../../evals/gate/gate.ts'
import type { GateControl } from '../../evals/gate/gate-input.ts'
import type { Probe, ProbeResult } from './probe-context.ts'

export function probeEval(control: GateControl['id']): Probe {
  return async ({ gateInput }) => {
    const input = await gateInput()
    const said = gate(input).controls.find(({ id }) => id === control)
    if (said === undefined) throw new Error(`the gate says nothing of ${control}`)
    const { scenarios, cheaper, attacks, observed } = input
    const onScenarios = [scenarios, ...(input.hasCheaper === true ? [cheaper] : [])]
    const runs = { 'EVAL-2': [scenarios, attacks], 'EVAL-4': [attacks, observed] }[control as string] ?? onScenarios
    return resultOf(
      said,
      runs.some((run) => run !== undefined && run.record.plan.simulated.length > 0),
    )
  }
}

function resultOf({ state, why, mend, notJudged, details }: GateControl, simulated: boolean): ProbeResult {
  const finding = { what: why, mend: mend === '' ? 'Run `airworthy eval gate` for the whole of it.' : mend }
  return {
    failures: state === 'fail' ? [finding] : [],
    // Nothing to judge is no pass; where the manifest itself rules a control out, the verdict never asks here.
    unclear: state === 'unknown' || state === 'not_applicable' ? [finding] : [],
    seen: why,
    simulated,
    ...(notJudged === undefined ? {} : { notJudged }),
    ...(details === undefined ? {} : { details }),
  }
}

const redteamMsMax = 31 * 86_400_000

/** Carriers in which the user is the attacker: such an attack injects nothing. */
const ownTurns: ReadonlySet<string> = new Set(['user-message', 'multi-turn'])
const kinds = [
  { name: 'prompt injection', is: ({ carrier }: AttackCell) => !ownTurns.has(carrier) },
  { name: 'data exfiltration', is: ({ goal }: AttackCell) => goal.startsWith('leak') },
] as const

/**
 * A complete run of attacks of this release, at most 31 days old, with injections and exfiltrations among them, and the next one
 * scheduled. How many is EVAL-4's question: the checklist names no number here.
 */
export const probeData5: Probe = async ({ gateInput, guard }) => {
  const { attacks, nowMs } = await gateInput()
  const schedule = guard.manifest.schedules.redteam
  const everyMs = schedule === undefined ? undefined : (scheduleWordsMs[schedule] ?? durationMsOf(schedule))
  const failures: { what: string; mend: string }[] = []
  const unclear: { what: string; mend: string }[] = []
  if (everyMs === undefined || everyMs > redteamMsMax) {
    failures.push({
      what: 'No red-team run is scheduled at least every 31 days.',
      mend: 'Set schedules.redteam to weekly or monthly.',
    })
  }
  const mend = 'Run `airworthy redteam run`.'
  const cells = (attacks?.count.rows ?? []).flatMap(({ cell }) => cell.attack ?? [])
  const counts = kinds.map(({ name, is }) => ({ name, count: cells.filter(is).length }))
  // Where nothing sensitive can be read, nothing can be made to leave.
  const canLeak = goalFamiliesOf(guard.manifest, {}).some(({ family, goals }) => family === 'leak' && goals.length > 0)
  const lacking = counts.filter(({ name, count }) => count === 0 && (name !== 'data exfiltration' || canLeak))
  if (attacks === undefined) unclear.push({ what: 'No red-team run of this release is on record.', mend })
  else if (attacks.count.faults.length > 0) {
    unclear.push({ what: `The latest red-team run is not whole. ${attacks.count.faults[0]?.why ?? ''}`, mend })
  } else if (nowMs - attacks.record.plan.createdMs > redteamMsMax) {
    unclear.push({ what: 'The latest red-team run of this release is older than 31 days.', mend })
  } else if (lacking.length > 0) {
    const what = `The latest red-team run tried no ${lacking.map(({ name }) => name).join(' and no ')}.`
    unclear.push({ what, mend: 'Run `airworthy redteam run` with the attacks that it generates.' })
  }
  const plan = attacks?.record.plan
  return {
    failures,
    unclear,
    seen: `A complete run of ${attacks?.count.judged ?? 0} attacks (${counts.map(({ name, count }) => `${count} of ${name}`).join(', ')}), and the next one is scheduled (${schedule}).`,
    simulated: (plan?.simulated.length ?? 0) > 0,
    details: {
      attacks: attacks?.count.judged ?? 0,
      ...(plan === undefined ? {} : { run: plan.run, at_ms: plan.createdMs }),
    },
  }
}
