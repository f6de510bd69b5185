/** A gateway without its database refuses everything and says so; it comes back by itself; and it leaves in good order. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readEffects } from '../crash/crash-project.ts'
import { type PostgresProxy, startPostgresProxy } from '../fixtures/postgres-proxy.ts'
import { binaries, type Gateway, type Gateways, startGateways, until } from './gateways.ts'

describe.skipIf(binaries === undefined)('a gateway and its database (needs a PostgreSQL)', () => {
  let gateways: Gateways
  let proxy: PostgresProxy
  let a: Gateway
  let b: Gateway
  beforeAll(async () => {
    gateways = await startGateways()
    proxy = await startPostgresProxy(gateways.url)
    a = await gateways.start('a')
    b = await gateways.start('b', { db: proxy.url })
  })
  afterAll(async () => {
    await gateways?.stop()
    await proxy?.stop()
  })

  const ready = async (gateway: Gateway): Promise<{ status: number; body: string }> => {
    const response = await fetch(`${gateway.url}/readyz`, { headers: { authorization: `Bearer ${gateway.operator}` } })
    return { status: response.status, body: await response.text() }
  }
  const effects = (id: string): number => readEffects(gateways.folder).filter((effect) => effect.id === id).length

  it('loses it: every action is refused, /readyz says why, nothing is executed; then it recovers by itself', async () => {
    const task = await b.ask('open', 'work')
    expect((await b.ask('act', { task, tool: 'write_row', id: 'before' })).state).toBe('succeeded')
    expect(await ready(b)).toMatchObject({ status: 200 })
    proxy.cut()
    const refused = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        b.ask('act', { task, tool: n % 2 === 0 ? 'write_row' : 'read_row', id: 'without' }),
      ),
    )
    for (const { state, reasons, next } of refused) {
      expect({ state, code: reasons[0]?.code, next }).toEqual({
        state: 'denied',
        code: 'STORE_UNAVAILABLE',
        next: 'wait',
      })
    }
    await expect(b.ask('open', 'more')).rejects.toThrow('STORE_UNAVAILABLE')
    const unready = await ready(b)
    expect(unready.status).toBe(503)
    expect(unready.body).toContain('the store cannot be written')
    // Its process runs, and the other gateway knows nothing of it.
    expect((await fetch(`${b.url}/healthz`)).status).toBe(200)
    expect((await a.ask('act', { task, tool: 'write_row', id: 'meanwhile' })).state).toBe('succeeded')
    expect(await ready(a)).toMatchObject({ status: 200 })
    expect(effects('without')).toBe(0)

    proxy.mend()
    await until('it is ready again', async () => (await ready(b)).status === 200)
    expect((await b.ask('act', { task, tool: 'write_row', id: 'after' })).state).toBe('succeeded')
    expect(effects('after')).toBe(1)
  })

  it('a server that is restarted under it is met again without a hand', async () => {
    const task = await a.ask('open', 'work')
    await gateways.restartServer()
    for (const gateway of [a, b]) {
      await until(
        `${gateway.role} acts again`,
        async () =>
          (await gateway.ask('act', { task, tool: 'read_row', id: `up-${gateway.role}` })).state === 'succeeded',
      )
      await until(`${gateway.role} is ready`, async () => (await ready(gateway)).status === 200)
    }
  })

  it('SIGTERM: what runs may end, nothing new begins, the log is covered, and no lease is left', async () => {
    const holder = async () => (await gateways.sql<{ holder: string }>('SELECT holder FROM leases'))[0]?.holder ?? ''
    const isOf = (gateway: Gateway, lease: string): boolean => lease.includes(`/${gateway.process.pid}/`)
    await until('somebody leads', async () => (await holder()) !== '')
    const first = isOf(a, await holder()) ? a : b
    const second = first === a ? b : a
    for (const [index, gateway] of [first, second].entries()) {
      const task = await gateway.ask('open', 'work')
      const id = `slow-${gateway.role}`
      const slow = gateway.ask('act', { task, tool: 'slow_row', id })
      await until('the slow call runs', () => effects(id) === 1)
      gateway.process.kill('SIGTERM')
      await until('it takes nothing new', async () => {
        const { state, reasons } = await gateway.ask('act', { task, tool: 'read_row', id: 'late' })
        return state === 'denied' && reasons[0]?.code === 'STORE_UNAVAILABLE'
      })
      expect((await slow).state).toBe('succeeded')
      expect(await gateway.ended()).toBe(0)
      expect(isOf(gateway, await holder())).toBe(false)
      if (index === 0) await until('the other leads', async () => isOf(second, await holder()))
    }
    expect(await gateways.sql('SELECT * FROM leases')).toEqual([])
    expect(await gateways.sql("SELECT id FROM actions WHERE state = 'intended'")).toEqual([])
    const [uncovered] = await gateways.sql<{ count: string }>(
      'SELECT (SELECT count(*) FROM audit_entries) - (SELECT max(size) FROM audit_checkpoints) AS count',
    )
    expect(uncovered?.count).toBe('0')
    expect(await gateways.logFaults()).toEqual([])
  })
})
