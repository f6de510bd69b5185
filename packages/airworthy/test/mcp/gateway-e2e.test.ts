/** The gateway with a real kit behind it and the official clients of both generations before it. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type FixtureHttp, startFixtureHttp } from './fixture-http.ts'
import { type GovernedFixture, startGovernedFixture } from './governed-fixture.ts'

interface Result {
  readonly content?: readonly { readonly text?: string }[]
  readonly isError?: boolean
  readonly structuredContent?: Record<string, unknown> & { approval?: { id: string } }
  readonly _meta?: Record<string, unknown>
  readonly [key: string]: unknown
}

/** What both generations of clients can do, so that one suite runs through either. */
interface AnyClient {
  call(
    name: string,
    given?: object,
    options?: { signal?: AbortSignal; onprogress?: (progress: unknown) => void; meta?: object },
  ): Promise<Result>
  tools(): Promise<{ name: string; description?: string }[]>
  readonly instructions: string | undefined
  readResource(uri: string): Promise<unknown>
  close(): Promise<void>
}

let undo: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const step of undo.reverse()) await step()
  undo = []
})

const headersOf = (token: string): { requestInit: RequestInit } => ({
  requestInit: { headers: { authorization: `Bearer ${token}` } },
})

async function newClient(
  url: URL,
  token: string,
  onLink?: (url: string) => Promise<'accept' | 'decline'>,
): Promise<AnyClient> {
  const capabilities = onLink === undefined ? {} : { elicitation: { url: {} } }
  const client = new Client({ name: 'v2', version: '0' }, { capabilities, versionNegotiation: { mode: 'auto' } })
  if (onLink !== undefined) {
    client.setRequestHandler('elicitation/create', async (request) => ({
      action: await onLink((request.params as { url: string }).url),
    }))
  }
  await client.connect(new StreamableHTTPClientTransport(url, headersOf(token)))
  expect(client.getProtocolEra()).toBe('modern')
  undo.push(() => client.close())
  return {
    call: async (name, given = {}, { meta, ...options } = {}) =>
      (await client.callTool(
        { name, arguments: given as Record<string, unknown>, ...(meta === undefined ? {} : { _meta: meta }) } as never,
        options,
      )) as Result,
    tools: async () => (await client.listTools()).tools as { name: string }[],
    instructions: client.getInstructions(),
    readResource: (uri) => client.readResource({ uri }),
    close: () => client.close(),
  }
}

async function oldClient(url: URL, token: string): Promise<AnyClient> {
  const client = new OldClient({ name: 'v1', version: '0' })
  const transport = new OldTransport(url, headersOf(token))
  await client.connect(transport as never)
  expect(transport.sessionId).toEqual(expect.any(String))
  undo.push(async () => {
    await transport.terminateSession()
    await client.close()
  })
  return {
    call: async (name, given = {}, { meta, ...options } = {}) =>
      (await client.callTool(
        { name, arguments: given as Record<string, unknown>, ...(meta === undefined ? {} : { _meta: { ...meta } }) },
        undefined,
        options,
      )) as Result,
    tools: async () => (await client.listTools()).tools as { name: string }[],
    instructions: client.getInstructions(),
    readResource: (uri) => client.readResource({ uri }),
    close: () => client.close(),
  }
}

const clients: [string, typeof oldClient][] = [
  ['a client of 2026-07-28', (url, token) => newClient(url, token)],
  ['a client of the older era', oldClient],
]

