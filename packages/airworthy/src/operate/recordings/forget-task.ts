/**
 * Forgets what a task said and did: its recording and its cassette are deleted, every body of its entries is erased, each erasure an
 * entry of its own. What another gateway still has in memory of a task that ended just now it writes after that: asked again, that goes
 * too. The log stays whole, and tells that this was done, by whom and why. What was sent elsewhere, what an agent sent over
 * OTLP of itself, what people wrote in the human queue, and the rows of an eval run are not touched.
 */
import type { AuditActor } from '../../audit/entry.ts'
import { erasureDraft, type SealedEntry, sealEntry } from '../../audit/seal-entry.ts'
import { AirworthyError } from '../../core/errors.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import type { GuardStore } from '../../guard/port.ts'
import type { AuditReaderPort } from '../audit/port.ts'
import type { RecordingStore } from './port.ts'

export interface ForgettingStores {
  readonly guard: Pick<GuardStore, 'readTask' | 'readAction'>
  readonly recordings: Pick<RecordingStore, 'forgetRecording'>
  readonly audit: Pick<AuditReaderPort, 'entriesOfTask'> & {
    eraseBody(erasure: {
      readonly entryId: string
      readonly name: string
      readonly record: SealedEntry
    }): Promise<boolean>
  }
}

export interface Forgetting {
  readonly task: string
  readonly reason: string
  readonly actor: AuditActor
  readonly clock: () => number
  readonly newId: (prefix: 'ent') => string
  /** Resolves when this process writes nothing of the task any more: what it keeps in memory would stand there again. */
  readonly settle?: (task: string) => Promise<void>
}

export interface ForgottenTask {
  readonly task: string
  /** What was asked for, arguments, results: those that stood until now. */
  readonly bodiesErased: number
  /** Whether there was anything to replay. */
  readonly recordingDeleted: boolean
}

const entriesMax = 100_000
const reasonCharactersMax = 500

/**
 * Again, it finishes what a crash left. @throws TASK_UNKNOWN; TASK_OPEN while the task, or an action of it, is not at its end;
 * STORE_UNAVAILABLE.
 */
export async function forgetTask(stores: ForgettingStores, forgetting: Forgetting): Promise<ForgottenTask> {
  const { task, actor, clock, newId } = forgetting
  const why = forgetting.reason.slice(0, reasonCharactersMax)
  const record = await stores.guard.readTask(task)
  if (record === undefined) {
    throw new AirworthyError({
      code: 'TASK_UNKNOWN',
      message: 'There is no such task.',
      mend: 'Take an id that `airworthy trace ls` lists.',
    })
  }
  if (record.closedMs === undefined) throw stillOpen('The task is still open.')
  const entries = (await stores.audit.entriesOfTask(task, entriesMax)).map(
    ({ text }) => valueOfJson(text) as LoggedEntry,
  )
  await refuseUnfinished(stores, entries)
  await forgetting.settle?.(task)
  // The recording first: whoever replays meanwhile finds nothing, rather than a part.
  const recordingDeleted = await stores.recordings.forgetRecording({
    task,
    entry: {
      id: newId('ent'),
      timeMs: clock(),
      kind: 'recording-forgotten',
      actor,
      agent: record.agent,
      object: task,
      task,
      details: { why },
    },
  })
  let bodiesErased = 0
  for (const { id, bodies } of entries) {
    for (const name of Object.keys(bodies ?? {})) {
      const draft = erasureDraft({ entryId: id, body: name }, { id: newId('ent'), timeMs: clock(), actor, why })
      if (await stores.audit.eraseBody({ entryId: id, name, record: sealEntry(draft) })) bodiesErased++
    }
  }
  return { task, bodiesErased, recordingDeleted }
}

interface LoggedEntry {
  readonly id: string
  readonly kind: string
  readonly object?: string
  readonly bodies?: Readonly<Record<string, string>>
}

/** What is approved later, or looked into, needs its arguments. */
async function refuseUnfinished({ guard }: ForgettingStores, entries: readonly LoggedEntry[]): Promise<void> {
  const actions = new Set(
    entries.flatMap(({ kind, object }) =>
      /^action-(?:held|intended)$/.test(kind) && object !== undefined ? [object] : [],
    ),
  )
  for (const id of actions) {
    const state = (await guard.readAction(id))?.state
    if (state === 'held' || state === 'intended' || state === 'ambiguous') {
      throw stillOpen(`An action of the task is ${state}: ${id}.`)
    }
  }
}

function stillOpen(message: string): AirworthyError {
  const mend = 'Close the task, and let its actions come to an end, or decide them; then forget it.'
  return new AirworthyError({ code: 'TASK_OPEN', message, mend })
}
