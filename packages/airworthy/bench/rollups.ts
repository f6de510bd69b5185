/**
 * Dashboard queries over a month of the kit's own spans on SQLite: one task, two model calls and five actions each, three releases, two
 * models, ten tools, written by the real writer, raw spans included. `--spans N`, a million unless told; ten million take a quarter of
 * an hour and seven gigabytes, so `--fixture FOLDER` keeps the databases there, and goes on where a run before ended. Two databases are
 * asked in turns, one with a tenth of the spans, over the same thirty days.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JsonObject } from '../src/core/json.ts'
import type { MetricsStore } from '../src/operate/metrics/port.ts'
import { type MetricsWindow, readSeries, summarise } from '../src/operate/metrics/read-metrics.ts'
import { handedSpans } from '../src/store/sqlite/handed-spans.ts'
import { sqliteMetricsStore } from '../src/store/sqlite/metrics-store.ts'
import { openSqlite, openTraces, type SqliteDatabase } from '../src/store/sqlite/open.ts'
import { type SpanWriter, sqliteSpanWriter } from '../src/store/sqlite/span-writer.ts'
import type { MeasureName } from '../src/telemetry/rollups/measures.ts'
import type { SpanRecord } from '../src/telemetry/span.ts'
import type { BenchRow } from './bench-row.ts'
import { quantile } from './quantile.ts'

const spansDefault = 1_000_000
const perTask = 8
const perBatch = 4_000
const days = 30
const dayMs = 86_400_000
const toMs = Date.UTC(2026, 5, 1)
const fromMs = toMs - days * dayMs
const seed = 20_261_122
const queriesPerKind = 25

export async function benchRollups(): Promise<BenchRow[]> {
  const total = Number(argument('--spans') ?? spansDefault)
  const kept = argument('--fixture')
  const folder = kept ?? mkdtempSync(join(tmpdir(), 'airworthy-bench-'))
  const open: SqliteDatabase[] = []
  try {
    const storeOf = async (spans: number): Promise<MetricsStore & { readonly perSecond: number }> => {
      const db = openSqlite(join(folder, `${spans}`))
      const traces = openTraces(join(folder, `${spans}`))
      open.push(db, traces)
      const writer = sqliteSpanWriter(traces, db)
      const perSecond = await filled(traces, writer, spans)
      return { ...sqliteMetricsStore({ db, traces, handed: handedSpans(writer) }), perSecond }
    }
    const fewer = await storeOf(total / 10)
    const store = await storeOf(total)
    const { few, many } = await askedMs(fewer, store)
    const [row] = await store.readRollups({ family: 'task', fromMs, toMs })
    const rolled = (await summarise(store, windowOf([]))).rows[0]?.measures.task_p95_ms ?? 0
    const exact = quantileOfRank(
      Array.from({ length: total / perTask }, (_, task) => taskOf(task).workedMs),
      0.95,
    )
    const count = total.toLocaleString('en-US')
    return [
      {
        name: `dashboard queries over ${days} days, ${count} spans, p95`,
        unit: 'ms',
        value: quantile(many, 0.95),
        target: { op: '<=', value: 60 },
      },
      { name: 'the same, p50', unit: 'ms', value: quantile(many, 0.5) },
      {
        name: 'p95 of all spans / p95 of a tenth of them',
        unit: 'x',
        value: quantile(many, 0.95) / quantile(few, 0.95),
        target: { op: '<=', value: 2 },
        note: `${quantile(few, 0.95).toPrecision(3)} ms at a tenth`,
      },
      {
        name: 'p95 of tasks from rollups, off the exact one by',
        unit: '%',
        value: Math.abs(rolled / exact - 1) * 100,
        target: { op: '<=', value: 1 },
        note: `of ${row?.value.sums.get('count')?.toLocaleString('en-US')} tasks, seed ${seed}`,
      },
      ...(store.perSecond === 0
        ? []
        : [{ name: "the kit's own spans with their rollups, written in process", unit: '/s', value: store.perSecond }]),
    ]
  } finally {
    for (const db of open) db.close()
    if (kept === undefined) rmSync(folder, { recursive: true, force: true })
  }
}

function argument(name: string): string | undefined {
  const at = process.argv.indexOf(name)
  return at === -1 ? undefined : process.argv[at + 1]
}

/** Writes what is missing of that many spans. @returns spans a second; 0 when nothing was missing. */
async function filled(db: SqliteDatabase, writer: Pick<SpanWriter, 'record'>, spans: number): Promise<number> {
  db.pragma('wal_autocheckpoint = 8000')
  const before = db.prepare<[], number>('SELECT coalesce(max(row), 0) FROM spans').pluck().get() as number
  const at = performance.now()
  // What a run that was ended had begun comes again, and changes nothing.
  for (let written = before - (before % perTask); written < spans; written += perBatch) {
    const first = written / perTask
    const tasks = Math.min(perBatch, spans - written) / perTask
    await writer.record(Array.from({ length: tasks }, (_, n) => taskOf(first + n).spans).flat())
  }
  return before >= spans ? 0 : (spans - before) / ((performance.now() - at) / 1_000)
}

