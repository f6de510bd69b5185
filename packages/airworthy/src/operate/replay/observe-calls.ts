/** What recorded calls were seen to do, tool by tool: the evidence that policy suggestions rest on. */
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { EffectiveManifest } from '../../core/manifest/effective.ts'
import type { RecordedRun } from '../../telemetry/recorded-run.ts'
import type { Replay, ReplayedCall } from './replay.ts'

export interface ObservedCall {
  readonly arguments: JsonObject
  /** With the attributes that the replay filled in. */
  readonly principal: { readonly id: string; readonly attributes: JsonObject }
  /** JSON Pointers. */
  readonly untrusted: readonly string[]
  readonly run: string
  /** Nobody said how the run ended. */
  readonly isUnjudged: boolean
  /** Permits that allow it today, `file:line`. */
  readonly permits: readonly string[]
  /** Who had to confirm it. */
  readonly roles: readonly string[]
}

export interface Observations {
  /** By the manifest's name of the tool, in name order. */
  readonly tools: ReadonlyMap<string, readonly ObservedCall[]>
  /** Why calls do not count, and how many of each. */
  readonly leftOut: Readonly<Record<LeftOut, number>>
  /** Recorded tools that the manifest does not list, with their calls. */
  readonly unlisted: ReadonlyMap<string, number>
  readonly runs: number
  readonly unjudgedRuns: number
}

/**
 * `attacked`: an attack stood in the run, so its calls may be the attacker's; `failed`: the run did not reach its goal; `unjudged`: nobody
 * said, and only judged runs were wanted; `refused`: the guard denies it for another reason than that no permit fits.
 */
export type LeftOut = 'attacked' | 'failed' | 'unjudged' | 'refused' | 'unlisted'

export interface Evidence {
  readonly manifest: EffectiveManifest
  readonly runs: readonly RecordedRun[]
  /** Of these runs, under this manifest. */
  readonly replay: Replay
  readonly principal?: { readonly id?: string; readonly attributes?: JsonObject }
  readonly isJudgedOnly: boolean
}

/** Pure. */
export function observeCalls(evidence: Evidence): Observations {
  const { manifest, runs, replay } = evidence
  const listed = new Set(manifest.tools.map(({ name }) => name))
  const tools = new Map<string, ObservedCall[]>()
  const unlisted = new Map<string, number>()
  const leftOut: Record<LeftOut, number> = { attacked: 0, failed: 0, unjudged: 0, refused: 0, unlisted: 0 }
  let counted = 0
  let unjudgedRuns = 0
  for (const [position, run] of runs.entries()) {
    const why = whyLeftOut(run, evidence.isJudgedOnly)
    if (why !== undefined) {
      leftOut[why] += run.calls.length
      continue
    }
    counted++
    const isUnjudged = run.outcome?.reward === undefined
    if (isUnjudged) unjudgedRuns++
    for (const [index, call] of run.calls.entries()) {
      const judged = replay.runs[position]?.calls[index]
      if (judged === undefined) continue
      if (!listed.has(judged.tool)) {
        leftOut.unlisted++
        unlisted.set(judged.tool, (unlisted.get(judged.tool) ?? 0) + 1)
      } else if (!isEvidence(judged)) leftOut.refused++
      else {
        const calls = tools.get(judged.tool) ?? []
        calls.push({
          arguments: call.arguments,
          principal: principalOf(run, evidence),
          untrusted: judged.untrusted,
          run: run.id,
          isUnjudged,
          permits: judged.decision === 'deny' ? [] : judged.policies,
          roles: judged.roles,
        })
        tools.set(judged.tool, calls)
      }
    }
  }
  return {
    tools: new Map([...tools].sort(([a], [b]) => (a < b ? -1 : 1))),
    leftOut,
    unlisted,
    runs: counted,
    unjudgedRuns,
  }
}

function whyLeftOut({ outcome }: RecordedRun, isJudgedOnly: boolean): LeftOut | undefined {
  if (outcome?.attack !== undefined) return 'attacked'
  if (outcome?.reward === undefined) return isJudgedOnly ? 'unjudged' : undefined
  return outcome.reward < 1 ? 'failed' : undefined
}

/** What a forbid, a schema, an auth check or a data rule refuses is no reason to permit anything. */
function isEvidence({ decision, reasons }: ReplayedCall): boolean {
  return decision !== 'deny' || reasons.every(({ code }) => code === 'POLICY_NO_PERMIT' || code === 'BUDGET_EXCEEDED')
}

function principalOf(run: RecordedRun, { principal }: Evidence): ObservedCall['principal'] {
  return {
    id: run.principal?.id ?? principal?.id ?? '',
    attributes: { ...principal?.attributes, ...run.principal?.attributes } as Record<string, JsonValue>,
  }
}
