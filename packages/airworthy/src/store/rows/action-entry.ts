/** The audit entries of the guard's acts: the same facts that the ledger's row is written from. */
import type { AuditActor } from '../../audit/entry.ts'
import type { EntryDraft } from '../../audit/seal-entry.ts'
import type { Reason } from '../../core/decision.ts'
import type { Digest } from '../../core/digest.ts'
import type { JsonObject } from '../../core/json.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import type { ActionFacts, SettleAct, SettledSubject, TaskRecord } from '../../guard/port.ts'
import type { ActionRow, ActionTaskRow } from './action-row.ts'

export function entryOfAction(
  kind: 'action-intended' | 'action-held' | 'action-denied',
  decision: 'allow' | 'deny' | 'confirm',
  act: ActionFacts,
  approvalId?: string,
): EntryDraft {
  const { task } = act
  const details = {
    ...(approvalId === undefined ? {} : { approval: approvalId }),
    ...(act.idempotencyKey === undefined ? {} : { idempotency_key: act.idempotencyKey }),
    ...(task.probe ? { probe: true } : {}),
  }
  return {
    id: act.entryId,
    timeMs: act.atMs,
    kind,
    actor: { kind: 'agent', id: task.agent, verifiedBy: 'task_token' },
    principal: { id: task.principal.id, verifiedBy: task.principal.verifiedBy },
    agent: task.agent,
    release: task.release,
    environment: task.environment,
    door: act.door,
    mode: act.enforced ? 'enforce' : 'observe',
    action: act.tool,
    object: act.actionId,
    effect: act.effect,
    definition: act.definitionDigest,
    task: task.id,
    traceId: task.traceId,
    spanId: act.spanId,
    decision,
    ...(act.reasons.length === 0 ? {} : { reasons: act.reasons }),
    ...(act.policies.length === 0 ? {} : { policies: capped(act.policies) }),
    policyDigest: act.policyDigest,
    ...(act.labels.length === 0 ? {} : { labels: act.labels }),
    ...(act.untrusted.length === 0 ? {} : { untrusted: capped(act.untrusted) }),
    ...(Object.keys(details).length === 0 ? {} : { details }),
  }
}

/** What an entry about an action on record says, whoever writes it. */
export function entryOfSubject(
  kind: 'action-settled' | 'action-denied',
  actionId: string,
  { task, tool, effect }: SettledSubject,
  act: { readonly entryId: string; readonly atMs: number; readonly reasons: readonly Reason[] },
): EntryDraft {
  return {
    id: act.entryId,
    timeMs: act.atMs,
    kind,
    actor: { kind: 'kit', id: 'guard', verifiedBy: 'kit' },
    principal: { id: task.principal.id, verifiedBy: task.principal.verifiedBy },
    agent: task.agent,
    release: task.release,
    environment: task.environment,
    action: tool,
    object: actionId,
    effect,
    task: task.id,
    traceId: task.traceId,
    ...(act.reasons.length === 0 ? {} : { reasons: act.reasons }),
  }
}

export function subjectOfRows({
  action,
  task,
}: {
  readonly action: ActionRow
  readonly task: ActionTaskRow
}): SettledSubject {
  const principal = valueOfJson(task.principal) as TaskRecord['principal']
  const { id, agent, environment } = task
  return {
    task: { id, agent, release: task.release as Digest, environment, principal, traceId: task.trace_id },
    tool: action.tool,
    effect: action.effect,
  }
}

/** The entry of an outcome. */
export function entryOfSettlement(act: SettleAct, subject: SettledSubject): EntryDraft {
  return {
    ...entryOfSubject('action-settled', act.actionId, subject, act),
    actor: settlerOf(subject.task.agent, act.by),
    outcome: act.state,
    ...(act.error === undefined && act.droppedDocuments === undefined
      ? {}
      : {
          details: {
            ...(act.error === undefined ? {} : { error: act.error }),
            ...(act.droppedDocuments === undefined ? {} : { dropped_documents: capped(act.droppedDocuments) }),
          },
        }),
  }
}

export function bodiesOfSettlement({ result, shown, errorText }: SettleAct): Record<string, JsonObject> {
  return {
    ...(result === undefined ? {} : { result }),
    ...(shown === undefined || shown === result ? {} : { shown }),
    ...(errorText === undefined ? {} : { error_text: { ...errorText } }),
  }
}

export function bodiesOfAction(act: ActionFacts & { argumentsSent: JsonObject }): Record<string, JsonObject> {
  return act.argumentsSent === act.arguments
    ? { arguments: act.arguments }
    : { arguments: act.arguments, arguments_sent: act.argumentsSent }
}

/** Who said what became of an action. The kit's own words are `kit` alone; a person's name never reads like one of them. */
function settlerOf(agent: string, by: string): AuditActor {
  if (by === 'caller') return { kind: 'agent', id: agent, verifiedBy: 'task_token' }
  if (by.startsWith('operator:')) {
    return { kind: 'operator', id: by.slice('operator:'.length), verifiedBy: 'operator_key' }
  }
  return { kind: 'kit', id: by, verifiedBy: 'kit' }
}

/** An entry has 64 KiB; the action's own body holds the arguments that a long list speaks of. */
const listedMax = 100
function capped(list: readonly string[]): readonly string[] {
  const kept = list.slice(0, listedMax).map((text) => text.slice(0, 200))
  return list.length <= listedMax ? kept : [...kept, `and ${list.length - listedMax} more`]
}
