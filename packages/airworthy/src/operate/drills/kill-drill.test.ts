import { afterEach, expect, test } from 'vitest'
import { type TestProbes, type TestProbesOptions, testProbes } from '../../../test/fixtures/test-probes.ts'
import type { ProbeContext, ProbeResult } from '../probes/probe-context.ts'
import { type DrilledKill, killDrill } from './kill-drill.ts'

let open: TestProbes[] = []
async function drilled(
  change: (kill: DrilledKill, p: TestProbes) => Partial<DrilledKill> = () => ({}),
  options: TestProbesOptions = {},
  limitMs = 300,
  context: (base: ProbeContext) => ProbeContext = (base) => base,
): Promise<{ p: TestProbes; result: ProbeResult }> {
  const p = await testProbes(options)
  open.push(p)
  const kill = { ...p.check.kill, ...change(p.check.kill, p) }
  return { p, result: await killDrill(context(p.context), kill, limitMs) }
}
afterEach(() => {
  for (const one of open) one.close()
  open = []
})

const whole = 60_000

test('a sound kill switch passes, with its four moments in order and a tool that came back', async () => {
  const { p, result } = await drilled(undefined, {}, whole)
  expect(result).toMatchObject({ failures: [], unclear: [] })
  const { propagated_ms, quiesced_ms, verified_ms, gateways } = result.details as Record<string, number>
  const moments = [0, propagated_ms, quiesced_ms, verified_ms] as number[]
  expect(moments).toEqual(moments.toSorted((left, right) => left - right))
  expect(gateways).toEqual(['test-gateway'])
  expect(result.seen).toMatch(/1 under way ended/)
  expect(await p.t.store.kills.listKills()).toEqual([])
  expect(p.t.calls).toEqual([])
})

test('the real work of the agent goes on while the drill has its kill engaged', async () => {
  const seen: string[] = []
  await drilled(
    (kill, p) => ({
      async engage(tool, reason) {
        const gateways = await kill.engage(tool, reason)
        seen.push((await p.t.act(await p.t.task(), 'look', { id: 'o-1' })).state)
        return gateways
      },
    }),
    {},
    whole,
  )
  expect(seen).toEqual(['succeeded'])
})

test('the killed name is no tool of the manifest, and another one in each drill', async () => {
  const killed: string[] = []
  const engage = (kill: DrilledKill): Partial<DrilledKill> => ({
    engage: async (tool, reason) => {
      killed.push(tool)
      return await kill.engage(tool, reason)
    },
  })
  const { p } = await drilled(engage, {}, whole)
  await killDrill(p.context, { ...p.check.kill, ...engage(p.check.kill) }, whole)
  expect(new Set(killed).size).toBe(2)
  expect(killed.filter((name) => p.t.guard.tools.has(name))).toEqual([])
})

test('two drills at once do not disturb each other', async () => {
  const p = await testProbes()
  open.push(p)
  const results = await Promise.all([1, 2, 3].map(() => killDrill(p.context, p.check.kill, whole)))
  for (const result of results) expect(result).toMatchObject({ failures: [], unclear: [] })
  expect(await p.t.store.kills.listKills()).toEqual([])
})

const failing: readonly (readonly [string, RegExp, Parameters<typeof drilled>[0]])[] = [
  ['does nothing', /new actions were still executed/, () => ({ engage: async () => [] })],
  [
    'throws',
    /could not be engaged: no store/,
    (kill) => ({
      async engage(tool, reason) {
        await kill.engage(tool, reason)
        throw new Error('no store')
      },
    }),
  ],
  [
    'is lifted before it has reported',
    /received an action after the kill switch had reported/,
    (kill) => ({
      async engage(tool, reason) {
        const gateways = await kill.engage(tool, reason)
        await kill.lift(tool, reason)
        return gateways
      },
    }),
  ],
  ['cannot be lifted', /still refused/, () => ({ lift: async () => {} })],
]
test.each(failing)('a kill switch that %s fails', async (_, what, change) => {
  const { result } = await drilled(change)
  expect(result.failures.map((finding) => finding.what).join()).toMatch(what)
})

test('a kill switch that takes longer than the limit fails', async () => {
  // Each look at the clock is a second later.
  let at = 1_800_000_000_000
  const slow = (base: ProbeContext): ProbeContext => ({
    ...base,
    nowMs: () => {
      at += 1_000
      return at
    },
  })
  const { result } = await drilled(undefined, {}, 2_500, slow)
  expect(result.failures.map((finding) => finding.what).join()).toMatch(/took \d+ ms; the limit is 2500 ms/)
})

test('an action that cannot be put under way leaves it unclear, and no kill behind', async () => {
  const { p, result } = await drilled(() => ({ running: async () => 0 }))
  expect(result.unclear).toHaveLength(1)
  expect(await p.t.store.kills.listKills()).toEqual([])
})
