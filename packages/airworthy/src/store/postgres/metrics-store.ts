/** Numbers from rollups, and from the spans themselves, on PostgreSQL. */
import type { MetricsStore, RollupQuery, RollupRow, StoreSize } from '../../operate/metrics/port.ts'
import { contributionOf } from '../../telemetry/rollups/contribution.ts'
import { decodedValues } from '../../telemetry/rollups/decoded-values.ts'
import { gathering } from '../../telemetry/rollups/gather.ts'
import type { RollupGroup } from '../../telemetry/rollups/rollup.ts'
import { minuteMs, rangesOf, type Tier } from '../../telemetry/rollups/tiers.ts'
import { spanOfRow } from '../rows/trace-row.ts'
import { groupFits, wantedGroup } from '../wanted-group.ts'
import { type PostgresConnection, schemaName } from './connection.ts'
import { exactSpanRow, type TextSpanRow } from './span-row.ts'

type GroupRow = RollupGroup & { readonly row: number }

interface ValueRow {
  readonly group_row: number
  readonly tier: Tier
  readonly at_ms: number
  readonly shard: number
  readonly value: string
}

/** Spans of one page of a recount; a page is what memory holds. */
const pageSpans = 1_000

export function postgresMetricsStore({ read }: PostgresConnection): MetricsStore {
  const values = decodedValues()
  return {
    async readRollups(query): Promise<readonly RollupRow[]> {
      const wanted = wantedGroup(query)
      const { family, fromMs, toMs, stepMs, groupBy = [] } = query
      const gathered = gathering({
        fromMs: Math.floor(fromMs / minuteMs) * minuteMs,
        stepMs,
        groupBy,
        histograms: query.histograms,
        names: values.names,
      })
      const found = await read<GroupRow>('SELECT * FROM rollup_groups WHERE family = $1 AND source = $2', [
        family,
        wanted.source,
      ])
      const groups = new Map(found.filter((group) => groupFits(group, wanted)).map((group) => [group.row, group]))
      const ranges = rangesOf(fromMs, toMs, stepMs)
      if (groups.size === 0 || ranges.length === 0) return []
      // One statement, so one snapshot: what is written meanwhile is in all ranges or in none.
      const rows = await read<ValueRow>(
        `SELECT r.group_row, r.tier, r.at_ms, r.shard, r.value FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) AS w (tier, from_ms, to_ms)
         JOIN rollups r ON r.group_row = ANY ($1::bigint[]) AND r.tier = w.tier AND r.at_ms >= w.from_ms AND r.at_ms < w.to_ms`,
        [
          [...groups.keys()],
          ranges.map(({ tier }) => tier),
          ranges.map((range) => range.fromMs),
          ranges.map((range) => range.toMs),
        ],
      )
      for (const { group_row, tier, at_ms, shard, value } of rows) {
        const group = groups.get(group_row)
        const place = { groupRow: group_row, tier, shard }
        if (group !== undefined) gathered.addValue(at_ms, group, values.of(place, at_ms, value))
      }
      return gathered.rows()
    },

    async recount(query: RollupQuery): Promise<readonly RollupRow[]> {
      const wanted = wantedGroup(query)
      const { family, stepMs, groupBy = [] } = query
      const fromMs = Math.floor(query.fromMs / minuteMs) * minuteMs
      const toMs = Math.floor(query.toMs / minuteMs) * minuteMs
      const gathered = gathering({ fromMs, stepMs, groupBy, histograms: query.histograms })
      let after: readonly [string, number] = [`${BigInt(fromMs) * 1_000_000n}`, 0]
      for (;;) {
        const rows: readonly (TextSpanRow & { readonly row: number })[] = await read(
          `SELECT * FROM spans WHERE end_ns < $1::numeric AND end_ns IS NOT NULL AND (end_ns, row) > ($2::numeric, $3::bigint)
           AND source = $4 ORDER BY end_ns, row LIMIT ${pageSpans}`,
          [`${BigInt(toMs) * 1_000_000n}`, ...after, wanted.source],
        )
        for (const row of rows) {
          const counted = contributionOf(spanOfRow(exactSpanRow(row)), {
            source: wanted.source,
            agent: row.agent ?? undefined,
          })
          if (counted?.family === family && groupFits(counted.group, wanted)) {
            gathered.addSpan(counted)
          }
        }
        const last = rows.at(-1)
        if (last === undefined || rows.length < pageSpans) return gathered.rows()
        after = [last.end_ns ?? '', last.row]
      }
    },

    async readSizes() {
      const rows = await read<StoreSize>(
        `SELECT coalesce(CASE WHEN relname = 'spans' THEN 'spans' WHEN relname LIKE 'rollup%' THEN 'rollups'
             WHEN relname LIKE 'audit%' THEN 'audit' END, 'other') AS part, sum(pg_total_relation_size(oid))::bigint AS bytes
         FROM pg_class WHERE relnamespace = '${schemaName}'::regnamespace AND relkind IN ('r', 'p') GROUP BY 1`,
      )
      const whole = rows.reduce((sum, { bytes }) => sum + bytes, 0)
      const parts = rows.filter(({ part }) => part === 'spans' || part === 'rollups' || part === 'audit')
      return [{ part: 'whole', bytes: whole }, ...parts]
    },
  }
}
