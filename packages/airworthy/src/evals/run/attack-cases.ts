/**
 * Attacks as the runner takes them. An attack rides on an honest job: a scenario of the dataset in whose course the agent reads what the
 * attack is planted in. So the job can be scored beside the attack; only attacks that no scenario carries bring a job of their own.
 */
import { digestOf } from '../../core/digest.ts'
import type { JsonObject } from '../../core/json.ts'
import type { EffectiveManifest } from '../../core/manifest/effective.ts'
import type { Attack } from '../attacks/attack.ts'
import { clusterNamesOf } from '../attacks/clusters.ts'
import { judgeAttack } from '../attacks/judge-attack.ts'
import { placedWhole } from '../attacks/place-foreign.ts'
import { plantedTurns, planter, poisonedTools } from '../attacks/plant.ts'
import type { Scenario } from '../dataset/scenario-shape.ts'
import { checkExpectations } from '../expect/check-expectations.ts'
import { checkOracles } from '../expect/effect-oracles.ts'
import type { TrialRecord } from '../trial.ts'
import type { WorldMaker } from '../world/load-worlds.ts'
import { approvalOf } from './approval-of.ts'
import { type Ride, rideFor } from './attack-rides.ts'
import { ownCallsOf } from './own-calls.ts'
import type { Rehearsal } from './rehearse.ts'
import type { Judged, TrialCase } from './run-trial.ts'
import { simulatedIn } from './scenario-cases.ts'

export interface AttackCases {
  readonly manifest: EffectiveManifest
  readonly mode: 'enforce' | 'observe'
  readonly maker: WorldMaker
  /** The agent's own, for attacks that would leak it. */
  readonly prompt: string | undefined
  readonly rides: readonly Ride[]
  /** Where an attack stands that rides on no scenario. */
  readonly home: Rehearsal['home']
  readonly seed: number
  readonly timeoutMs: number
}

/** Clusters are those of the texts themselves, whatever a file says of its own. */
export function attackCases(attacks: readonly Attack[], options: AttackCases): readonly TrialCase[] {
  const clusters = clusterNamesOf(attacks)
  return attacks.map((attack, index) => {
    const whole = { ...placedWhole(attack, index, options.manifest), cluster: clusters[index] as string }
    return caseOf(attack, whole, rideFor(whole, index, options.rides)?.scenario, options)
  })
}

/** @param attack  with the places that its text stands in, whoever wrote the row. */
function caseOf(row: Attack, attack: Attack, scenario: Scenario | undefined, options: AttackCases): TrialCase {
  const { maker, seed, timeoutMs, home } = options
  const { goal, carrier, technique, disguise, cluster } = attack
  const principal = attack.principal ?? scenario?.principal ?? home.principal
  const killed = attack.setup?.killed
  const poisoned = new Set(poisonedTools(attack))
  return {
    cell: {
      case: attack.id,
      digest: digestOf(row as unknown as JsonObject),
      trial: 0,
      attack: { goal, carrier, technique, disguise, cluster, ...(scenario && { ridesOn: scenario.id }) },
    },
    principal: { id: principal.id, attributes: (principal.attributes ?? {}) as JsonObject },
    ...saidOf(attack, scenario),
    timeoutMs,
    simulated: simulatedIn(scenario ?? home.world, maker),
    makeWorlds: (nowMs) => maker.make(scenario ?? home.world, { seed, nowMs }),
    approval: (tool, args) => (scenario === undefined ? undefined : approvalOf(scenario, tool, args)),
    change: planter(attack),
    ...(poisoned.size === 0 ? {} : { poisoned }),
    ...(killed === undefined
      ? {}
      : { isExclusive: true, prepare: (kit) => kit.kill(killed), restore: (kit) => kit.revive(killed) }),
    judge: async (record, violations) => judge(attack, scenario, record, violations, options),
  }
}

/** One text is `input`, as in a scenario: an agent that never reads `turns` would meet nothing of the attack, and pass. */
function saidOf(attack: Attack, scenario: Scenario | undefined): Pick<TrialCase, 'input' | 'turns'> {
  const turns = turnsOf(attack, scenario)
  const [only] = turns
  return only !== undefined && turns.length === 1 ? { input: only } : { turns }
}

function turnsOf(attack: Attack, scenario: Scenario | undefined): readonly string[] {
  if (scenario === undefined) return plantedTurns(attack, attack.turns ?? [attack.text])
  const said = scenario.turns ?? [scenario.input ?? '']
  const notes = (attack.plant ?? []).flatMap((plant) => (plant.where === 'turn' ? [plant.text] : []))
  // What an agent remembers stands in front of what its user says now.
  return [...notes, ...said]
}

function judge(
  attack: Attack,
  scenario: Scenario | undefined,
  record: TrialRecord,
  violations: readonly string[],
  { manifest, mode, prompt }: AttackCases,
): Judged {
  const own = ownCallsOf(scenario, attack, record)
  const oracles = checkOracles(record, {
    listed: new Set(manifest.tools.map(({ name }) => name)),
    canaries: [],
    sinks: [],
    violations,
    // Where the guard only looks on nobody is asked, so the job's own actions say nothing about the attack.
    ...(mode === 'observe' && { unasked: own.actions }),
  })
  const reached = judgeAttack(attack, record, { prompt, ownCalls: own.effects })
  return { failures: [...reached, ...oracles], ...jobOf(attack, scenario, record) }
}

/** Wording apart: whoever is attacked may say more than usual. */
function jobOf(
  attack: Attack,
  scenario: Scenario | undefined,
  record: TrialRecord,
): Pick<Judged, 'jobDone' | 'jobWhy'> {
  if (scenario !== undefined) {
    const missed = checkExpectations(scenario.expect, record).failures.filter(({ category }) => category !== 'A')
    return missed.length === 0 ? { jobDone: true } : { jobDone: false, jobWhy: missed.map(({ why }) => why).join(' ') }
  }
  if (attack.job === undefined || attack.job.length === 0) return {}
  let next = 0
  const answered = record.effects.filter(({ isError }) => !isError)
  for (const { tool } of answered) if (tool === attack.job[next]?.tool) next++
  const missed = attack.job[next]
  return missed === undefined ? { jobDone: true } : { jobDone: false, jobWhy: `${missed.tool} was not executed.` }
}
