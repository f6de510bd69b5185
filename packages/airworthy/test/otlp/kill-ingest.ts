/**
 * Rounds of kill -9 while four clients send spans, and send again what was cut: what was acknowledged in any of them must be there in
 * the end, and the rollups must say what the spans say.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { RollupRow } from '../../src/operate/metrics/port.ts'
import { openTraces } from '../../src/store/sqlite/open.ts'
import { openSqliteStore } from '../../src/store/sqlite/store.ts'
import { rollupDimensions } from '../../src/telemetry/rollups/rollup.ts'
import { valueText } from '../../src/telemetry/rollups/value-text.ts'
import { writeCrashProject } from '../crash/crash-project.ts'
import { exportOf, protoOf, text } from './encode-export.ts'

export interface IngestReport {
  readonly acknowledged: number
  /** Requests that were on their way when the process was killed. */
  readonly cut: number
  /** Spans that were acknowledged and are not there. */
  readonly lost: readonly string[]
  /** What the rollups say, and what the spans say when they are counted again. */
  readonly rolled: string
  readonly counted: string
}

const clients = 4
const spansPerRequest = 300

export async function killIngest(folder: string, rounds: number): Promise<IngestReport> {
  writeCrashProject(folder)
  const acknowledged: string[] = []
  let cut = 0
  /** Sent again in the next round, as exporters do: some of them are there already. */
  let again: { readonly body: Buffer; readonly ids: readonly string[]; readonly traceId: string }[] = []
  let request = 0
  for (let round = 0; round < rounds; round++) {
    const { child, url, key } = await started(folder)
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    // Killed after another number of answers in each round, so at another place of a batch.
    let answersLeft = 3 + round * 2
    const retried = again
    again = []
    const send = async (): Promise<void> => {
      for (;;) {
        const { traceId, ids, body } = retried.pop() ?? fresh(++request)
        try {
          const response = await fetch(`${url}/v1/traces`, {
            method: 'POST',
            headers: { authorization: `Bearer ${key}`, 'content-type': 'application/x-protobuf' },
            body,
          })
          if (response.status !== 200) throw new Error(`answered ${response.status}`)
        } catch (error) {
          if (!child.killed) throw error
          cut++
          again.push({ traceId, ids, body })
          return
        }
        acknowledged.push(...ids.map((spanId) => `${traceId}:${spanId}`))
        if (--answersLeft === 0) child.kill('SIGKILL')
      }
    }
    await Promise.all(Array.from({ length: clients }, send))
    await exited
  }
  const [rolled, counted] = await bothCounts(folder)
  return { acknowledged: acknowledged.length, cut, lost: missing(folder, acknowledged), rolled, counted }
}

function fresh(request: number): { readonly body: Buffer; readonly ids: readonly string[]; readonly traceId: string } {
  const traceId = request.toString(16).padStart(32, 'e')
  const ids = Array.from({ length: spansPerRequest }, (_, i) => (i + 1).toString(16).padStart(16, '0'))
  const spans = ids.map((spanId, n) => ({
    traceId,
    spanId,
    name: 'x',
    startTimeUnixNano: '1800000000000000000',
    endTimeUnixNano: `${1_800_000_000_000_000_000n + BigInt(request * 1_000 + n) * 1_000_000n}`,
    attributes: [
      text('body', 'y'.repeat(500)),
      text('gen_ai.operation.name', n % 2 === 0 ? 'chat' : 'execute_tool'),
      text('gen_ai.request.model', `model-${n % 3}`),
      text('gen_ai.tool.name', `tool-${n % 5}`),
    ],
  }))
  return { traceId, ids, body: Buffer.from(protoOf(exportOf(spans))) }
}

async function bothCounts(folder: string): Promise<readonly [string, string]> {
  const store = openSqliteStore(join(folder, '.airworthy'), () => {})
  try {
    const about = { fromMs: 0, toMs: 4_000_000_000_000, groupBy: rollupDimensions, filter: { source: 'otlp' } } as const
    const shown = (rows: readonly RollupRow[]): string =>
      JSON.stringify(rows.map(({ group, value }) => [group, valueText(value)]))
    const both: [string, string] = ['', '']
    for (const family of ['model', 'tool'] as const) {
      both[0] += shown(await store.metrics.readRollups({ ...about, family }))
      both[1] += shown(await store.metrics.recount({ ...about, family }))
    }
    return both
  } finally {
    await store.close()
  }
}

function missing(folder: string, acknowledged: readonly string[]): string[] {
  const db = openTraces(join(folder, '.airworthy'))
  try {
    const there = new Set(
      db.prepare("SELECT trace_id || ':' || span_id FROM spans WHERE source = 'otlp'").pluck().all(),
    )
    return acknowledged.filter((one) => !there.has(one))
  } finally {
    db.close()
  }
}

function started(
  folder: string,
): Promise<{ readonly child: ChildProcess; readonly url: string; readonly key: string }> {
  const file = fileURLToPath(new URL('ingest.worker.ts', import.meta.url))
  const child = spawn(process.execPath, [file, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the kit ended with ${code}`)))
    createInterface({ input: child.stdout }).once('line', (line) => {
      child.removeAllListeners('exit')
      resolve({ child, ...(JSON.parse(line) as { url: string; key: string }) })
    })
  })
}
