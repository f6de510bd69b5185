/** Reads the log's latest entries and holds every state-changing action's intent, outcome and approval against each other. */
import type { AuditEntry } from '../../audit/entry.ts'
import { parseEntry } from '../../audit/parse-entry.ts'
import type { ProbedLog } from './probe-context.ts'

export interface ScannedLog {
  readonly entries: number
  /** State-changing actions that were executed. */
  readonly actions: number
  /** Intended and not settled yet, within the time that an action may take. */
  readonly underWay: number
  /** Sentences; at most `faultsMax`. */
  readonly faults: readonly string[]
}

/** Reading costs some 30 us an entry; older ones were read by earlier checks, and `audit verify` proves that nobody changed them. */
const scannedEntriesMax = 50_000
const pageEntries = 1_000
const faultsMax = 20
/** A call ends after ten minutes at most, and its outcome is then known or in doubt. */
const outcomeWithinMs = 15 * 60_000

/** @param size entries that have an index. */
export async function scanLog(log: ProbedLog, size: number, nowMs: number): Promise<ScannedLog> {
  const intents = new Map<string, AuditEntry>()
  const outcomes = new Map<string, AuditEntry>()
  const granted = new Set<string>()
  const start = Math.max(0, size - scannedEntriesMax)
  let entries = 0
  for (let first = start; first < size; first += pageEntries) {
    for (const { text } of await log.readEntries(first, Math.min(pageEntries, size - first))) {
      entries++
      const entry = parseEntry(text)
      if (entry.object === undefined) continue
      if (entry.kind === 'approval-granted' && entry.approver !== undefined) granted.add(entry.object)
      if (entry.effect === undefined || entry.effect === 'read') continue
      if (entry.kind === 'action-intended') intents.set(entry.object, entry)
      if (entry.kind === 'action-settled') outcomes.set(entry.object, entry)
    }
  }

  const faults: string[] = []
  let underWay = 0
  for (const [id, intent] of intents) {
    const missing = missingOf(intent)
    if (missing.length > 0) faults.push(`The intent of the action ${id} does not say: ${missing.join(', ')}.`)
    // A probe's own actions are judged by the probe.
    if (intent.effect === 'irreversible' && intent.mode === 'enforce' && intent.details?.probe !== true) {
      const isApproved =
        intent.details?.approval !== undefined && (granted.has(id) || (await wasGranted(log, intent, start)))
      if (!isApproved)
        faults.push(`The irreversible action ${id} was executed and nobody is on record as its approver.`)
    }
    if (outcomes.get(id)?.outcome !== undefined) continue
    if (nowMs - intent.timeMs < outcomeWithinMs) underWay++
    else faults.push(`The action ${id} was intended and has no outcome.`)
  }
  for (const [id, outcome] of outcomes) {
    if (intents.has(id) || (start > 0 && (await hasOlder(log, outcome, 'action-intended')))) continue
    faults.push(`The action ${id} has an outcome and no intent.`)
  }
  return { entries, actions: intents.size, underWay, faults: faults.slice(0, faultsMax) }
}

function missingOf(entry: AuditEntry): readonly string[] {
  const { principal, agent, release, environment, action, traceId, actor } = entry
  const fields = { actor: actor.id, principal: principal?.id, verified_by: principal?.verifiedBy, agent, release }
  return Object.entries({ ...fields, environment, action, trace_id: traceId })
    .filter(([, value]) => value === undefined || value === '')
    .map(([name]) => name)
}

/** An approval may have been given before the part of the log that is read here. */
async function wasGranted(log: ProbedLog, intent: AuditEntry, start: number): Promise<boolean> {
  return start > 0 && (await hasOlder(log, intent, 'approval-granted'))
}

async function hasOlder(log: ProbedLog, entry: AuditEntry, kind: AuditEntry['kind']): Promise<boolean> {
  if (entry.task === undefined) return false
  const older = await log.entriesOfTask(entry.task, 10_000)
  return older.map(({ text }) => parseEntry(text)).some((each) => each.kind === kind && each.object === entry.object)
}
