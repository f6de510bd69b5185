/** Holes that a review found in the pipeline and its acts; each is closed, and stays so. */
import { afterEach, describe, expect, it } from 'vitest'
import { type TestGuard, type TestGuardOptions, testGuard, testTool } from '../../test/fixtures/test-guard.ts'
import type { JsonObject } from '../core/json.ts'
import { govern, guardSteps } from './pipeline.ts'

let open: TestGuard[] = []
async function guardWith(options: TestGuardOptions = {}): Promise<TestGuard> {
  const made = await testGuard(options)
  open.push(made)
  return made
}
afterEach(() => {
  for (const one of open) one.close()
  open = []
})

const codes = (answer: { reasons: readonly { code: string }[] }): string[] => answer.reasons.map(({ code }) => code)
const close = (t: TestGuard, task: string) =>
  t.store.tasks.closeTask({
    task,
    atMs: 1,
    entry: {
      id: `ent_${Math.random()}`,
      timeMs: 1,
      kind: 'task-closed',
      actor: { kind: 'kit', id: 'k', verifiedBy: 'kit' },
    },
  })

describe('in doubt means not again', () => {
  it('an equal write without a key, or under another key, is the one in doubt', async () => {
    const t = await guardWith({ call: () => ({ kind: 'unknown', why: 'lost' }) })
    const task = await t.task()
    const first = await t.act(task, 'change', { id: 'a' })
    for (const more of [{}, { idempotencyKey: 'k1' }, { idempotencyKey: 'k2' }]) {
      const again = await t.act(task, 'change', { id: 'a' }, more)
      expect(again.action).toBe(first.action)
      expect(codes(again)).toContain('OUTCOME_AMBIGUOUS')
    }
    expect(t.calls).toHaveLength(1)
    // Another one is another one; and a read may be asked again.
    await t.act(task, 'change', { id: 'b' })
    await t.act(task, 'look', { id: 'a' })
    await t.act(task, 'look', { id: 'a' })
    expect(t.calls).toHaveLength(4)
  })

  it('an irreversible one is not held anew', async () => {
    const t = await guardWith({ call: () => ({ kind: 'unknown', why: 'lost' }) })
    const task = await t.task()
    const held = await t.act(task, 'erase', { id: 'a' })
    await t.decide(held.approval?.id as string)
    await t.resume(held.action as string)
    expect(await t.act(task, 'erase', { id: 'a' }, { idempotencyKey: 'new' })).toMatchObject({
      action: held.action,
      state: 'ambiguous',
    })
  })
})

describe('the act reads again', () => {
  it('a task that is closed meanwhile', async () => {
    const t = await guardWith({
      tools: [testTool('change', { effect: 'write', authChecks: ['owns'] })],
      authCheck: async () => {
        await close(t, task)
        return { kind: 'allowed' }
      },
    })
    const task = await t.task()
    expect(codes(await t.act(task, 'change', { id: 'a' }))).toEqual(['IDENTITY_INVALID'])
    expect(t.calls).toEqual([])
  })

  it('a deadline that passes meanwhile', async () => {
    const t = await guardWith({
      tools: [testTool('change', { effect: 'write', authChecks: ['owns'] })],
      budgets: { deadlineMs: { limit: 1_000, then: 'escalate_to_human' } },
      authCheck: () => {
        t.time.nowMs += 2_000
        return { kind: 'allowed' }
      },
    })
    const answer = await t.act(await t.task(), 'change', { id: 'a' })
    expect([codes(answer), answer.fallback?.budget]).toEqual([['BUDGET_EXCEEDED'], 'deadline'])
    expect(t.calls).toEqual([])
  })
})

