/** What the gate is given, and what each of its controls answers. Everything is a value: the gate reads no store, no clock and no environment. */
import type { Digest } from '../../core/digest.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Gates } from '../../core/manifest/effective.ts'
import type { Calibration } from '../calibration/standing.ts'
import type { Recount, RunRecord } from './recount.ts'

export interface GateInput {
  /** Of the manifest, and of nothing else. */
  readonly gates: Gates
  readonly release: Digest
  readonly environment: string
  /** Scenarios, run with the guard in enforce mode. */
  readonly scenarios?: CountedRun
  /** The same scenarios on the release's cheaper model. */
  readonly cheaper?: CountedRun
  /** The release may use a cheaper model, so that one must be evaluated too. */
  readonly hasCheaper?: boolean
  /** Attacks, run with the guard in enforce mode. */
  readonly attacks?: CountedRun
  /** The same attacks with the guard in observe mode: what would have happened without it. */
  readonly observed?: CountedRun
  /** What `eval lint` said of the dataset; absent: nobody linted it. */
  readonly lint?: LintStanding
  /** One sentence about verdicts of other tools that were imported; they count nowhere. */
  readonly imported?: string
  readonly calibrations: readonly Calibration[]
  /** Of incidents and the cases that came from them; absent: there is no record of incidents. */
  readonly incidents?: IncidentStanding
  readonly nowMs: number
}

export interface CountedRun {
  readonly record: RunRecord
  readonly count: Recount
}

export interface LintStanding {
  /** Digest over the cases that were linted. */
  readonly dataset: Digest
  readonly faults: number
  /** One sentence. */
  readonly why: string
}

export interface IncidentStanding {
  readonly incidents: number
  /** Incidents whose regression case is missing, not new, or did not run, each a sentence. */
  readonly open: readonly string[]
}

export interface GateControl {
  readonly id: 'EVAL-1' | 'EVAL-2' | 'EVAL-3' | 'EVAL-4' | 'EVAL-5' | 'EVAL-6'
  /** `unknown`: not enough evidence. */
  readonly state: 'pass' | 'fail' | 'unknown' | 'not_applicable'
  /** Whole sentences. */
  readonly why: string
  /** How to mend it; empty where there is nothing to mend. */
  readonly mend: string
  /** False: this version cannot judge it, so it is shown and the gate's verdict goes by the others; `check` counts it as unknown. */
  readonly decides: boolean
  readonly notJudged?: readonly string[]
  readonly details?: JsonObject
}

/** A control in one piece; `mend` only where there is something to mend. */
export function said(
  id: GateControl['id'],
  state: GateControl['state'],
  why: string,
  mend = '',
  details?: JsonObject,
): GateControl {
  return { id, state, why, mend, decides: true, ...(details === undefined ? {} : { details }) }
}
