/** What holds across gateways at once, because the database's acts hold it: budgets, approvals, kills, pins, and what a task knows. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readEffects } from '../crash/crash-project.ts'
import { callLimit, foundPerson, paidCalls, slowMs } from './gateway-project.ts'
import { binaries, type Gateway, type Gateways, startGateways, until } from './gateways.ts'

describe.skipIf(binaries === undefined)('two gateways on one database (needs a PostgreSQL)', () => {
  let gateways: Gateways
  let a: Gateway
  let b: Gateway
  beforeAll(async () => {
    gateways = await startGateways()
    ;[a, b] = await Promise.all([gateways.start('a'), gateways.start('b')])
  })
  afterAll(() => gateways?.stop())

  const both = <T>(count: number, run: (gateway: Gateway, n: number) => Promise<T>): Promise<T[]> =>
    Promise.all(Array.from({ length: count }, (_, n) => run(n % 2 === 0 ? a : b, n)))
  const effects = (tool: string, task: string): number =>
    readEffects(gateways.folder).filter((effect) => effect.tool === tool && effect.id.startsWith(task.slice(-8))).length

  it.each([
    ['write_row', 'max_cost_usd', paidCalls],
    ['read_row', 'max_tool_calls', callLimit],
  ])('200 parallel calls of %s on one budget: %s is met and never passed', async (tool, _budget, allowed) => {
    const task = await a.ask('open', 'work')
    const answers = await both(200, (gateway, n) => gateway.ask('act', { task, tool, id: `${task.slice(-8)}-${n}` }))
    const ends = answers.map(({ state, reasons }) => (state === 'succeeded' ? 'allow' : (reasons[0]?.code ?? state)))
    expect([...new Set(ends)].sort()).toEqual(['BUDGET_EXCEEDED', 'allow'])
    expect(effects(tool, task)).toBe(ends.filter((end) => end === 'allow').length)
    expect(effects(tool, task)).toBe(allowed)
    const [row] = await gateways.sql<{ tool_calls: string; cost: string; attempts: string; spent: string }>(
      `SELECT t.tool_calls, t.cost_usd_micros AS cost, count(a.row) AS attempts, sum(a.cost_usd_micros) AS spent
       FROM tasks t JOIN actions a ON a.task_row = t.row WHERE t.id = '${task}' GROUP BY t.row`,
    )
    expect(row).toMatchObject({ tool_calls: '200', attempts: '200', cost: row?.spent })
    expect(Number(row?.cost)).toBeLessThanOrEqual(1_000_000)
  })

  it('one approval, 50 parallel uses over both: one execution', async () => {
    const task = await a.ask('open', 'work')
    const request = { task, tool: 'drop_row', id: `${task.slice(-8)}-drop` }
    const { approval, action } = await a.ask('act', request)
    const uses = both(50, async (gateway, n) =>
      n % 10 < 2 ? gateway.ask('approve', approval?.id ?? '').catch(String) : gateway.ask('act', request),
    )
    const answers = await uses
    // The sweeps of both execute what is approved, too.
    await until('the effect is there', () => effects('drop_row', task) > 0)
    const later = await both(10, (gateway) => gateway.ask('act', { ...request, id: `${task.slice(-8)}-other` }))
    expect(later.every(({ state }) => state === 'held')).toBe(true)
    expect(answers.filter((answer) => typeof answer === 'object' && answer.state === 'denied')).toEqual([])
    expect(effects('drop_row', task)).toBe(1)
    const states = await gateways.sql<{ state: string }>(`SELECT state FROM approvals WHERE action_id = '${action}'`)
    expect(states).toEqual([{ state: 'used' }])
  })

  it('a task that moves in mid-work keeps what it knows: untrusted values, pseudonyms, counters', async () => {
    const task = await a.ask('open', 'find her and write to her')
    const found = await a.ask('act', { task, tool: 'find_person', id: 'ann' })
    const [pseudonym] = /[\w-]+@pseudonym\.invalid/.exec(JSON.stringify(found.result)) ?? ['none']
    expect(JSON.stringify(found.result)).not.toContain(foundPerson.mail)
    // On the other gateway: the value came from a stranger, and the pseudonym stands for her.
    const refused = await b.ask('act', { task, tool: 'write_row', id: foundPerson.row })
    expect(refused.reasons.map(({ code }) => code)).toEqual(['POLICY_FORBID'])
    const mailed = await b.ask('act', { task, tool: 'mail_person', id: pseudonym })
    expect(mailed.state).toBe('succeeded')
    expect(readEffects(gateways.folder).filter(({ id }) => id === foundPerson.mail)).toHaveLength(1)
    const again = await b.ask('act', { task, tool: 'find_person', id: 'ann' })
    expect(JSON.stringify(again.result)).toContain(pseudonym)
    // Back and forth: four more writes, here and there, and the fifth is one too many wherever it comes.
    for (let n = 0; n < 4; n++) {
      const answer = await (n % 2 === 0 ? a : b).ask('act', { task, tool: 'write_row', id: `${task.slice(-8)}-${n}` })
      expect(answer.state).toBe('succeeded')
    }
    for (const gateway of [a, b]) {
      const { reasons } = await gateway.ask('act', { task, tool: 'mail_person', id: pseudonym })
      expect(reasons.map(({ code }) => code)).toEqual(['POLICY_FORBID'])
    }
    const [row] = await gateways.sql<{ tool_calls: string }>(`SELECT tool_calls FROM tasks WHERE id = '${task}'`)
    expect(row?.tool_calls).toBe('10')
  })

  it('a kill on one stops the other at once, and what began before it is waited for', async () => {
    const task = await b.ask('open', 'work')
    await b.ask('act', { task, tool: 'write_row', id: `${task.slice(-8)}-before` })
    const slow = b.ask('act', { task, tool: 'slow_row', id: `${task.slice(-8)}-slow` })
    await until('the slow call runs', () => effects('slow_row', task) === 1)
    const report = await a.ask('kill', '*')
    // It ran on the other gateway; the kill is quiesced only when it has ended.
    expect(report.quiesced).not.toBeNull()
    expect(report.verified).not.toBeNull()
    expect((await slow).state).toBe('succeeded')
    expect((report.quiesced ?? 0) - report.propagated).toBeLessThan(slowMs * 3)
    const answers = await both(20, (gateway, n) =>
      gateway.ask('act', { task, tool: 'write_row', id: `${task.slice(-8)}-after-${n}` }),
    )
    expect(new Set(answers.map(({ reasons }) => reasons[0]?.code))).toEqual(new Set(['KILLED']))
    expect(effects('write_row', task)).toBe(1)
    expect(await b.ask('revive', '*')).toBe(true)
    const after = await a.ask('act', { task, tool: 'write_row', id: `${task.slice(-8)}-revived` })
    expect(after.state).toBe('succeeded')
  })

  it('another release, which a third gateway brings with another tool, stops the old one everywhere', async () => {
    const [taskA, taskB] = [await a.ask('open', 'work'), await b.ask('open', 'work')]
    const c = await gateways.start('c', { change: ' It does more now.' })
    for (const [gateway, task] of [
      [a, taskA],
      [b, taskB],
    ] as const) {
      const answer = await gateway.ask('act', { task, tool: 'write_row', id: `${task.slice(-8)}-old` })
      expect(answer.reasons.map(({ code }) => code)).toEqual(['RELEASE_DRIFT'])
    }
    const task = await c.ask('open', 'work')
    expect((await c.ask('act', { task, tool: 'write_row', id: `${task.slice(-8)}-new` })).state).toBe('succeeded')
    const moved = await c.ask('act', { task: taskA, tool: 'write_row', id: `${taskA.slice(-8)}-moved` })
    expect(moved.reasons.map(({ code }) => code)).toEqual(['RELEASE_DRIFT'])
  })

  it('what they wrote together is one log without a fault, and nothing took effect without its intent', async () => {
    expect(await gateways.logFaults()).toEqual([])
    const intents = await gateways.sql<{ object: string }>(
      "SELECT body::jsonb->>'object' AS object FROM audit_entries WHERE body::jsonb->>'kind' = 'action-intended'",
    )
    const intended = new Set(intents.map(({ object }) => object))
    const world = readEffects(gateways.folder)
    expect(world.filter(({ action }) => !intended.has(action))).toEqual([])
    expect(new Set(world.map(({ action }) => action)).size).toBe(world.length)
  })
})
