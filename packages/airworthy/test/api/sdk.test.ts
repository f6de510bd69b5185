/** What an agent's author imports, through both doors: over HTTP against a real server, and in process. One suite for both. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { embed } from '../../src/embedded.ts'
import type { Kit } from '../../src/kit.ts'
import {
  type AirworthyError,
  ConfirmationRequired,
  connect,
  Denied,
  OutcomeInDoubt,
  type Run,
  resumeTask,
  type Task,
  ToolFailed,
} from '../../src/sdk/index.ts'
import { createPermitCheck } from '../../src/sdk/permit-check.ts'
import { testProject } from './project.ts'
import { startServing, support, type TestServing } from './serving.ts'

interface Door {
  readonly kit: Kit
  open(attributes?: typeof support): Promise<Task>
  stop(): Promise<void>
}

const doors: readonly [string, () => Promise<Door>][] = [
  [
    'over HTTP',
    async () => {
      const serving = await startServing()
      const client = connect({ url: serving.url, key: serving.keys.agent })
      return {
        kit: serving.kit,
        open: (attributes = support) => client.task({ principal: { id: 'ana', attributes }, input: 'hello' }),
        stop: serving.stop,
      }
    },
  ],
  [
    'in process',
    async () => {
      const project = testProject()
      const embedded = await embed({ project: project.folder, dir: ':memory:', env: {} })
      return {
        kit: embedded.kit,
        open: (attributes = support) => embedded.task({ principal: { id: 'ana', attributes }, input: 'hello' }),
        async stop() {
          await embedded.close()
          project.remove()
        },
      }
    },
  ],
]

describe.each(doors)('%s', (_name, start) => {
  let door: Door
  beforeAll(async () => {
    door = await start()
  })
  afterAll(() => door.stop())

  const approve = (id: string, decision: 'approved' | 'rejected' = 'approved'): Promise<unknown> =>
    door.kit.decideApproval({
      id,
      decision,
      approver: { name: 'paula', roles: ['approver'], credentialId: 'key_test', verifiedBy: 'person_key' },
    })

  it('runs an allowed tool with a permit that its service can verify, and reports the outcome', async () => {
    const task = await door.open()
    const seen: [unknown, Run][] = []
    const addNote = task.tool('add_note', (args, run) => {
      seen.push([args, run])
      return { id: 7, value: 'kept' }
    })
    expect(await addNote({ text: 'hello', stars: 3 })).toEqual({ id: 7, value: 'kept' })
    const [[args, run]] = seen as [[unknown, Run]]
    expect(args).toEqual({ text: 'hello', stars: 3 })
    const check = createPermitCheck({ key: door.kit.keys.permit.publicKeyRaw })
    const permitted = await check([{ permit: run.permit, tool: 'add_note', arguments: args }])
    expect(permitted).toMatchObject({ ok: true, claims: [{ jti: run.action, task: task.id }] })
    expect(await task.result(run.action)).toMatchObject({ state: 'succeeded' })
  })

  it.each([
    ['a text', 'x'],
    ['a number', 0],
    ['null', null],
    ['a list', [1, 'two', { three: 3 }]],
    ['an object with one member value', { value: { value: 1 } }],
  ])('gives back %s as it was', async (_what, value) => {
    const task = await door.open()
    expect(await task.tool('add_note', () => value)({ text: 'x' })).toEqual(value)
  })

  it('gives the model what it may see, not what the tool returned', async () => {
    const task = await door.open()
    const shown = await task.tool('read_note', () => ({ text: 'from carol@example.com' }))({ id: '1' })
    expect(JSON.stringify(shown)).toContain('from ')
    expect(JSON.stringify(shown)).not.toContain('carol@example.com')
  })

  it('does not run what is denied, and says why and what to do', async () => {
    const task = await door.open()
    const ran: unknown[] = []
    const addNote = task.tool('add_note', (args) => ran.push(args))
    const denied = await addNote({ text: 'x', stars: 99 }).catch((error: unknown) => error)
    expect(denied).toBeInstanceOf(Denied)
    expect(denied).toMatchObject({ next: 'retry_with', reasons: [{ code: 'ARGUMENTS_INVALID', path: '/stars' }] })
    const guest = await door.open({ role: 'guest', tenant: 'acme' })
    await expect(guest.tool('add_note', (args) => ran.push(args))({ text: 'x' })).rejects.toMatchObject({
      name: 'Denied',
      reasons: [{ code: 'POLICY_NO_PERMIT' }],
    })
    expect(ran).toEqual([])
  })

  it('a used-up budget throws with its fallback', async () => {
    const task = await door.open()
    const addNote = task.tool('add_note', () => 'ok')
    for (let call = 0; call < 15; call++) await addNote({ text: `${call}` })
    const denied = await addNote({ text: 'one more' }).catch((error: unknown) => error)
    expect(denied).toMatchObject({ fallback: { kind: 'escalate_to_human', budget: 'max_tool_calls', limit: 15 } })
  })

  it('reports a throw as failed, without its words, and throws it on', async () => {
    const task = await door.open()
    let action = ''
    const failing = task.tool('add_note', (_args, run) => {
      action = run.action
      throw new RangeError('hunter2 is wrong')
    })
    await expect(failing({ text: 'x' })).rejects.toThrow(new RangeError('hunter2 is wrong'))
    const answer = await task.result(action)
    expect(answer).toMatchObject({ state: 'failed', error: 'The tool threw RangeError.' })
  })

  it('leaves the outcome open when the tool does not know it', async () => {
    const task = await door.open()
    let action = ''
    const doubting = task.tool('add_note', (_args, run) => {
      action = run.action
      throw new OutcomeInDoubt('the connection broke')
    })
    await expect(doubting({ text: 'x' }, { idempotencyKey: 'd' })).rejects.toBeInstanceOf(OutcomeInDoubt)
    expect(await task.result(action)).toMatchObject({ state: 'intended' })
    // The same call again must not make the effect happen twice.
    let runs = 0
    const again = task.tool('add_note', () => {
      runs += 1
    })
    await expect(again({ text: 'x' }, { idempotencyKey: 'd' })).rejects.toBeInstanceOf(OutcomeInDoubt)
    expect(runs).toBe(0)
  })

  it('the same key runs once and gives the recorded result', async () => {
    const task = await door.open()
    let runs = 0
    const addNote = task.tool('add_note', () => {
      runs += 1
      return { run: runs }
    })
    const call = (): Promise<unknown> => addNote({ text: 'x' }, { idempotencyKey: 'once' })
    expect([await call(), await call()]).toEqual([{ run: 1 }, { run: 1 }])
    expect(runs).toBe(1)
    const failing = task.tool('add_note', () => {
      throw new Error('no')
    })
    await expect(failing({ text: 'y' }, { idempotencyKey: 'f' })).rejects.toThrow('no')
    await expect(failing({ text: 'y' }, { idempotencyKey: 'f' })).rejects.toBeInstanceOf(ToolFailed)
  })

  it('a held tool throws, and the same call runs it once a person has confirmed', async () => {
    const task = await door.open()
    const ran: unknown[] = []
    const close = task.tool('close_account', (args) => {
      ran.push(args)
      return 'closed'
    })
    const held = await close({ id: '9' }).catch((error: unknown) => error)
    expect(held).toBeInstanceOf(ConfirmationRequired)
    const { approval, action } = held as ConfirmationRequired
    expect(approval).toMatchObject({ roles: ['approver'], summary: expect.stringContaining('id: "9"') })
    await expect(close({ id: '9' })).rejects.toMatchObject({ action })
    expect(ran).toEqual([])
    await approve(approval?.id ?? '')
    expect(await close({ id: '9' })).toBe('closed')
    expect(ran).toEqual([{ id: '9' }])
    // The approval was for that one time.
    await expect(close({ id: '9' })).rejects.toBeInstanceOf(ConfirmationRequired)
  })

  it('an approval of one call does not open another', async () => {
    const task = await door.open()
    const ran: unknown[] = []
    const close = task.tool('close_account', (args) => ran.push(args))
    const held = (await close({ id: '9' }).catch((error: unknown) => error)) as ConfirmationRequired
    await approve(held.approval?.id ?? '')
    await expect(close({ id: '10' })).rejects.toBeInstanceOf(ConfirmationRequired)
    expect(ran).toEqual([])
  })

  it('waits for the person when it is told to', async () => {
    const task = await door.open()
    const close = task.tool({ name: 'close_account', confirm: 'wait', waitMs: 30_000 }, () => 'closed')
    const waiting = close({ id: '9' })
    const [pending] = await pendingApproval(task.id)
    await approve(pending?.id ?? '')
    expect(await waiting).toBe('closed')
  })

  it('throws when the person says no while it waits, or when nobody says anything', async () => {
    const task = await door.open()
    const close = task.tool({ name: 'close_account', confirm: 'wait', waitMs: 30_000 }, () => 'closed')
    const waiting = close({ id: '9' })
    const outcome = expect(waiting).rejects.toMatchObject({
      name: 'Denied',
      reasons: [{ code: 'CONFIRMATION_REJECTED' }],
    })
    const [pending] = await pendingApproval(task.id)
    await approve(pending?.id ?? '', 'rejected')
    await outcome
    const impatient = task.tool({ name: 'close_account', confirm: 'wait', waitMs: 1 }, () => 'closed')
    await expect(impatient({ id: '10' })).rejects.toBeInstanceOf(ConfirmationRequired)
  })

  it('a retrieval receives the filter of the principal, whatever was asked', async () => {
    const task = await door.open()
    const queries: unknown[] = []
    const documents = await task.retrieve('search_articles', { query: 'refunds', tenant: 'other' }, (query) => {
      queries.push(query)
      return [{ title: 'Refunds' }]
    })
    await task.retrieve('search_articles', 'refunds', (query) => queries.push(query))
    expect(queries).toEqual([
      { query: 'refunds', tenant: 'acme' },
      { query: 'refunds', tenant: 'acme' },
    ])
    expect(documents).toEqual([{ title: 'Refunds' }])
  })

  it('withholds a result that could not be labelled, and reports that the tool ran', async () => {
    const task = await door.open()
    for (const result of [10n, 'x'.repeat(1_100_000)]) {
      let action = ''
      const tool = task.tool('add_note', (_args, run) => {
        action = run.action
        return result
      })
      await expect(tool({ text: 'x' })).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
      expect(await task.result(action)).toMatchObject({ state: 'succeeded' })
    }
  })

  it('a closed task acts no more', async () => {
    const task = await door.open()
    await task.close()
    const outcome = await task
      .tool(
        'add_note',
        () => 'x',
      )({ text: 'x' })
      .catch((error: unknown) => error)
    expect(['Denied', 'AirworthyError']).toContain((outcome as Error).name)
  })

  async function pendingApproval(task: string) {
    for (;;) {
      const pending = await door.kit.store.approvals.listApprovals({ state: 'pending', limit: 100 })
      const own = pending.filter((approval) => approval.task === task)
      if (own.length > 0) return own
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
})

describe('the way over HTTP', () => {
  let serving: TestServing
  beforeAll(async () => {
    serving = await startServing()
  })
  afterAll(() => serving.stop())

  it('carries the problem of the kit as an error with the same code', async () => {
    const stranger = connect({ url: serving.url, key: 'awa_nobody' })
    await expect(stranger.task({ principal: { id: 'ana' } })).rejects.toMatchObject({
      name: 'AirworthyError',
      code: 'CREDENTIAL_INVALID',
    })
    const client = connect({ url: serving.url, key: serving.keys.agent })
    const wrong = client.task({ principal: { id: '' }, resumeUrl: 'nowhere' })
    await expect(wrong).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
    await wrong.catch((error: AirworthyError) => expect(error.faults).toHaveLength(2))
    expect(await client.status()).toMatchObject({ agent: 'desk', enforced: true })
  })

  it('a worker takes up a task from its token', async () => {
    const { task: id, token } = await serving.openTask()
    const task = resumeTask({ url: serving.url, id, token, mcpUrl: `${serving.url}/mcp/desk` })
    expect(await task.act('stamp', { to: 'x' })).toMatchObject({ state: 'succeeded' })
  })

  it('sends a lost request again only when it carries an idempotency key', async () => {
    const flaky = await breaksFirst(serving.url)
    try {
      const { task: id, token } = await serving.openTask()
      const task = resumeTask({ url: flaky.url, id, token, mcpUrl: '' })
      flaky.breakNext(1)
      await expect(task.act('stamp', { to: 'a' })).rejects.toMatchObject({ code: 'KIT_UNREACHABLE' })
      const before = serving.received.length
      flaky.breakNext(2)
      const answer = await task.act('stamp', { to: 'b' }, { idempotencyKey: 'k' })
      expect(answer).toMatchObject({ state: 'succeeded' })
      expect(serving.received.length - before).toBe(1)
      flaky.breakNext(3)
      const lost = task.act('stamp', { to: 'c' }, { idempotencyKey: 'l' })
      await expect(lost).rejects.toMatchObject({ code: 'KIT_UNREACHABLE' })
    } finally {
      await flaky.stop()
    }
  })

  it('says so when nothing, or something else, answers', async () => {
    const nothing = connect({ url: 'http://127.0.0.1:9', key: 'awa_x' })
    await expect(nothing.status()).rejects.toMatchObject({ code: 'KIT_UNREACHABLE' })
    const other = createServer((_request, response) => response.writeHead(404).end('<html>not found</html>'))
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    const client = connect({ url: `http://127.0.0.1:${port}`, key: 'awa_x' })
    await expect(client.status()).rejects.toMatchObject({
      code: 'KIT_UNREACHABLE',
      message: expect.stringContaining('no kit'),
    })
    other.close()
  })

  it('stops waiting when the caller does', async () => {
    const { task: id, token } = await serving.openTask()
    const task = resumeTask({ url: serving.url, id, token, mcpUrl: '' })
    const held = await task.act('send_letter', { to: 'x' })
    const leaving = new AbortController()
    const waiting = task.result(held.action ?? '', { waitMs: 30_000, signal: leaving.signal })
    leaving.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
  })
})

/** A way to the kit that takes the request to it and loses the answer. */
it('a variable that is not set is named before anything is asked', () => {
  const key = undefined as unknown as string
  expect(() => connect({ url: 'http://127.0.0.1:4747', key })).toThrow('No key was given')
  expect(() => connect({ url: 'undefined', key: 'awa_x' })).toThrow('this is no address')
})

async function breaksFirst(target: string) {
  let toBreak = 0
  const proxy = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const isBroken = toBreak > 0
    toBreak -= isBroken ? 1 : 0
    const { authorization = '' } = request.headers
    const answer = await fetch(`${target}${request.url}`, {
      method: request.method ?? 'GET',
      headers: { authorization, 'content-type': 'application/json' },
      ...(parts.length === 0 ? {} : { body: Buffer.concat(parts) }),
    })
    const text = await answer.text()
    if (isBroken) request.socket.destroy()
    else response.writeHead(answer.status, { 'content-type': 'application/json' }).end(text)
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const { port } = proxy.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    breakNext: (count: number) => {
      toBreak = count
    },
    async stop() {
      proxy.closeAllConnections()
      await new Promise((resolve) => proxy.close(resolve))
    },
  }
}
