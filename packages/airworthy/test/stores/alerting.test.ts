/** Alerts, channels and schedules of two gateways on one store, from spans to the webhook. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseEntry } from '../../src/audit/parse-entry.ts'
import type { AlertRule } from '../../src/core/manifest/alert-rules.ts'
import type { Channel, EffectiveManifest } from '../../src/core/manifest/effective.ts'
import { type Alerting, type AlertingParts, createAlerting } from '../../src/operate/alerts/alerting.ts'
import { channelOf } from '../../src/operate/notifications/channel.ts'
import { deliverNotifications } from '../../src/operate/notifications/deliver-notifications.ts'
import { isSignedBy } from '../../src/operate/notifications/webhook-channel.ts'
import type { SpanRecord } from '../../src/telemetry/span.ts'
import { testAlert } from '../fixtures/test-alert.ts'
import { type TestGuard, testGuard } from '../fixtures/test-guard.ts'
import { type WebhookReceiver, webhookReceiver } from '../fixtures/webhook-receiver.ts'

const minute = 60_000
const day = 24 * 60 * minute
const secret = 'a shared secret'
let t: TestGuard
let receiver: WebhookReceiver
let lines: string[]
beforeEach(async () => {
  receiver = await webhookReceiver()
  lines = []
})
afterEach(async () => {
  await receiver.close()
  await t.close()
})

async function gateways(
  options: {
    readonly alerts?: readonly AlertRule[]
    readonly channel?: Partial<Channel>
    readonly schedules?: EffectiveManifest['schedules']
    readonly parts?: Partial<AlertingParts>
  } = {},
): Promise<[Alerting, Alerting]> {
  const ops: Channel = { kind: 'webhook', webhook: receiver.url, secret, ...options.channel }
  const { alerts = [testAlert()], schedules = {} } = options
  t = await testGuard({ manifest: { alerts, channels: { ops }, schedules } })
  const make = () =>
    createAlerting({
      guard: t.guard,
      store: t.store,
      folder: '/nowhere',
      droppedSpans: () => 0,
      runDrills: async () => [],
      log: (line) => lines.push(line),
      ...options.parts,
    })
  return [make(), make()]
}

/** Closed tasks, spread over the days before now; costs swing by half around their mean. */
async function tasks(count: number, fromDaysAgo: number, costUsdMicros: number, model = 'sim-1'): Promise<void> {
  const { manifest, release, environment } = t.guard
  const spans = Array.from({ length: count }, (_, n): SpanRecord[] => {
    const endMs = t.time.nowMs - fromDaysAgo * day + Math.floor(((n + 0.5) / count) * 7 * day)
    const traceId = `${fromDaysAgo.toString(16)}${n.toString(16)}`.padStart(32, '0')
    const cost = Math.round(costUsdMicros * (n % 2 === 0 ? 1.5 : 0.5))
    const base = {
      traceId,
      kind: 'internal' as const,
      startNs: BigInt(endMs - 300) * 1_000_000n,
      endNs: BigInt(endMs) * 1_000_000n,
      status: 'unset' as const,
      resource: {},
    }
    const common = {
      'gen_ai.agent.name': manifest.agent,
      'airworthy.release': release,
      'airworthy.environment': environment,
    }
    return [
      {
        ...base,
        spanId: n.toString(16).padStart(16, '1'),
        name: 'invoke_agent',
        attributes: {
          ...common,
          'gen_ai.operation.name': 'invoke_agent',
          'airworthy.task.worked_ms': 300,
          'airworthy.task.tokens': 10,
          'airworthy.task.cost_usd_micros': cost,
          'airworthy.task.model': model,
        },
      },
    ]
  }).flat()
  for (let at = 0; at < spans.length; at += 500) await t.store.traces.recordSpans(spans.slice(at, at + 500))
}

const scope = () => ({ agent: t.guard.manifest.agent, environment: t.guard.environment })
const stateOf = async (alerting: Alerting, name = 'cost-per-task') => (await alerting.show(name)).record?.state
/** What the loop of each gateway does after the minute; the loop itself is started by nobody here. */
const deliver = (channel: Partial<Channel> = {}) =>
  deliverNotifications({
    store: t.store.notifications,
    scope: scope(),
    channel: (name) =>
      name === 'ops'
        ? channelOf({ kind: 'webhook', webhook: receiver.url, secret, ...channel }, '/nowhere')
        : undefined,
    clock: () => t.time.nowMs,
    log: (line) => lines.push(line),
  })
