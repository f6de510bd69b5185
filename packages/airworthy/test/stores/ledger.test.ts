/** Tasks, facts and actions: what the guard's acts promise, on every store. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FactBody, TaskRecord } from '../../src/guard/port.ts'
import type { Store } from '../../src/store/store.ts'
import { entry, factsOf, holdAct, intendAct, openedTask, release, settleAct, startMs } from '../fixtures/store-acts.ts'
import { onPostgres, openTestStore } from '../fixtures/test-store.ts'

let store: Store
beforeAll(async () => {
  store = await openTestStore()
})
afterAll(() => store.close())

const source = (n: number): FactBody => ({ kind: 'source', source: `tool-${n}`, trusted: false, values: [`v${n}`] })
const pseudonym = (n: number): FactBody => ({
  kind: 'pseudonym',
  pseudonym: `EMAIL_${n}`,
  value: 'ana@example.com',
  dataClass: 'pii',
})
/** What of a text any store keeps: PostgreSQL has no place for NUL in one. */
const kept = (text: string): string =>
  onPostgres ? text.toWellFormed().replaceAll('\0', '\uFFFD') : text.toWellFormed()

describe('tasks', () => {
  it('are found by id with their facts, and by token without', async () => {
    const { task, tokenHash } = await openedTask(store, { resumeUrl: 'http://127.0.0.1:9/resume' }, [
      source(1),
      source(2),
    ])
    expect(await store.guard.readTask(task.id)).toEqual({
      ...task,
      facts: [
        { n: 1, body: source(1) },
        { n: 2, body: source(2) },
      ],
    })
    expect((await store.guard.readTask(task.id, 1))?.facts.map(({ n }) => n)).toEqual([2])
    expect(await store.tasks.taskByToken(tokenHash)).toEqual({ ...task, facts: [] })
    expect(await store.tasks.taskByToken('0'.repeat(64))).toBeUndefined()
    expect(await store.guard.readTask('tsk_none')).toBeUndefined()
  })

  it('close once', async () => {
    const { task } = await openedTask(store)
    const close = () =>
      store.tasks.closeTask({ task: task.id, atMs: startMs + 5, entry: entry({ kind: 'task-closed', task: task.id }) })
    expect([await close(), await close()]).toEqual([true, false])
    expect((await store.guard.readTask(task.id))?.closedMs).toBe(startMs + 5)
    expect(await store.guard.intend(intendAct(task))).toEqual({ kind: 'closed' })
    const entries = await store.audit.entriesOfTask(task.id, 10)
    expect(entries.map(({ text }) => JSON.parse(text).kind)).toEqual(['task-opened', 'task-closed'])
  })

  it('one id twice is refused whole', async () => {
    const { task } = await openedTask(store)
    await expect(openedTask(store, { id: task.id })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(await store.audit.entriesOfTask(task.id, 10)).toHaveLength(1)
  })

  it('theorem: what a principal and a fact say comes back', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(text, text, async (id, value) => {
        const principal = { id, attributes: { value }, verifiedBy: 'asserted_by_agent' } as const
        const { task } = await openedTask(store, { principal }, [{ ...source(1), source: value } as FactBody])
        const read = await store.guard.readTask(task.id)
        // JSON escapes both, so that even what a text of PostgreSQL cannot hold survives.
        expect(read?.principal).toEqual(principal)
        expect(read?.facts[0]?.body).toMatchObject({ source: value })
      }),
      { numRuns: 30 },
    )
  })

  it('theorem: whatever is looked for, nothing is found and nothing breaks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 40 }), async (id) => {
        expect(await store.guard.readTask(id)).toBeUndefined()
        expect(await store.tasks.taskByToken(id)).toBeUndefined()
        expect(await store.guard.readAction(id)).toBeUndefined()
        expect(await store.guard.readApproval(id)).toBeUndefined()
        expect(await store.guard.readKills(id)).toEqual([])
        expect(await store.audit.entryById(id)).toBeUndefined()
        expect(await store.audit.entriesOfTask(id, 1)).toEqual([])
        expect(await store.credentials.credentialByHash(id)).toBeUndefined()
        expect(await store.releases.releaseOf(id, id)).toBeUndefined()
        expect(await store.traces.readRun(id)).toBeUndefined()
        expect(await store.traces.spansOf(id)).toEqual([])
        expect(await store.evidence.evidenceOf(id as typeof release)).toEqual([])
      }),
      { numRuns: 30, examples: [['\0'], ['\ud800'], ["' OR 1=1 --"]] },
    )
  })
})

