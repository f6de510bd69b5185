/** What the audit log holds of a trial's task: each action once, by its last state, with who approved it. Pure. */
import type { ActionState } from '../../core/action.ts'
import type { Decision, ReasonCode } from '../../core/decision.ts'
import { invariant } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import type { EffectiveManifest } from '../../core/manifest/effective.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import type { TrialAction } from '../trial.ts'

/** An entry of the log as its canonical JSON reads. */
interface LoggedEntry {
  readonly id: string
  readonly kind: string
  readonly object?: string
  readonly action?: string
  readonly decision?: Decision['decision']
  readonly outcome?: ActionState
  readonly reasons?: readonly { readonly code: ReasonCode }[]
  readonly labels?: TrialAction['labels']
  readonly approver?: { readonly id: string }
  readonly details?: { readonly approval?: string }
}

/** Entries whose arguments are wanted, with the place of the action in the list. */
export interface LoggedActions {
  readonly actions: readonly TrialAction[]
  /** By action id: the entry that holds its arguments. */
  readonly argumentEntries: ReadonlyMap<string, string>
}

/** @param entries  canonical JSON of the task's entries, oldest first. Arguments are filled in by the caller. */
export function actionsOfEntries(entries: readonly string[], manifest: EffectiveManifest): LoggedActions {
  const tools = new Map(manifest.tools.map((tool) => [tool.name, tool]))
  const actions = new Map<string, TrialAction>()
  const argumentEntries = new Map<string, string>()
  const approvers = new Map<string, string>()
  for (const text of entries) {
    const entry = valueOfJson(text) as LoggedEntry
    if (entry.kind === 'approval-granted' && entry.details?.approval !== undefined && entry.approver !== undefined) {
      approvers.set(entry.details.approval, entry.approver.id)
    }
    if (!entry.kind.startsWith('action-') || entry.object === undefined || entry.action === undefined) continue
    const id = entry.object
    const known = actions.get(id)
    const reasons = (entry.reasons ?? []).map(({ code }) => code)
    const approvedBy = entry.details?.approval === undefined ? undefined : approvers.get(entry.details.approval)
    const tool = tools.get(entry.action)
    const first: TrialAction = known ?? {
      id,
      tool: entry.action,
      effect: tool?.effect ?? 'irreversible',
      reach: tool?.reach ?? 'external',
      arguments: {},
      decision: entry.decision ?? 'allow',
      state: 'intended',
      reasons: [],
      labels: entry.labels ?? [],
    }
    if (known === undefined) argumentEntries.set(id, entry.id)
    actions.set(id, {
      ...first,
      state: stateOf(entry) ?? first.state,
      reasons: [...new Set([...first.reasons, ...reasons])],
      ...(approvedBy === undefined ? {} : { approvedBy }),
    })
  }
  return { actions: [...actions.values()], argumentEntries }
}

function stateOf({ kind, outcome }: LoggedEntry): ActionState | undefined {
  if (kind === 'action-settled') {
    invariant(outcome !== undefined, 'a settlement says what became of the action')
    return outcome
  }
  return ({ 'action-held': 'held', 'action-denied': 'denied', 'action-intended': 'intended' } as const)[
    kind as 'action-held'
  ]
}

/** The same actions with their arguments. */
export function withArguments(
  actions: readonly TrialAction[],
  argumentsOf: ReadonlyMap<string, JsonObject>,
): readonly TrialAction[] {
  return actions.map((action) => ({ ...action, arguments: argumentsOf.get(action.id) ?? {} }))
}
