/** Step 6 and step 14: which data classes a value carries, and where. */
import { type DataClass, dataClasses } from '../core/action.ts'
import type { JsonValue } from '../core/json.ts'
import type { DataRules } from './detect.ts'
import { findInValue, type ValueFinding } from './walk.ts'

export interface Labels {
  /** In the order of `dataClasses`, each once. */
  readonly classes: readonly DataClass[]
  readonly findings: readonly ValueFinding[]
}

/** The data classes in arguments or a result, by the manifest's rules. Pure. @throws JSON_INVALID beyond 64 levels of nesting */
export function labelsOf(value: JsonValue, rules: DataRules): Labels {
  const findings = findInValue(value, rules)
  if (findings.length === 0) return none
  const seen = new Set(findings.map((finding) => finding.class))
  return { classes: dataClasses.filter((dataClass) => seen.has(dataClass)), findings }
}

const none: Labels = { classes: [], findings: [] }
