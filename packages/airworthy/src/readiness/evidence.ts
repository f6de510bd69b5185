/** Evidence: one observation about one control, made at a time, by a producer, on one release. */
import type { Digest } from '../core/digest.ts'
import type { JsonObject } from '../core/json.ts'

export interface Evidence {
  /** Id of the control, such as `SCOPE-1`. */
  readonly control: string
  readonly release: Digest
  readonly environment: string
  /** What made it (`probe`, `drill`, `recount`, `eval`, ...), a blank, and the kit's version. */
  readonly producer: string
  /** Milliseconds since 1970. */
  readonly atMs: number
  /** Made with a simulated model, world or approver: counts in `dev` alone. */
  readonly simulated: boolean
  /** `unknown`: it was tried and could not be seen; never a pass. */
  readonly outcome: 'pass' | 'fail' | 'unknown'
  /** What was seen, in whole sentences. It holds no argument values. */
  readonly summary: string
  /** How to mend a fail or an unknown, one imperative sentence. */
  readonly mend?: string
  /** Parts of the control that this evidence does not judge, each a sentence. */
  readonly notJudged?: readonly string[]
  readonly details?: JsonObject
}
