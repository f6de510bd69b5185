import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { type FixtureHttp, startFixtureHttp } from '../../test/mcp/fixture-http.ts'
import { fixtureTools, fixtureWorld } from '../../test/mcp/fixture-server.ts'
import type { Digest } from '../core/digest.ts'
import { definitionDigestOf, type McpTool } from '../core/manifest/definition-digest.ts'
import type { McpServer } from '../core/manifest/effective.ts'
import type { UpstreamCall, UpstreamOutcome } from '../guard/port.ts'
import { listServerTools } from './list-tools.ts'
import { createMcpUpstream, type McpUpstream } from './mcp-upstream.ts'

const stdioFixture = fileURLToPath(new URL('../../test/mcp/fixture-stdio.ts', import.meta.url))

let undo: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const step of undo.reverse()) await step()
  undo = []
})

function serverOf(given: Partial<McpServer>): McpServer {
  return { name: 'fixture', args: [], env: {}, headers: {}, ignore: [], pass: [], ...given }
}

function stdioServer(env: Record<string, string> = {}): McpServer {
  return serverOf({ command: process.execPath, args: [stdioFixture], env })
}

function upstreamTo(server: McpServer, lines: string[] = []): McpUpstream {
  const upstream = createMcpUpstream({ servers: [server], log: (name, line) => lines.push(`${name}: ${line}`) })
  undo.push(() => upstream.close())
  return upstream
}

async function httpFixture(options: Parameters<typeof startFixtureHttp>[0] = {}): Promise<FixtureHttp> {
  const fixture = await startFixtureHttp(options)
  undo.push(() => fixture.stop().catch(() => {}))
  return fixture
}