describe.each([['HTTP'], ['stdio']])('with the upstream over %s', (kind) => {
  let upstream: FixtureHttp | undefined
  let desk: GovernedFixture
  beforeAll(async () => {
    upstream = kind === 'HTTP' ? await startFixtureHttp() : undefined
    desk = await startGovernedFixture(upstream === undefined ? {} : { url: upstream.url })
  })
  afterAll(async () => {
    await desk.stop()
    await upstream?.stop()
  })

  describe.each(clients)('%s', (_name, connect) => {
    it('lists what a permit may reach and nothing else, calls, and gets the tool’s own failure', async () => {
      const client = await connect(desk.url, await desk.openTask())
      const tools = await client.tools()
      expect(tools.map((tool) => tool.name).sort()).toEqual(['big', 'broken', 'die', 'echo', 'hang', 'refund', 'steps'])
      expect(tools.find((tool) => tool.name === 'refund')?.description).toContain('CONFIRMATION REQUIRED')
      const echoed = await client.call('echo', { text: 'hi' })
      expect(echoed).toMatchObject({
        content: [{ text: 'hi' }],
        structuredContent: { said: 'hi' },
        _meta: { 'airworthy/decision': 'allow', 'airworthy/action': expect.stringMatching(/^act_/) },
      })
      expect(await client.call('broken')).toMatchObject({ isError: true, content: [{ text: 'it is broken' }] })
    })

    it('is denied what is not listed, not allowed or malformed, with reasons, and the refusal is in the ledger', async () => {
      const client = await connect(desk.url, await desk.openTask('rob', 'reader'))
      const denied: [string, object, string][] = [
        ['whoami', {}, 'TOOL_UNKNOWN'],
        ['absent', {}, 'TOOL_UNKNOWN'],
        ['refund', { order: 'o-1' }, 'POLICY_NO_PERMIT'],
        ['book', { place: 'here' }, 'POLICY_NO_PERMIT'],
        ['echo', { text: 'x', extra: 1 }, 'ARGUMENTS_INVALID'],
        ['echo', { text: 7 }, 'ARGUMENTS_INVALID'],
        ['echo', { text: 'x'.repeat(100_000) }, 'ARGUMENTS_INVALID'],
        ['steps', { n: 99 }, 'ARGUMENTS_INVALID'],
      ]
      for (const [name, given, code] of denied) {
        const result = await client.call(name, given)
        expect(result, name).toMatchObject({
          isError: true,
          structuredContent: { status: 'denied', reasons: [{ code }] },
        })
        const action = await desk.kit.readAction(String(result._meta?.['airworthy/action']))
        expect(action).toMatchObject({ state: 'denied', tool: name })
      }
      expect(await client.call('echo', { text: 'still here' })).toMatchObject({ content: [{ text: 'still here' }] })
    })

    it('is refused without a task, with the way to get one', async () => {
      const client = await connect(desk.url, desk.agentKey)
      await expect(client.call('echo', { text: 'hi' })).rejects.toThrow(/POST \/api\/v1\/tasks/)
      const token = await desk.openTask()
      expect(await client.call('echo', { text: 'hi' }, { meta: { 'airworthy/task': token } })).toMatchObject({
        content: [{ text: 'hi' }],
      })
    })

    it('sees progress, survives a tool that hangs and a result too long, and the next call works', async () => {
      const client = await connect(desk.url, await desk.openTask())
      const seen: unknown[] = []
      expect(await client.call('steps', { n: 3 }, { onprogress: (progress) => seen.push(progress) })).toMatchObject({
        content: [{ text: 'done' }],
      })
      expect(seen).toMatchObject([{ progress: 1, total: 3 }, { progress: 2 }, { progress: 3 }])
      expect((await client.call('hang')).isError).toBe(true)
      expect((await client.call('big', { bytes: 5_000_000 })).isError).toBe(true)
      expect(await client.call('echo', { text: 'next' })).toMatchObject({ content: [{ text: 'next' }] })
    })

    it('the same idempotency key executes once', async () => {
      const client = await connect(desk.url, await desk.openTask())
      const meta = { 'airworthy/idempotency-key': `k-${Math.random()}` }
      const [first, second] = [
        await client.call('echo', { text: 'once' }, { meta }),
        await client.call('echo', { text: 'once' }, { meta }),
      ]
      expect(second).toEqual(first)
      expect(await client.call('echo', { text: 'other' }, { meta })).toMatchObject({
        structuredContent: { reasons: [{ code: 'IDEMPOTENCY_MISMATCH' }] },
      })
    })

    it('a held action comes with a link, and the same call again, once approved, returns the one result', async () => {
      const client = await connect(desk.url, await desk.openTask())
      const order = { order: `o-${Math.random()}` }
      const held = await client.call('refund', order)
      expect(held).toMatchObject({
        isError: true,
        structuredContent: {
          status: 'confirmation_required',
          approval: { url: expect.stringContaining('/approvals/apr_') },
        },
      })
      expect(await client.call('refund', order)).toMatchObject({
        structuredContent: { status: 'confirmation_required', approval: { id: held.structuredContent?.approval?.id } },
      })
      await desk.approve(String(held.structuredContent?.approval?.id))
      expect(await client.call('refund', order)).toMatchObject({ content: [{ text: `refunded ${order.order}` }] })
      // Collected: from now on an equal call is a new action, held anew.
      expect(await client.call('refund', order)).toMatchObject({
        structuredContent: { status: 'confirmation_required' },
      })
    })

    it('a rejected action says so', async () => {
      const client = await connect(desk.url, await desk.openTask())
      const order = { order: `o-${Math.random()}` }
      const held = await client.call('refund', order)
      await desk.approve(String(held.structuredContent?.approval?.id), 'rejected')
      expect(await client.call('refund', order)).toMatchObject({
        isError: true,
        structuredContent: { status: 'denied', reasons: [{ code: 'CONFIRMATION_REJECTED' }] },
      })
    })

    it('an upstream that dies during a call: that call is in doubt, and the next one works', async () => {
      if (kind === 'HTTP') return
      const client = await connect(desk.url, await desk.openTask())
      const died = await client.call('die')
      expect(died).toMatchObject({
        isError: true,
        structuredContent: {
          reasons: expect.arrayContaining([expect.objectContaining({ code: 'OUTCOME_AMBIGUOUS' })]),
        },
      })
      expect(await client.call('echo', { text: 'back' })).toMatchObject({ content: [{ text: 'back' }] })
    })

    it('reads resources of the listed server', async () => {
      const client = await connect(desk.url, await desk.openTask())
      expect(await client.readResource('fixture://order/7')).toMatchObject({
        contents: [{ text: 'contents of fixture://order/7' }],
      })
    })

    it('what a resource says is known to be untrusted, and the log says that it was read', async () => {
      const token = await desk.openTask()
      const client = await connect(desk.url, token)
      await client.readResource('fixture://order/7')
      const task = await desk.kit.taskOfToken(token)
      const entries = (await desk.kit.store.audit.entriesOfTask(task?.id ?? '', 10)).map(({ text }) => JSON.parse(text))
      expect(entries.find(({ kind }) => kind === 'resource-relayed')).toMatchObject({
        action: 'resources/read',
        object: 'fixture',
        principal: { id: 'ana' },
      })
      const facts = (await desk.kit.store.guard.readTask(task?.id ?? ''))?.facts ?? []
      expect(
        facts.some(({ body }) => body.kind === 'source' && !body.trusted && body.source === 'fixture:resources/read'),
      ).toBe(true)
    })

    it('a stopped agent reads no resource either', async () => {
      const client = await connect(desk.url, await desk.openTask())
      const actor = { kind: 'operator', id: 'op', verifiedBy: 'operator_key' } as const
      await desk.kit.kill({ tool: '*', reason: 'odd', actor })
      await expect(client.readResource('fixture://order/7')).rejects.toThrow(/stopped by op/)
      await desk.kit.revive({ tool: '*', reason: 'fine', actor })
      expect(await client.readResource('fixture://order/7')).toMatchObject({ contents: [{}] })
    })

    it('many calls at once over one connection', async () => {
      const client = await connect(desk.url, await desk.openTask())
      const texts = Array.from({ length: 25 }, (_, index) => `n-${index}`)
      const results = await Promise.all(texts.map((text) => client.call('echo', { text })))
      expect(results.map((result) => result.content?.[0]?.text)).toEqual(texts)
    })
  })

  it('a client of 2026 that opens links waits inside one call, and gets the result once a person approved', async () => {
    const opened: string[] = []
    const client = await newClient(desk.url, await desk.openTask(), async (url) => {
      opened.push(url)
      setTimeout(() => void desk.approve(url.split('/').at(-1) ?? ''), 100)
      return 'accept'
    })
    expect(await client.call('refund', { order: 'linked' })).toMatchObject({ content: [{ text: 'refunded linked' }] })
    expect(opened.length).toBe(1)
  })

  it('its consent approves nothing: without a person the action stays held', async () => {
    const client = await newClient(desk.url, await desk.openTask(), async () => 'decline')
    expect(await client.call('refund', { order: 'declined' })).toMatchObject({
      isError: true,
      structuredContent: { status: 'confirmation_required' },
    })
    const action = await desk.kit.awaitAction(
      String((await client.call('refund', { order: 'declined' }))._meta?.['airworthy/action']),
      0,
      new AbortController().signal,
    )
    expect(action.state).toBe('held')
  })
})

