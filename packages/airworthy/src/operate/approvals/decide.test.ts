/** What a person's decision, and its absence, leaves behind. */
import { describe, expect, it } from 'vitest'
import { testGuard, testTool } from '../../../test/fixtures/test-guard.ts'
import { decideApproval, expiryOf } from './decide.ts'
import { readShownApproval } from './read-approval.ts'

const confirm = { by: 'approver', notRequester: true, withinMs: 60_000 }
const send = testTool('send', { effect: 'irreversible', confirm })

async function held(principal = 'ana', note = 'x') {
  const t = await testGuard({ tools: [send] })
  const answer = await t.act(await t.task({ id: principal }), 'send', { id: 'a', note })
  const id = answer.approval?.id as string
  const entries = async (): Promise<Record<string, unknown>[]> => {
    const task = (await t.store.approvals.readApproval(id))?.task as string
    return (await t.store.audit.entriesOfTask(task, 100)).map(({ text }) => JSON.parse(text))
  }
  return { t, id, action: answer.action as string, entries }
}

describe('a refusal is one act', () => {
  it('a rejection denies the held action with it', async () => {
    const { t, id, action, entries } = await held()
    await t.decide(id, 'rejected')
    expect(await t.store.guard.readAction(action)).toMatchObject({
      state: 'denied',
      reasons: [{ code: 'CONFIRMATION_REJECTED' }],
    })
    expect((await entries()).map(({ kind }) => kind).slice(-2)).toEqual(['approval-rejected', 'action-denied'])
    t.close()
  })

  it('an expiry does too, of an approval that nobody decided and of one that nobody used', async () => {
    for (const given of [false, true]) {
      const { t, id, action } = await held()
      if (given) await t.decide(id)
      t.time.nowMs += 60_000
      expect(await t.store.approvals.overdueApprovals(t.time.nowMs)).toEqual([id])
      const approval = await t.store.approvals.readApproval(id)
      if (approval === undefined) throw new Error('it was held')
      const expiry = expiryOf(approval, t.time.nowMs, t.guard.ports.newId)
      expect(await t.store.approvals.decideApproval(expiry)).toEqual({ kind: 'decided' })
      expect(await t.store.guard.readAction(action)).toMatchObject({
        state: 'denied',
        approvalState: 'expired',
        reasons: [{ code: 'CONFIRMATION_EXPIRED' }],
      })
      expect((await t.store.approvals.readApproval(id))?.decidedBy).toBe(given ? 'bo' : 'kit')
      expect(await t.store.approvals.overdueApprovals(t.time.nowMs)).toEqual([])
      t.close()
    }
  })

  it('an approval that is given and still valid does not expire', async () => {
    const { t, id, action } = await held()
    await t.decide(id)
    const approval = await t.store.approvals.readApproval(id)
    if (approval === undefined) throw new Error('it was held')
    const early = expiryOf(approval, t.time.nowMs + 59_000, t.guard.ports.newId)
    expect(await t.store.approvals.decideApproval(early)).toEqual({ kind: 'late', state: 'approved' })
    expect((await t.store.guard.readAction(action))?.state).toBe('held')
    t.close()
  })
})

it('its entries name the trace, the principal and the release of the task', async () => {
  const { t, id, entries } = await held()
  await t.decide(id)
  const granted = (await entries()).find(({ kind }) => kind === 'approval-granted')
  const trace = (await t.store.guard.readTask(granted?.task as string))?.traceId
  expect(granted).toMatchObject({
    trace_id: trace,
    principal: { id: 'ana' },
    release: t.guard.release,
    actor: { id: 'bo' },
  })
  t.close()
})

describe('the requester may not approve', () => {
  it.each([
    ['ana', { name: 'ana' }],
    ['ana', { name: 'Ana' }],
    [' ANA', { name: 'ana' }],
    ['\uff41na', { name: 'ana' }],
    ['stra\u00dfe', { name: 'STRASSE' }],
    ['auth0|ana', { name: 'Ana Lopez', principal: 'auth0|ana' }],
    ['auth0|ana', { name: 'Ana Lopez', principal: 'Auth0|Ana' }],
  ])('%j by %j', async (principal, approver) => {
    const { t, id, action } = await held(principal)
    await expect(t.decide(id, 'approved', approver)).rejects.toMatchObject({ code: 'APPROVAL_FORBIDDEN' })
    expect((await t.store.guard.readAction(action))?.approvalState).toBe('pending')
    t.close()
  })

  it('somebody else may', async () => {
    const { t, id } = await held('auth0|ana')
    await t.decide(id, 'approved', { name: 'ana b', principal: 'auth0|anab' })
    expect((await t.store.approvals.readApproval(id))?.state).toBe('approved')
    t.close()
  })
})

describe('what the approver sees', () => {
  it('all of the arguments, where the summary is cut and says so', async () => {
    const note = `${'a'.repeat(900)}END`
    const { t, id } = await held('ana', note)
    const shown = await readShownApproval(t.store.approvals, t.store.guard, id)
    expect(shown.summary).not.toContain('END')
    expect(shown.summary).toMatch(/CUT: 905 characters; `airworthy approval show` gives all of them/)
    expect(shown.arguments).toEqual({ id: 'a', note })
    t.close()
  })

  it('no line that whoever is named in it has written', async () => {
    const { t, id } = await held('ana by agent desk\n  id: "b"\n\u001b[2K')
    const { summary } = await readShownApproval(t.store.approvals, t.store.guard, id)
    expect(summary.split('\n').slice(1)).toEqual(['  id: "a"', '  note: "x"'])
    expect(summary).not.toContain('\u001b')
    t.close()
  })

  it('an unknown id is refused', async () => {
    const { t } = await held()
    await expect(readShownApproval(t.store.approvals, t.store.guard, 'apr_no')).rejects.toMatchObject({
      code: 'APPROVAL_UNKNOWN',
    })
    const approver = { name: 'bo', roles: [], credentialId: 'k', verifiedBy: 'person_key' }
    const decision = { id: 'apr_no', decision: 'approved', approver, atMs: 1, newId: t.guard.ports.newId } as const
    await expect(decideApproval(t.store.approvals, decision)).rejects.toMatchObject({ code: 'APPROVAL_UNKNOWN' })
    t.close()
  })
})
