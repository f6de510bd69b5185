import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { postgresBinaries } from '../fixtures/postgres-server.ts'
import { postgresCrashRounds } from './postgres-rounds.ts'

const [binaries] = postgresBinaries()

describe.skipIf(binaries === undefined)('two gateways on PostgreSQL (needs a PostgreSQL)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'airworthy-crash-postgres-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('kill -9 of either and a server stopped under load: no effect without intent, none twice, no answer lost', async () => {
    if (binaries === undefined) return
    const report = await postgresCrashRounds(binaries, join(folder, 'real'), { kills: 10, restarts: 1 })
    console.log(JSON.stringify(report))
    expect(report.faults).toEqual([])
    expect(report).toMatchObject({ kills: 10, restarts: 1 })
    expect(report.effects).toBeGreaterThan(100)
  }, 300_000)

  it('the same check catches a guard that writes its intent after the effect', async () => {
    if (binaries === undefined) return
    const options = { kills: 10, restarts: 0, mutant: 'late-intend' }
    const { faults } = await postgresCrashRounds(binaries, join(folder, 'mutant'), options)
    expect(faults.join('\n')).toMatch(/without an intent entry/)
  }, 300_000)
})