describe('actions', () => {
  it('are intended and settled once, with what was sent and what came back', async () => {
    const { task } = await openedTask(store)
    const intent = intendAct(task, { argumentsSent: { id: 'sent' }, costUsdMicros: 900, idempotencyKey: 'k-1' })
    expect(await store.guard.intend(intent)).toMatchObject({
      kind: 'committed',
      task: { counters: { toolCalls: 1, costUsdMicros: 900 } },
    })
    expect(await store.guard.readAction(intent.actionId)).toMatchObject({
      state: 'intended',
      arguments: { id: 'o-1' },
      argumentsSent: { id: 'sent' },
      owner: 'owner-1',
      doubtMs: startMs + 60_000,
    })
    const settlement = settleAct(intent.actionId, {
      costUsdMicros: 400,
      result: { secret: 'x' },
      shown: { secret: '[redacted]' },
      facts: [source(1)],
    })
    expect(await store.guard.settle(settlement)).toEqual({
      kind: 'settled',
      task: { counters: { toolCalls: 1, costUsdMicros: 400 }, lastFact: 1 },
    })
    expect(await store.guard.settle(settleAct(intent.actionId, { state: 'failed' }))).toEqual({
      kind: 'settled-before',
    })
    expect(await store.guard.readAction(intent.actionId)).toMatchObject({
      state: 'succeeded',
      result: { secret: 'x' },
      shown: { secret: '[redacted]' },
      settledMs: startMs + 2_000,
    })
    expect(await store.guard.settle(settleAct('act_none'))).toEqual({ kind: 'settled-before' })
  })

  it('what is in doubt keeps its whole reservation until somebody knows', async () => {
    const { task } = await openedTask(store)
    const intent = intendAct(task, { costUsdMicros: 700 })
    await store.guard.intend(intent)
    const doubt = { state: 'ambiguous', error: 'the connection was cut' } as const
    expect(await store.guard.settle(settleAct(intent.actionId, doubt))).toMatchObject({
      task: { counters: { costUsdMicros: 700 } },
    })
    expect(await store.guard.settle(settleAct(intent.actionId, doubt))).toEqual({ kind: 'settled-before' })
    const known = settleAct(intent.actionId, { state: 'failed', by: 'operator:ana', costUsdMicros: 0 })
    expect(await store.guard.settle(known)).toMatchObject({ task: { counters: { costUsdMicros: 0 } } })
  })

  it('a pseudonym that another gateway gave meanwhile is told before anything is written', async () => {
    const { task } = await openedTask(store)
    const intent = intendAct(task)
    await store.guard.intend(intent)
    await store.guard.learn({ task: task.id, facts: [pseudonym(1)], entry: entry({ kind: 'resource-relayed' }) })
    const settlement = settleAct(intent.actionId, { lastFact: 0, facts: [pseudonym(2)] })
    expect(await store.guard.settle(settlement)).toEqual({
      kind: 'newer-facts',
      facts: [{ n: 1, body: pseudonym(1) }],
    })
    expect(await store.guard.settle({ ...settlement, lastFact: 1 })).toMatchObject({ task: { lastFact: 2 } })
  })

  const obstacles: readonly (readonly [
    string,
    (task: TaskRecord) => Promise<void>,
    Parameters<typeof intendAct>[1],
    object,
  ])[] = [
    [
      'a task that is not as it was seen',
      async () => {},
      { seen: { toolCalls: 7, costUsdMicros: 0 } },
      { kind: 'stale' },
    ],
    [
      'too many calls',
      async () => {},
      { limits: { workedMs: 600_000, toolCalls: 0, costUsdMicros: 1 } },
      { kind: 'over-budget', budget: 'max_tool_calls', limit: 0, used: 0 },
    ],
    [
      'too much money',
      async () => {},
      { costUsdMicros: 2, limits: { workedMs: 600_000, toolCalls: 9, costUsdMicros: 1 } },
      { kind: 'over-budget', budget: 'max_cost_usd', limit: 1, used: 0 },
    ],
    [
      'too late',
      async () => {},
      { limits: { workedMs: 999, toolCalls: 9, costUsdMicros: 1 } },
      { kind: 'over-budget', budget: 'deadline', limit: 999, used: 1_000 },
    ],
    [
      'newer facts',
      async (task) =>
        void (await store.guard.learn({
          task: task.id,
          facts: [source(9)],
          entry: entry({ kind: 'resource-relayed' }),
        })),
      { lastFact: 0 },
      { kind: 'newer-facts', facts: [{ n: 1, body: source(9) }] },
    ],
    ['another release in its environment', async () => {}, { enforced: true }, { kind: 'release-changed' }],
    [
      'an approval that is not there',
      async () => {},
      { approval: { id: 'apr_none', bindingDigest: release } },
      { kind: 'approval-invalid' },
    ],
  ]
  it.each(obstacles)('%s stops an intent, and nothing is written', async (_name, before, more, answer) => {
    const { task } = await openedTask(store, { agent: 'desk-agent-of-obstacles' })
    await before(task)
    const entries = (await store.audit.entriesOfTask(task.id, 100)).length
    const intent = intendAct(task, more)
    expect(await store.guard.intend(intent)).toMatchObject(answer)
    expect(await store.guard.readAction(intent.actionId)).toBeUndefined()
    expect((await store.guard.readTask(task.id))?.counters).toEqual({ toolCalls: 0, costUsdMicros: 0 })
    expect(await store.audit.entriesOfTask(task.id, 100)).toHaveLength(entries)
  })

  it('an intent or outcome that is refused late leaves the task’s numbers and facts as they were', async () => {
    const agent = 'desk-agent-of-late-refusals'
    const { task } = await openedTask(store, { agent })
    const doubtful = intendAct(task, { idempotencyKey: 'doubtful', costUsdMicros: 5, facts: [source(1)] })
    await store.guard.intend(doubtful)
    await store.guard.settle(settleAct(doubtful.actionId, { state: 'ambiguous' }))
    await store.guard.hold(holdAct(task, { arguments: { id: 'held' } }))
    const kill = { agent, tool: 'stopped', reason: 'a test', by: 'ana', atMs: startMs }
    await store.kills.engageKill({ kill, entry: entry({ kind: 'kill-engaged' }) })
    const counters = { toolCalls: 2, costUsdMicros: 5 }
    const refused = [
      [{ tool: 'stopped' }, 'killed'],
      [{ enforced: true, arguments: { id: 'o-2' } }, 'release-changed'],
      [{ idempotencyKey: 'doubtful', arguments: { id: 'o-3' } }, 'duplicate'],
      [{ arguments: { id: 'held' } }, 'duplicate'],
      [{}, 'duplicate'],
    ] as const
    for (const [more, kind] of refused) {
      const intent = intendAct(task, { costUsdMicros: 7, facts: [source(2), source(3)], seen: counters, ...more })
      expect(await store.guard.intend(intent)).toMatchObject({ kind })
    }
    const late = settleAct(doubtful.actionId, { state: 'ambiguous', facts: [source(2)] })
    expect(await store.guard.settle(late)).toEqual({ kind: 'settled-before' })
    expect(await store.guard.readTask(task.id)).toMatchObject({ counters, facts: [{ n: 1 }] })
    const plain = intendAct(task, { arguments: { id: 'o-4' }, costUsdMicros: 7, facts: [source(2), source(3)] })
    expect(await store.guard.intend(plain)).toEqual({
      kind: 'committed',
      task: { counters: { toolCalls: 3, costUsdMicros: 12 }, lastFact: 3 },
    })
    expect((await store.guard.readTask(task.id))?.facts.map(({ n, body }) => [n, body])).toEqual(
      [1, 2, 3].map((n) => [n, source(n)]),
    )
  })

  it('of many that come at once, each has the answer and the effect that it would have alone', async () => {
    const agent = 'desk-agent-of-many'
    const kill = { agent, tool: 'stopped', reason: 'a test', by: 'ana', atMs: startMs }
    await store.kills.engageKill({ kill, entry: entry({ kind: 'kill-engaged' }) })
    const kinds = [
      'committed',
      'killed',
      'over-budget',
      'release-changed',
      'newer-facts',
      'duplicate',
      'closed',
    ] as const
    const refusals = {
      committed: {},
      killed: { tool: 'stopped' },
      'over-budget': { limits: { workedMs: 600_000, toolCalls: 1_000, costUsdMicros: 6 } },
      'release-changed': { enforced: true },
      'newer-facts': { lastFact: 0 },
      duplicate: { idempotencyKey: 'once', arguments: { id: 'other' } },
      closed: {},
    }
    const ends = await Promise.all(
      Array.from({ length: 42 }, async (_, n) => {
        const kind = kinds[n % kinds.length] ?? 'committed'
        const { task } = await openedTask(store, { agent }, [pseudonym(n)])
        if (kind === 'duplicate')
          await store.guard.intend(intendAct(task, { idempotencyKey: 'once', facts: [source(n)] }))
        if (kind === 'closed') {
          const closed = entry({ kind: 'task-closed', task: task.id })
          await store.tasks.closeTask({ task: task.id, atMs: startMs + 5, entry: closed })
        }
        return { kind, task }
      }),
    )
    const answers = await Promise.all(
      ends.map(async ({ kind, task }, n) => {
        const facts = [source(n), source(n + 1)].slice(0, n % 3)
        const more = { costUsdMicros: 7, facts, arguments: { text: `"{n},\\ ${'ü'.repeat(n)}\n` }, ...refusals[kind] }
        const intent = intendAct(task, more)
        const intended = await store.guard.intend(intent)
        if (intended.kind !== 'committed')
          return { intended, settled: undefined, calls: kind === 'duplicate' ? 1 : 0, learned: 0 }
        const spent = n % 2 === 0 ? 7 : 4
        const settled = await store.guard.settle(
          settleAct(intent.actionId, { costUsdMicros: spent, facts: [source(n)] }),
        )
        expect(await store.guard.settle(settleAct(intent.actionId))).toEqual({ kind: 'settled-before' })
        const lastFact = 2 + facts.length
        const counters = { toolCalls: 1, costUsdMicros: spent }
        expect(intended.task).toEqual({ counters: { ...counters, costUsdMicros: 7 }, lastFact: lastFact - 1 })
        expect(settled).toEqual({ kind: 'settled', task: { counters, lastFact } })
        expect(await store.guard.readAction(intent.actionId)).toMatchObject({
          state: 'succeeded',
          arguments: more.arguments,
        })
        return { intended, settled, calls: 1, learned: facts.length + 1 }
      }),
    )
    expect(answers.map(({ intended }) => intended.kind)).toEqual(ends.map(({ kind }) => kind))
    for (const [n, { kind, task }] of ends.entries()) {
      const read = await store.guard.readTask(task.id)
      expect(read?.counters.toolCalls).toBe(answers[n]?.calls)
      const known = 1 + (answers[n]?.learned ?? 0) + (kind === 'duplicate' ? 1 : 0)
      expect(read?.facts.map((fact) => fact.n)).toEqual(Array.from({ length: known }, (_, at) => at + 1))
    }
  })

  it('the same key, or an equal call in doubt, is the earlier action', async () => {
    const { task } = await openedTask(store)
    const first = intendAct(task, { idempotencyKey: 'once' })
    await store.guard.intend(first)
    const again = await store.guard.intend(intendAct(task, { idempotencyKey: 'once', arguments: { id: 'o-2' } }))
    expect(again).toMatchObject({ kind: 'duplicate', action: { id: first.actionId } })
    await store.guard.settle(settleAct(first.actionId, { state: 'ambiguous' }))
    const attempt = await store.guard.readAttempt({
      task: task.id,
      afterFact: 0,
      ...pickOf(first),
      idempotencyKey: 'new',
    })
    expect(attempt?.earlier).toMatchObject({ id: first.actionId, state: 'ambiguous' })
  })

  it('a refusal is counted where it could be tied to a budget', async () => {
    const { task } = await openedTask(store)
    await store.guard.recordRefusal({ ...factsOf(task), counted: true })
    await store.guard.recordRefusal({ ...factsOf(task), counted: false })
    expect((await store.guard.readTask(task.id))?.counters.toolCalls).toBe(1)
  })

  it('a held action is denied once, and what was fetched is fetched', async () => {
    const { task } = await openedTask(store)
    const held = holdAct(task)
    expect(await store.guard.hold(held)).toMatchObject({ kind: 'committed' })
    const refuse = () =>
      store.guard.refuseHeld({ actionId: held.actionId, entryId: entry().id, atMs: startMs + 9, reasons: [] })
    expect([await refuse(), await refuse()]).toEqual([true, false])
    expect(await store.guard.readAction(held.actionId)).toMatchObject({ state: 'denied', approvalState: 'pending' })
    await store.guard.collect(held.actionId, startMs + 10)
    expect((await store.guard.readAttempt({ task: task.id, afterFact: 0, ...pickOf(held) }))?.earlier).toBeUndefined()
  })

  it('theorem: counters, facts and entries are what a recount of the acts gives, however they come at once', async () => {
    const step = fc.record({
      kind: fc.constantFrom('intend', 'refuse', 'learn', 'intend-and-fail', 'intend-in-doubt'),
      cost: fc.nat(50),
      spent: fc.nat(80),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const { task } = await openedTask(store)
        const limits = { workedMs: 600_000, toolCalls: 8, costUsdMicros: 150 }
        const counts = await Promise.all(
          steps.map(async ({ kind, cost, spent }, n) => {
            if (kind === 'refuse') {
              await store.guard.recordRefusal({ ...factsOf(task), counted: true })
              return { calls: 1, cost: 0, facts: 0, entries: 1 }
            }
            if (kind === 'learn') {
              await store.guard.learn({
                task: task.id,
                facts: [source(n)],
                entry: entry({ kind: 'resource-relayed', task: task.id }),
              })
              return { calls: 0, cost: 0, facts: 1, entries: 1 }
            }
            const intent = intendAct(task, { arguments: { n }, costUsdMicros: cost, limits, facts: [source(n)] })
            if ((await store.guard.intend(intent)).kind !== 'committed')
              return { calls: 0, cost: 0, facts: 0, entries: 0 }
            if (kind === 'intend') return { calls: 1, cost, facts: 1, entries: 1 }
            const state = kind === 'intend-and-fail' ? 'failed' : 'ambiguous'
            await store.guard.settle(settleAct(intent.actionId, { state, costUsdMicros: spent }))
            return { calls: 1, cost: state === 'ambiguous' ? cost : Math.min(cost, spent), facts: 1, entries: 2 }
          }),
        )
        const sum = (of: (count: (typeof counts)[number]) => number) => counts.reduce((all, one) => all + of(one), 0)
        const read = await store.guard.readTask(task.id)
        expect(read?.counters).toEqual({ toolCalls: sum((one) => one.calls), costUsdMicros: sum((one) => one.cost) })
        expect(read?.counters.costUsdMicros).toBeLessThanOrEqual(limits.costUsdMicros)
        expect(read?.facts.map(({ n }) => n)).toEqual(Array.from({ length: sum((one) => one.facts) }, (_, n) => n + 1))
        expect(await store.audit.entriesOfTask(task.id, 100)).toHaveLength(1 + sum((one) => one.entries))
      }),
      { numRuns: 20 },
    )
  })

  it('theorem: arguments and results come back as they were, whatever characters they have', async () => {
    const value = fc.string({ unit: 'binary', maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(value, value, fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }), async (a, b, key) => {
        const { task } = await openedTask(store)
        const intent = intendAct(task, { arguments: { a }, idempotencyKey: key })
        await store.guard.intend(intent)
        await store.guard.settle(settleAct(intent.actionId, { result: { b }, error: b }))
        const read = await store.guard.readAction(intent.actionId)
        expect(read).toMatchObject({ arguments: { a }, result: { b } })
        expect(kept(read?.idempotencyKey ?? '')).toBe(kept(key))
        const found = await store.guard.readAttempt({ task: task.id, afterFact: 0, ...pickOf(intent) })
        expect(found?.earlier?.id).toBe(intent.actionId)
      }),
      { numRuns: 30 },
    )
  })
})

function pickOf({ tool, argumentsDigest, idempotencyKey }: ReturnType<typeof factsOf>) {
  return { tool, argumentsDigest, ...(idempotencyKey === undefined ? {} : { idempotencyKey }) }
}
