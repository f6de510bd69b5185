/** The audit log on SQLite with `synchronous=FULL`: appending in batches, time to a signed checkpoint, verification by an outsider. */
import { execFile } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { noteSigner } from '../src/audit/note.ts'
import { type EntryDraft, sealEntry } from '../src/audit/seal-entry.ts'
import { generateSigningKey } from '../src/core/signature.ts'
import { exportLog } from '../src/operate/audit/export-log.ts'
import { createSequencer } from '../src/operate/sequencer/sequencer.ts'
import { appendEntry, sqliteAuditLog } from '../src/store/sqlite/audit-log.ts'
import { openSqlite } from '../src/store/sqlite/open.ts'
import type { BenchRow } from './bench-row.ts'

const entriesTotal = 1_000_000
const batchEntries = 1_000
const loadPerSecond = 500
const loadSeconds = 10

const signer = noteSigner('bench.example/audit', generateSigningKey())

/** Appends and covers a million entries, verifies their export in another process, then runs a steady load. Takes about 90 s. */
export async function benchAudit(): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'airworthy-bench-audit-'))
  try {
    const million = join(folder, 'million')
    const appended = await benchAppend(million)
    const verified = await benchVerify(million, join(folder, 'export.jsonl'))
    return [...appended, ...(await benchCoverage(join(folder, 'load'))), ...verified]
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function benchAppend(dir: string): Promise<BenchRow[]> {
  const db = openSqlite(dir)
  try {
    const log = sqliteAuditLog(db)
    const appendBatch = db.transaction((first: number) => {
      for (let index = first; index < first + batchEntries; index++) appendEntry(db, sealEntry(draftOf(index)))
    })
    const startMs = performance.now()
    for (let first = 0; first < entriesTotal; first += batchEntries) appendBatch(first)
    const appendedMs = performance.now() - startMs
    await createSequencer({ port: log, signer }).drain()
    const coveredMs = performance.now() - startMs
    return [
      {
        name: `audit: append, ${batchEntries} entries a transaction`,
        unit: 'entries/s',
        value: entriesTotal / (appendedMs / 1000),
        target: { op: '>=', value: 40_000 },
        note: `${entriesTotal} entries of ${sealEntry(draftOf(0)).text.length} bytes, printed, hashed and durable`,
      },
      {
        name: 'audit: append, sequence, sign and publish',
        unit: 'entries/s',
        value: entriesTotal / (coveredMs / 1000),
        note: 'the same entries to the last signed checkpoint, in one process',
      },
    ]
  } finally {
    db.close()
  }
}

async function benchCoverage(dir: string): Promise<BenchRow[]> {
  const db = openSqlite(dir)
  const appendedMs: number[] = []
  const latenciesMs: number[] = []
  const sequencer = createSequencer({
    port: sqliteAuditLog(db),
    signer,
    onCheckpoint: ({ size }) => {
      while (latenciesMs.length < size) latenciesMs.push(performance.now() - (appendedMs[latenciesMs.length] as number))
    },
  })
  try {
    await sequencer.start()
    const startMs = performance.now()
    const append = db.transaction((index: number) => appendEntry(db, sealEntry(draftOf(index))))
    const total = loadPerSecond * loadSeconds
    for (let index = 0; index < total; ) {
      // Whoever called meanwhile is served, each in a transaction of its own; then the event loop turns, as a kit's does.
      const due = Math.min(total, Math.ceil(((performance.now() - startMs) / 1000) * loadPerSecond))
      for (; index < due; index++) {
        appendedMs.push(performance.now())
        append.immediate(index)
        sequencer.wake()
      }
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    const ranSeconds = (performance.now() - startMs) / 1000
    await sequencer.stop()
    latenciesMs.sort((left, right) => left - right)
    const at = (share: number): number => latenciesMs[Math.ceil(latenciesMs.length * share) - 1] as number
    const note = `${latenciesMs.length} entries, a transaction each, at ${(latenciesMs.length / ranSeconds).toFixed(0)} a second`
    const name = `audit: append to signed checkpoint at ${loadPerSecond}/s`
    return [
      { name: `${name}, p50`, unit: 'ms', value: at(0.5), note },
      { name: `${name}, p99`, unit: 'ms', value: at(0.99), target: { op: '<=', value: 500 }, note },
    ]
  } finally {
    db.close()
  }
}

async function benchVerify(dir: string, path: string): Promise<BenchRow[]> {
  const db = openSqlite(dir)
  const startMs = performance.now()
  try {
    await pipeline(Readable.from(exportLog(sqliteAuditLog(db), { vkey: signer.vkey })), createWriteStream(path))
  } finally {
    db.close()
  }
  const exportSeconds = (performance.now() - startMs) / 1000
  const worker = fileURLToPath(new URL('./audit-verify.worker.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [worker, path, signer.vkey])
  const result = JSON.parse(stdout) as {
    ok: boolean
    size: number
    faultCount: number
    seconds: number
    peakMegabytes: number
  }
  if (!result.ok || result.size !== entriesTotal) throw new Error(`The benchmark's log did not verify: ${stdout}`)
  const note = `export of ${((await stat(path)).size / 1e6).toFixed(0)} MB, in a process of its own`
  const name = `audit: verify ${entriesTotal} entries offline`
  return [
    { name: `audit: export ${entriesTotal} entries`, unit: 's', value: exportSeconds },
    { name: `${name}, time`, unit: 's', value: result.seconds, target: { op: '<=', value: 15 }, note },
    { name: `${name}, peak memory`, unit: 'MB', value: result.peakMegabytes, target: { op: '<=', value: 300 }, note },
  ]
}

/** What a governed call leaves: the entry of an intended action, with everything that the guard knows of it. */
function draftOf(index: number): EntryDraft {
  const id = String(index).padStart(12, '0')
  return {
    id: `ent_${id}`,
    timeMs: 1_750_000_000_000 + index,
    kind: 'action-intended',
    actor: { kind: 'agent', id: 'support-desk', verifiedBy: 'agent_key' },
    principal: { id: 'user-4711', verifiedBy: 'jwt' },
    agent: 'support-desk',
    release: `sha256:${'5e'.repeat(32)}`,
    environment: 'production',
    door: 'mcp',
    mode: 'enforce',
    action: 'issue_refund',
    object: `act_${id}`,
    effect: 'irreversible',
    definition: `sha256:${'a7'.repeat(32)}`,
    task: `task_${String(Math.floor(index / 8)).padStart(12, '0')}`,
    traceId: id.padStart(32, '0'),
    decision: 'allow',
    policies: ['policies/refund.cedar:12'],
    policyDigest: `sha256:${'c0'.repeat(32)}`,
    labels: ['pii'],
  }
}
