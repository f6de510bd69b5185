/** Rounds of kill -9 against one of two gateways on one PostgreSQL, which itself is stopped at once now and then, under load. */
import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { openPostgresStore } from '../../src/store/postgres/store.ts'
import { administer, databaseUrl, type PostgresBinaries, startPostgres } from '../fixtures/postgres-server.ts'
import { readEffects, writeCrashProject } from './crash-project.ts'
import { endGateway, lastWords, readTold, startGateway } from './gateway-process.ts'
import { type LedgerRows, ledgerFaults, logFaults } from './total-check.ts'

export interface PostgresCrashReport {
  /** Gateways killed while they worked. */
  readonly kills: number
  /** Times that the server was stopped at once and started again. */
  readonly restarts: number
  readonly effects: number
  readonly entries: number
  /** Actions whose outcome a death left in doubt. */
  readonly ambiguous: number
  readonly faults: readonly string[]
}

export interface PostgresCrashOptions {
  readonly kills: number
  readonly restarts: number
  readonly mutant?: string
  readonly onRound?: (round: number) => void
}

/** A gateway dies somewhere in this time of work. */
const lifeMsMax = 700
const logCheckEvery = 10
const settledMsMax = 30_000

export async function postgresCrashRounds(
  binaries: PostgresBinaries,
  folder: string,
  { kills, restarts, mutant, onRound = () => {} }: PostgresCrashOptions,
): Promise<PostgresCrashReport> {
  writeCrashProject(folder)
  const server = await startPostgres(binaries, { durable: true })
  await administer(server.url, 'CREATE DATABASE crash')
  const db = databaseUrl(server.url, 'crash')
  const start = (): Promise<ChildProcess> => startGateway(folder, db, mutant)
  const gateways = await Promise.all([start(), start()])
  const faults: string[] = []
  let restarted = 0
  let killed = 0
  try {
    while (killed < kills && faults.length === 0) {
      if (restarted < Math.floor(((killed + 1) * restarts) / kills)) {
        await sleep(Math.random() * lifeMsMax)
        await server.restart()
        restarted++
      }
      await sleep(20 + Math.random() * lifeMsMax)
      const victim = Math.random() < 0.5 ? 0 : 1
      await endGateway(gateways[victim] as ChildProcess, 'SIGKILL')
      killed++
      faults.push(...(await checked(folder, db, killed % logCheckEvery === 0)))
      gateways[victim] = await start()
      onRound(killed)
    }
    if (faults.length === 0) faults.push(...(await allSettled(db)))
    const codes = await Promise.all(gateways.map((gateway) => endGateway(gateway, 'SIGTERM')))
    if (mutant === undefined && codes.some((code) => code !== 0))
      faults.push(`a gateway ended with ${codes.join(', ')}: ${gateways.map((one) => lastWords(one)).join(' | ')}`)
    faults.push(...(await checked(folder, db, true)))
    return { ...(await countsOf(folder, db)), kills: killed, restarts: restarted, faults }
  } finally {
    for (const gateway of gateways) gateway.kill('SIGKILL')
    await server.stop()
  }
}

async function checked(folder: string, db: string, withLog: boolean): Promise<string[]> {
  // The other gateway works on: what it did before this moment is on record by the next statement.
  const effects = readEffects(folder)
  const told = readTold(folder)
  return [
    ...ledgerFaults(effects, await readRows(db)),
    ...(await lostAnswers(db, told)),
    ...(withLog ? await logFaults(await openPostgresStore(db), join(folder, '.airworthy')) : []),
  ]
}

async function rowsOf<Row>(db: string, text: string, values: readonly unknown[] = []): Promise<Row[]> {
  const client = new Client({ connectionString: db, options: '-c search_path=airworthy' })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(text, [...values])).rows
  } finally {
    await client.end()
  }
}

async function readRows(db: string): Promise<LedgerRows> {
  const tasks = await rowsOf<Record<keyof LedgerRows['tasks'][number], string>>(
    db,
    `SELECT t.id, t.tool_calls AS calls, t.cost_usd_micros AS cost, count(a.row) AS attempts,
       coalesce(sum(a.cost_usd_micros), 0) AS spent, count(*) FILTER (WHERE a.state <> 'denied') AS executed
     FROM tasks t LEFT JOIN actions a ON a.task_row = t.row GROUP BY t.row`,
  )
  const ids = async (text: string): Promise<string[]> => (await rowsOf<{ id: string }>(db, text)).map(({ id }) => id)
  return {
    intents: await ids(
      "SELECT body::jsonb->>'object' AS id FROM audit_entries WHERE body::jsonb->>'kind' = 'action-intended'",
    ),
    approved: await ids("SELECT action_id AS id FROM approvals WHERE state = 'used'"),
    tasks: tasks.map(({ id, calls, cost, attempts, spent, executed }) => ({
      id,
      calls: Number(calls),
      cost: Number(cost),
      attempts: Number(attempts),
      spent: Number(spent),
      executed: Number(executed),
    })),
  }
}

/** What a caller was told and the ledger, or the log, does not say. */
async function lostAnswers(db: string, told: ReadonlyMap<string, string>): Promise<string[]> {
  const rows = await rowsOf<{ id: string; state: string; logged: boolean }>(
    db,
    `SELECT a.id, a.state, EXISTS (SELECT FROM audit_entries e WHERE e.id = coalesce(a.result_entry, a.arguments_entry)) AS logged
     FROM actions a WHERE a.id = ANY ($1)`,
    [[...told.keys()]],
  )
  const found = new Map(rows.map((row) => [row.id, row]))
  return [...told].flatMap(([action, state]) => {
    const row = found.get(action)
    if (row?.state === state && row.logged) return []
    return [
      `${action} was told to be ${state}; the ledger says ${row?.state ?? 'nothing'}, the log ${row?.logged ?? false}`,
    ]
  })
}

/** Whoever is left takes up what the dead left open. */
async function allSettled(db: string): Promise<string[]> {
  const giveUpAt = performance.now() + settledMsMax
  const before = await rowsOf<{ id: string }>(db, "SELECT id FROM actions WHERE state = 'intended'")
  for (;;) {
    const open = await rowsOf(db, "SELECT id FROM actions WHERE state = 'intended' AND id = ANY ($1)", [
      before.map(({ id }) => id),
    ])
    if (open.length === 0) return []
    if (performance.now() > giveUpAt) return [`${open.length} actions are open that nobody executes`]
    await sleep(200)
  }
}

async function countsOf(
  folder: string,
  db: string,
): Promise<Pick<PostgresCrashReport, 'effects' | 'entries' | 'ambiguous'>> {
  const [row] = await rowsOf<{ entries: string; ambiguous: string }>(
    db,
    "SELECT (SELECT count(*) FROM audit_entries) AS entries, (SELECT count(*) FROM actions WHERE state = 'ambiguous') AS ambiguous",
  )
  return { effects: readEffects(folder).length, entries: Number(row?.entries), ambiguous: Number(row?.ambiguous) }
}
