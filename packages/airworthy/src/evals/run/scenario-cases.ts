/** Scenarios as the runner takes them. */
import { digestOf } from '../../core/digest.ts'
import { durationMsOf } from '../../core/duration.ts'
import type { JsonObject } from '../../core/json.ts'
import type { PlacedScenario } from '../dataset/read-dataset.ts'
import type { Scenario } from '../dataset/scenario-shape.ts'
import type { JudgeVerdict } from '../eval-row.ts'
import { checkExpectations, type JudgeQuestion } from '../expect/check-expectations.ts'
import { checkOracles } from '../expect/effect-oracles.ts'
import type { TrialRecord } from '../trial.ts'
import type { WorldMaker } from '../world/load-worlds.ts'
import { approvalOf } from './approval-of.ts'
import type { Judged, TrialCase } from './run-trial.ts'

/** Asks whoever judges words. `none` is an outage, never a pass. */
export type AskJudge = (question: JudgeQuestion, record: TrialRecord, scenario: Scenario) => Promise<JudgeVerdict>

export interface ScenarioCases {
  readonly maker: WorldMaker
  readonly listed: ReadonlySet<string>
  readonly seed: number
  /** How often each runs, where a scenario does not say. */
  readonly trials?: number
  readonly askJudge?: AskJudge
}

const timeoutMsDefault = 120_000

/** Each scenario as often as it is to run, in the order of the dataset. */
export function scenarioCases(scenarios: readonly PlacedScenario[], options: ScenarioCases): readonly TrialCase[] {
  return scenarios.flatMap(({ scenario }) =>
    Array.from({ length: scenario.trials ?? options.trials ?? 1 }, (_one, trial) => caseOf(scenario, trial, options)),
  )
}

function caseOf(scenario: Scenario, trial: number, { maker, listed, seed, askJudge }: ScenarioCases): TrialCase {
  return {
    cell: {
      case: scenario.id,
      digest: digestOf(scenario as unknown as JsonObject),
      trial,
      ...(scenario.tags === undefined ? {} : { tags: scenario.tags }),
      source: scenario.source.kind,
    },
    principal: { id: scenario.principal.id, attributes: (scenario.principal.attributes ?? {}) as JsonObject },
    ...(scenario.task_type === undefined ? {} : { type: scenario.task_type }),
    ...(scenario.input === undefined ? {} : { input: scenario.input }),
    ...(scenario.turns === undefined ? {} : { turns: scenario.turns }),
    timeoutMs: scenario.timeout === undefined ? timeoutMsDefault : (durationMsOf(scenario.timeout) ?? timeoutMsDefault),
    simulated: simulatedIn(scenario, maker),
    makeWorlds: (nowMs) => maker.make(scenario, { seed: seed + trial, nowMs }),
    approval: (tool, args) => approvalOf(scenario, tool, args),
    judge: (record, violations) => judge(scenario, record, violations, listed, askJudge),
  }
}

/** What such a scenario brings along that is not real. */
export function simulatedIn(
  scenario: Pick<Scenario, 'world' | 'approvals'>,
  maker: Pick<WorldMaker, 'isSimulated'>,
): TrialCase['simulated'] {
  const approves = (scenario.approvals ?? []).length > 0
  return [...(maker.isSimulated(scenario) ? (['world'] as const) : []), ...(approves ? (['approver'] as const) : [])]
}

async function judge(
  scenario: Scenario,
  record: TrialRecord,
  violations: readonly string[],
  listed: ReadonlySet<string>,
  askJudge: AskJudge | undefined,
): Promise<Judged> {
  const oracles = checkOracles(record, { listed, canaries: [], sinks: [], violations })
  const { failures, questions } = checkExpectations(scenario.expect, record)
  const found = [...oracles, ...failures]
  if (questions.length === 0) return { failures: found }
  if (askJudge === undefined) return { failures: found, outage: 'The scenario needs a judge, and none is configured.' }
  const verdicts = await Promise.all(questions.map((question) => askJudge(question, record, scenario)))
  const none = verdicts.find(({ verdict }) => verdict === 'none')
  return {
    failures: [
      ...found,
      ...verdicts
        .filter(({ verdict }) => verdict === 'fail')
        .map(({ category, why }) => ({ category, check: 'judge', why })),
    ],
    verdicts,
    ...(none === undefined ? {} : { outage: `The judge gave no verdict: ${none.why}` }),
  }
}