describe('the deadline', () => {
  it('counts holds that overlap once', async () => {
    const t = await guardWith({ budgets: { deadlineMs: { limit: 60_000, then: 'escalate_to_human' } } })
    const task = await t.task()
    const held = []
    for (let i = 0; i < 5; i++) held.push(await t.act(task, 'erase', { id: `${i}` }))
    t.time.nowMs += 50_000
    for (const one of held) await t.decide(one.approval?.id as string)
    expect((await t.store.guard.readTask(task))?.waitedMs).toBe(50_000)
    t.time.nowMs += 60_001
    expect(codes(await t.act(task, 'look', {}))).toEqual(['BUDGET_EXCEEDED'])
  })

  it('holds for an approved action that is picked up too late', async () => {
    const { server: _, ...own } = testTool('own', {
      effect: 'irreversible',
      confirm: { by: 'approver', notRequester: true, withinMs: 3_600_000 },
    })
    const t = await guardWith({ tools: [own], budgets: { deadlineMs: { limit: 60_000, then: 'escalate_to_human' } } })
    const task = await t.task()
    const held = await t.act(task, 'own', { id: 'a' })
    await t.decide(held.approval?.id as string)
    t.time.nowMs += 800_000
    expect(codes(await t.act(task, 'own', { id: 'a' }))).toEqual(['BUDGET_EXCEEDED'])
  })
})

describe('approved is approved', () => {
  it('also where by then no policy would ask for a confirmation any more', async () => {
    const t = await guardWith({
      tools: [testTool('change', { effect: 'write' })].map(({ permit: _, ...tool }) => tool),
      policies: `@confirm("approver") permit (principal, action, resource) when { context.task.tool_calls < 1 };
        permit (principal, action, resource) when { context.task.tool_calls >= 1 };`,
    })
    const held = await t.act(await t.task(), 'change', { id: 'a' })
    expect(held.decision).toBe('confirm')
    await t.decide(held.approval?.id as string)
    expect(await t.resume(held.action as string)).toMatchObject({ state: 'succeeded' })
    expect(t.calls).toHaveLength(1)
  })

  it('two that come for one action at once hear the same', async () => {
    const { server: _, ...own } = testTool('own', { effect: 'irreversible' })
    const t = await guardWith({ tools: [own] })
    const task = await t.task()
    const held = await t.act(task, 'own', { id: 'a' })
    await t.decide(held.approval?.id as string)
    const answers = await Promise.all([1, 2, 3].map(() => t.act(task, 'own', { id: 'a' })))
    expect(answers.filter(({ permit }) => permit !== undefined)).toHaveLength(1)
    expect(answers.map(({ decision, state }) => [decision, state])).toEqual(Array(3).fill(['allow', 'intended']))
  })

  it('a permit does not outlive the doubt about its action', async () => {
    const { server: _, ...own } = testTool('own', { effect: 'write', timeoutMs: 1_000 })
    const t = await guardWith({ tools: [own] })
    const { action, permit } = await t.act(await t.task(), 'own', { id: 'a' })
    const claims = JSON.parse(Buffer.from(String(permit).split('.')[1] as string, 'base64url').toString()) as {
      exp: number
    }
    expect((await t.store.guard.readAction(action as string))?.doubtMs).toBeGreaterThan(claims.exp * 1_000)
  })
})

describe('denials', () => {
  it('claim no key: the same call is decided anew, with its fallback, and each attempt is counted and logged', async () => {
    let isUp = false
    const t = await guardWith({
      tools: [testTool('change', { effect: 'write', authChecks: ['owns'] })],
      authCheck: () => (isUp ? { kind: 'allowed' } : { kind: 'unavailable', why: 'down' }),
    })
    const task = await t.task()
    const key = { idempotencyKey: 'k' }
    const denied = await Promise.all([1, 2, 3, 4, 5].map(() => t.act(task, 'change', { id: 'a' }, key)))
    expect(denied.flatMap(codes)).toEqual(Array(5).fill('CHECK_UNAVAILABLE'))
    expect((await t.store.guard.readTask(task))?.counters.toolCalls).toBe(5)
    isUp = true
    expect(await t.act(task, 'change', { id: 'a' }, key)).toMatchObject({ state: 'succeeded' })
    const u = await guardWith({ budgets: { maxToolCalls: { limit: 0, then: 'escalate_to_human' } } })
    const other = await u.task()
    for (let i = 0; i < 3; i++) expect((await u.act(other, 'look', {}, key)).fallback?.kind).toBe('escalate_to_human')
  })

  it('keep no arguments that were refused for their size', async () => {
    const t = await guardWith()
    const task = await t.task()
    const { action } = await t.act(task, 'look', { note: 'x'.repeat(1_000_000) })
    expect(JSON.stringify((await t.store.guard.readAction(action as string))?.arguments).length).toBeLessThan(100)
  })

  it('fit into an entry however many arguments are untrusted', async () => {
    const inputSchema: JsonObject = {
      type: 'object',
      properties: {
        list: { type: 'array', maxItems: 10_000, items: { type: 'integer', minimum: 0, maximum: 999_999 } },
      },
      additionalProperties: false,
    }
    const numbers = Array.from({ length: 4_000 }, (_, index) => 100_000 + (index % 1_000))
    const t = await guardWith({
      tools: [testTool('look'), testTool('change', { effect: 'write', inputSchema })],
      call: () => ({
        kind: 'answered',
        isError: false,
        result: { structuredContent: { seen: numbers.slice(0, 1_000) } },
      }),
    })
    const task = await t.task()
    await t.act(task, 'look', {})
    expect((await t.act(task, 'change', { list: numbers })).state).toBe('succeeded')
  })
})