async function entriesOfKind(kind: string) {
  await t.store.audit.lead()
  const first = await t.store.audit.readUnsequenced(10_000)
  await t.store.audit.sequence({
    firstIndex: await t.store.audit.indexedSize(),
    entryKeys: first.map(({ key }) => key),
  })
  const entries = await t.store.audit.readEntries(0, 10_000)
  return entries.map(({ text }) => parseEntry(text)).filter((entry) => entry.kind === kind)
}

describe('cost per task, week over week', () => {
  it('a rise is evaluated by one gateway, told once, signed, and on record with its cause', async () => {
    const [one, other] = await gateways()
    await tasks(400, 14, 10_000)
    await tasks(400, 7, 14_000)
    const ticks = await Promise.all([one.watch.tick(), other.watch.tick()])
    expect(ticks.filter(Boolean)).toHaveLength(1)
    expect(await stateOf(other)).toBe('firing')
    const delivered = await Promise.all([deliver(), deliver()])
    expect(delivered.reduce((sum, count) => sum + count, 0)).toBe(1)
    const [post, ...more] = receiver.posts
    expect(more).toEqual([])
    const { 'airworthy-timestamp': timestamp = '', 'airworthy-signature': signature = '' } = post?.headers ?? {}
    const signed = { timestamp, signature, body: post?.body ?? '' }
    expect(isSignedBy(secret, signed, t.time.nowMs)).toBe(true)
    expect(isSignedBy('another', signed, t.time.nowMs)).toBe(false)
    expect(isSignedBy(secret, { ...signed, body: `${signed.body} ` }, t.time.nowMs)).toBe(false)
    expect(isSignedBy(secret, signed, t.time.nowMs + 6 * minute)).toBe(false)
    expect(isSignedBy(secret, { ...signed, timestamp: 'soon' }, t.time.nowMs)).toBe(false)
    const body = JSON.parse(signed.body)
    expect(body).toMatchObject({ type: 'airworthy.alert', alert: 'cost-per-task', state: 'firing', above: 0.2 })
    expect(body.id).toBe(post?.headers['airworthy-notification'])
    expect(body.value).toBeCloseTo(0.4, 2)
    expect(body.details.current.tasks).toBeGreaterThan(390)
    const changes = await entriesOfKind('alert-changed')
    expect(changes).toMatchObject([{ object: 'cost-per-task', details: { state: 'firing', before: 'none' } }])
  })

  it('the same minute is not evaluated twice, and while it fires people are told again a day later', async () => {
    const [one, other] = await gateways()
    await tasks(400, 14, 10_000)
    await tasks(400, 7, 16_000)
    expect(await one.watch.tick()).toBe(true)
    expect(await one.watch.tick()).toBe(false)
    t.time.nowMs += minute
    expect(await other.watch.tick()).toBe(true)
    expect(await t.store.notifications.listNotifications({ ...scope(), limit: 10 })).toHaveLength(1)
    t.time.nowMs += day
    await one.watch.tick()
    expect(await t.store.notifications.listNotifications({ ...scope(), limit: 10 })).toHaveLength(2)
  })

  it('goes on when the clock was hours ahead and is set right', async () => {
    const [one, other] = await gateways()
    const rightMs = t.time.nowMs
    t.time.nowMs += 2 * day
    expect(await one.watch.tick()).toBe(true)
    t.time.nowMs = rightMs
    expect([await one.watch.tick(), await other.watch.tick()]).toEqual([true, false])
    t.time.nowMs += minute
    expect([await one.watch.tick(), await other.watch.tick()]).toEqual([true, false])
  })

  it('ten noisy tasks fire nothing, however dear: there is no data, and that is shown', async () => {
    const [one] = await gateways()
    await tasks(10, 14, 1_000)
    await tasks(10, 7, 500_000)
    await one.watch.tick()
    const { record } = await one.show('cost-per-task')
    expect(record).toMatchObject({ state: 'no_data' })
    expect(record?.why).toMatch(/had 10 tasks; 100 are needed/)
    expect(await t.store.notifications.listNotifications({ ...scope(), limit: 10 })).toEqual([])
    expect(await entriesOfKind('alert-changed')).toEqual([])
  })

  it('a flat week is ok; silence keeps people from being told, and is on record', async () => {
    const [one] = await gateways()
    await tasks(300, 14, 10_000)
    await tasks(300, 7, 10_000)
    await one.watch.tick()
    expect(await stateOf(one)).toBe('ok')
    const actor = { kind: 'operator', id: 'ana', verifiedBy: 'operator_key' } as const
    await one.silence('cost-per-task', { forMs: day, reason: 'a known test', actor })
    t.time.nowMs += minute
    await tasks(900, 7, 30_000)
    await one.watch.tick()
    expect(await stateOf(one)).toBe('firing')
    expect(await t.store.notifications.listNotifications({ ...scope(), limit: 10 })).toEqual([])
    t.time.nowMs += day
    await one.watch.tick()
    expect(await t.store.notifications.listNotifications({ ...scope(), limit: 10 })).toHaveLength(1)
    expect(await entriesOfKind('alert-silenced')).toMatchObject([
      { object: 'cost-per-task', actor: { id: 'ana' }, details: { reason: 'a known test' } },
    ])
    await expect(one.silence('cost-per-tusk', { forMs: 1, reason: 'x', actor })).rejects.toMatchObject({
      code: 'ALERT_UNKNOWN',
    })
  })
})

