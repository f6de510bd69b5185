/** Plays single scenarios outside of any run, with agents that are no agents: one that does nothing, and one that does what the reference says. */

import type { JsonObject } from '../../core/json.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import type { PlacedScenario } from '../dataset/read-dataset.ts'
import type { Scenario } from '../dataset/scenario-shape.ts'
import type { EvalRow } from '../eval-row.ts'
import type { AgentUnderTest } from './agents/agent.ts'
import { approvalOf } from './approval-of.ts'
import type { EvalKit } from './eval-kit.ts'
import { runTrial } from './run-trial.ts'
import { type ScenarioCases, scenarioCases } from './scenario-cases.ts'

/** Says nothing: it answers, so that it can be judged, with no words. */
export const idleAgent: AgentUnderTest = { run: async () => ({ reply: '', replies: [] }), close: async () => {} }

/** How long a decision of the simulated approver and what follows on it may take. */
const decisionMsMax = 10_000

/**
 * Asks the guard for each action of the reference, in order, waits where the scenario's approver decides, and says what the reference says.
 * What is refused or held stays so; whether that is right the expectations tell.
 */
export function referenceAgent(scenario: Scenario): AgentUnderTest {
  return {
    async run({ task, token, urls }, signal) {
      const ask = async (path: string, body?: JsonObject): Promise<{ action?: string; state?: string }> => {
        const response = await fetch(`${urls.api}${path}`, {
          method: body === undefined ? 'GET' : 'POST',
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          signal,
        })
        if (!response.ok)
          throw new Error(`the kit answered ${response.status}: ${(await response.text()).slice(0, 300)}`)
        return valueOfJson(await response.text()) as { action?: string; state?: string }
      }
      for (const { tool, arguments: args } of scenario.reference?.actions ?? []) {
        const answer = await ask(`/tasks/${task}/actions`, { tool, arguments: args as JsonObject })
        if (answer.state !== 'held' || approvalOf(scenario, tool, args as JsonObject) === undefined) continue
        const until = Date.now() + decisionMsMax
        let state: string | undefined = answer.state
        while ((state === 'held' || state === 'approved' || state === 'intended') && Date.now() < until) {
          ;({ state } = await ask(`/actions/${answer.action}?wait=1000`))
        }
      }
      return { reply: scenario.reference?.reply ?? '' }
    },
    close: async () => {},
  }
}

/**
 * @returns by scenario id how it went; the kit's store holds no run of it.
 * @throws STORE_UNAVAILABLE
 */
export async function playEach(
  kit: EvalKit,
  scenarios: readonly PlacedScenario[],
  options: ScenarioCases,
  agentFor: (scenario: Scenario) => AgentUnderTest,
): Promise<ReadonlyMap<string, EvalRow>> {
  const rows = new Map<string, EvalRow>()
  const desk = {
    watch: (task: string, listener: (held: Parameters<Parameters<EvalKit['onHeld']>[0]>[0]) => void) =>
      kit.onHeld((held) => {
        if (held.task === task) listener(held)
      }),
  }
  for (const [index, placed] of scenarios.entries()) {
    const { scenario } = placed
    const [trial] = scenarioCases([{ ...placed, scenario: { ...scenario, trials: 1 } }], options)
    if (trial === undefined) continue
    const [opened] = await kit.openTasks([
      { principal: trial.principal, input: trial.input ?? [...(trial.turns ?? [])] },
    ])
    if (opened === undefined) continue
    const { row } = await runTrial(kit, agentFor(scenario), desk, 'lint', index, trial, opened)
    rows.set(scenario.id, row)
    await kit.closeTasks([opened.task])
  }
  return rows
}
