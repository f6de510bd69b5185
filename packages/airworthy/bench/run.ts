/**
 * `npm run bench [-- PART ...]`: every performance claim, one command. Prints the machine, each figure with its target, and ends with
 * 1 when a target is missed. Numbers of different runs are not comparable; ratios within one run are.
 */
import { cpus, totalmem } from 'node:os'
import type { BenchRow } from './bench-row.ts'

const parts: Readonly<Record<string, () => Promise<BenchRow[]>>> = {
  policy: async () => (await import('./policy.ts')).benchPolicy(),
  call: async () => (await import('./governed-call.ts')).benchGovernedCall(),
  audit: async () => (await import('./audit.ts')).benchAudit(),
  mcp: async () => (await import('./mcp.ts')).benchMcp(),
  data: async () => (await import('./data.ts')).benchData(),
  replay: async () => (await import('./replay.ts')).benchReplay(),
  postgres: async () => (await import('./postgres.ts')).benchPostgres(),
  model: async () => (await import('./model.ts')).benchModel(),
  reservations: async () => (await import('./reservations.ts')).benchReservations(),
  otlp: async () => (await import('./otlp.ts')).benchOtlp(),
  rollups: async () => (await import('./rollups.ts')).benchRollups(),
  alerts: async () => (await import('./alerts.ts')).benchAlerts(),
  evals: async () => (await import('./evals.ts')).benchEvals(),
  start: async () => (await import('./start.ts')).benchStart(),
}

/**
 * `--peers` lets a part install what it is compared with, where it needs to; `--spans N` is read by the parts about spans, `--fixture
 * FOLDER` by the one about rollups.
 */
const valued: readonly (string | undefined)[] = ['--spans', '--fixture']
const wanted = process.argv
  .slice(2)
  .filter((word, n, words) => word !== '--peers' && !valued.includes(word) && !valued.includes(words[n - 1]))
const unknown = wanted.filter((part) => parts[part] === undefined)
if (unknown.length > 0) {
  console.error(`There is no part ${unknown.join(', ')}; there are ${Object.keys(parts).join(', ')}.`)
  process.exit(3)
}
const [cpu] = cpus()
console.log(
  `${cpus().length} x ${cpu?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${process.arch}, Node ${process.version}`,
)
let missed = 0
for (const [name, run] of Object.entries(parts)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  console.log(`\n${name}`)
  for (const row of await run()) {
    const { target, value } = row
    const holds = target === undefined || (target.op === '<=' ? value <= target.value : value >= target.value)
    if (!holds) missed++
    const goal = target === undefined ? '' : `   ${holds ? 'ok' : 'MISSED'} (${target.op} ${target.value})`
    console.log(
      `  ${row.name.padEnd(72)} ${rounded(value).padStart(12)} ${row.unit.padEnd(5)}${goal}${row.note === undefined ? '' : `   ${row.note}`}`,
    )
  }
}
console.log(missed === 0 ? '\nEvery target holds.' : `\n${missed} targets are missed.`)
process.exit(missed === 0 ? 0 : 1)

function rounded(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3)
}
