/** From recorded runs to a checked suggestion of policies: replays for provenance, observes, suggests, and tries the suggestion alone. */
import { AirworthyError } from '../../core/errors.ts'
import type { EffectiveManifest } from '../../core/manifest/effective.ts'
import { loadPolicies } from '../../guard/build-guard.ts'
import { type Observations, observeCalls } from './observe-calls.ts'
import { type ReplayRequest, replayRuns } from './replay-runs.ts'
import { type SuggestedPolicy, suggestedText, suggestPolicies } from './suggest-policies.ts'

export interface Suggestion {
  readonly policies: readonly SuggestedPolicy[]
  readonly text: string
  readonly observations: Observations
  /** Calls that it rests on, and those of them that it permits when no other policy stands. Equal, or it is wrong. */
  readonly checked: { readonly calls: number; readonly permitted: number }
}

export interface SuggestRequest extends ReplayRequest {
  /** Leaves out runs of which nobody said how they ended. */
  readonly isJudgedOnly: boolean
}

/** Nothing is written. @throws what `replayRuns` throws */
export async function suggest(request: SuggestRequest): Promise<Suggestion> {
  const { manifest, runs, principal, isJudgedOnly } = request
  const observations = observeCalls({
    manifest,
    runs,
    replay: await replayRuns(request),
    ...(principal === undefined ? {} : { principal }),
    isJudgedOnly,
  })
  const policies = suggestPolicies(manifest, observations)
  const text = suggestedText(policies)
  return { policies, text, observations, checked: await tryAlone(request, observations, text) }
}

/** With the suggestion as its only policies, does the guard still permit every call that it rests on? */
async function tryAlone(
  request: SuggestRequest,
  observations: Observations,
  text: string,
): Promise<Suggestion['checked']> {
  const rests = [...observations.tools.values()].flat()
  if (rests.length === 0) return { calls: 0, permitted: 0 }
  const alone = withPolicies(request.manifest, text)
  const counting = new Set(rests.map(({ run }) => run))
  const runs = request.runs.filter(({ id }) => counting.has(id))
  const replay = await replayRuns({ ...request, runs, manifest: alone, policies: loadPolicies(alone) })
  const now = observeCalls({
    manifest: alone,
    runs,
    replay,
    ...(request.principal === undefined ? {} : { principal: request.principal }),
    isJudgedOnly: request.isJudgedOnly,
  })
  // Permitted is what no policy denied: such a call is in the evidence again, and a permit stands beside it.
  const permitted = [...now.tools.values()].flat().filter(({ permits }) => permits.length > 0).length
  return { calls: rests.length, permitted }
}

function withPolicies(manifest: EffectiveManifest, text: string): EffectiveManifest {
  return {
    ...manifest,
    tools: manifest.tools.map(({ permit: _, ...tool }) => tool),
    policies: [{ file: 'policies/suggested.cedar', text }],
    // What is tried is the policies, not how long a run may be.
    budgets: {
      ...manifest.budgets,
      maxToolCalls: { ...manifest.budgets.maxToolCalls, limit: Number.MAX_SAFE_INTEGER },
      maxCostUsdMicros: { ...manifest.budgets.maxCostUsdMicros, limit: Number.MAX_SAFE_INTEGER },
    },
  }
}

/** @throws RUNS_INVALID where nothing can be suggested, with what was left out and why */
export function requireEvidence({ policies, observations }: Suggestion): void {
  if (policies.length > 0) return
  const { leftOut, runs } = observations
  const why = Object.entries(leftOut).flatMap(([name, calls]) => (calls === 0 ? [] : [`${name} ${calls}`]))
  throw new AirworthyError({
    code: 'RUNS_INVALID',
    message: `Nothing can be suggested: ${runs} runs count, and no call of them does${why.length === 0 ? '' : ` (left out: ${why.join(', ')})`}.`,
    mend: 'Give runs that reached their goal without an attack, of tools that the manifest lists.',
  })
}
