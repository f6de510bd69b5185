/** Step 6: data classes in the arguments, and which arguments came from untrusted content. */
import type { DataClass } from '../../core/action.ts'
import type { JsonObject } from '../../core/json.ts'
import { labelsOf } from '../../data/labels.ts'
import { untrustedPaths } from '../../data/provenance.ts'
import type { Guard } from '../guard.ts'
import type { TaskState } from '../task-state.ts'

export interface Labelled {
  readonly labels: readonly DataClass[]
  /** JSON Pointers. */
  readonly untrusted: readonly string[]
}

export function label(guard: Guard, state: TaskState, args: JsonObject): Labelled {
  return {
    labels: labelsOf(args, guard.manifest.data).classes,
    untrusted: untrustedPaths(args, state.provenance, guard.fingerprintKey),
  }
}