describe('a webhook', () => {
  async function enqueued(count = 1): Promise<void> {
    const list = Array.from({ length: count }, (_, n) => ({
      ...scope(),
      id: `ntf_${n}`,
      channel: 'ops',
      body: {
        type: 'airworthy.alert',
        alert: '<cost> & more',
        state: 'firing',
        agent: 'desk',
        environment: 'dev',
        why: 'it rose',
      },
      createdMs: t.time.nowMs,
    }))
    await t.store.notifications.enqueueNotifications(list)
  }
  const dead = async () => await t.store.notifications.listNotifications({ ...scope(), state: 'dead', limit: 10 })

  it('that answers 500 is tried again after growing pauses, under the same id', async () => {
    await gateways()
    await enqueued()
    receiver.answer(500, 503, 429)
    for (const pause of [0, 5_000, 10_000, 20_000]) {
      t.time.nowMs += pause - 1
      expect(await deliver()).toBe(0)
      t.time.nowMs += 1
      await deliver()
    }
    expect(receiver.posts).toHaveLength(4)
    expect(new Set(receiver.posts.map(({ headers }) => headers['airworthy-notification']))).toEqual(new Set(['ntf_0']))
    expect(await t.store.notifications.listNotifications({ ...scope(), limit: 10 })).toMatchObject([
      { state: 'delivered', attempts: 4 },
    ])
  })

  it('that never takes it leaves a dead letter after ten attempts, which somebody can send again', async () => {
    const [one] = await gateways()
    await enqueued()
    receiver.answer(...Array.from({ length: 10 }, () => 500))
    for (let tries = 0; tries < 20; tries++) {
      await deliver()
      t.time.nowMs += 15 * minute
    }
    expect(receiver.posts).toHaveLength(10)
    expect(await one.notifications('dead')).toMatchObject([{ id: 'ntf_0', attempts: 10, failure: 'it answered 500' }])
    await one.resend('ntf_0')
    expect(await deliver()).toBe(1)
    await expect(one.resend('ntf_0')).rejects.toMatchObject({ code: 'NOTIFICATION_UNKNOWN' })
  })

  it('that redirects is not followed, and what it refuses is given up at once', async () => {
    await gateways()
    await enqueued(2)
    receiver.answer(302, 400)
    await deliver()
    expect(receiver.posts.map(({ path }) => path)).toEqual(['/hook-with-a-token', '/hook-with-a-token'])
    expect((await dead()).map(({ failure }) => failure).sort()).toEqual(['it answered 302', 'it answered 400'])
  })

  it('that is a channel no more leaves a dead letter', async () => {
    await gateways()
    await t.store.notifications.enqueueNotifications([
      { ...scope(), id: 'ntf_1', channel: 'gone', body: {}, createdMs: t.time.nowMs },
    ])
    await deliver()
    expect(await dead()).toMatchObject([{ id: 'ntf_1', failure: 'the manifest has no such channel that people read' }])
  })

  it('whose gateway dies in the middle is told by another one when the lease is over', async () => {
    await gateways()
    await enqueued()
    await t.store.notifications.claimNotifications({ ...scope(), nowMs: t.time.nowMs, leaseMs: 2 * minute, limit: 10 })
    expect(await deliver()).toBe(0)
    t.time.nowMs += 2 * minute
    expect(await deliver()).toBe(1)
    expect(receiver.posts).toHaveLength(1)
  })

  it('of Slack gets its form, in which nothing is markup', async () => {
    await gateways()
    await enqueued()
    await deliver({ format: 'slack' })
    expect(JSON.parse(receiver.posts[0]?.body ?? '')).toEqual({
      text: ':rotating_light: *&lt;cost&gt; &amp; more* is firing (desk, dev)\nit rose',
    })
  })

  it('neither its address nor its secret ever stands in a log line or in the store', async () => {
    await gateways()
    await enqueued(2)
    receiver.answer(500, 400)
    await deliver()
    await deliver({ webhook: 'http://127.0.0.1:1/hook-with-a-token' })
    const stored = await t.store.notifications.listNotifications({ ...scope(), limit: 10 })
    expect(lines.length).toBeGreaterThan(1)
    expect(JSON.stringify([lines, stored])).not.toMatch(/hook-with-a-token|a shared secret|127\.0\.0\.1/)
  })
})

