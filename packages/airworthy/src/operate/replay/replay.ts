/** What a replay says: what would have become of each recorded call, and the sums. */
import type { DataClass } from '../../core/action.ts'
import type { Decision, Reason, ReasonCode } from '../../core/decision.ts'

export interface Replay {
  readonly runs: readonly ReplayedRun[]
  readonly totals: ReplayTotals
  /** How it was judged, where that is a choice of ours; a report prints these. */
  readonly notes: readonly string[]
  /** What the guard broke on; each was denied with INTERNAL_ERROR, as it would have been, and is a bug or a record beyond its limits. */
  readonly faults: readonly string[]
}

export interface ReplayedRun {
  readonly id: string
  readonly name: string
  readonly calls: readonly ReplayedCall[]
}

export interface ReplayedCall {
  readonly index: number
  /** The manifest's name of the tool; the recorded one where the manifest lists none. */
  readonly tool: string
  readonly decision: Decision['decision']
  readonly reasons: readonly Reason[]
  /** `file:line` of the policies that determined it. */
  readonly policies: readonly string[]
  /** Who would have to confirm a held call: every one of these roles. */
  readonly roles: readonly string[]
  readonly labels: readonly DataClass[]
  /** JSON Pointers of arguments whose value first appeared in untrusted content. */
  readonly untrusted: readonly string[]
  /** Auth checks that nobody answers; the call was judged as if they had passed. */
  readonly unknownChecks: readonly string[]
}

export interface ReplayTotals {
  readonly runs: number
  readonly calls: number
  readonly allowed: number
  readonly held: number
  readonly denied: number
  readonly reasons: Readonly<Partial<Record<ReasonCode, number>>>
  readonly tools: Readonly<Record<string, { readonly allowed: number; readonly held: number; readonly denied: number }>>
  /** Calls that rest on an auth check which nobody answered, and how often each check was one. */
  readonly callsWithUnknownChecks: number
  readonly unknownChecks: Readonly<Record<string, number>>
  /** Calls whose result the record does not have. */
  readonly callsWithoutResult: number
}

export function totalsOf(runs: readonly ReplayedRun[], callsWithoutResult: number): ReplayTotals {
  const calls = runs.flatMap((run) => run.calls)
  const reasons: Partial<Record<ReasonCode, number>> = {}
  const tools: Record<string, { allowed: number; held: number; denied: number }> = Object.create(null)
  const unknownChecks: Record<string, number> = Object.create(null)
  const sums = { allowed: 0, held: 0, denied: 0 }
  for (const call of calls) {
    const verdict = verdicts[call.decision]
    tools[call.tool] ??= { allowed: 0, held: 0, denied: 0 }
    const ofTool = tools[call.tool] as { allowed: number; held: number; denied: number }
    ofTool[verdict]++
    sums[verdict]++
    for (const code of new Set(call.reasons.map((reason) => reason.code))) reasons[code] = (reasons[code] ?? 0) + 1
    for (const check of call.unknownChecks) unknownChecks[check] = (unknownChecks[check] ?? 0) + 1
  }
  return {
    runs: runs.length,
    calls: calls.length,
    ...sums,
    reasons,
    tools,
    callsWithUnknownChecks: calls.filter((call) => call.unknownChecks.length > 0).length,
    unknownChecks,
    callsWithoutResult,
  }
}

const verdicts = { allow: 'allowed', confirm: 'held', deny: 'denied' } as const
