/**
 * Two gateways, each a process of its own, on one PostgreSQL that syncs each commit; and two on one SQLite folder beside it, with the
 * same calls in the same run. Then the log over both gateways: how soon an entry is under a signed checkpoint, and how soon the other
 * gateway goes on when the one that writes the log is killed.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { noteSigner } from '../src/audit/note.ts'
import { verifyExport } from '../src/audit/verify-export.ts'
import { exportLog } from '../src/operate/audit/export-log.ts'
import { originOfAgent } from '../src/operate/audit/origin.ts'
import { type KitKeys, readKitKeys } from '../src/operate/keys/key-folder.ts'
import { openPostgresStore } from '../src/store/postgres/store.ts'
import { administer, databaseUrl, postgresBinaries, startPostgres } from '../test/fixtures/postgres-server.ts'
import type { BenchRow } from './bench-row.ts'
import type { CallsReport, GatewayOrder } from './postgres.worker.ts'
import { quantile } from './quantile.ts'

const desk = fileURLToPath(new URL('../../../examples/support-desk', import.meta.url))
const warmUpSeconds = 5
const callSeconds = 10
/** Enough to keep two processes busy, and no more than a pool has connections. */
const atOnceMany = 8
const entriesPerSecond = 500
const entrySeconds = 20
const lookEveryMs = 5
const handOvers = 5

