/** Says of what stands in the ledger whether it left a span: the span's id is the end of its own. */
import type { SqliteDatabase } from './open.ts'

/** @param traces  where spans are. */
export function spanFinder(traces: SqliteDatabase): (traceId: string, id: string) => boolean {
  const find = traces.prepare<[string, string]>(
    "SELECT 1 FROM spans WHERE trace_id = ? AND span_id = ? AND source = 'kit'",
  )
  return (traceId, id) => find.get(traceId, id.slice(-16)) !== undefined
}
