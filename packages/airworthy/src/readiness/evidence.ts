/** Evidence: one observation about one control, made at a time, by a producer, on one release. */
import type { Digest } from '../core/digest.ts'
import type { JsonObject } from '../core/json.ts'

export interface Evidence {
  readonly control: string
  readonly release: Digest
  readonly environment: string
  /** What made it: `probe`, `drill`, `recount`, `eval`, ... with the kit's version. */
  readonly producer: string
  readonly atMs: number
  /** Made with a simulated model, world or approver: counts in `dev` alone. */
  readonly simulated: boolean
  readonly outcome: 'pass' | 'fail'
  /** One sentence: what was seen. */
  readonly summary: string
  /** Parts of the control that this evidence does not judge, each a sentence. */
  readonly notJudged?: readonly string[]
  readonly details?: JsonObject
}
