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
import type { HandedSpans } from './handed-spans.ts'
import { act, type SqliteDatabase } from './open.ts'
import { sqliteSpanBlocks } from './span-blocks.ts'

/** Spans of one page of a recount: some milliseconds of work. */
const pageSpans = 200

type GroupRow = RollupGroup & { readonly row: number }

/** @param db  the ledger's, for its size. @param traces  where spans and rollups are. */
export function sqliteMetricsStore({
  db,
  traces,
  handed,
}: {
  readonly db: SqliteDatabase
  readonly traces: SqliteDatabase
  readonly handed: HandedSpans
}): MetricsStore {
  const blocks = sqliteSpanBlocks(traces)
  const values = decodedValues()
  const groupsOf = traces.prepare<[string, string], GroupRow>(
    'SELECT * FROM rollup_groups WHERE family = ? AND source = ?',
  )
  // All at once and as lists: by objects, one at a time, it takes twice as long.
  const valuesOf = traces
    .prepare<[number, number, number, number]>(
      'SELECT at_ms, value FROM rollups WHERE group_row = ? AND tier = ? AND at_ms >= ? AND at_ms < ?',
    )
    .raw()
  const spansAfter = traces
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
  const reading = traces.transaction(readRollups)
  return {
    async readRollups(query) {
      await handed.settled()
      return await act(() => reading.deferred(query))
    },
    async recount(query) {
      await handed.settled()
      return await recount(query)
    },
    readSizes: () =>
      act(() => {
        const files = [...new Set([db, traces])]
        return [
          { part: 'whole', bytes: files.reduce((sum, file) => sum + bytesOf(file), 0) },
          { part: 'journal', bytes: files.reduce((sum, file) => sum + journalBytesOf(file), 0) },
        ]
      }),
  }
}

function bytesOf(db: SqliteDatabase): number {
  const pages = db.pragma('page_count', { simple: true }) as number
  return pages * (db.pragma('page_size', { simple: true }) as number)
}

function journalBytesOf(db: SqliteDatabase): number {
  return statSync(`${db.name}-wal`, { throwIfNoEntry: false })?.size ?? 0
}