describe('over HTTP', () => {
  it('a definition that changed is denied until it is locked again', async () => {
    const upstream = await startFixtureHttp()
    const desk = await startGovernedFixture({ url: upstream.url })
    undo.push(
      () => desk.stop(),
      () => upstream.stop(),
    )
    const client = await newClient(desk.url, await desk.openTask())
    expect((await client.call('echo', { text: 'a' })).isError).toBeUndefined()
    upstream.world.flavour = 'poisoned'
    upstream.announceToolsChanged()
    await expect
      .poll(() => client.call('echo', { text: 'a' }))
      .toMatchObject({ structuredContent: { reasons: [{ code: 'TOOL_CHANGED' }] } })
  })

  it('the upstream gets a permit and the action’s own idempotency key', async () => {
    const upstream = await startFixtureHttp()
    const desk = await startGovernedFixture({ url: upstream.url })
    undo.push(
      () => desk.stop(),
      () => upstream.stop(),
    )
    const client = await newClient(desk.url, await desk.openTask())
    const result = await client.call('echo', { text: 'a' }, { meta: { 'airworthy/task': undefined } })
    const [received] = upstream.world.calls
    expect(received?.headers['idempotency-key']).toBe(result._meta?.['airworthy/action'])
    expect(received?.headers['airworthy-permit']).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
    expect(JSON.stringify(received)).not.toContain('awt_')
  })

  it('cancelling reaches the tool, from either client', async () => {
    const upstream = await startFixtureHttp()
    const desk = await startGovernedFixture({ url: upstream.url })
    undo.push(
      () => desk.stop(),
      () => upstream.stop(),
    )
    for (const [index, connect] of [newClient, oldClient].entries()) {
      const client = await connect(desk.url, await desk.openTask())
      const controller = new AbortController()
      const calling = client.call('hang', {}, { signal: controller.signal }).catch(() => 'cancelled')
      await expect.poll(() => upstream.world.calls.length).toBe(index + 1)
      controller.abort()
      expect(await calling).toBe('cancelled')
      await expect.poll(() => upstream.world.cancelled.length).toBe(index + 1)
    }
  })

  it('observe mode says so on arrival and in each result, and withholds nothing', async () => {
    const upstream = await startFixtureHttp()
    const desk = await startGovernedFixture({ url: upstream.url, mode: 'observe' })
    undo.push(
      () => desk.stop(),
      () => upstream.stop(),
    )
    for (const connect of [newClient, oldClient]) {
      const client = await connect(desk.url, await desk.openTask())
      expect(client.instructions).toContain('NOT enforced')
      expect(await client.call('refund', { order: 'o-1' })).toMatchObject({
        content: [{ text: 'refunded o-1' }],
        _meta: { 'airworthy/mode': 'observe' },
      })
    }
  })
})