/** Needs a PostgreSQL that can be started here. */
export async function benchPostgres(): Promise<BenchRow[]> {
  const [binaries] = postgresBinaries()
  if (binaries === undefined) throw new Error('There is no PostgreSQL to start.')
  const folder = mkdtempSync(join(tmpdir(), 'airworthy-bench-postgres-'))
  for (const part of ['airworthy.yaml', 'airworthy.lock', 'policies', 'prompts'])
    cpSync(join(desk, part), join(folder, part), { recursive: true })
  const server = await startPostgres(binaries, { durable: true })
  try {
    await administer(server.url, 'CREATE DATABASE bench')
    const db = databaseUrl(server.url, 'bench')
    const keys = readKitKeys(join(folder, 'a'), {})
    cpSync(join(folder, 'a'), join(folder, 'b'), { recursive: true })
    const onPostgres = await startTwo(folder, ['a', 'b'], db)
    const rows = [
      ...(await benchCalls(`PostgreSQL ${binaries.major}`, onPostgres, { p50Ms: 3, perSecond: 1_200, roundTrips: 2 })),
      ...(await benchCoverage(onPostgres, db)),
      ...(await benchHandOver(onPostgres, folder, db, keys)),
    ]
    await stopAll(onPostgres)
    const onSqlite = await startTwo(folder, ['c', 'c'])
    rows.push(...(await benchCalls('SQLite', onSqlite)))
    await stopAll(onSqlite)
    return rows
  } finally {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Started {
  readonly child: ChildProcess
  readonly dir: string
  readonly settings: Readonly<Record<string, string | number>>
}

async function startOne(project: string, dir: string, db?: string): Promise<Started> {
  const worker = fileURLToPath(new URL('postgres.worker.ts', import.meta.url))
  const child = fork(worker, [project, join(project, dir), ...(db === undefined ? [] : [db])], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const [settings] = await once(child, 'message')
  return { child, dir, settings }
}

async function startTwo(project: string, dirs: readonly string[], db?: string): Promise<Started[]> {
  const started: Started[] = []
  for (const dir of dirs) started.push(await startOne(project, dir, db))
  return started
}

async function stopAll(gateways: readonly Started[]): Promise<void> {
  for (const { child } of gateways) {
    const ended = once(child, 'exit')
    child.send({ do: 'stop' } satisfies GatewayOrder)
    await ended
  }
}

function ask<Answer>({ child }: Started, order: GatewayOrder): Promise<Answer> {
  const answered = once(child, 'message').then(([message]) => message as Answer)
  child.send(order)
  return answered
}

interface CallTargets {
  readonly p50Ms: number
  readonly perSecond: number
  readonly roundTrips: number
}

async function benchCalls(on: string, gateways: readonly Started[], targets?: CallTargets): Promise<BenchRow[]> {
  const run = async (atOnce: number, seconds = callSeconds) => {
    const reports = await Promise.all(
      gateways.map((gateway) => ask<CallsReport>(gateway, { do: 'calls', seconds, atOnce })),
    )
    const millis = reports.flatMap(({ micros }) => micros.map((one) => one / 1_000))
    const roundTrips = Math.max(...reports.flatMap((report) => report.roundTrips))
    return { millis, perSecond: millis.length / Math.max(...reports.map((one) => one.seconds)), roundTrips }
  }
  await run(atOnceMany, warmUpSeconds)
  const [alone, many] = [await run(1), await run(atOnceMany)]
  const name = `governed call, ${on}, durable, from two processes`
  const at = (op: '<=' | '>=', value: number | undefined) => (value === undefined ? {} : { target: { op, value } })
  const settings = Object.entries(gateways[0]?.settings ?? {}).map(([key, value]) => `${key} ${value}`)
  const [one, more] = [`one at a time each: ${alone.perSecond.toFixed(0)} a second`, `${atOnceMany} at a time each`]
  return [
    { name: `${name}, p50`, unit: 'ms', value: quantile(alone.millis, 0.5), ...at('<=', targets?.p50Ms), note: one },
    { name: `${name}, p99`, unit: 'ms', value: quantile(alone.millis, 0.99), note: settings.join(', ') },
    { name: `${name}, rate`, unit: '/s', value: many.perSecond, ...at('>=', targets?.perSecond), note: more },
    { name: `${name}, rate, p50`, unit: 'ms', value: quantile(many.millis, 0.5), note: more },
    ...(targets === undefined
      ? []
      : [{ name: `${name}, round trips, most`, unit: '', value: alone.roundTrips, ...at('<=', targets.roundTrips) }]),
  ]
}

/** From before the append until a checkpoint over it is there to be read, on the clock that all of them share. */
async function benchCoverage(gateways: readonly Started[], db: string): Promise<BenchRow[]> {
  const client = await connected(db)
  const before = await sizeOf(client)
  const seen: { readonly size: number; readonly atMs: number }[] = []
  let isLoaded = true
  const share = { do: 'append', seconds: entrySeconds, perSecond: entriesPerSecond / gateways.length } as const
  const load = Promise.all(gateways.map((gateway) => ask(gateway, share))).then(() => {
    isLoaded = false
  })
  const beganMs = performance.now()
  let ranSeconds = 0
  for (;;) {
    const size = await sizeOf(client)
    if (size > (seen.at(-1)?.size ?? before)) seen.push({ size, atMs: Date.now() })
    if (isLoaded) ranSeconds = (performance.now() - beganMs) / 1_000
    else if (
      (await client.query('SELECT 1 FROM audit_pending LIMIT 1')).rows.length === 0 &&
      size === (await indexed(client))
    )
      break
    await sleep(lookEveryMs)
  }
  await load
  const { rows } = await client.query<{ log_index: string; time_ms: string }>(
    `SELECT i.log_index, e.time_ms FROM audit_index i JOIN audit_entries e ON e.rowid = i.entry_rowid
     WHERE i.log_index >= ${before} AND e.body LIKE '%"kind":"kit-started"%' ORDER BY i.log_index`,
  )
  await client.end()
  let at = 0
  const latenciesMs = rows.map(({ log_index, time_ms }) => {
    while ((seen[at]?.size ?? Number.POSITIVE_INFINITY) <= Number(log_index)) at++
    return (seen[at]?.atMs ?? Number.NaN) - Number(time_ms)
  })
  const note = `${rows.length} entries, a transaction each, at ${(rows.length / ranSeconds).toFixed(0)} a second`
  const name = `audit, PostgreSQL: append to signed checkpoint at ${entriesPerSecond}/s over two gateways`
  return [
    { name: `${name}, p50`, unit: 'ms', value: quantile(latenciesMs, 0.5), note },
    { name: `${name}, p99`, unit: 'ms', value: quantile(latenciesMs, 0.99), target: { op: '<=', value: 1_000 }, note },
  ]
}

/** Kills the gateway that writes the log, while the other one works, and waits for a checkpoint of the other's. */
async function benchHandOver(gateways: Started[], folder: string, db: string, keys: KitKeys): Promise<BenchRow[]> {
  const client = await connected(db)
  const seconds: number[] = []
  for (let round = 0; round < handOvers; round++) {
    const { rows } = await client.query<{ holder: string }>('SELECT holder FROM leases')
    const index = gateways.findIndex(({ child }) => rows[0]?.holder.includes(`/${child.pid}/`))
    const leader = gateways[index]
    const other = gateways[1 - index]
    if (leader === undefined || other === undefined) throw new Error(`nobody here leads: ${rows[0]?.holder}`)
    const working = ask(other, { do: 'append', seconds: 6, perSecond: 50 })
    await sleep(500 + round * 61)
    const ended = once(leader.child, 'exit')
    leader.child.kill('SIGKILL')
    await ended
    const killedAt = performance.now()
    const before = await sizeOf(client)
    while ((await sizeOf(client)) === before) await sleep(lookEveryMs)
    seconds.push((performance.now() - killedAt) / 1_000)
    await working
    gateways[index] = await startOne(folder, leader.dir, db)
  }
  const store = await openPostgresStore(db)
  const { vkey } = noteSigner(originOfAgent('support-desk'), keys.audit)
  const { ok, size, faultCount } = await verifyExport(exportLog(store.audit, { vkey }), { publicKey: vkey })
  await Promise.all([store.close(), client.end()])
  const note = `${handOvers} times; the log of ${size} entries ${ok ? 'verifies' : `has ${faultCount} faults`}`
  const name = 'audit, PostgreSQL: hand-over of the sequencer after kill -9 of the leader, longest'
  return [{ name, unit: 's', value: ok ? Math.max(...seconds) : Number.NaN, target: { op: '<=', value: 5 }, note }]
}

async function connected(db: string): Promise<Client> {
  const client = new Client({ connectionString: db, options: '-c search_path=airworthy' })
  await client.connect()
  return client
}

async function sizeOf(client: Client): Promise<number> {
  return Number((await client.query('SELECT max(size) AS size FROM audit_checkpoints')).rows[0].size)
}

async function indexed(client: Client): Promise<number> {
  return Number((await client.query('SELECT coalesce(max(log_index) + 1, 0) AS size FROM audit_index')).rows[0].size)
}
