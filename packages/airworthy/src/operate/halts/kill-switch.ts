/**
 * The kill switch. Engaging is one committed row that every `intend` reads: from then on nothing new executes, on any gateway.
 * What is running is told to stop, and the switch reports success only when nothing runs any more and an attempt was refused.
 */

import type { AuditActor } from '../../audit/entry.ts'
import type { EntryDraft } from '../../audit/seal-entry.ts'
import type { KillRecord } from '../../guard/port.ts'
import type { KillStore } from './port.ts'

export interface KillPorts {
  readonly kills: KillStore
  readonly clock: () => number
  readonly newId: (prefix: 'ent') => string
  readonly sleep: (ms: number) => Promise<void>
  /** Aborts the calls of this process that are under the kill; a handler that throws is noted and does not stop the others. */
  readonly abortRunning: (agent: string, tool: string) => readonly unknown[]
  /** Attempts an action under the kill on a probe's path; true when it was refused with KILLED. */
  readonly verify: (agent: string, tool: string) => Promise<boolean>
  /** Name of this gateway; absent: the kill is engaged from outside of any. */
  readonly gateway?: string
  /** How long to wait for what runs; 0 looks once. Default: one minute. */
  readonly quiesceMsMax?: number
}

export interface KillReport {
  readonly agent: string
  /** `*`: the whole agent. */
  readonly tool: string
  /** Milliseconds since 1970. */
  readonly requested: number
  /** When the kill was committed: no `intend` after it succeeds. */
  readonly propagated: number
  /** When nothing under it was running any more; null: something still ran when the wait was over. */
  readonly quiesced: number | null
  /** When an attempt was seen to be refused; null: it was not. */
  readonly verified: number | null
  readonly gateways: readonly { readonly name: string; readonly aborted: number; readonly faults: number }[]
}

const pollMs = 50
/** The checklist says minutes; the control's limit is one. */
const quiesceMsDefault = 60_000

export async function engageKill(
  ports: KillPorts,
  request: { readonly agent: string; readonly tool: string; readonly reason: string; readonly actor: AuditActor },
): Promise<KillReport> {
  const { agent, tool, reason, actor } = request
  const requested = ports.clock()
  const kill: KillRecord = { agent, tool, reason, by: actor.id, atMs: requested }
  await ports.kills.engageKill({
    kill,
    entry: entryOf('kill-engaged', { agent, tool, reason, actor }, requested, ports.newId('ent')),
  })
  const propagated = ports.clock()
  const outcomes = ports.abortRunning(agent, tool)
  const faults = outcomes.filter((outcome) => outcome !== undefined).length
  let quiesced: number | null = null
  for (;;) {
    if ((await ports.kills.countRunning(agent, tool)) === 0) quiesced = ports.clock()
    if (quiesced !== null || ports.clock() - propagated >= (ports.quiesceMsMax ?? quiesceMsDefault)) break
    await ports.sleep(pollMs)
  }
  const verified = (await ports.verify(agent, tool)) ? ports.clock() : null
  return {
    agent,
    tool,
    requested,
    propagated,
    quiesced,
    verified,
    gateways: ports.gateway === undefined ? [] : [{ name: ports.gateway, aborted: outcomes.length, faults }],
  }
}

/** False when no such kill was on. */
export async function liftKill(
  ports: Pick<KillPorts, 'kills' | 'clock' | 'newId'>,
  request: { readonly agent: string; readonly tool: string; readonly reason: string; readonly actor: AuditActor },
): Promise<boolean> {
  const { agent, tool } = request
  return await ports.kills.liftKill({
    agent,
    tool,
    entry: entryOf('kill-lifted', request, ports.clock(), ports.newId('ent')),
  })
}

function entryOf(
  kind: 'kill-engaged' | 'kill-lifted',
  { agent, tool, reason, actor }: { agent: string; tool: string; reason: string; actor: AuditActor },
  timeMs: number,
  id: string,
): EntryDraft {
  return {
    id,
    timeMs,
    kind,
    actor,
    agent,
    object: tool === '*' ? agent : `${agent}/${tool}`,
    details: { tool, reason: reason.slice(0, 500) },
  }
}
