/** Names of detectors that a manifest may list, by the data class whose default they are. */
import type { DataClass } from '../action.ts'

export const detectorsByClass = {
  pii: ['email', 'phone', 'card', 'iban', 'national_id', 'ip', 'person', 'address'],
  secret: ['credentials'],
  regulated: ['health', 'financial'],
} as const satisfies Record<DataClass, readonly string[]>

export const detectorNames: readonly string[] = Object.values(detectorsByClass).flat()

/** Those that this version has; `validate` lists the others, when a manifest names them, as not built. */
export const builtDetectors = ['email', 'card', 'iban', 'credentials'] as const
export type BuiltDetector = (typeof builtDetectors)[number]
