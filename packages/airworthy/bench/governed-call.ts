/**
 * A whole governed call in process, against the support desk's manifest and policies: all fourteen steps, detectors, ledger and
 * audit log on. The tool's server is an in-process recorder, so that what is timed is the guard and the store.
 */
import { closeSync, cpSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import { createKit, type Kit } from '../src/kit.ts'
import type { BenchRow } from './bench-row.ts'
import { quantile } from './quantile.ts'

const desk = fileURLToPath(new URL('../../../examples/support-desk', import.meta.url))
const warmUp = 500
const measured = 3_000
const callsPerTask = 12

export async function benchGovernedCall(): Promise<BenchRow[]> {
  const durable = await timeCalls({ inMemory: false, permits: true })
  const memory = await timeCalls({ inMemory: true, permits: false })
  return [
    { name: 'fsync of this disk, p50', unit: 'us', value: fsyncMicros() },
    { name: 'two durable SQLite commits of ten pages each, nothing else, p50', unit: 'us', value: twoCommitsMicros() },
    {
      name: `PRAGMA synchronous (2 is FULL), journal ${durable.settings.journal}`,
      unit: '',
      value: Number(durable.settings.synchronous),
    },
    {
      name: 'governed call in process, SQLite, durable, p50',
      unit: 'us',
      value: quantile(durable.micros, 0.5),
      target: { op: '<=', value: 450 },
    },
    {
      name: 'governed call in process, SQLite, durable, p99',
      unit: 'us',
      value: quantile(durable.micros, 0.99),
      target: { op: '<=', value: 3_000 },
    },
    {
      name: 'governed call in process, :memory:, no permit, p50',
      unit: 'us',
      value: quantile(memory.micros, 0.5),
      target: { op: '<=', value: 120 },
    },
    { name: 'governed call in process, :memory:, no permit, p99', unit: 'us', value: quantile(memory.micros, 0.99) },
    {
      // What is done between the calls (spans, the log's index, signing) is in no single call's time, but it is in this one.
      name: 'a durable call with its share of what the kit does between calls, mean',
      unit: 'us',
      value: durable.meanWithAllMicros,
    },
    { name: 'governed calls of 16 tasks at once, durable, one process', unit: '/s', value: await callsAtOnce() },
  ]
}

interface Timed {
  readonly micros: readonly number[]
  /** Wall time of all measured calls, tasks opened and turns given up between them included, by their number. */
  readonly meanWithAllMicros: number
  readonly settings: Readonly<Record<string, string | number>>
}

async function timeCalls({ inMemory, permits }: { inMemory: boolean; permits: boolean }): Promise<Timed> {
  return await withKit({ inMemory, permits }, async (kit) => {
    const micros: number[] = []
    let beganMs = 0
    // A task has 15 calls, as the desk's budget says; the calls of a task are one conversation.
    for (let call = 0; call < warmUp + measured; ) {
      if (beganMs === 0 && call >= warmUp) beganMs = performance.now()
      const task = await openDeskTask(kit)
      for (let i = 0; i < callsPerTask; i++, call++) {
        const startedAt = performance.now()
        await callOnce(kit, task, call)
        if (call >= warmUp) micros.push((performance.now() - startedAt) * 1_000)
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
    const meanWithAllMicros = ((performance.now() - beganMs) * 1_000) / micros.length
    return { micros, meanWithAllMicros, settings: await kit.store.settings() }
  })
}

/** Each task makes one call after the other, and its tool answers in a later turn of the event loop, as a real one does. */
async function callsAtOnce(): Promise<number> {
  return await withKit({ inMemory: false, permits: true, answersLater: true }, async (kit) => {
    let made = 0
    const work = async (until: number): Promise<void> => {
      while (made < until) {
        const task = await openDeskTask(kit)
        for (let i = 0; i < callsPerTask; i++) await callOnce(kit, task, made++)
      }
    }
    const workAll = (until: number) => Promise.all(Array.from({ length: 16 }, () => work(until)))
    await workAll(warmUp)
    const [from, beganMs] = [made, performance.now()]
    await workAll(from + measured)
    return ((made - from) / (performance.now() - beganMs)) * 1_000
  })
}

async function callOnce(kit: Kit, task: string, call: number): Promise<void> {
  const answer = await kit.act({
    task,
    tool: 'update_ticket',
    arguments: { ticket_id: `XZ-${10_000 + call}`, status: 'open' },
    door: 'embedded',
  })
  if (answer.state !== 'succeeded')
    throw new Error(`the bench call was not executed: ${JSON.stringify(answer.reasons)}`)
}

interface KitOfBench {
  readonly inMemory: boolean
  readonly permits: boolean
  readonly answersLater?: boolean
}

async function withKit<T>(
  { inMemory, permits, answersLater = false }: KitOfBench,
  use: (kit: Kit) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'airworthy-bench-'))
  for (const part of ['airworthy.yaml', 'airworthy.lock', 'policies', 'prompts'])
    cpSync(join(desk, part), join(folder, part), { recursive: true })
  const digests = new Map<string, string>()
  const kit = await createKit({
    project: folder,
    dir: inMemory ? ':memory:' : join(folder, '.airworthy'),
    env: { HELPDESK_URL: 'http://127.0.0.1:9', MODEL_URL: 'http://127.0.0.1:9/v1' },
    permits,
    upstream: {
      offeredDigest: async (_server, name) => ({ kind: 'offered', definitionDigest: digests.get(name) as never }),
      call: async () => {
        if (answersLater) await new Promise((resolve) => setImmediate(resolve))
        return {
          kind: 'answered',
          isError: false,
          result: {
            content: [{ type: 'text', text: 'ok' }],
            structuredContent: { ticket_id: 'XZ-10001', status: 'open' },
          },
        }
      },
      reconcile: async () => ({ state: 'unknown' }),
    },
    authChecks: { ask: async () => ({ kind: 'allowed' }) },
  })
  for (const tool of kit.manifest.tools) digests.set(tool.upstreamName, tool.definitionDigest)
  await kit.start()
  try {
    return await use(kit)
  } finally {
    await kit.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function openDeskTask(kit: Kit): Promise<string> {
  const principal = { id: 'bench', attributes: { role: 'support', tenant: 'bench' } }
  const { task } = await kit.openTask({ principal, input: 'set the ticket to open', openedBy: 'embedded' })
  return task.id
}

/** What a governed call cannot be faster than on this disk: its intent and its outcome are two commits. */
function twoCommitsMicros(): number {
  const folder = mkdtempSync(join(tmpdir(), 'airworthy-bench-'))
  const db = new Database(join(folder, 'floor.db'))
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  const inserts = Array.from({ length: 10 }, (_, table) => {
    db.exec(`CREATE TABLE t${table} (a INTEGER PRIMARY KEY, b TEXT)`)
    return db.prepare(`INSERT INTO t${table} (b) VALUES (?)`)
  })
  const commit = db.transaction(() => {
    for (const insert of inserts) insert.run('x'.repeat(200))
  })
  const micros: number[] = []
  for (let i = 0; i < 1_000; i++) {
    const startedAt = performance.now()
    commit.immediate()
    commit.immediate()
    micros.push((performance.now() - startedAt) * 1_000)
  }
  db.close()
  rmSync(folder, { recursive: true })
  return quantile(micros, 0.5)
}

function fsyncMicros(): number {
  const path = join(mkdtempSync(join(tmpdir(), 'airworthy-bench-')), 'fsync')
  const handle = openSync(path, 'w')
  const block = Buffer.alloc(4096)
  const micros: number[] = []
  for (let i = 0; i < 300; i++) {
    writeSync(handle, block, 0, block.length, (i % 64) * 4096)
    const startedAt = performance.now()
    fsyncSync(handle)
    micros.push((performance.now() - startedAt) * 1_000)
  }
  closeSync(handle)
  rmSync(join(path, '..'), { recursive: true })
  return quantile(micros, 0.5)
}
