/**
 * Step 9: data classes in the arguments against where they would go. A class that an internal tool declares in `data.in` may
 * pass; everything else is an export and follows the class's rule: redact, or block until that exact action is approved.
 */
import type { DataClass } from '../../core/action.ts'
import type { Reason } from '../../core/decision.ts'
import type { JsonObject } from '../../core/json.ts'
import type { DataAct, EffectiveTool } from '../../core/manifest/effective.ts'
import { redactClasses } from '../../data/redact.ts'
import { type Denial, deny, type Guard } from '../guard.ts'

export type ExportChecked =
  | { readonly kind: 'clear' }
  /** Send these instead; steps 4, 7 and 8 run again on them. */
  | { readonly kind: 'redacted'; readonly arguments: JsonObject }
  | { readonly kind: 'hold'; readonly role: string; readonly reason: Reason }
  | Denial

export function checkExport(
  guard: Guard,
  tool: EffectiveTool,
  args: JsonObject,
  labels: readonly DataClass[],
): ExportChecked {
  const acts = labels.map((dataClass) => [dataClass, actFor(guard, tool, dataClass)] as const)
  const blocked = acts.filter(([, act]) => act === 'block').map(([dataClass]) => dataClass)
  if (blocked.length > 0) {
    const message = `The arguments carry ${blocked.join(', ')} data, which ${tool.name} may not receive without approval.`
    const role = tool.confirm?.by ?? guard.manifest.dataApprover
    if (role === undefined) return deny('DATA_BLOCKED', message, 'retry_with')
    return { kind: 'hold', role, reason: { code: 'DATA_BLOCKED', message } }
  }
  const redacted = acts.filter(([, act]) => act === 'redact' || act === 'pseudonymize').map(([dataClass]) => dataClass)
  if (redacted.length === 0) return { kind: 'clear' }
  return { kind: 'redacted', arguments: redactClasses(args, guard.manifest.data, redacted) as JsonObject }
}

function actFor(guard: Guard, tool: EffectiveTool, dataClass: DataClass): DataAct {
  if (guard.manifest.retrieval[tool.name] !== undefined) return guard.manifest.data[dataClass].beforeRetrieval
  if (tool.reach === 'internal' && tool.data.in.includes(dataClass)) return 'allow'
  return guard.manifest.data[dataClass].beforeExport
}