const asked: readonly (readonly [MeasureName, MetricsWindow['groupBy']])[] = [
  ['task_p95_ms', ['release']],
  ['tokens_per_task', ['model']],
  ['cost_per_task_usd_micros', ['task_type']],
  ['tool_error_rate', ['tool']],
  ['policy_block_rate', []],
  ['model_p95_ms', ['model']],
]

/**
 * What the dashboard asks: each of its panels as a series of days and of hours of a week, and the summary of a window to the minute. Both
 * stores are asked the same, one after the other; the first round warms up and is not counted.
 */
async function askedMs(
  fewer: MetricsStore,
  all: MetricsStore,
): Promise<{ readonly few: readonly number[]; readonly many: readonly number[] }> {
  const few: number[] = []
  const many: number[] = []
  for (let n = -1; n < queriesPerKind; n++) {
    const timed = async (run: (store: MetricsStore) => Promise<unknown>): Promise<void> => {
      for (const [store, takenMs] of [[fewer, few] as const, [all, many] as const]) {
        const at = performance.now()
        await run(store)
        if (n >= 0) takenMs.push(performance.now() - at)
      }
    }
    for (const [measure, groupBy] of asked) {
      await timed((store) => readSeries(store, windowOf(groupBy), measure, dayMs))
      await timed((store) => readSeries(store, { ...windowOf(groupBy), fromMs: toMs - 7 * dayMs }, measure, dayMs / 24))
    }
    await timed((store) => summarise(store, { ...windowOf(['release']), fromMs: fromMs + (n + 1) * 61_000 }))
  }
  return { few, many }
}

function windowOf(groupBy: MetricsWindow['groupBy']): MetricsWindow {
  return { fromMs, toMs, groupBy, filter: {}, isExact: false }
}

/** The same for the same number, in every run. */
function taskOf(task: number): { readonly spans: readonly SpanRecord[]; readonly workedMs: number } {
  const random = randomOf(seed + task)
  const endMs = fromMs + Math.floor(random() * (toMs - fromMs))
  const release = `sha256:${String(task % 3).repeat(64)}`
  const model = random() < 0.7 ? 'sim-support-1' : 'sim-support-mini'
  const worked = Math.ceil(logNormal(random, 8, 1))
  const span = (n: number, name: string, tookMs: number, attributes: JsonObject): SpanRecord => ({
    traceId: (task + 1).toString(16).padStart(32, '0'),
    spanId: (task * perTask + n + 1).toString(16).padStart(16, '0'),
    name,
    kind: 'internal',
    startNs: BigInt(Math.floor(endMs - tookMs)) * 1_000_000n,
    endNs: BigInt(endMs) * 1_000_000n,
    status: 'unset',
    attributes: {
      'gen_ai.agent.name': 'support-desk',
      'airworthy.release': release,
      'airworthy.environment': 'production',
      ...attributes,
    },
    resource: { 'service.name': 'support-desk' },
  })
  const cost = Math.ceil(logNormal(random, 9, 1))
  const spans = [
    span(0, 'invoke_agent support-desk', worked, {
      'gen_ai.operation.name': 'invoke_agent',
      'airworthy.task.type': `kind-${Math.floor(random() * 4)}`,
      'airworthy.task.model': model,
      'airworthy.task.worked_ms': worked,
      'airworthy.task.tokens': Math.ceil(logNormal(random, 7, 0.7)),
      'airworthy.task.cost_usd_micros': cost,
    }),
    ...[1, 2].map((n) =>
      span(n, `chat ${model}`, logNormal(random, 6, 1), {
        'gen_ai.operation.name': 'chat',
        'gen_ai.request.model': model,
        'gen_ai.usage.input_tokens': 500,
        'gen_ai.usage.output_tokens': 80,
        'airworthy.model.cost_usd_micros': Math.floor(cost / 2),
      }),
    ),
    ...[3, 4, 5, 6, 7].map((n) => {
      const luck = random()
      return span(n, 'execute_tool', logNormal(random, 4, 1), {
        'gen_ai.operation.name': 'execute_tool',
        'gen_ai.tool.name': `tool-${Math.floor(random() * 10)}`,
        'airworthy.action.state': luck < 0.9 ? 'succeeded' : luck < 0.95 ? 'failed' : 'denied',
        ...(luck < 0.95 ? {} : { 'airworthy.reasons': ['POLICY_NO_PERMIT'] }),
      })
    }),
  ]
  return { spans, workedMs: worked }
}

function quantileOfRank(values: readonly number[], q: number): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(q * values.length) - 1] ?? 0
}

function logNormal(random: () => number, mean: number, deviation: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  return Math.exp(mean + deviation * normal)
}

/** The same spans in every run (mulberry32). */
function randomOf(start: number): () => number {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
