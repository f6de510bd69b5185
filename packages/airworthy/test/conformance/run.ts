/** `npm run conformance`: the official suite against the fixture alone and through the gateway, side by side. Exit 1 on a difference. */
import { compare, faultsOf, type Row, revisions, type Tally } from './compare.ts'

const show = ({ passed, failed }: Tally): string => `${passed} passed${failed === 0 ? '' : `, ${failed} failed`}`
const nameOf = ({ scenario, isRequired }: Row): string => (isRequired ? scenario : `(${scenario})`)

let isBroken = false
for (const revision of revisions) {
  const { rows, auditEntries } = await compare(revision)
  const width = Math.max(...rows.map((row) => nameOf(row).length))
  console.log(`\nMCP ${revision}: what the revision requires of a server, and in brackets what it does not\n`)
  console.log(`${'SCENARIO'.padEnd(width)}  ${'ALONE'.padEnd(20)}  THROUGH THE GATEWAY`)
  for (const row of rows) {
    const mark = row.lost.length === 0 ? '' : row.expected === undefined ? '  DIFFERENT' : '  (expected)'
    console.log(`${nameOf(row).padEnd(width)}  ${show(row.alone).padEnd(20)}  ${show(row.gateway)}${mark}`)
  }
  const required = rows.filter(({ isRequired }) => isRequired)
  const kept = required.filter(({ lost }) => lost.length === 0).length
  console.log(
    `\n${kept} of ${required.length} required scenarios pass through the gateway as they do alone; its audit log has ${auditEntries} entries.`,
  )
  for (const why of new Set(rows.flatMap(({ expected }) => expected ?? []))) {
    const names = rows.filter(({ expected }) => expected === why).map(({ scenario }) => scenario)
    console.log(`Expected: ${names.join(', ')}. ${why}`)
  }
  for (const fault of faultsOf(rows)) {
    isBroken = true
    console.log(`FAULT  ${fault}`)
  }
}
process.exitCode = isBroken ? 1 : 0
