/** The connection is cut between commit and reply: the act comes again, finds its own entry, and nothing happens twice. */
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sealEntry } from '../../src/audit/seal-entry.ts'
import { verifyExport } from '../../src/audit/verify-export.ts'
import { newId } from '../../src/core/ids.ts'
import { createKit, type Kit } from '../../src/kit.ts'
import { exportLog } from '../../src/operate/audit/export-log.ts'
import { readEffects } from '../crash/crash-project.ts'
import { type PostgresProxy, startPostgresProxy } from '../fixtures/postgres-proxy.ts'
import { rowsUpstream, writeGatewayProject } from './gateway-project.ts'
import { binaries, type Gateways, startGateways, until } from './gateways.ts'

const approver = { name: 'bo', roles: ['approver'], credentialId: 'key_1', verifiedBy: 'person_key' }

describe.skipIf(binaries === undefined)('a reply that is lost (needs a PostgreSQL)', () => {
  let gateways: Gateways
  let proxy: PostgresProxy
  let kit: Kit
  beforeAll(async () => {
    gateways = await startGateways()
    proxy = await startPostgresProxy(gateways.url)
    const project = join(gateways.folder, 'project')
    writeGatewayProject(project)
    const digests = new Map<string, string>()
    kit = await createKit({
      project,
      dir: join(gateways.folder, 'kit'),
      db: proxy.url,
      env: {},
      upstream: rowsUpstream(gateways.folder, (name) => digests.get(name) ?? ''),
    })
    for (const tool of kit.manifest.tools) digests.set(tool.upstreamName, tool.definitionDigest)
    await kit.start()
  })
  afterAll(async () => {
    await kit?.close()
    await proxy?.stop()
    await gateways?.stop()
  })

  const open = async (): Promise<string> =>
    (await kit.openTask({ principal: { id: 'ana' }, input: 'work', openedBy: 'embedded' })).task.id
  const act = (task: string, tool: string, id: string) => kit.act({ task, tool, arguments: { id }, door: 'api' })
  const effects = (id: string): number => readEffects(gateways.folder).filter((effect) => effect.id === id).length
  const entries = async (kind: string, object: string): Promise<number> => {
    const rows = await gateways.sql<{ body: string }>('SELECT body FROM audit_entries')
    return rows.map(({ body }) => JSON.parse(body)).filter((entry) => entry.kind === kind && entry.object === object)
      .length
  }
  const counters = async (task: string) =>
    (
      await gateways.sql<{ tool_calls: string; cost: string }>(
        `SELECT tool_calls, cost_usd_micros AS cost FROM tasks WHERE id = '${task}'`,
      )
    )[0]

  it('of open_task: one task, and it works', async () => {
    proxy.loseReplyOf('open_task')
    const task = await open()
    expect(proxy.lost.open_task).toBe(1)
    expect(await entries('task-opened', task)).toBe(1)
    expect((await act(task, 'read_row', 'opened')).state).toBe('succeeded')
  })

  it.each(['intend_plainly', 'settle_plainly'])('of %s: one execution, paid once', async (name) => {
    const task = await open()
    // On the copy of the task that the gateway holds, and, behind another gateway's act, on what it reads.
    await act(task, 'read_row', `first-${name}`)
    proxy.loseReplyOf(name)
    const answer = await act(task, 'write_row', `lost-${name}`)
    expect(proxy.lost[name]).toBe(1)
    expect(answer.state).toBe('succeeded')
    expect(effects(`lost-${name}`)).toBe(1)
    expect(await entries('action-intended', answer.action ?? '')).toBe(1)
    expect(await entries('action-settled', answer.action ?? '')).toBe(1)
    expect(await counters(task)).toEqual({ tool_calls: '2', cost: '20000' })
    expect((await act(task, 'write_row', `next-${name}`)).state).toBe('succeeded')
    expect(await counters(task)).toEqual({ tool_calls: '3', cost: '40000' })
  })

  it('of record_refusal: counted once', async () => {
    const task = await open()
    proxy.loseReplyOf('record_refusal')
    const answer = await act(task, 'no_such_tool', 'refused')
    expect(proxy.lost.record_refusal).toBe(1)
    expect(answer.reasons.map(({ code }) => code)).toEqual(['TOOL_UNKNOWN'])
    expect(await entries('action-denied', answer.action ?? '')).toBe(1)
    expect(await counters(task)).toEqual({ tool_calls: '1', cost: '0' })
  })

  it('of hold and decide_approval: one approval, decided once, executed once', async () => {
    const task = await open()
    proxy.loseReplyOf('hold')
    const held = await act(task, 'drop_row', 'held')
    expect(proxy.lost.hold).toBe(1)
    expect(held.state).toBe('held')
    const id = held.approval?.id ?? ''
    expect(await gateways.sql(`SELECT id, state FROM approvals WHERE task = '${task}'`)).toEqual([
      { id, state: 'pending' },
    ])
    proxy.loseReplyOf('decide_approval')
    await kit.decideApproval({ id, decision: 'approved', approver })
    expect(proxy.lost.decide_approval).toBe(1)
    await until('it is executed', () => effects('held') > 0)
    const answer = await act(task, 'drop_row', 'held')
    expect(answer).toMatchObject({ action: held.action, state: 'succeeded' })
    expect(effects('held')).toBe(1)
    expect(await counters(task)).toEqual({ tool_calls: '1', cost: '20000' })
  })

  it('of engage_kill and lift_kill: said once in the log', async () => {
    const actor = { kind: 'operator', id: 'op', verifiedBy: 'operator_key' } as const
    for (const name of ['engage_kill', 'lift_kill'] as const) {
      proxy.loseReplyOf(name)
      if (name === 'engage_kill') await kit.kill({ tool: 'slow_row', reason: 'test', actor })
      else expect(await kit.revive({ tool: 'slow_row', reason: 'test', actor })).toBe(true)
      expect(proxy.lost[name]).toBe(1)
      expect(await entries(name === 'engage_kill' ? 'kill-engaged' : 'kill-lifted', 'row-agent/slow_row')).toBe(1)
    }
  })

  it('of append: one entry; somebody else with the same id is refused all the same', async () => {
    const entry = (kind: string) =>
      sealEntry({ id, timeMs: Date.now(), kind: kind as never, actor: { kind: 'kit', id: 'test', verifiedBy: 'kit' } })
    const id = newId('ent', Date.now())
    proxy.loseReplyOf('append')
    await kit.store.audit.append(entry('kit-started'))
    expect(proxy.lost.append).toBe(1)
    expect(await gateways.sql(`SELECT id FROM audit_entries WHERE id = '${id}'`)).toHaveLength(1)
    await expect(kit.store.audit.append(entry('kit-started'))).rejects.toThrow()
    proxy.loseReplyOf('append')
    await expect(kit.store.audit.append(entry('kit-stopped'))).rejects.toThrow()
  })

  it.each(['sequence', 'publish_checkpoint', 'hold_lease'])('of %s: the log goes on from where it is', async (name) => {
    proxy.loseReplyOf(name)
    await open()
    await until(`the reply is lost`, () => proxy.lost[name] === 1)
    await kit.sequencer.drain()
    const [row] = await gateways.sql<{ left: string }>(
      'SELECT (SELECT count(*) FROM audit_entries) - (SELECT max(size) FROM audit_checkpoints) AS left',
    )
    expect(row?.left).toBe('0')
    expect(kit.sequencer.failure).toBeUndefined()
  })

  it('in the end the log verifies, and each checkpoint of it stood alone', async () => {
    const store = kit.store.audit
    expect((await store.latestCheckpoint())?.size).toBe(kit.sequencer.coveredSize)
    const { ok, faults } = await verifyExport(exportLog(store, { vkey: kit.vkey, bodies: true }), {
      publicKey: kit.vkey,
    })
    expect({ ok, faults }).toEqual({ ok: true, faults: [] })
  })
})
