/** Kills, keys, releases and recorded runs, on every store. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { digestOf } from '../../src/core/digest.ts'
import type { CredentialRecord } from '../../src/operate/keys/port.ts'
import type { ImportRunsAct } from '../../src/operate/traces/port.ts'
import type { Store } from '../../src/store/store.ts'
import type { RecordedRun } from '../../src/telemetry/recorded-run.ts'
import type { SpanRecord } from '../../src/telemetry/span.ts'
import { agent, entry, intendAct, openedTask, release, settleAct, startMs } from '../fixtures/store-acts.ts'
import { openTestStore } from '../fixtures/test-store.ts'

let store: Store
beforeAll(async () => {
  store = await openTestStore()
})
afterAll(() => store.close())

describe('kills', () => {
  const kill = (tool: string, reason = 'too many refunds') => ({ agent, tool, reason, by: 'ana', atMs: startMs })
  const engage = (tool: string, reason?: string) =>
    store.kills.engageKill({ kill: kill(tool, reason), entry: entry({ kind: 'kill-engaged' }) })
  const lift = (tool: string) => store.kills.liftKill({ agent, tool, entry: entry({ kind: 'kill-lifted' }) })

  it('stop what they name from the moment that they return, and only that', async () => {
    const { task } = await openedTask(store)
    await engage('refund')
    await engage('refund', 'a later reason')
    expect(await store.kills.listKills()).toEqual([kill('refund')])
    expect(await store.guard.readKills(agent)).toEqual([kill('refund')])
    expect(await store.guard.readKills('other-agent')).toEqual([])
    expect(await store.guard.intend(intendAct(task, { tool: 'refund' }))).toEqual({
      kind: 'killed',
      kill: kill('refund'),
    })
    expect(await store.guard.intend(intendAct(task))).toMatchObject({ kind: 'committed' })
    // Where no kit runs, this is how a kill is verified.
    const nobody = { ...task, id: 'tsk_none' }
    expect(await store.guard.intend(intendAct(nobody, { tool: 'refund' }))).toMatchObject({ kind: 'killed' })
    await expect(store.guard.intend(intendAct(nobody))).rejects.toThrow()
    await engage('*')
    expect(await store.guard.intend(intendAct(task, { arguments: { id: 'o-2' } }))).toMatchObject({ kind: 'killed' })
    expect([await lift('*'), await lift('*'), await lift('refund')]).toEqual([true, false, true])
    expect(await store.guard.readKills(agent)).toEqual([])
  })

  it('count what still runs under them', async () => {
    const { task } = await openedTask(store, { agent: 'counted-agent' })
    const running = intendAct(task, { tool: 'slow' })
    await store.guard.intend(running)
    await store.guard.intend(intendAct(task, { tool: 'other' }))
    expect(await store.kills.countRunning('counted-agent', 'slow')).toBe(1)
    expect(await store.kills.countRunning('counted-agent', '*')).toBe(2)
    await store.guard.settle(settleAct(running.actionId))
    expect(await store.kills.countRunning('counted-agent', 'slow')).toBe(0)
  })
})

describe('keys', () => {
  const record = (id: string, more: Partial<CredentialRecord> = {}): CredentialRecord => ({
    id,
    kind: 'person',
    name: 'Ana',
    roles: ['approver', 'refund-approver'],
    createdMs: startMs,
    ...more,
  })
  const create = (one: CredentialRecord, hash: string) =>
    store.credentials.createCredential({ record: one, hash, entry: entry({ kind: 'key-created', object: one.id }) })

  it('are kept as hashes, found by them, and listed in one order whatever the language of the database', async () => {
    const agentKey = record('key_B', { kind: 'agent', agent, roles: [], name: 'desk' })
    await create(record('key_a', { principal: 'auth0|ana' }), 'a'.repeat(64))
    await create(agentKey, 'b'.repeat(64))
    await create(record('key_A', { createdMs: startMs - 1 }), 'c'.repeat(64))
    expect((await store.credentials.listCredentials()).map(({ id }) => id)).toEqual(['key_A', 'key_B', 'key_a'])
    expect(await store.credentials.credentialByHash('b'.repeat(64))).toEqual(agentKey)
    await expect(create(record('key_C'), 'a'.repeat(64))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })

  it('are revoked once, and found as revoked', async () => {
    await create(record('key_r'), 'd'.repeat(64))
    const revoke = () =>
      store.credentials.revokeCredential({ id: 'key_r', atMs: startMs + 1, entry: entry({ kind: 'key-revoked' }) })
    expect([await revoke(), await revoke()]).toEqual([true, false])
    expect((await store.credentials.credentialByHash('d'.repeat(64)))?.revokedMs).toBe(startMs + 1)
  })
})

describe('releases and evidence', () => {
  const entries = async () => (await store.audit.readUnsequenced(10_000)).length
  it('are registered and pointed at once; the same again is not logged', async () => {
    const register = (digest: typeof release) =>
      store.releases.registerRelease({
        digest,
        agent,
        body: { model: 'm-1' },
        atMs: startMs,
        entry: entry({ kind: 'release-registered' }),
      })
    const point = (digest: typeof release) =>
      store.releases.pointEnvironment({
        agent,
        environment: 'dev',
        release: digest,
        atMs: startMs,
        entry: entry({ kind: 'release-promoted' }),
      })
    const before = await entries()
    const next = digestOf({ release: 2 })
    await register(release)
    await register(release)
    await register(next)
    await point(release)
    await point(release)
    expect(await store.releases.releaseOf(agent, 'dev')).toBe(release)
    await point(next)
    expect(await store.releases.releaseOf(agent, 'dev')).toBe(next)
    expect(await store.releases.releaseOf(agent, 'production')).toBeUndefined()
    expect((await entries()) - before).toBe(4)
    await expect(point(digestOf({ release: 'never registered' }))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })
})

describe('cosignatures', () => {
  it('the first of a witness for a size stays', async () => {
    const keep = (size: number, witness: string, line: string) => store.cosignatures.keep({ size, witness, line })
    await keep(3, 'w-B', 'first')
    await keep(3, 'w-B', 'second')
    await keep(3, 'w-a', 'other')
    await keep(9, 'w-a', 'later')
    expect(await store.cosignatures.readCosignatures({ after: 0, through: 8 })).toEqual([
      { size: 3, witness: 'w-B', line: 'first' },
      { size: 3, witness: 'w-a', line: 'other' },
    ])
    expect(await store.cosignatures.readCosignatures({ after: 3, through: 9 })).toHaveLength(1)
  })
})

describe('recorded runs', () => {
  const run = (id: string, more: Partial<RecordedRun> = {}): RecordedRun => ({
    id,
    name: `runs/${id}`,
    format: 'tau-bench',
    messages: [{ role: 'user', text: 'Close it \0\ud800.' }],
    calls: [
      { index: 0, tool: 'find', arguments: { n: 1 }, afterMessages: 1, result: null, spanId: 'c'.repeat(16) },
      { index: 1, tool: 'close', arguments: {}, afterMessages: 1, error: 'no', authChecks: { owns: false } },
    ],
    traceId: 'd'.repeat(32),
    ...more,
  })
  const span = (spanId: string, more: Partial<SpanRecord> = {}): SpanRecord => ({
    traceId: 'd'.repeat(32),
    spanId: spanId.repeat(16),
    name: 'chat',
    kind: 'client',
    status: 'ok',
    attributes: { 'gen_ai.system': 'x' },
    resource: {},
    ...more,
  })
  const importing = (more: Partial<ImportRunsAct>): ImportRunsAct => ({
    file: 'runs.jsonl',
    fileDigest: digestOf('runs'),
    format: 'tau-bench',
    runs: [],
    spans: [],
    atMs: startMs,
    entry: entry({ kind: 'runs-imported' }),
    ...more,
  })

  it('are kept once, whole, with spans to the nanosecond', async () => {
    const late = 1_800_000_000_123_456_789n
    const spans = [
      span('2', { startNs: late, endNs: late + 1n }),
      span('1'),
      span('3', { startNs: 5n, status: 'error', statusMessage: 'no' }),
    ]
    const first = importing({ runs: [run('a@1'), run('b@1', { format: 'agentdojo' })], spans })
    expect(await store.traces.importRuns(first)).toEqual({
      runsNew: 2,
      runsKnown: 0,
      actionsNew: 4,
      spansNew: 3,
      spansKnown: 0,
    })
    const again = importing({ runs: [run('a@1'), run('c@1'), run('c@1')], spans: [span('2'), span('4')] })
    expect(await store.traces.importRuns(again)).toEqual({
      runsNew: 1,
      runsKnown: 2,
      actionsNew: 2,
      spansNew: 1,
      spansKnown: 1,
    })
    const entries = (await store.audit.readUnsequenced(10_000)).length
    expect(await store.traces.importRuns(importing({ runs: [run('a@1')] }))).toMatchObject({ runsNew: 0, runsKnown: 1 })
    expect(await store.audit.readUnsequenced(10_000)).toHaveLength(entries)
    expect(await store.traces.countRuns()).toBe(3)
    expect((await store.traces.listRuns({ limit: 10 })).map(({ id }) => id)).toEqual(['c@1', 'a@1', 'b@1'])
    expect((await store.traces.listRuns({ limit: 10, format: 'agentdojo' })).map(({ id }) => id)).toEqual(['b@1'])
    const read = await store.traces.readRun('a@1')
    expect(read).toMatchObject({ file: 'runs.jsonl', importedMs: startMs })
    expect(read?.run.calls).toEqual(run('a@1').calls)
    expect(read?.run.messages).toEqual(run('a@1').messages)
    const found = await store.traces.spansOf('d'.repeat(32))
    expect(found.map(({ spanId }) => spanId[0])).toEqual(['3', '2', '1', '4'])
    expect(found[1]).toEqual(spans[0])
  })
})
