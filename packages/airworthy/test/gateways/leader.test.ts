/** One gateway writes the log at a time: it is followed when it is killed, and signs nothing when it wakes up too late. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { binaries, type Gateway, type Gateways, startGateways, until } from './gateways.ts'

/** How long another may take to lead, as the product promises. */
const handOverMsMax = 5_000
/** Longer than a lease lives without its holder. */
const pastTheLeaseMs = 4_500

describe.skipIf(binaries === undefined)('the sequencer has one leader (needs a PostgreSQL)', () => {
  let gateways: Gateways
  const running = new Map<string, Gateway>()
  let isLoading = true
  let load: Promise<unknown> = Promise.resolve()
  beforeAll(async () => {
    gateways = await startGateways()
    for (const role of ['a', 'b']) running.set(role, await gateways.start(role))
    // Entries come all the time, by whichever gateway answers.
    load = (async () => {
      while (isLoading) {
        const asked = [...running.values()].map((gateway) => gateway.ask('open', 'work').catch(() => {}))
        await Promise.race([...asked, sleep(200)])
        await sleep(15)
      }
    })()
  })
  afterAll(async () => {
    isLoading = false
    await load
    await gateways?.stop()
  })

  const published = () =>
    gateways.sql<{ size: string; role: string }>('SELECT size, role FROM public.published ORDER BY at, size')
  const newest = async () => (await published()).at(-1)
  const leader = async (): Promise<Gateway> => {
    const gateway = running.get((await newest())?.role ?? '')
    if (gateway === undefined) throw new Error('nobody leads')
    return gateway
  }
  const other = (gateway: Gateway): Gateway => running.get(gateway.role === 'a' ? 'b' : 'a') as Gateway

  it('kill -9 of the leader: the other one goes on within 5 s, without a gap', async () => {
    for (let round = 0; round < 2; round++) {
      const killed = await leader()
      const before = Number((await newest())?.size)
      killed.process.kill('SIGKILL')
      await killed.ended()
      running.delete(killed.role)
      const next = other(killed)
      await until(
        `${next.role} leads`,
        async () => (await newest())?.role === next.role && Number((await newest())?.size) > before,
        handOverMsMax,
      )
      expect(await gateways.logFaults()).toEqual([])
      running.set(killed.role, await gateways.start(killed.role))
    }
  })

  it('a leader that slept past its lease signs nothing when it wakes up, and follows', async () => {
    for (let round = 0; round < 3; round++) {
      const sleeper = await leader()
      const next = other(sleeper)
      // At another point of its work each time.
      await sleep(round * 37)
      sleeper.process.kill('SIGSTOP')
      running.delete(sleeper.role)
      await sleep(pastTheLeaseMs)
      const asleep = await published()
      expect(asleep.at(-1)?.role).toBe(next.role)
      sleeper.process.kill('SIGCONT')
      running.set(sleeper.role, sleeper)
      // Its timers fire, its statements go out; ten polls long.
      await sleep(2_000)
      const since = (await published()).slice(asleep.length)
      expect(since.length).toBeGreaterThan(0)
      expect(since.filter(({ role }) => role === sleeper.role)).toEqual([])
      const state = await sleeper.ask('state', null)
      expect(state).toMatchObject({ unready: null, failure: null })
      // A follower knows how far the log is covered, though it covers nothing.
      expect(state.coveredSize).toBeGreaterThanOrEqual(Number(asleep.at(-1)?.size))
      expect((await gateways.sql('SELECT holder FROM leases')).length).toBe(1)
    }
  })

  it('there were never two leaders: the log changed hands only where a test made it, and verifies', async () => {
    const roles = (await published()).map(({ role }) => role)
    const hands = roles.filter((role, index) => role !== roles[index - 1])
    // The first of all, two after a kill, three after a sleep.
    expect(hands).toHaveLength(6)
    const sizes = (await published()).map(({ size }) => Number(size))
    expect(sizes).toEqual([...sizes].sort((one, two) => one - two))
    expect(new Set(sizes).size).toBe(sizes.length)
    expect(await gateways.logFaults()).toEqual([])
  })
})