function callOf(upstreamName: string, more: Partial<UpstreamCall> = {}): UpstreamCall {
  return {
    server: 'fixture',
    upstreamName,
    definitionDigest: digestOfFixture(upstreamName),
    arguments: {},
    permit: 'a.b.c',
    idempotencyKey: 'key-1',
    traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    timeoutMs: 5_000,
    signal: new AbortController().signal,
    ...more,
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

function digestOfFixture(name: string): Digest {
  const tool = fixtureTools(fixtureWorld()).find((candidate) => candidate.name === name)
  return definitionDigestOf((tool ?? { name, inputSchema: {} }) as unknown as McpTool)
}

function textOf(outcome: UpstreamOutcome): unknown {
  return outcome.kind === 'answered' ? (outcome.result.content as { text: string }[])[0]?.text : outcome
}

const transports: [string, () => Promise<McpServer>][] = [
  ['stdio, 2026 era', async () => stdioServer()],
  ['stdio, older era', async () => stdioServer({ FIXTURE_ERA: 'legacy' })],
  ['HTTP, 2026 era', async () => serverOf({ url: (await httpFixture({ legacy: 'reject' })).url })],
  ['HTTP, older era', async () => serverOf({ url: (await legacyHttp()).url })],
]

/** The fixture behind a door that refuses the 2026 era as a server of 2025 does: it knows no such method. */
async function legacyHttp(): Promise<{ url: string }> {
  const fixture = await httpFixture()
  const server = await plainServer(async (request, response, body) => {
    if (body.includes('server/discover')) {
      response.writeHead(400, { 'content-type': 'application/json' })
      response.end(
        '{"jsonrpc":"2.0","error":{"code":-32000,"message":"Bad Request: Server not initialized"},"id":null}',
      )
      return
    }
    const headers = Object.fromEntries(
      Object.entries(request.headers).filter(([name]) => name !== 'content-length' && name !== 'connection'),
    )
    const answer = await fetch(fixture.url, {
      method: request.method ?? 'POST',
      headers: headers as Record<string, string>,
      ...(body === '' ? {} : { body }),
    })
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' })
    response.end(await answer.text())
  })
  return { url: server.url }
}

type PlainHandler = (request: IncomingMessage, response: ServerResponse, body: string) => void | Promise<void>

async function plainServer(handler: PlainHandler): Promise<{ url: string; server: Server }> {
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    await Promise.resolve(handler(request, response, body)).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  undo.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`, server }
}

describe.each(transports)('an upstream over %s', (_name, open) => {
  it('offers digests of the definitions as served, calls, fails in the tool’s own words and refuses what is not there', async () => {
    const upstream = upstreamTo(await open())
    const [echo] = fixtureTools(fixtureWorld()) as unknown as McpTool[]
    expect(await upstream.offeredDigest('fixture', 'echo')).toEqual({
      kind: 'offered',
      definitionDigest: definitionDigestOf(echo as McpTool),
    })
    expect(await upstream.offeredDigest('fixture', 'absent')).toEqual({ kind: 'missing' })

    const echoed = await upstream.call(callOf('echo', { arguments: { text: 'hi' } }))
    expect(echoed).toMatchObject({
      kind: 'answered',
      isError: false,
      result: { structuredContent: { said: 'hi' }, unheardOf: { kept: true } },
    })
    expect(await upstream.call(callOf('broken'))).toMatchObject({ kind: 'answered', isError: true })
    expect(await upstream.call(callOf('absent'))).toMatchObject({ kind: 'not-executed' })
  })

  it('times out a tool that hangs, and the next call works', async () => {
    const upstream = upstreamTo(await open())
    const [hung, echoed] = await Promise.all([
      upstream.call(callOf('hang', { timeoutMs: 300 })),
      upstream.call(callOf('echo', { arguments: { text: 'meanwhile' } })),
    ])
    expect(hung).toMatchObject({ kind: 'unknown', why: expect.stringContaining('did not answer in time') })
    expect(textOf(echoed)).toBe('meanwhile')
    expect(textOf(await upstream.call(callOf('echo', { arguments: { text: 'after' } })))).toBe('after')
  })

  it('relays progress', async () => {
    const upstream = upstreamTo(await open())
    const seen: unknown[] = []
    const done = await upstream.call(
      callOf('steps', { arguments: { n: 3 }, onProgress: (progress) => seen.push(progress) }),
    )
    expect(textOf(done)).toBe('done')
    expect(seen).toMatchObject([{ progress: 1, total: 3 }, { progress: 2 }, { progress: 3, message: 'step 3' }])
  })

  it('refuses a result beyond the limit as unknown, and the next call works', async () => {
    const upstream = upstreamTo(await open())
    expect(await upstream.call(callOf('big', { arguments: { bytes: 5_000_000 } }))).toMatchObject({
      kind: 'unknown',
      why: expect.stringContaining('longer than'),
    })
    expect(textOf(await upstream.call(callOf('echo', { arguments: { text: 'after' } })))).toBe('after')
  })

  it('does not execute once the definition differs from the one that was checked', async () => {
    const upstream = upstreamTo(await open())
    const outcome = await upstream.call({
      ...callOf('echo', { arguments: { text: 'x' } }),
      definitionDigest: 'sha256:00',
    })
    expect(outcome).toMatchObject({ kind: 'not-executed', why: expect.stringContaining('definition changed') })
  })
})

describe('a child process', () => {
  it('sees the declared variables, PATH and HOME, and nothing else of ours', async () => {
    process.env.SECRET_OF_THE_KIT = 'no'
    const upstream = upstreamTo(stdioServer({ DECLARED: 'yes' }))
    const answer = await upstream.call(callOf('whoami'))
    delete process.env.SECRET_OF_THE_KIT
    const seen = (answer as unknown as { result: { structuredContent: { environment: Record<string, string> } } })
      .result.structuredContent.environment
    expect(Object.keys(seen).sort()).toEqual(['DECLARED', 'HOME', 'PATH'])
  })

  it('dies during a call: that call is unknown, others in the air too, and the next one works in a new process', async () => {
    const upstream = upstreamTo(stdioServer())
    const before = await upstream.call(callOf('whoami'))
    const [dead, alongside] = await Promise.all([upstream.call(callOf('die')), upstream.call(callOf('hang'))])
    expect(dead).toMatchObject({ kind: 'unknown', why: expect.stringContaining('cut before') })
    expect(alongside).toMatchObject({ kind: 'unknown' })
    const after = await upstream.call(callOf('whoami'))
    const pidOf = (outcome: UpstreamOutcome): unknown =>
      (outcome as unknown as { result: { structuredContent: { pid: number } } }).result.structuredContent.pid
    expect(pidOf(after)).not.toBe(pidOf(before))
  })

  it.each(['2026', 'legacy'])('dies while nobody calls: the next call finds a new process, era %s', async (era) => {
    const upstream = upstreamTo(stdioServer({ FIXTURE_ERA: era }))
    const pidOf = (outcome: UpstreamOutcome): number =>
      (outcome as unknown as { result: { structuredContent: { pid: number } } }).result.structuredContent.pid
    const before = pidOf(await upstream.call(callOf('whoami')))
    process.kill(before, 'SIGKILL')
    await expect.poll(() => isAlive(before)).toBe(false)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(pidOf(await upstream.call(callOf('whoami')))).not.toBe(before)
  })

  it('has its stderr logged with its name in front, cut to a bounded length', async () => {
    const lines: string[] = []
    const upstream = upstreamTo(stdioServer({ FIXTURE_NOISE: 'n'.repeat(10_000) }), lines)
    await upstream.offeredDigest('fixture', 'echo')
    await expect.poll(() => lines.length).toBeGreaterThan(0)
    expect(lines[0]).toBe(`fixture: ${'n'.repeat(2_000)}`)
  })

  it('is ended by close()', async () => {
    const upstream = createMcpUpstream({ servers: [stdioServer()], log: () => {} })
    const answer = await upstream.call(callOf('whoami'))
    const { pid } = (answer as unknown as { result: { structuredContent: { pid: number } } }).result.structuredContent
    await upstream.close()
    expect(() => process.kill(pid, 0)).toThrow('ESRCH')
    expect(await upstream.call(callOf('whoami'))).toMatchObject({ kind: 'not-executed' })
  })

  it('that cannot be started is unreachable, for a call not executed', async () => {
    const upstream = upstreamTo(serverOf({ command: '/nowhere/at/all' }))
    expect(await upstream.offeredDigest('fixture', 'echo')).toMatchObject({ kind: 'unreachable' })
    expect(await upstream.call(callOf('echo'))).toMatchObject({ kind: 'not-executed' })
  })
})

describe('an HTTP server', () => {
  it('receives permit, idempotency key and trace context as _meta and as headers', async () => {
    const fixture = await httpFixture()
    const upstream = upstreamTo(serverOf({ url: fixture.url, headers: { 'X-Team': 'support' } }))
    await upstream.call(callOf('echo', { arguments: { text: 'hi' } }))
    const [received] = fixture.world.calls
    expect(received?.meta).toMatchObject({
      'airworthy/permit': 'a.b.c',
      'airworthy/idempotency-key': 'key-1',
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    })
    expect(received?.headers).toMatchObject({
      'airworthy-permit': 'a.b.c',
      'idempotency-key': 'key-1',
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      'x-team': 'support',
    })
  })

  it('that mirrors an argument in a header gets it there', async () => {
    const upstream = upstreamTo(serverOf({ url: (await httpFixture()).url }))
    expect(textOf(await upstream.call(callOf('book', { arguments: { place: 'here' } })))).toBe('booked here')
  })

  it('shows another digest at once when it announces that a tool changed', async () => {
    const fixture = await httpFixture()
    const upstream = upstreamTo(serverOf({ url: fixture.url }))
    const before = await upstream.offeredDigest('fixture', 'echo')
    fixture.world.flavour = 'poisoned'
    expect(await upstream.offeredDigest('fixture', 'echo')).toEqual(before)
    fixture.announceToolsChanged()
    await expect.poll(() => upstream.offeredDigest('fixture', 'echo')).not.toEqual(before)
  })

  it('is told when a call is cancelled', async () => {
    const fixture = await httpFixture()
    const upstream = upstreamTo(serverOf({ url: fixture.url }))
    const controller = new AbortController()
    const calling = upstream.call(callOf('hang', { signal: controller.signal }))
    await expect.poll(() => fixture.world.calls.length).toBe(1)
    controller.abort()
    expect(await calling).toMatchObject({ kind: 'unknown' })
    await expect.poll(() => fixture.world.cancelled).toEqual(['hang'])
  })

  it('dies during a call, is unreachable meanwhile and works again once it is back', async () => {
    const fixture = await httpFixture()
    const upstream = upstreamTo(serverOf({ url: fixture.url }))
    expect(textOf(await upstream.call(callOf('echo', { arguments: { text: '1' } })))).toBe('1')
    expect(await upstream.call(callOf('die'))).toMatchObject({ kind: 'unknown' })
    await fixture.stop()
    expect(await upstream.call(callOf('echo', { arguments: { text: '2' } }))).toMatchObject({ kind: 'not-executed' })
    expect(await upstream.offeredDigest('fixture', 'echo')).toMatchObject({ kind: 'unreachable' })
    await httpFixture({ port: fixture.port })
    await expect
      .poll(async () => textOf(await upstream.call(callOf('echo', { arguments: { text: '3' } }))), { timeout: 8_000 })
      .toBe('3')
  })

  it('is called again within seconds of being back, though the machine’s clock was set back by hours meanwhile', async () => {
    const fixture = await httpFixture()
    await fixture.stop()
    const upstream = upstreamTo(serverOf({ url: fixture.url }))
    expect(await upstream.offeredDigest('fixture', 'echo')).toMatchObject({ kind: 'unreachable' })
    const { now } = Date
    undo.push(async () => Object.assign(Date, { now }))
    Object.assign(Date, { now: () => now() - 6 * 3_600_000 })
    await httpFixture({ port: fixture.port })
    await expect
      .poll(async () => (await upstream.offeredDigest('fixture', 'echo')).kind, { timeout: 2_000, interval: 20 })
      .toBe('offered')
  })

  it('a call that was cancelled before it was sent did not run', async () => {
    const fixture = await httpFixture()
    const upstream = upstreamTo(serverOf({ url: fixture.url }))
    expect(await upstream.call(callOf('echo', { signal: AbortSignal.abort() }))).toMatchObject({ kind: 'not-executed' })
    expect(fixture.world.calls).toEqual([])
  })
})

describe('a server that lies', () => {
  const lied: McpTool = { name: 'echo', inputSchema: { type: 'object' } }
  /** Answers the handshake of the older era and the list truly, and `tools/call` with whatever it is told. */
  async function liar(answer: (id: unknown) => [status: number, type: string, body: string]): Promise<McpUpstream> {
    const { url } = await plainServer((request, response, body) => {
      const reply = (status: number, type: string, text: string): void => {
        response.writeHead(status, { 'content-type': type })
        response.end(text)
      }
      if (request.method !== 'POST') return reply(405, 'text/plain', '')
      const { id, method } = JSON.parse(body) as { id?: number; method: string }
      const result = (value: object): void =>
        reply(200, 'application/json', JSON.stringify({ jsonrpc: '2.0', id, result: value }))
      if (method === 'initialize') {
        return result({
          protocolVersion: '2025-06-18',
          capabilities: { tools: {} },
          serverInfo: { name: 'liar', version: '0' },
        })
      }
      if (method === 'tools/list') return result({ tools: [lied] })
      if (method === 'tools/call') return reply(...answer(id))
      if (id === undefined) return reply(202, 'text/plain', '')
      reply(400, 'application/json', '{"jsonrpc":"2.0","error":{"code":-32601,"message":"no"},"id":null}')
    })
    return upstreamTo(serverOf({ url }))
  }
  const json =
    (result: unknown) =>
    (id: unknown): [number, string, string] => [200, 'application/json', JSON.stringify({ jsonrpc: '2.0', id, result })]
  const failure =
    (code: number, message: string) =>
    (id: unknown): [number, string, string] => [
      200,
      'application/json',
      JSON.stringify({ jsonrpc: '2.0', id, error: { code, message } }),
    ]

  it.each<[string, (id: unknown) => [number, string, string], UpstreamOutcome['kind']]>([
    ['no content at all', json({}), 'unknown'],
    ['content that is a text', json({ content: 'done' }), 'unknown'],
    ['content blocks without a type', json({ content: [{ text: 'done' }] }), 'unknown'],
    ['isError that is a text', json({ content: [], isError: 'no' }), 'unknown'],
    ['a result that is a text', json('done'), 'unknown'],
    [
      'a lone surrogate',
      () => [
        200,
        'application/json',
        `{"jsonrpc":"2.0","id":ID,"result":{"content":[{"type":"text","text":"\\ud800"}]}}`,
      ],
      'unknown',
    ],
    [
      'a nesting of 10,000',
      () => [
        200,
        'application/json',
        `{"jsonrpc":"2.0","id":ID,"result":{"content":[],"x":${'['.repeat(10_000)}${']'.repeat(10_000)}}}`,
      ],
      'unknown',
    ],
    ['half a document', () => [200, 'application/json', '{"jsonrpc":"2.0","id":'], 'unknown'],
    ['a page of HTML', () => [200, 'text/html', '<h1>hello</h1>'], 'unknown'],
    ['a status of 500', () => [500, 'text/plain', 'oops'], 'unknown'],
    ['a status of 403', () => [403, 'application/json', '{"code":"PERMIT_MISSING"}'], 'not-executed'],
    ['an internal error', failure(-32603, 'oops'), 'unknown'],
    ['an error of its own', failure(-32000, 'oops'), 'unknown'],
    ['invalid params', failure(-32602, 'Input validation error'), 'not-executed'],
    [
      'invalid params that blame its output',
      failure(-32602, 'Output validation error: no structured content'),
      'unknown',
    ],
    ['an unknown method', failure(-32601, 'Method not found'), 'not-executed'],
    [
      'a result of a kind to come',
      json({ resultType: 'input_required', inputRequests: {}, requestState: 's' }),
      'unknown',
    ],
  ])('%s', async (_name, answer, kind) => {
    const upstream = await liar((id) => {
      const [status, type, body] = answer(id)
      return [status, type, body.replace('ID', JSON.stringify(id))]
    })
    const outcome = await upstream.call(
      callOf('echo', { definitionDigest: definitionDigestOf(lied), timeoutMs: 2_000 }),
    )
    expect(outcome.kind).toBe(kind)
    expect((outcome as { why: string }).why.length).toBeGreaterThan(10)
    expect((await upstream.offeredDigest('fixture', 'echo')).kind).toBe('offered')
  })
})

describe('what is relayed', () => {
  it('keeps params, unknown members, input requests and states; the kit’s own keys stay at home', async () => {
    const fixture = await httpFixture()
    const upstream = upstreamTo(serverOf({ url: fixture.url }))
    const relay = (method: string, params: object) =>
      upstream.relay({
        server: 'fixture',
        method,
        params: params as never,
        timeoutMs: 5_000,
        signal: new AbortController().signal,
      })
    const capabilities = { elicitation: { form: {} } }
    const meta = { 'airworthy/task': 'secret', 'io.modelcontextprotocol/clientCapabilities': capabilities, mine: 1 }

    expect(await relay('fixture/ping', { a: 1, _meta: meta })).toEqual({
      kind: 'result',
      result: { pong: { a: 1, _meta: { mine: 1 } }, extra: 'kept', _meta: expect.anything() },
    })
    expect(await relay('prompts/get', { name: 'greet', _meta: meta })).toMatchObject({
      kind: 'result',
      result: {
        resultType: 'input_required',
        inputRequests: { who: { method: 'elicitation/create' } },
        requestState: 'state-of-the-fixture',
      },
    })
    const inputResponses = { who: { action: 'accept', content: { name: 'Ana' } } }
    expect(
      await relay('prompts/get', { name: 'greet', inputResponses, requestState: 'state-of-the-fixture', _meta: meta }),
    ).toMatchObject({
      kind: 'result',
      result: { messages: [{ content: { text: 'Hello Ana (state-of-the-fixture)' } }] },
    })
    expect(await relay('fixture/absent', {})).toMatchObject({ kind: 'error', code: -32601 })
    expect(await relay('tools/call', { name: 'refund' })).toMatchObject({ kind: 'error', code: -32601 })
    expect(fixture.world.calls).toEqual([])
  })
})

describe('listServerTools', () => {
  it('tells who the server is and what it offers, word for word', async () => {
    const listed = await listServerTools(stdioServer(), { timeoutMs: 10_000 })
    expect(listed.serverInfo).toEqual({ name: 'fixture', version: '1.2.3' })
    expect(listed.tools).toEqual(fixtureTools(fixtureWorld()))
  })

  it.each<[string, () => Promise<McpServer>]>([
    ['nobody listens', async () => serverOf({ url: 'http://127.0.0.1:9/mcp' })],
    ['nobody answers', async () => serverOf({ url: (await plainServer(() => {})).url })],
    [
      'it is no MCP server',
      async () => serverOf({ url: (await plainServer((_, response) => void response.end('hello'))).url }),
    ],
    [
      'the child says nothing',
      async () => serverOf({ command: process.execPath, args: ['-e', 'process.stdin.resume()'] }),
    ],
  ])('UPSTREAM_UNREACHABLE when %s', async (_name, open) => {
    await expect(listServerTools(await open(), { timeoutMs: 1_000 })).rejects.toMatchObject({
      code: 'UPSTREAM_UNREACHABLE',
    })
  })
})
