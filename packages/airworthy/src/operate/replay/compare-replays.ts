/** What changes between two replays of the same runs. */
import type { Decision } from '../../core/decision.ts'
import type { Replay, ReplayedCall } from './replay.ts'

export interface ChangedCall {
  readonly run: string
  readonly index: number
  readonly before: JudgedCall
  readonly after: JudgedCall
}
export type JudgedCall = Pick<ReplayedCall, 'tool' | 'decision' | 'reasons' | 'policies'>

export interface ReplayComparison {
  /** Calls whose decision is another one, in the order of the replay. */
  readonly changes: readonly ChangedCall[]
  /** How many went from one decision to the other: `deny->allow`. */
  readonly counts: Readonly<Record<string, number>>
}

/** @param before, after  replays of the same runs in the same order. Pure. */
export function compareReplays(before: Replay, after: Replay): ReplayComparison {
  const changes: ChangedCall[] = []
  const counts: Record<string, number> = {}
  for (const [position, run] of after.runs.entries()) {
    for (const [index, call] of run.calls.entries()) {
      const earlier = before.runs[position]?.calls[index]
      if (earlier === undefined || earlier.decision === call.decision) continue
      changes.push({ run: run.id, index: call.index, before: judged(earlier), after: judged(call) })
      const step: `${Decision['decision']}->${Decision['decision']}` = `${earlier.decision}->${call.decision}`
      counts[step] = (counts[step] ?? 0) + 1
    }
  }
  return { changes, counts }
}

function judged({ tool, decision, reasons, policies }: ReplayedCall): JudgedCall {
  return { tool, decision, reasons, policies }
}
