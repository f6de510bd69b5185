/** Numbers from rollups, and from the spans themselves, on SQLite. */
import { statSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import type { MetricsStore, RollupQuery, RollupRow } from '../../operate/metrics/port.ts'
import { contributionOf } from '../../telemetry/rollups/contribution.ts'
import { decodedValues } from '../../telemetry/rollups/decoded-values.ts'
import { gathering } from '../../telemetry/rollups/gather.ts'
import type { RollupGroup } from '../../telemetry/rollups/rollup.ts'
import { minuteMs, rangesOf } from '../../telemetry/rollups/tiers.ts'
import { type SpanRow, spanOfRow } from '../rows/trace-row.ts'
import { groupFits, wantedGroup } from '../wanted-group.ts'
import { act, type SqliteDatabase } from './open.ts'
import { sqliteSpanBlocks } from './span-blocks.ts'

/** Spans of one page of a recount: some milliseconds of work. */
const pageSpans = 200

type GroupRow = RollupGroup & { readonly row: number }

export function sqliteMetricsStore(db: SqliteDatabase): MetricsStore {
  const blocks = sqliteSpanBlocks(db)
  const values = decodedValues()
  const groupsOf = db.prepare<[string, string], GroupRow>('SELECT * FROM rollup_groups WHERE family = ? AND source = ?')
  // All at once and as lists: by objects, one at a time, it takes twice as long.
  const valuesOf = db
    .prepare<[number, number, number, number]>(
      'SELECT at_ms, value FROM rollups WHERE group_row = ? AND tier = ? AND at_ms >= ? AND at_ms < ?',
    )
    .raw()
  const spansAfter = db
    .prepare<[bigint, bigint, bigint, string, number], SpanRow & { readonly row: bigint }>(
      `SELECT * FROM spans INDEXED BY spans_by_end WHERE (end_ns, row) > (?, ?) AND end_ns < ? AND source = ?
       ORDER BY end_ns, row LIMIT ?`,
    )
    .safeIntegers()

  function readRollups(query: RollupQuery): readonly RollupRow[] {
    const wanted = wantedGroup(query)
    const { family, fromMs, toMs, stepMs, groupBy = [] } = query
    const gathered = gathering({
      fromMs: Math.floor(fromMs / minuteMs) * minuteMs,
      stepMs,
      groupBy,
      histograms: query.histograms,
      names: values.names,
    })
    const groups = groupsOf.all(family, wanted.source).filter((group) => groupFits(group, wanted))
    for (const range of rangesOf(fromMs, toMs, stepMs)) {
      for (const group of groups) {
        const place = { groupRow: group.row, tier: range.tier, shard: 0 }
        const rows = valuesOf.all(group.row, range.tier, range.fromMs, range.toMs) as readonly (readonly [
          number,
          string,
        ])[]
        for (const [atMs, text] of rows) gathered.addValue(atMs, group, values.of(place, atMs, text))
      }
    }
    return gathered.rows()
  }

  /** In pages, with a turn of the loop between: a recount of a month must not hold up an action. */
  async function recount(query: RollupQuery): Promise<readonly RollupRow[]> {
    const wanted = wantedGroup(query)
    const { family, stepMs, groupBy = [] } = query
    const fromMs = Math.floor(query.fromMs / minuteMs) * minuteMs
    const toNs = BigInt(Math.floor(query.toMs / minuteMs) * minuteMs) * 1_000_000n
    const gathered = gathering({ fromMs, stepMs, groupBy, histograms: query.histograms })
    let afterNs = BigInt(fromMs) * 1_000_000n
    let afterRow = 0n
    for (;;) {
      const rows = await act(() => blocks.unpacked(spansAfter.all(afterNs, afterRow, toNs, wanted.source, pageSpans)))
      for (const row of rows) {
        const counted = contributionOf(spanOfRow(row), { source: wanted.source, agent: row.agent ?? undefined })
        if (counted?.family === family && groupFits(counted.group, wanted)) {
          gathered.addSpan(counted)
        }
      }
      const last = rows.at(-1)
      if (last === undefined || rows.length < pageSpans) return gathered.rows()
      afterNs = last.end_ns as bigint
      afterRow = last.row
      await setImmediate()
    }
  }

  // One transaction for all ranges: what is written meanwhile is in all of them or in none.
  const reading = db.transaction(readRollups)
  return {
    readRollups: (query) => act(() => reading.deferred(query)),
    recount,
    readSizes: () =>
      act(() => {
        const journal = statSync(`${db.name}-wal`, { throwIfNoEntry: false })?.size ?? 0
        const pages = db.pragma('page_count', { simple: true }) as number
        const bytes = pages * (db.pragma('page_size', { simple: true }) as number)
        return [
          { part: 'whole', bytes },
          { part: 'journal', bytes: journal },
        ]
      }),
  }
}
