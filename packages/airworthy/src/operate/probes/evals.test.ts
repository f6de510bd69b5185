import { expect, test } from 'vitest'
import { aRun, type RunWish } from '../../../test/fixtures/eval-runs.ts'
import { testManifest } from '../../../test/fixtures/test-guard.ts'
import { type TestProbesOptions, testProbes } from '../../../test/fixtures/test-probes.ts'
import type { CountedRun, GateInput } from '../../evals/gate/gate-input.ts'
import { recount } from '../../evals/gate/recount.ts'
import { probeData5, probeEval } from './evals.ts'

type Wish = Partial<RunWish> & Pick<RunWish, 'cases'>

async function probed(options: TestProbesOptions, runs: { scenarios?: Wish; attacks?: Wish; ageMs?: number }) {
  const t = await testProbes(options)
  const input = await t.context.gateInput()
  const run = (wish: Wish, more: Partial<RunWish>): CountedRun => {
    const record = aRun({
      ...more,
      ...wish,
      plan: { release: input.release, createdMs: input.nowMs - (runs.ageMs ?? 0), ...wish.plan },
    })
    return { record, count: recount(record) }
  }
  const gateInput = async (): Promise<GateInput> => ({
    ...input,
    ...(runs.scenarios === undefined ? {} : { scenarios: run(runs.scenarios, {}) }),
    ...(runs.attacks === undefined ? {} : { attacks: run(runs.attacks, { kind: 'attacks', run: 'run_2' }) }),
  })
  return { ...t.context, gateInput }
}

test('without a run there is no pass, and the mend says which command makes one', async () => {
  const context = await probed({}, {})
  for (const control of ['EVAL-1', 'EVAL-2', 'EVAL-3', 'EVAL-4'] as const) {
    const { failures, unclear } = await probeEval(control)(context)
    expect([control, failures.length, unclear.length]).toEqual([control, 0, 1])
    expect(unclear[0]?.mend).toMatch(/airworthy/)
  }
})

test('EVAL-3 passes at 95 of 100, fails at 94, and says when the world was simulated', async () => {
  const failed = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [at, 'B' as const]))
  const at = async (count: number, simulated: string[] = []) =>
    await probeEval('EVAL-3')(
      await probed({}, { scenarios: { cases: 100, failures: failed(count), plan: { simulated } } }),
    )
  expect(await at(5, ['world'])).toMatchObject({ failures: [], unclear: [], simulated: true })
  expect(await at(5)).toMatchObject({ failures: [], unclear: [], simulated: false })
  expect((await at(6)).failures).toHaveLength(1)
})

const scheduled = { manifest: testManifest() }
const armed = { manifest: { ...scheduled.manifest, schedules: { redteam: 'weekly' } } }
const dayMs = 86_400_000
test('DATA-5 wants a whole run of at most 31 days with injections and exfiltrations, and the next one scheduled', async () => {
  const cell = { goal: 'leak-link/pii/reply', carrier: 'document', technique: 't', disguise: 'none', cluster: 'c' }
  const good = await probeData5(await probed(armed, { attacks: { cases: 10, attack: () => cell } }))
  expect([good.failures, good.unclear]).toEqual([[], []])
  const old = await probeData5(await probed(armed, { attacks: { cases: 10 }, ageMs: 32 * dayMs }))
  expect(old.unclear[0]?.what).toMatch(/older than 31 days/)
  expect((await probeData5(await probed(armed, {}))).unclear).toHaveLength(1)
  const cut = await probed(armed, { attacks: { cases: 10, row: (index) => (index === 3 ? { state: 'error' } : {}) } })
  expect((await probeData5(cut)).unclear[0]?.what).toMatch(/not whole/)
  for (const [what, attack] of [
    ['no data exfiltration', { ...cell, goal: 'execute/issue_refund' }],
    ['no prompt injection', { ...cell, carrier: 'user-message' }],
  ] as const) {
    const lacking = await probeData5(await probed(armed, { attacks: { cases: 10, attack: () => attack } }))
    expect([lacking.failures, lacking.unclear[0]?.what]).toEqual([[], expect.stringContaining(what)])
  }
  expect(good.seen).toMatch(/10 of prompt injection, 10 of data exfiltration/)
  const unarmed = { manifest: { ...scheduled.manifest, schedules: {} } }
  expect((await probeData5(await probed(unarmed, { attacks: { cases: 10 } }))).failures).toHaveLength(1)
})