describe('schedules', () => {
  const settled = async (alerting: Alerting) => await alerting.watch.stop()
  it('are armed at first, then run what is due once, whichever gateway, and catch up once', async () => {
    let runs = 0
    const drill = async () => {
      runs++
      return []
    }
    const [one, other] = await gateways({ schedules: { drills: 'daily' }, parts: { runDrills: drill } })
    await one.watch.tick()
    await settled(one)
    expect((await one.schedules())[0]).toMatchObject({ latest: { outcome: 'armed' }, isMissed: false })
    t.time.nowMs += 3 * day
    await Promise.all([one.watch.tick(), other.watch.tick()])
    await Promise.all([settled(one), settled(other)])
    expect(runs).toBe(1)
    const [status] = await one.schedules()
    expect(status).toMatchObject({ latest: { outcome: 'done', skipped: 2 }, isMissed: false })
    expect(status?.nextMs).toBeGreaterThan(t.time.nowMs)
    t.time.nowMs += minute
    await one.watch.tick()
    await settled(one)
    expect(runs).toBe(1)
    expect(await entriesOfKind('schedule-run')).toMatchObject([{ object: 'drills', details: { outcome: 'done' } }])
  })

  it('that cannot be run are missed, and the alert on that fires; so does a job that fails', async () => {
    const rule = testAlert({ name: 'missed', rule: 'threshold', metric: 'missed_schedules', above: 0, minTasks: 0 })
    const failing = async (): Promise<never> => {
      throw new Error('the store was full')
    }
    const schedules = { redteam: '7d', drills: '1d' }
    const [one] = await gateways({ alerts: [rule], schedules, parts: { runDrills: failing } })
    await one.watch.tick()
    await settled(one)
    t.time.nowMs += 8 * day
    await one.watch.tick()
    await settled(one)
    t.time.nowMs += minute
    await one.watch.tick()
    await settled(one)
    const { record } = await one.show('missed')
    expect(record).toMatchObject({ state: 'firing', value: 2 })
    expect((await one.schedules()).map(({ schedule, latest }) => [schedule, latest?.outcome, latest?.why])).toEqual([
      ['redteam', 'missed', 'no whole run of attacks on this release since the time before'],
      ['drills', 'failed', 'it could not be run: the store was full'],
    ])
  })

  it('that the kit adds of its own run beside those of the manifest', async () => {
    let swept = 0
    const job = async () => {
      swept++
      return { outcome: 'done', why: 'swept' } as const
    }
    const [one] = await gateways({ parts: { ownSchedules: { retention: { every: '1h', job } } } })
    await one.watch.tick()
    await settled(one)
    t.time.nowMs += 60 * minute
    await one.watch.tick()
    await settled(one)
    expect(swept).toBe(1)
  })
})

it('one number that cannot be read keeps no other from being looked at', async () => {
  const rules = [
    testAlert(),
    testAlert({ name: 'log', rule: 'threshold', metric: 'uncovered_entries', above: 0, minTasks: 0 }),
  ]
  const [one] = await gateways({ alerts: rules })
  t.store.metrics.readRollups = async () => {
    throw new Error('a secret of the database')
  }
  await one.watch.tick()
  expect(await stateOf(one, 'log')).toBe('ok')
  const { record } = await one.show('cost-per-task')
  expect([record?.state, record?.why]).toEqual(['no_data', 'it could not be read: of a fault of the kit'])
})

it('entries that no checkpoint covers are noticed, those of the last minute are not', async () => {
  const rule = testAlert({ name: 'log', rule: 'threshold', metric: 'uncovered_entries', above: 0, minTasks: 0 })
  const [one] = await gateways({ alerts: [rule] })
  await t.task()
  await one.watch.tick()
  expect((await one.show('log')).record).toMatchObject({ state: 'ok', value: 0 })
  t.time.nowMs += minute
  await one.watch.tick()
  expect((await one.show('log')).record?.state).toBe('firing')
})
