/** Alerts, notifications and schedules in the store: what is won once, what a crash must not lose. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EntryDraft } from '../../src/audit/seal-entry.ts'
import { newId } from '../../src/core/ids.ts'
import type { AlertRecord } from '../../src/operate/alerts/advance-alert.ts'
import type { NewNotification } from '../../src/operate/notifications/port.ts'
import type { BeginScheduleRun } from '../../src/operate/schedules/port.ts'
import type { Store } from '../../src/store/store.ts'
import { openTestStore } from '../fixtures/test-store.ts'

const scope = { agent: 'desk', environment: 'dev' }
const start = 1_800_000_000_000
let store: Store
beforeEach(async () => {
  store = await openTestStore()
})
afterEach(() => store.close())

const entry = (kind: EntryDraft['kind'] = 'alert-changed'): EntryDraft => ({
  id: newId('ent', start),
  timeMs: start,
  kind,
  actor: { kind: 'kit', id: 'kit-1', verifiedBy: 'kit' },
  agent: 'desk',
})
const record = (revision: number, more: Partial<AlertRecord> = {}): AlertRecord => ({
  name: 'cost',
  revision,
  state: 'ok',
  sinceMs: start,
  evaluatedMs: start,
  why: 'all is well',
  ...more,
})
const notification = (id: string, more: Partial<NewNotification> = {}): NewNotification => ({
  ...scope,
  id,
  channel: 'ops',
  body: { type: 'airworthy.alert', why: 'a “quoted” reason' },
  createdMs: start,
  ...more,
})
const entries = async (): Promise<number> => (await store.audit.readUnsequenced(1_000)).length

describe('a tick', () => {
  it('is won by one of many, and never for a time that has gone by', async () => {
    const asked = await Promise.all(
      Array.from({ length: 8 }, () => store.alerts.claimTick({ name: 'a', atMs: 60_000 })),
    )
    expect(asked.filter(Boolean)).toHaveLength(1)
    expect(await store.alerts.claimTick({ name: 'a', atMs: 59_999 })).toBe(false)
    expect(await store.alerts.claimTick({ name: 'a', atMs: 120_000 })).toBe(true)
    expect(await store.alerts.claimTick({ name: 'b', atMs: 60_000 })).toBe(true)
  })

  it('is won again with the right time, after a clock was ahead by more than gateways may differ', async () => {
    const nowMs = 1_000_000_000
    const hourMs = 3_600_000
    expect(await store.alerts.claimTick({ name: 'ahead', atMs: nowMs + 48 * hourMs })).toBe(true)
    expect(await store.alerts.claimTick({ name: 'ahead', atMs: nowMs })).toBe(true)
    expect(await store.alerts.claimTick({ name: 'ahead', atMs: nowMs })).toBe(false)
    expect(await store.alerts.claimTick({ name: 'ahead', atMs: nowMs - 300_000 })).toBe(false)
    expect(await store.alerts.claimTick({ name: 'ahead', atMs: nowMs + 60_000 })).toBe(true)
  })
})

describe('an alert', () => {
  it('changes with its entry and its notifications, once', async () => {
    const change = { ...scope, expectedRevision: 0, entry: entry(), notifications: [notification('ntf_1')] }
    expect(await store.alerts.changeAlert({ ...change, record: record(1, { state: 'firing' }) })).toBe(true)
    const late = { ...change, entry: entry(), notifications: [notification('ntf_2')] }
    expect(await store.alerts.changeAlert({ ...late, record: record(1) })).toBe(false)
    expect(await store.alerts.changeAlert({ ...late, record: record(3), expectedRevision: 2 })).toBe(false)
    expect(await store.alerts.listAlerts(scope)).toEqual([record(1, { state: 'firing' })])
    expect((await store.notifications.listNotifications({ ...scope, limit: 10 })).map(({ id }) => id)).toEqual([
      'ntf_1',
    ])
    expect(await entries()).toBe(1)
  })
  it('of two that change it at once, one does', async () => {
    await store.alerts.changeAlert({ ...scope, expectedRevision: 0, record: record(1), notifications: [] })
    const both = await Promise.all(
      ['a', 'b'].map((why) =>
        store.alerts.changeAlert({
          ...scope,
          expectedRevision: 1,
          record: record(2, { why }),
          entry: entry(),
          notifications: [],
        }),
      ),
    )
    expect(both.filter(Boolean)).toHaveLength(1)
    expect(await entries()).toBe(1)
  })
  it('of another agent or environment is another one, and a drill leaves nothing', async () => {
    const drill = { agent: 'desk', environment: 'dev drill' }
    for (const where of [scope, drill]) {
      const own = { ...where, notifications: [notification(`ntf_${where.environment}`, where)] }
      await store.alerts.changeAlert({ ...own, expectedRevision: 0, record: record(1) })
    }
    await store.alerts.forgetAlerts(drill)
    expect(await store.alerts.listAlerts(drill)).toEqual([])
    expect(await store.notifications.listNotifications({ ...drill, limit: 10 })).toEqual([])
    expect(await store.alerts.listAlerts(scope)).toHaveLength(1)
    expect(await store.notifications.listNotifications({ ...scope, limit: 10 })).toHaveLength(1)
  })
})

describe('a notification', () => {
  const claim = (nowMs: number, limit = 10) =>
    store.notifications.claimNotifications({ ...scope, nowMs, leaseMs: 30_000, limit })

  it('is claimed by one gateway, and by another only when its lease is over', async () => {
    await store.notifications.enqueueNotifications(Array.from({ length: 20 }, (_, n) => notification(`ntf_${n}`)))
    const claimed = (await Promise.all([claim(start, 20), claim(start, 20), claim(start, 20)])).flat()
    expect(new Set(claimed.map(({ id }) => id)).size).toBe(20)
    expect(claimed).toHaveLength(20)
    expect(claimed[0]).toMatchObject({ attempts: 1, channel: 'ops', body: { why: 'a “quoted” reason' } })
    expect(await claim(start + 29_999, 20)).toEqual([])
    expect(await claim(start + 30_000, 20)).toHaveLength(20)
  })
  it('is settled by the attempt that holds it', async () => {
    await store.notifications.enqueueNotifications([notification('ntf_1'), notification('ntf_1')])
    await claim(start)
    const settle = (
      attempt: number,
      outcome: Parameters<typeof store.notifications.settleNotification>[0]['outcome'],
    ) => store.notifications.settleNotification({ id: 'ntf_1', attempt, atMs: start + 1, outcome })
    expect(await settle(2, { kind: 'delivered' })).toBe(false)
    expect(await settle(1, { kind: 'retry', dueMs: start + 5_000, failure: 'it answered 500' })).toBe(true)
    expect(await claim(start + 4_999)).toEqual([])
    expect(await claim(start + 5_000)).toMatchObject([{ attempts: 2, failure: 'it answered 500' }])
    expect(await settle(2, { kind: 'dead', failure: 'it answered 400' })).toBe(true)
    expect(await settle(2, { kind: 'delivered' })).toBe(false)
    const dead = await store.notifications.listNotifications({ ...scope, state: 'dead', limit: 10 })
    expect(dead).toMatchObject([{ id: 'ntf_1', failure: 'it answered 400', settledMs: start + 1 }])
  })
  it('that is dead is sent again when somebody says so, and settled ones are forgotten in their time', async () => {
    await store.notifications.enqueueNotifications([notification('ntf_1'), notification('ntf_2')])
    await claim(start)
    const { settleNotification, resendNotification, forgetNotifications } = store.notifications
    await settleNotification({ id: 'ntf_1', attempt: 1, atMs: start, outcome: { kind: 'dead', failure: 'no' } })
    await settleNotification({ id: 'ntf_2', attempt: 1, atMs: start, outcome: { kind: 'delivered' } })
    expect(await resendNotification({ ...scope, id: 'ntf_1', atMs: start + 9 })).toBe(true)
    expect(await resendNotification({ ...scope, id: 'ntf_1', atMs: start + 9 })).toBe(false)
    expect(await resendNotification({ ...scope, id: 'ntf_2', atMs: start + 9 })).toBe(false)
    expect(await claim(start + 9)).toMatchObject([{ id: 'ntf_1', attempts: 1 }])
    expect(await forgetNotifications({ beforeMs: start, limit: 10 })).toBe(0)
    expect(await forgetNotifications({ beforeMs: start + 1, limit: 10 })).toBe(1)
    expect((await store.notifications.listNotifications({ ...scope, limit: 10 })).map(({ id }) => id)).toEqual([
      'ntf_1',
    ])
  })
})

describe('a schedule', () => {
  const run = (id: string, dueMs: number, more: Partial<BeginScheduleRun> = {}): BeginScheduleRun => ({
    ...scope,
    id,
    schedule: 'drills',
    dueMs,
    begunMs: dueMs,
    skipped: 0,
    outcome: 'running',
    ...more,
  })
  it('begins each due time once, whichever gateways ask, and never an earlier one', async () => {
    const asked = await Promise.all([1, 2, 3].map((n) => store.schedules.beginScheduleRun(run(`run_${n}`, start))))
    expect(asked.filter(Boolean)).toHaveLength(1)
    expect(await store.schedules.beginScheduleRun(run('run_4', start - 1))).toBe(false)
    expect(await store.schedules.beginScheduleRun(run('run_5', start + 1, { skipped: 3 }))).toBe(true)
    expect(await store.schedules.beginScheduleRun(run('run_6', start, { schedule: 'redteam' }))).toBe(true)
    const latest = await store.schedules.latestScheduleRuns(scope)
    expect(latest.map(({ schedule, dueMs, skipped }) => [schedule, dueMs - start, skipped])).toEqual([
      ['drills', 1, 3],
      ['redteam', 0, 0],
    ])
  })
  it('ends once, with its entry', async () => {
    await store.schedules.beginScheduleRun(run('run_1', start))
    const end = {
      id: 'run_1',
      endedMs: start + 5,
      outcome: 'done',
      why: 'all drills passed',
      entry: entry('schedule-run'),
    } as const
    expect(await store.schedules.endScheduleRun(end)).toBe(true)
    expect(await store.schedules.endScheduleRun({ ...end, outcome: 'failed', entry: entry('schedule-run') })).toBe(
      false,
    )
    expect(await store.schedules.listScheduleRuns({ ...scope, limit: 5 })).toEqual([
      { ...run('run_1', start), endedMs: start + 5, outcome: 'done', why: 'all drills passed' },
    ])
    expect(await entries()).toBe(1)
  })
  it('that is armed has ended with its beginning', async () => {
    await store.schedules.beginScheduleRun(run('run_1', start, { outcome: 'armed' }))
    expect(await store.schedules.listScheduleRuns({ ...scope, schedule: 'drills', limit: 5 })).toMatchObject([
      { outcome: 'armed', endedMs: start },
    ])
    expect(await store.schedules.listScheduleRuns({ ...scope, schedule: 'other', limit: 5 })).toEqual([])
  })
})