describe('what runs again is checked again', () => {
  it('arguments whose pseudonym was learned meanwhile are measured before they are sent', async () => {
    const pii = {
      detect: ['email'],
      notBuilt: [],
      beforeRetrieval: 'allow',
      beforeModel: 'pseudonymize',
      beforeExport: 'allow',
    } as const
    const inputSchema: JsonObject = {
      type: 'object',
      properties: { to: { type: 'string', maxLength: 30 } },
      additionalProperties: false,
    }
    const long = `${'a'.repeat(40)}@example.com`
    const t = await guardWith({
      tools: [
        testTool('look'),
        testTool('mail', {
          effect: 'write',
          inputSchema,
          data: { in: ['pii'], out: [], trusted: true, declared: true },
        }),
      ],
      data: { pii },
      call: () => ({ kind: 'answered', isError: false, result: { content: [{ type: 'text', text: long }] } }),
    })
    const task = await t.task()
    let meddled = false
    const steps = {
      ...guardSteps,
      async intend(...args: Parameters<typeof guardSteps.intend>) {
        if (!meddled) {
          meddled = true
          await govern(t.guard, { task, tool: 'look', arguments: {}, door: 'api' })
        }
        return await guardSteps.intend(...args)
      },
    }
    const answer = await t.act(task, 'mail', { to: 'pii-email-1@pseudonym.invalid' }, {}, steps)
    expect(codes(answer)).toEqual(['ARGUMENTS_INVALID'])
    expect(t.calls.map(({ upstreamName }) => upstreamName)).toEqual(['look'])
  })
})

describe('observe mode', () => {
  it('logs the decision that it would have enforced', async () => {
    const t = await guardWith({ mode: 'observe', policies: 'forbid (principal, action, resource);' })
    const task = await t.task()
    await t.act(task, 'change', {})
    const entries = (await t.store.audit.entriesOfTask(task, 10)).map(({ text }) => JSON.parse(text))
    expect(entries.find(({ kind }) => kind === 'action-intended')).toMatchObject({ decision: 'deny', mode: 'observe' })
  })
})

describe('who settled', () => {
  it('is named for what they are: an operator, the caller, or the kit, and no name passes for the kit', async () => {
    for (const [by, actor] of [
      ['operator:guard', { kind: 'operator', id: 'guard', verified_by: 'operator_key' }],
      ['caller', { kind: 'agent', id: 'desk-agent', verified_by: 'task_token' }],
      ['recovery', { kind: 'kit', id: 'recovery', verified_by: 'kit' }],
    ] as const) {
      const t = await guardWith({ call: () => ({ kind: 'unknown', why: 'lost' }) })
      const task = await t.task()
      const { action } = await t.act(task, 'change', { id: 'a' })
      const act = {
        actionId: String(action),
        entryId: 'ent_settled',
        atMs: 1,
        reasons: [],
        facts: [],
        costUsdMicros: 0,
      }
      await t.store.guard.settle({ ...act, state: 'succeeded', by })
      const entry = await t.store.audit.entryById('ent_settled')
      expect(JSON.parse(entry?.text ?? '{}').actor).toEqual(actor)
    }
  })
})
