/** What a sweep takes up, and that nothing keeps it from the rest. */
import { expect, it } from 'vitest'
import { type TestGuard, type TestGuardOptions, testGuard, testTool } from '../../../test/fixtures/test-guard.ts'
import { sweep, sweepMemory } from './sweep.ts'

const confirm = { by: 'approver', notRequester: true, withinMs: 60_000 }

async function swept(options: TestGuardOptions) {
  const t: TestGuard = await testGuard(options)
  const begun: string[] = []
  const refused: string[] = []
  const asked: string[] = []
  const memory = sweepMemory()
  const guard = {
    ...t.guard,
    ports: {
      ...t.guard.ports,
      upstream: {
        ...t.guard.ports.upstream,
        reconcile: async (_url: string, question: { action_id: string }) => {
          asked.push(question.action_id)
          return { state: 'unknown' as const }
        },
      },
    },
  }
  const round = () =>
    sweep(
      {
        guard,
        approvals: t.store.approvals,
        recovery: t.store.recovery,
        models: t.store.models,
        beginApproved: (id) => begun.push(id),
        onRefused: (id) => refused.push(id),
        onChange: () => {},
      },
      memory,
    )
  return { t, round, begun, refused, asked }
}

it('tells of approvals that expire, and begins those that were given', async () => {
  const { t, round, begun, refused } = await swept({ tools: [testTool('send', { effect: 'irreversible', confirm })] })
  const task = await t.task()
  const [late, given] = [await t.act(task, 'send', { id: 'late' }), await t.act(task, 'send', { id: 'given' })]
  await t.decide(given.approval?.id as string)
  await round()
  expect([begun, refused]).toEqual([[given.action], []])
  t.time.nowMs += 60_000
  await round()
  // The one that was given and never fetched expires too.
  expect([begun.length, refused.toSorted()]).toEqual([1, [late.action, given.action].toSorted()])
  expect((await t.store.guard.readAction(given.action as string))?.state).toBe('denied')
  t.close()
})

it('refuses what an older version left held after its rejection', async () => {
  const { t, round, refused } = await swept({ tools: [testTool('send', { effect: 'irreversible', confirm })] })
  const answer = await t.act(await t.task(), 'send', { id: 'a' })
  const approval = await t.store.approvals.readApproval(answer.approval?.id as string)
  if (approval === undefined) throw new Error('it was held')
  // As that version did it: the decision alone.
  await t.store.approvals.decideApproval({
    id: approval.id,
    state: 'rejected',
    atMs: t.time.nowMs,
    by: 'bo',
    entry: {
      id: 'ent_old',
      timeMs: t.time.nowMs,
      kind: 'approval-rejected',
      actor: { kind: 'person', id: 'bo', verifiedBy: 'person_key' },
    },
  })
  expect((await t.store.guard.readAction(approval.actionId))?.state).toBe('held')
  await round()
  expect(refused).toEqual([approval.actionId])
  expect(await t.store.guard.readAction(approval.actionId)).toMatchObject({
    state: 'denied',
    reasons: [{ code: 'CONFIRMATION_REJECTED' }],
  })
  t.close()
})

it('asks about every ambiguous action that has a hook, whatever number without one stands before it', async () => {
  const { t, round, asked } = await swept({
    tools: [
      testTool('plain', { effect: 'write' }),
      testTool('hooked', { effect: 'write', reconcile: { url: 'http://127.0.0.1:9/' } }),
    ],
    budgets: { maxToolCalls: { limit: 1_000, then: 'escalate_to_human' } },
    call: () => ({ kind: 'unknown', why: 'cut' }),
  })
  const task = await t.task()
  for (let n = 0; n < 101; n++) await t.act(task, 'plain', { id: `p${n}` })
  const hooked: string[] = []
  for (let n = 0; n < 45; n++) hooked.push((await t.act(task, 'hooked', { id: `h${n}` })).action as string)
  // Five tries each, twenty a round, and every round goes on where the last one ended.
  await round()
  expect(asked).toEqual(hooked.slice(0, 20))
  await round()
  await round()
  expect(asked).toEqual(hooked)
  for (let n = 0; n < 30; n++) await round()
  expect(asked.length).toBe(5 * hooked.length)
  t.close()
})

it('doubts what is past its time, behind any number that are not', async () => {
  const { server: _, ...own } = testTool('own', { effect: 'write', timeoutMs: 600_000 })
  const { t, round } = await swept({
    tools: [own],
    budgets: { maxToolCalls: { limit: 1_000, then: 'escalate_to_human' } },
  })
  const recovery = t.store.recovery
  expect(await recovery.doubtfulActions({ nowMs: t.time.nowMs, owners: [], limit: 100 })).toEqual([])
  const task = await t.task()
  const ids: string[] = []
  for (let n = 0; n < 101; n++) ids.push((await t.act(task, 'own', { id: `o${n}` })).action as string)
  const last = await t.store.guard.readAction(ids.at(-1) as string)
  expect(last?.state).toBe('intended')
  await round()
  expect((await t.store.guard.readAction(ids.at(-1) as string))?.state).toBe('intended')
  // A page of two: the first two that are due by owner, whatever else runs.
  const gone = await recovery.doubtfulActions({ nowMs: t.time.nowMs, owners: ['test-owner'], limit: 2 })
  expect(gone.map(({ id }) => id)).toEqual(ids.slice(0, 2))
  t.time.nowMs = last?.doubtMs as number
  await round()
  await round()
  expect((await t.store.guard.readAction(ids.at(-1) as string))?.state).toBe('ambiguous')
  t.close()
})
