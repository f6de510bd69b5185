/** The verdict: what `airworthy check` prints, the API answers and the page shows. Plain JSON, as outsiders read it. */
import type { Digest } from '../core/digest.ts'
import type { JsonObject } from '../core/json.ts'

export interface Verdict {
  readonly verdict: 'GO' | 'NO-GO' | 'GO WITH EXCEPTIONS'
  readonly environment: string
  readonly release: Digest
  /** The time that it was judged for, RFC 3339 in UTC. */
  readonly at: string
  /** All of them, always, in the checklist's order. */
  readonly controls: readonly ControlVerdict[]
  /** The exceptions without which the verdict would be NO-GO; empty unless it is GO WITH EXCEPTIONS. */
  readonly exceptions: readonly UsedException[]
  readonly summary: VerdictSummary
}

export type ControlState = 'pass' | 'fail' | 'unknown' | 'not_applicable'

export interface ControlVerdict {
  readonly id: string
  readonly title: string
  readonly state: ControlState
  /** Whole sentences; names the parts that were not judged. */
  readonly why: string
  /** How to mend it; empty where there is nothing to mend. */
  readonly mend: string
  readonly evidence: readonly CountedEvidence[]
}

export interface CountedEvidence {
  readonly producer: string
  readonly environment: string
  /** RFC 3339 in UTC. */
  readonly at: string
  readonly outcome: 'pass' | 'fail' | 'unknown'
  readonly simulated: boolean
  readonly summary: string
  readonly not_judged?: readonly string[]
  readonly details?: JsonObject
}

export interface UsedException {
  readonly control: string
  readonly by: string
  readonly reason: string
  readonly expires: string
}

export interface VerdictSummary {
  readonly pass: number
  readonly fail: number
  readonly unknown: number
  readonly not_applicable: number
  /** The first three things to do, each with the controls that it mends. */
  readonly mends: readonly string[]
  /** One line for people. */
  readonly text: string
}
