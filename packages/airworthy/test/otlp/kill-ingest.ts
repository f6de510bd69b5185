/** Rounds of kill -9 while four clients send spans: what was acknowledged in any of them must be there in the end. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { openSqlite } from '../../src/store/sqlite/open.ts'
import { writeCrashProject } from '../crash/crash-project.ts'
import { exportOf, protoOf, text } from './encode-export.ts'

export interface IngestReport {
  readonly acknowledged: number
  /** Requests that were on their way when the process was killed. */
  readonly cut: number
  /** Spans that were acknowledged and are not there. */
  readonly lost: readonly string[]
}

const clients = 4
const spansPerRequest = 300

export async function killIngest(folder: string, rounds: number): Promise<IngestReport> {
  writeCrashProject(folder)
  const acknowledged: string[] = []
  let cut = 0
  let request = 0
  for (let round = 0; round < rounds; round++) {
    const { child, url, key } = await started(folder)
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    // Killed after another number of answers in each round, so at another place of a batch.
    let answersLeft = 3 + round * 2
    const send = async (): Promise<void> => {
      for (;;) {
        const traceId = (++request).toString(16).padStart(32, 'e')
        const ids = Array.from({ length: spansPerRequest }, (_, i) => (i + 1).toString(16).padStart(16, '0'))
        const spans = ids.map((spanId) => ({ traceId, spanId, name: 'x', attributes: [text('body', 'y'.repeat(500))] }))
        try {
          const response = await fetch(`${url}/v1/traces`, {
            method: 'POST',
            headers: { authorization: `Bearer ${key}`, 'content-type': 'application/x-protobuf' },
            body: Buffer.from(protoOf(exportOf(spans))),
          })
          if (response.status !== 200) throw new Error(`answered ${response.status}`)
        } catch (error) {
          if (child.killed) cut++
          else throw error
          return
        }
        acknowledged.push(...ids.map((spanId) => `${traceId}:${spanId}`))
        if (--answersLeft === 0) child.kill('SIGKILL')
      }
    }
    await Promise.all(Array.from({ length: clients }, send))
    await exited
  }
  return { acknowledged: acknowledged.length, cut, lost: missing(folder, acknowledged) }
}

function missing(folder: string, acknowledged: readonly string[]): string[] {
  const db = openSqlite(join(folder, '.airworthy'))
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
