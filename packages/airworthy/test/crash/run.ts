/**
 * `npm run crash [-- sqlite|postgres|ingest|evals] [ROUNDS]`: kill -9 of a kit on its folder in 200 rounds, with the counts for each
 * step, and in 100 at random moments while agents act at once; kill -9 of two gateways on one PostgreSQL in 100 rounds, with the server
 * stopped 10 times; kill -9 during ingest of spans in 50 rounds; `eval run` killed at 50 random moments and gone on with; and the
 * mutants that must fail.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { postgresBinaries } from '../fixtures/postgres-server.ts'
import { killIngest } from '../otlp/kill-ingest.ts'
import { atOnceRounds } from './at-once-rounds.ts'
import { crashRounds } from './crash-rounds.ts'
import { evalRounds } from './eval-rounds.ts'
import { postgresCrashRounds } from './postgres-rounds.ts'

const given = process.argv.slice(2)
const rounds = given.map(Number).find((count) => count > 0)
const folder = mkdtempSync(join(tmpdir(), 'airworthy-crash-'))
const isWanted = (part: string): boolean => given.includes(part) || given.every((one) => Number(one) > 0)
const every =
  (count: number, of: string) =>
  (round: number): void => {
    if (round % count === 0) console.log(`${of}: ${round} rounds`)
  }

let failed = false
if (isWanted('sqlite')) await onSqlite(rounds ?? 200)
if (isWanted('ingest')) await onIngest(rounds ?? 50)
if (isWanted('evals')) await onEvals(rounds ?? 50)
if (isWanted('postgres')) await onPostgres(rounds ?? 100)
process.exitCode = failed ? 1 : 0
rmSync(folder, { recursive: true, force: true })

async function onSqlite(count: number): Promise<void> {
  const say = every(20, 'SQLite')
  const report = await crashRounds(join(folder, 'sqlite'), count, { onRound: (round) => say(round + 1) })
  const mutant = await crashRounds(join(folder, 'sqlite-mutant'), 27, { mutant: 'late-intend' })
  for (const [step, hits] of Object.entries(report.hits)) console.log(`step ${step}: killed ${hits} times`)
  const missed = Object.values(report.hits).some((hits) => hits < Math.floor(count / 20))
  conclude(
    `SQLite, ${count} rounds of kill -9`,
    missed ? ['a step was hit too seldom', ...report.faults] : report.faults,
    mutant,
  )
  const atOnceCount = Math.ceil(count / 2)
  const atOnce = await atOnceRounds(join(folder, 'at-once'), atOnceCount, { onRound: every(20, 'SQLite, at once') })
  console.log(`${atOnce.effects} effects, ${atOnce.told} answers that callers had`)
  conclude(
    `SQLite, ${atOnceCount} rounds of kill -9 while agents act at once`,
    atOnce.faults,
    await atOnceRounds(join(folder, 'at-once-mutant'), 27, { mutant: 'late-intend' }),
  )
}

async function onIngest(count: number): Promise<void> {
  const { acknowledged, cut, lost, rolled, counted } = await killIngest(join(folder, 'ingest'), count)
  console.log(`${acknowledged} spans acknowledged, ${cut} requests cut and sent again, ${lost.length} spans lost`)
  const isFailed = lost.length > 0 || rolled !== counted
  failed ||= isFailed
  if (rolled !== counted) console.log('FAULT the rollups differ from a recount')
  console.log(`${isFailed ? 'FAILED: ' : ''}ingest, ${count} rounds of kill -9${isFailed ? '' : ': no fault'}`)
}

async function onEvals(count: number): Promise<void> {
  const { folder: project, kills, midway, finished, faults } = await evalRounds(count)
  rmSync(project, { recursive: true, force: true })
  console.log(
    `eval run: killed ${kills.SIGKILL} times, terminated ${kills.SIGTERM} times, ${midway} of them midway; ${finished} runs ended`,
  )
  for (const fault of faults) console.log(`FAULT ${fault}`)
  failed ||= faults.length > 0
  console.log(
    `${faults.length > 0 ? 'FAILED: ' : ''}eval run, ${count} random moments${faults.length > 0 ? '' : ': no fault'}`,
  )
}

async function onPostgres(count: number): Promise<void> {
  const [binaries] = postgresBinaries()
  if (binaries === undefined) {
    console.log('SKIPPED: there is no PostgreSQL to start')
    return
  }
  const restarts = Math.ceil(count / 10)
  const onRound = every(10, `PostgreSQL ${binaries.major}`)
  const report = await postgresCrashRounds(binaries, join(folder, 'postgres'), { kills: count, restarts, onRound })
  const { effects, entries, ambiguous } = report
  console.log(`${report.kills} gateways killed, the server stopped ${report.restarts} times`)
  console.log(`${effects} effects, ${entries} entries in the log, ${ambiguous} outcomes in doubt`)
  const options = { kills: 10, restarts: 0, mutant: 'late-intend' }
  const mutant = await postgresCrashRounds(binaries, join(folder, 'postgres-mutant'), options)
  conclude(`PostgreSQL ${binaries.major}, ${count} rounds of kill -9 of one of two gateways`, report.faults, mutant)
}

function conclude(what: string, faults: readonly string[], mutant: { readonly faults: readonly string[] }): void {
  for (const fault of faults) console.log(`FAULT ${fault}`)
  console.log(`mutant with intend after execute: ${mutant.faults[0] ?? 'NOT CAUGHT'}`)
  const isFailed = faults.length > 0 || mutant.faults.length === 0
  failed ||= isFailed
  console.log(isFailed ? `FAILED: ${what}` : `${what}: no fault`)
}
