/**
 * What nobody is waiting for any more: approvals past their time, approved actions that were not yet executed (the kit was
 * stopped, or a command approved beside it), actions whose process died, and ambiguous ones that a hook may explain.
 * Each round is bounded; what is left comes with the next.
 */
import type { EffectiveTool } from '../../core/manifest/effective.ts'
import type { Guard } from '../../guard/guard.ts'
import type { ActionRecord } from '../../guard/port.ts'
import { ambiguousReason } from '../../guard/steps/settle.ts'
import { reportOutcome } from '../actions/report-outcome.ts'
import { expiryOf } from '../approvals/decide.ts'
import type { ApprovalStore } from '../approvals/port.ts'
import { isOwnerGone } from './owner.ts'
import type { RecoveryStore } from './port.ts'

export interface SweepPorts {
  readonly guard: Guard
  readonly approvals: ApprovalStore
  readonly recovery: RecoveryStore
  /** Executes an approved action once. */
  readonly executeApproved: (actionId: string) => Promise<void>
  readonly onChange: (actionId: string) => void
}

const roundMax = 100
/** A hook that says `unknown` this often leaves the action to a person. */
const reconcileTriesMax = 5

/** @param tries how often each ambiguous action's hook was asked; kept by the caller between rounds. */
export async function sweep(ports: SweepPorts, tries: Map<string, number>): Promise<void> {
  await expireApprovals(ports)
  for (const actionId of await ports.approvals.approvedActions()) await ports.executeApproved(actionId)
  await doubtOpenActions(ports)
  await reconcileAmbiguous(ports, tries)
}

async function expireApprovals({ guard, approvals, onChange }: SweepPorts): Promise<void> {
  const { store, clock, newId } = guard.ports
  for (const id of await approvals.overdueApprovals(clock())) {
    const approval = await approvals.readApproval(id)
    if (approval === undefined) continue
    const decided = await approvals.decideApproval(expiryOf(approval, clock(), newId('ent')))
    if (decided.kind !== 'decided') continue
    await store.refuseHeld({
      actionId: approval.actionId,
      entryId: newId('ent'),
      atMs: clock(),
      reasons: [{ code: 'CONFIRMATION_EXPIRED', message: 'Nobody confirmed the action in time.' }],
    })
    onChange(approval.actionId)
  }
}

async function doubtOpenActions({ guard, recovery, onChange }: SweepPorts): Promise<void> {
  const { store, clock, newId } = guard.ports
  for (const action of await recovery.openActions(roundMax)) {
    if (!isInDoubt(action, guard.owner, clock())) continue
    const isRead = action.effect === 'read'
    await store.settle({
      actionId: action.id,
      entryId: newId('ent'),
      atMs: clock(),
      state: isRead ? 'failed' : 'ambiguous',
      error: 'The kit was stopped, or nobody reported, before the outcome was recorded.',
      reasons: isRead ? [] : [ambiguousReason],
      facts: [],
      costUsdMicros: Number.MAX_SAFE_INTEGER,
      by: 'recovery',
    })
    onChange(action.id)
  }
}

function isInDoubt(action: ActionRecord, owner: string, nowMs: number): boolean {
  if (action.doubtMs === undefined || nowMs >= action.doubtMs) return true
  return action.owner !== owner && isOwnerGone(action.owner ?? '')
}

async function reconcileAmbiguous(
  { guard, recovery, onChange }: SweepPorts,
  tries: Map<string, number>,
): Promise<void> {
  for (const action of await recovery.ambiguousActions(roundMax)) {
    const tool: EffectiveTool | undefined = guard.tools.get(action.tool)
    const asked = tries.get(action.id) ?? 0
    if (tool?.reconcile === undefined || asked >= reconcileTriesMax) continue
    tries.set(action.id, asked + 1)
    const answer = await guard.ports.upstream.reconcile(tool.reconcile.url, {
      action_id: action.id,
      idempotency_key: action.id,
      tool: tool.upstreamName,
      arguments: action.argumentsSent ?? action.arguments,
    })
    if (answer.state === 'unknown') continue
    tries.delete(action.id)
    await reportOutcome(guard, action.id, {
      state: answer.state,
      result: {
        content: [{ type: 'text', text: JSON.stringify(answer.result ?? null) }],
        structuredContent: { reconciled: answer.result ?? null },
      },
      by: 'reconcile',
    })
    onChange(action.id)
  }
}
