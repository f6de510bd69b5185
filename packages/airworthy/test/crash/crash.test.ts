import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { atOnceRounds } from './at-once-rounds.ts'
import { crashRounds } from './crash-rounds.ts'

const folder = mkdtempSync(join(tmpdir(), 'airworthy-crash-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('kill -9 at every step from 5 to 13: no effect without intent, none twice, no overspending, the log verifies', async () => {
  const report = await crashRounds(join(folder, 'real'), 30)
  console.log(
    Object.entries(report.hits)
      .map(([step, hits]) => `${step}: ${hits}`)
      .join(', '),
  )
  expect(report.faults).toEqual([])
  expect(Math.min(...Object.values(report.hits))).toBeGreaterThanOrEqual(3)
}, 300_000)

it('kill -9 at any moment while agents act at once: the same, and what a caller was told is on record', async () => {
  const report = await atOnceRounds(join(folder, 'at-once'), 6)
  console.log(JSON.stringify(report))
  expect(report).toMatchObject({ kills: 6, faults: [] })
  expect(Math.min(report.effects, report.told)).toBeGreaterThan(50)
}, 300_000)

it('the same check catches a guard that writes its intent after the effect', async () => {
  const { faults } = await crashRounds(join(folder, 'mutant'), 18, { mutant: 'late-intend' })
  expect(faults.join('\n')).toMatch(/without an intent entry/)
}, 300_000)
