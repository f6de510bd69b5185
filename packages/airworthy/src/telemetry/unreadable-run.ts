/** Thrown inside an adapter where a record is not what its format says; the adapter names the record and goes on with the next. */
import type { FileRecord } from './read-records.ts'
import type { RecordedRun, Unread } from './recorded-run.ts'

export class UnreadableRun extends Error {
  /** Inside the record: `.messages[3].tool_calls[0]`. */
  readonly where: string

  constructor(where: string, why: string) {
    super(why)
    this.where = where
  }
}

/** Reads each record; what one throws is its own and stops no other. A run is read whole or not at all. */
export function readEach(
  records: readonly FileRecord[],
  read: (record: FileRecord) => RecordedRun,
): { readonly runs: RecordedRun[]; readonly unread: Unread[] } {
  const runs: RecordedRun[] = []
  const unread: Unread[] = []
  for (const record of records) {
    try {
      runs.push(read(record))
    } catch (error) {
      if (!(error instanceof UnreadableRun)) throw error
      unread.push({ where: placeOf(record.where, error.where), why: error.message })
    }
  }
  return { runs, unread }
}

/** `line 3.messages[1]`, or `messages[1]` where the text is one record. */
export function placeOf(record: string, path: string): string {
  return (record === '' ? path.replace(/^\./, '') : `${record}${path}`) || 'the text'
}
