/** Deletes old spans on SQLite, a batch in one transaction; the ledger says which ones stay longer. */
import type { ExpiredSpans, ExpireSpans } from '../../operate/traces/retention-port.ts'
import type { SqliteDatabase } from './open.ts'
import { sqliteSpanBlocks } from './span-blocks.ts'

interface OldRow {
  readonly row: number
  readonly trace_id: string
  readonly source: string
  readonly at_ms: number | null
}

export function sqliteSpanExpiry(db: SqliteDatabase, ledger: SqliteDatabase): (act: ExpireSpans) => ExpiredSpans {
  const next = db.prepare<[number, number], OldRow>(
    `SELECT row, trace_id, source, coalesce(received_ms, end_ns / 1000000) AS at_ms FROM spans WHERE row > ? ORDER BY row LIMIT ?`,
  )
  const remove = db.prepare<[number]>('DELETE FROM spans WHERE row = ?')
  const blocks = sqliteSpanBlocks(db)
  const packed = db.prepare<[number], { readonly attributes: string }>(
    "SELECT attributes FROM spans WHERE row = ? AND attributes GLOB '#*'",
  )
  const takeOut = db.prepare<[string, number]>('UPDATE spans SET attributes = ? WHERE row = ?')
  // What is kept must not keep the others of its block.
  const keep = (row: number): void => {
    const found = packed.get(row)
    const [own] = found === undefined ? [] : blocks.unpacked([found])
    if (own !== undefined) takeOut.run(own.attributes, row)
  }
  const isKept = ledger
    .prepare<[string], number>(
      `SELECT EXISTS (SELECT 1 FROM tasks t WHERE t.trace_id = ? AND (
         EXISTS (SELECT 1 FROM actions a WHERE a.task_row = t.row
           AND ((a.effect <> 'read' AND a.intended_ms IS NOT NULL) OR a.state = 'failed' OR a.state = 'ambiguous'))
         OR EXISTS (SELECT 1 FROM model_calls m WHERE m.task_row = t.row AND (m.state = 'failed' OR m.state = 'lost'))
         OR EXISTS (SELECT 1 FROM task_exhaustions e WHERE e.task_row = t.row)))`,
    )
    .pluck()
  return db.transaction(({ beforeMs, keptBeforeMs, afterRow, limit }: ExpireSpans): ExpiredSpans => {
    const rows = next.all(afterRow, limit)
    const known = new Map<string, boolean>()
    let deleted = 0
    let kept = 0
    let old = 0
    for (const { row, trace_id, source, at_ms } of rows) {
      if (source === 'import' || at_ms === null || at_ms >= beforeMs) continue
      old++
      let keeps = at_ms >= keptBeforeMs
      if (keeps) {
        keeps = known.get(trace_id) ?? isKept.get(trace_id) === 1
        known.set(trace_id, keeps)
      }
      if (keeps) {
        keep(row)
        kept++
      } else {
        remove.run(row)
        deleted++
      }
    }
    const hasOnlyImports = rows.length > 0 && rows.every(({ source }) => source === 'import')
    return {
      deleted,
      kept,
      lastRow: rows.at(-1)?.row ?? afterRow,
      isLast: rows.length < limit || (old === 0 && !hasOnlyImports),
    }
  }).immediate
}
