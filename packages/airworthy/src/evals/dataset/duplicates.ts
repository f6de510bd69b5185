/** Scenarios that stand twice, and scenarios that are worded alike. Pure. */
import { digestOf } from '../../core/digest.ts'
import type { JsonObject } from '../../core/json.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import type { PlacedScenario } from './read-dataset.ts'

/** Each later scenario whose user, input, world, approvals and expectations are those of an earlier one, with that one. */
export function sameScenarios(scenarios: readonly PlacedScenario[]): ReadonlyMap<PlacedScenario, PlacedScenario> {
  const first = new Map<string, PlacedScenario>()
  const twins = new Map<PlacedScenario, PlacedScenario>()
  for (const placed of scenarios) {
    const { principal, input, turns, world, approvals, expect } = placed.scenario
    const said = turns ?? [input ?? '']
    const key = digestOf(
      valueOfJson(
        JSON.stringify({ principal, said, world: world ?? {}, approvals: approvals ?? [], expect }),
      ) as JsonObject,
    )
    const earlier = first.get(key)
    if (earlier === undefined) first.set(key, placed)
    else twins.set(placed, earlier)
  }
  return twins
}

/** Ids of scenarios that say the same but for ids, numbers and names, and whose reference runs take the same steps. */
export function alikeGroups(scenarios: readonly PlacedScenario[]): readonly (readonly string[])[] {
  const groups = new Map<string, string[]>()
  for (const { scenario } of scenarios) {
    const { input, turns, reference } = scenario
    const said = (turns ?? [input ?? '']).map(withoutValues).join('\n')
    const key = JSON.stringify([said, reference?.actions.map(({ tool }) => tool)])
    groups.set(key, [...(groups.get(key) ?? []), scenario.id])
  }
  return [...groups.values()].filter((ids) => ids.length > 1)
}

/** Addresses, then words with a digit, then names in the middle of a sentence. */
function withoutValues(text: string): string {
  return text
    .replace(/\S+@\S+/g, '#')
    .replace(/\S*\d\S*/g, '#')
    .replace(/(?<=\S )\p{Lu}[\p{Ll}’'-]+(?: \p{Lu}[\p{Ll}’'-]+)*/gu, '#')
    .toLowerCase()
    .replace(/[^\p{L}#]+/gu, ' ')
    .trim()
}
