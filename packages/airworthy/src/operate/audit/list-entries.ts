/** The newest entries of the log, for people who look for one: an export is the whole of it. */
import type { AuditEntryKind } from '../../audit/entry-kinds.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import type { SequencerPort } from '../sequencer/port.ts'
import type { AuditReaderPort, StoredEntry } from './port.ts'

export interface EntryQuestion {
  readonly task?: string | undefined
  readonly kind?: AuditEntryKind | undefined
  /** How many at most. */
  readonly limit: number
}

export interface ListedEntries {
  /** Newest last. */
  readonly entries: readonly StoredEntry[]
  /** How many stand behind the last index and are not among `entries`: nobody can read those by place yet. At most `unsequencedMax`. */
  readonly unsequenced: number
  /** The task has more entries than are looked at: its newest ones are missing. */
  readonly isCut: boolean
}

export type EntryReader = Pick<AuditReaderPort, 'readEntries' | 'entriesOfTask'> &
  Pick<SequencerPort, 'indexedSize' | 'readUnsequenced'>

/** More pile up only while no kit runs. */
const unsequencedMax = 1000
/** Of one task; a task of more than this many actions is far beyond any budget. */
const taskEntriesMax = 10_000
const pageEntries = 500

/** Reads backwards, a page at a time, until `limit` entries are found; a rare kind may take the whole log, never the whole memory. */
export async function listEntries(log: EntryReader, { task, kind, limit }: EntryQuestion): Promise<ListedEntries> {
  const isAsked = ({ text }: StoredEntry): boolean => kind === undefined || kindOf(text) === kind
  if (task !== undefined) {
    const all = await log.entriesOfTask(task, taskEntriesMax)
    return { entries: all.filter(isAsked).slice(-limit), unsequenced: 0, isCut: all.length === taskEntriesMax }
  }
  const pages: (readonly StoredEntry[])[] = []
  let found = 0
  let end = await log.indexedSize()
  while (end > 0 && found < limit) {
    const first = Math.max(0, end - pageEntries)
    const page = (await log.readEntries(first, end - first)).filter(isAsked)
    pages.unshift(page)
    found += page.length
    end = first
  }
  const { length: unsequenced } = await log.readUnsequenced(unsequencedMax)
  return { entries: pages.flat().slice(-limit), unsequenced, isCut: false }
}

/** Undefined for a text that is no entry any more, which `audit verify` names. */
function kindOf(text: string): unknown {
  try {
    return (valueOfJson(text) as { kind?: unknown } | null)?.kind
  } catch {
    return undefined
  }
}
