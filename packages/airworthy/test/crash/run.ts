/** `npm run crash`: kill -9 in 200 rounds, the counts for each step, and the mutant that must fail. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crashRounds } from './crash-rounds.ts'

const rounds = Number(process.argv[2] ?? 200)
const hitsMin = Math.floor(rounds / 20)
const folder = mkdtempSync(join(tmpdir(), 'airworthy-crash-'))
const report = await crashRounds(folder, rounds, {
  onRound: (round) => {
    if ((round + 1) % 20 === 0) console.log(`${round + 1} rounds`)
  },
})
const mutant = await crashRounds(`${folder}-mutant`, 27, { mutant: 'late-intend' })
for (const [step, hits] of Object.entries(report.hits)) console.log(`step ${step}: killed ${hits} times`)
for (const fault of report.faults) console.log(`FAULT ${fault}`)
console.log(`mutant with intend after execute: ${mutant.faults[0] ?? 'NOT CAUGHT'}`)
const missed = Object.values(report.hits).some((hits) => hits < hitsMin)
const failed = report.faults.length > 0 || mutant.faults.length === 0 || missed
console.log(failed ? 'FAILED' : `${rounds} rounds of kill -9: no fault`)
process.exitCode = failed ? 1 : 0
rmSync(folder, { recursive: true, force: true })
rmSync(`${folder}-mutant`, { recursive: true, force: true })
