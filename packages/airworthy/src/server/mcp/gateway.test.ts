import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type FakeGatewayKit,
  fakeAnswer,
  fakeGatewayKit,
  fakeServer,
  fakeTokens,
  fakeTool,
  heldAnswer,
  textResult,
} from '../../../test/mcp/fake-gateway-kit.ts'
import { AirworthyError } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import { mcpGateway } from './gateway.ts'

const modern = '2026-07-28'
const envelope = {
  'io.modelcontextprotocol/protocolVersion': modern,
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '0' },
  'io.modelcontextprotocol/clientCapabilities': { elicitation: { url: {} } },
}

type Body = NonNullable<RequestInit['body']>

interface Sent {
  readonly status: number
  readonly headers: Headers
  readonly body: { result?: JsonObject; error?: { code: number; message: string; data?: JsonObject }; id?: unknown }
}

interface Extra {
  readonly headers?: Record<string, string>
  readonly meta?: object
  readonly path?: string
  readonly token?: string | null
  readonly signal?: AbortSignal
  readonly without?: string
}

/** A gateway over a fake kit, with a client of each era that sends what the protocol demands unless told otherwise. */
function setUp(kit: FakeGatewayKit = fakeGatewayKit()) {
  const faults: unknown[] = []
  const serve = mcpGateway(kit, { pollMs: 30, onFault: (error) => faults.push(error) })
  const post = (path: string, headers: Record<string, string>, body: Body, signal?: AbortSignal): Promise<Response> =>
    serve(
      new Request(`http://127.0.0.1:4747${path}`, {
        method: 'POST',
        headers,
        body,
        ...(signal === undefined ? {} : { signal }),
      }),
    )
  const read = async (response: Response): Promise<Sent> => {
    const text = await response.text()
    const last = text.startsWith('event:') ? (text.trim().split('data: ').at(-1) ?? '') : text
    return { status: response.status, headers: response.headers, body: last === '' ? {} : JSON.parse(last) }
  }
  const headersOf = (extra: Extra, own: Record<string, string>): Record<string, string> => {
    const token = extra.token === undefined ? fakeTokens.ana : extra.token
    const headers: Record<string, string> = {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...own,
      ...extra.headers,
    }
    if (extra.without !== undefined) delete headers[extra.without]
    return headers
  }
  return {
    kit,
    faults,
    serve,
    raw: (body: Body, headers: Record<string, string> = {}, path = '/mcp/desk') =>
      post(path, headersOf({ headers }, {}), body).then(read),
    legacy: (method: string, params: object = {}, extra: Extra = {}) =>
      post(
        extra.path ?? '/mcp/desk',
        headersOf(extra, {}),
        JSON.stringify({
          jsonrpc: '2.0',
          id: 1,
          method,
          params: { ...params, ...(extra.meta === undefined ? {} : { _meta: extra.meta }) },
        }),
        extra.signal,
      ).then(read),
    modern: (method: string, params: JsonObject = {}, extra: Extra = {}) => {
      const name = params.name ?? params.uri
      const own = {
        'mcp-protocol-version': modern,
        'mcp-method': method,
        ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
      }
      const body = { jsonrpc: '2.0', id: 'a', method, params: { ...params, _meta: { ...envelope, ...extra.meta } } }
      return post(extra.path ?? '/mcp/desk', headersOf(extra, own), JSON.stringify(body), extra.signal).then(read)
    },
  }
}

const call = { name: 'lookup', arguments: { order: 'o-1' } }

describe('a malformed request gets a clear error, and the next one works', () => {
  const good = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: call })
  const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`
  it.each<[string, Body, number, number, Record<string, string>?]>([
    ['nothing', '', 400, -32700],
    ['no JSON', 'hello', 400, -32700],
    ['half a document', good.slice(0, 20), 400, -32700],
    [
      'invalid UTF-8',
      Buffer.concat([Buffer.from('{"jsonrpc":"2.0","method":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]),
      400,
      -32700,
    ],
    ['a text', '"ping"', 400, -32600],
    ['null', 'null', 400, -32600],
    ['a batch', `[${good}]`, 400, -32600],
    ['an empty batch', '[]', 400, -32600],
    ['no version', '{"id":1,"method":"ping"}', 400, -32600],
    ['another version', '{"jsonrpc":"1.0","id":1,"method":"ping"}', 400, -32600],
    ['no method', '{"jsonrpc":"2.0","id":1}', 400, -32600],
    ['a method that is a number', '{"jsonrpc":"2.0","id":1,"method":2}', 400, -32600],
    ['an id that is null', '{"jsonrpc":"2.0","id":null,"method":"ping"}', 400, -32600],
    ['an id that is a fraction', '{"jsonrpc":"2.0","id":1.5,"method":"ping"}', 400, -32600],
    ['an id that is an object', '{"jsonrpc":"2.0","id":{},"method":"ping"}', 400, -32600],
    ['params in a list', '{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}', 400, -32600],
    ['_meta that is a text', '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":"x"}}', 400, -32600],
    ['a prototype key', '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"__proto__":{"x":1}}}', 400, -32600],
    [
      'a prototype key in _meta',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"lookup","_meta":{"constructor":1}}}',
      400,
      -32600,
    ],
    ['10 MB', good.replace('o-1', 'x'.repeat(10_000_000)), 413, -32600],
    ['a nesting of 10,000', `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":${nested(10_000)}}}`, 400, -32600],
    [
      'arguments nested 10,000 deep',
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"lookup","arguments":{"x":${nested(10_000)}}}}`,
      400,
      -32600,
    ],
    ['another content type', good, 415, -32600, { 'content-type': 'text/plain' }],
    ['a tool name that is a number', '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":3}}', 200, -32602],
    [
      'arguments that are a list',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"lookup","arguments":[]}}',
      200,
      -32602,
    ],
  ])('%s', async (_name, body, status, code, headers) => {
    const { raw, kit, faults } = setUp()
    const refused = await raw(body, headers)
    expect([refused.status, refused.body.error?.code]).toEqual([status, code])
    expect(refused.body.error?.message.length).toBeGreaterThan(10)
    expect(kit.acted).toEqual([])
    expect((await raw(good)).body.result).toMatchObject({ content: [{ text: 'did lookup' }] })
    expect(faults).toEqual([])
  })

  it('a body of 10 MB in pieces, of a length that nobody declared, is refused after one', async () => {
    const { serve } = setUp()
    let pieces = 0
    const body = new ReadableStream({
      pull(controller) {
        pieces += 1
        if (pieces > 100) controller.close()
        else controller.enqueue(new Uint8Array(100_000).fill(0x20))
      },
    })
    const headers = { 'content-type': 'application/json' }
    const response = await serve(
      new Request('http://h/mcp/desk', { method: 'POST', headers, body, duplex: 'half' } as RequestInit),
    )
    expect(response.status).toBe(413)
    expect(pieces).toBeLessThan(20)
  })

  it('arguments with a prototype key, a lone surrogate or 100 levels reach the guard, which logs what it refuses', async () => {
    const { raw, kit } = setUp()
    for (const given of ['{"__proto__":1}', '{"order":"\\ud800"}', `{"x":${nested(100)}}`]) {
      await raw(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"lookup","arguments":${given}}}`)
    }
    expect(kit.acted.length).toBe(3)
    expect(Object.keys(kit.acted[0]?.arguments ?? {})).toEqual(['__proto__'])
  })

  it('whatever bytes come, there is an answer and no fault of ours', async () => {
    const { raw, faults } = setUp()
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc.json().map((text) => Buffer.from(text)),
        ),
        async (bytes) => {
          const answer = await raw(Buffer.from(bytes))
          expect(answer.status === 202 || answer.body.error !== undefined || answer.body.result !== undefined).toBe(
            true,
          )
          expect(faults).toEqual([])
        },
      ),
      { numRuns: 200 },
    )
  })
})

describe('a header that disagrees with the body is refused', () => {
  it.each<[string, Extra]>([
    ['Mcp-Method', { headers: { 'mcp-method': 'tools/list' } }],
    ['Mcp-Name', { headers: { 'mcp-name': 'refund' } }],
    ['Mcp-Name in base64', { headers: { 'mcp-name': '=?base64?cmVmdW5k?=' } }],
    ['Mcp-Name in broken base64', { headers: { 'mcp-name': '=?base64?###?=' } }],
    ['MCP-Protocol-Version, the newer', { headers: { 'mcp-protocol-version': '2027-01-01' } }],
    ['Airworthy-Task', { headers: { 'airworthy-task': fakeTokens.bob }, meta: { 'airworthy/task': fakeTokens.ana } }],
    ['the bearer, another task', { token: fakeTokens.bob, headers: { 'airworthy-task': fakeTokens.ana } }],
    ['Idempotency-Key', { headers: { 'idempotency-key': 'a' }, meta: { 'airworthy/idempotency-key': 'b' } }],
    ['Mcp-Param-Order', { headers: { 'mcp-param-order': 'o-2' } }],
  ])('%s', async (_name, extra) => {
    const { kit, ...client } = setUp()
    for (const send of [client.legacy, client.modern]) {
      const { status, body } = await send('tools/call', call, extra)
      expect([status, body.error?.data?.code]).toEqual([400, 'MCP_HEADER_MISMATCH'])
      expect(JSON.stringify(body)).not.toContain('awt_')
    }
    expect(kit.acted).toEqual([])
  })

  it.each(['mcp-protocol-version', 'mcp-method', 'mcp-name'])('%s is demanded of the 2026 era', async (without) => {
    const { kit, ...client } = setUp()
    expect((await client.modern('tools/call', call, { without })).body.error?.code).toBe(-32020)
    expect(kit.acted).toEqual([])
  })

  it('headers that agree are accepted', async () => {
    const { legacy, modern: send } = setUp()
    const headers = { 'mcp-name': '=?base64?bG9va3Vw?=', 'mcp-param-order': 'o-1', 'idempotency-key': 'k' }
    for (const sender of [legacy, send]) expect((await sender('tools/call', call, { headers })).status).toBe(200)
  })

  it.each<[string, object]>([
    ['no capabilities', { 'io.modelcontextprotocol/clientCapabilities': undefined }],
    ['capabilities in a text', { 'io.modelcontextprotocol/clientCapabilities': 'all' }],
    ['a version that is a number', { 'io.modelcontextprotocol/protocolVersion': 2026 }],
    ['client info without a name', { 'io.modelcontextprotocol/clientInfo': { version: '1' } }],
  ])('an envelope with %s is refused', async (_name, meta) => {
    const { body, status } = await setUp().modern('tools/list', {}, { meta })
    expect([status, body.error?.code]).toEqual([400, -32602])
  })

  it('an envelope of a version that is not spoken names those that are', async () => {
    const meta = { 'io.modelcontextprotocol/protocolVersion': '2030-01-01' }
    const { body } = await setUp().modern('tools/list', {}, { meta, headers: { 'mcp-protocol-version': '2030-01-01' } })
    expect(body.error).toMatchObject({
      code: -32022,
      data: { requested: '2030-01-01', supported: expect.arrayContaining([modern]) },
    })
  })
})

describe('the token of a task', () => {
  it.each<[string, Extra, string | undefined]>([
    ['as bearer', {}, 'tsk_ana'],
    ['as header', { token: fakeTokens.key, headers: { 'airworthy-task': fakeTokens.ana } }, 'tsk_ana'],
    ['in _meta', { token: fakeTokens.key, meta: { 'airworthy/task': fakeTokens.bob } }, 'tsk_bob'],
    [
      'in all three places',
      { headers: { 'airworthy-task': fakeTokens.ana }, meta: { 'airworthy/task': fakeTokens.ana } },
      'tsk_ana',
    ],
  ])('travels %s', async (_name, extra, task) => {
    const { kit, ...client } = setUp()
    for (const send of [client.legacy, client.modern]) await send('tools/call', call, extra)
    expect(kit.acted.map((request) => request.task)).toEqual([task, task])
  })

  it.each<[string, Extra, string]>([
    ['missing', { token: null }, 'MCP_TASK_REQUIRED'],
    ['an agent’s key', { token: fakeTokens.key }, 'MCP_TASK_REQUIRED'],
    ['unknown', { headers: { 'airworthy-task': 'awt_nobody' } }, 'MCP_TASK_INVALID'],
    ['of another agent', { token: fakeTokens.other }, 'MCP_TASK_INVALID'],
    ['a number', { meta: { 'airworthy/task': 7 } }, 'MCP_TASK_INVALID'],
  ])('%s: refused with the way to get one', async (_name, extra, code) => {
    const { kit, ...client } = setUp()
    for (const send of [client.legacy, client.modern]) {
      const { body } = await send('tools/call', call, extra)
      expect(body.error).toMatchObject({ data: { code, mend: expect.stringContaining('POST /api/v1/tasks') } })
    }
    expect(kit.acted).toEqual([])
  })
})

describe('tools/list', () => {
  it('shows each principal its own list, with closed schemas, effects in plain words, and forbids caching', async () => {
    const { modern: send, legacy } = setUp()
    const { result } = (await send('tools/list')).body
    expect(result).toMatchObject({ resultType: 'complete', ttlMs: 0, cacheScope: 'private' })
    const tools = result?.tools as JsonObject[]
    expect(tools.map((tool) => tool.name)).toEqual(['lookup', 'refund', 'page'])
    expect(tools[1]).toMatchObject({
      description: expect.stringContaining('CONFIRMATION REQUIRED'),
      annotations: { readOnlyHint: false, destructiveHint: true },
      inputSchema: { additionalProperties: false, properties: { order: { type: 'string', maxLength: 20 } } },
    })
    expect(JSON.stringify(tools)).not.toContain('x-mcp-header')
    expect(tools[0]?.description).toBe('Does lookup.')
    const ofBob = (await legacy('tools/list', {}, { token: fakeTokens.bob })).body.result?.tools as JsonObject[]
    expect(ofBob.map((tool) => tool.name)).toEqual(['lookup', 'page'])
  })

  it('at the door of one server shows that server’s tools alone; tools that the caller runs are not shown', async () => {
    const kit = fakeGatewayKit({ tools: [fakeTool('lookup'), fakeTool('page', { server: 'crm' }), ownTool()] })
    const { legacy } = setUp(kit)
    const namesAt = async (path: string): Promise<unknown[]> => {
      const tools = (await legacy('tools/list', {}, { path })).body.result?.tools as JsonObject[]
      return tools.map((tool) => tool.name)
    }
    expect(await namesAt('/mcp/desk')).toEqual(['lookup', 'page'])
    expect(await namesAt('/mcp/desk/crm')).toEqual(['page'])
  })
})

function ownTool() {
  const { server: _, ...tool } = fakeTool('own')
  return tool
}

describe('tools/call', () => {
  it('gives the guard the arguments, the idempotency key and the door, and the client the result with its action', async () => {
    const { kit, ...client } = setUp()
    kit.onAct = () =>
      fakeAnswer({
        result: {
          ...textResult('hi'),
          unheardOf: [1],
          _meta: { theirs: 1, 'airworthy/mode': 'observe', 'io.modelcontextprotocol/serverInfo': { name: 'evil' } },
        },
      })
    const meta = { 'airworthy/idempotency-key': 'k-1' }
    const modernResult = (await client.modern('tools/call', call, { meta })).body.result
    expect(kit.acted[0]).toMatchObject({
      task: 'tsk_ana',
      tool: 'lookup',
      arguments: { order: 'o-1' },
      idempotencyKey: 'k-1',
      door: 'mcp',
    })
    expect(modernResult).toEqual({
      resultType: 'complete',
      content: [{ type: 'text', text: 'hi' }],
      unheardOf: [1],
      _meta: {
        theirs: 1,
        'airworthy/action': 'act_1',
        'airworthy/decision': 'allow',
        'io.modelcontextprotocol/serverInfo': { name: 'airworthy', version: '1' },
      },
    })
    const legacyResult = (await client.legacy('tools/call', call)).body.result
    expect(legacyResult).toEqual({
      content: [{ type: 'text', text: 'hi' }],
      unheardOf: [1],
      _meta: { theirs: 1, 'airworthy/action': 'act_1', 'airworthy/decision': 'allow' },
    })
  })

  it('asks the guard about what is not listed, so that it is logged, under a name that no manifest has where the door is another', async () => {
    const { kit, legacy } = setUp()
    kit.onAct = (request) =>
      fakeAnswer({
        state: 'denied',
        decision: 'deny',
        reasons: [{ code: 'TOOL_UNKNOWN', message: `No tool ${request.tool}.` }],
        next: 'stop',
      })
    for (const [path, name] of [
      ['/mcp/desk', 'absent'],
      ['/mcp/desk/crm', 'lookup'],
      ['/mcp/desk/crm', 'absent'],
      ['/mcp/desk', '__proto__'],
    ] as const) {
      const { body } = await legacy('tools/call', { name, arguments: {} }, { path })
      expect(body.result).toMatchObject({
        isError: true,
        structuredContent: { status: 'denied', reasons: [{ code: 'TOOL_UNKNOWN' }], next: 'stop' },
      })
    }
    expect(kit.acted.map((request) => request.tool)).toEqual(['absent', 'crm:lookup', 'absent', '__proto__'])
  })

  it('does not act for a tool that the caller runs itself, and says where its permit is', async () => {
    const { kit, legacy } = setUp(fakeGatewayKit({ tools: [ownTool()] }))
    const { body } = await legacy('tools/call', { name: 'own', arguments: {} })
    expect(body.error?.data).toMatchObject({ code: 'MCP_METHOD_DENIED', mend: expect.stringContaining('/actions') })
    expect(kit.acted).toEqual([])
  })

  it.each<[string, Parameters<typeof fakeAnswer>[0], object]>([
    [
      'a budget that is used up',
      {
        state: 'denied',
        decision: 'deny',
        reasons: [{ code: 'BUDGET_EXCEEDED', message: 'Too many.', limit: 15, used: 15 }],
        next: 'ask_user',
        fallback: {
          kind: 'escalate_to_human',
          budget: 'max_tool_calls',
          limit: 15,
          used: 15,
          message: 'A person must take over; nobody was notified.',
        },
      },
      { status: 'denied', fallback: { kind: 'escalate_to_human', limit: 15 }, next: 'ask_user' },
    ],
    [
      'an outcome in doubt',
      {
        state: 'ambiguous',
        error: 'It did not answer in time.',
        reasons: [{ code: 'OUTCOME_AMBIGUOUS', message: 'In doubt.' }],
      },
      { status: 'ambiguous' },
    ],
    [
      'a failure without a result',
      { state: 'failed', error: 'It could not be reached.' },
      { status: 'failed', error: 'It could not be reached.' },
    ],
    ['an action that still runs', { state: 'intended' }, { status: 'pending' }],
  ])('%s is an error result with words and data', async (_name, answer, structuredContent) => {
    const { kit, ...client } = setUp()
    kit.onAct = () => fakeAnswer(answer)
    for (const send of [client.legacy, client.modern]) {
      const { result } = (await send('tools/call', call)).body
      expect(result).toMatchObject({
        isError: true,
        structuredContent,
        content: [{ type: 'text', text: expect.stringMatching(/\w{3}/) }],
      })
    }
  })

  it('a kit that throws is an internal error without its words, and is reported', async () => {
    const { kit, legacy, faults } = setUp()
    kit.onAct = () => Promise.reject(new Error('secret of the store'))
    const { body } = await legacy('tools/call', call)
    expect(body.error?.code).toBe(-32603)
    expect(JSON.stringify(body)).not.toContain('secret')
    expect(faults.length).toBe(1)
  })

  it('an expected error of the kit is told with its code and mend', async () => {
    const { kit, legacy, faults } = setUp()
    const fault = {
      code: 'STORE_UNAVAILABLE',
      message: 'The store did not answer.',
      mend: 'Look at the disk.',
    } as const
    kit.onAct = () => Promise.reject(new AirworthyError(fault))
    const { body } = await legacy('tools/call', call)
    expect(body.error).toMatchObject({
      code: -32603,
      message: fault.message,
      data: { code: fault.code, mend: fault.mend },
    })
    expect(faults).toEqual([])
  })

  it('structured content that is no object is wrapped for the older era', async () => {
    const { kit, ...client } = setUp()
    kit.onAct = () => fakeAnswer({ result: { content: [], structuredContent: [1, 2] } })
    expect((await client.legacy('tools/call', call)).body.result?.structuredContent).toEqual({ result: [1, 2] })
    expect((await client.modern('tools/call', call)).body.result?.structuredContent).toEqual([1, 2])
  })
})

describe('observe mode', () => {
  it('says so on arrival and in every result', async () => {
    const { kit, ...client } = setUp(fakeGatewayKit({ mode: 'observe' }))
    kit.onAct = () => fakeAnswer({ decision: 'deny', enforced: false, result: textResult('done all the same') })
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '0' } }
    expect((await client.legacy('initialize', params)).body.result?.instructions).toContain('NOT enforced')
    expect((await client.modern('server/discover')).body.result?.instructions).toContain('NOT enforced')
    for (const send of [client.legacy, client.modern]) {
      for (const [method, sent] of [
        ['tools/call', call],
        ['tools/list', {}],
      ] as const) {
        expect((await send(method, sent)).body.result?._meta).toMatchObject({ 'airworthy/mode': 'observe' })
      }
    }
    expect((await client.modern('tools/call', call)).body.result).toMatchObject({
      content: [{ text: 'done all the same' }],
      _meta: { 'airworthy/decision': 'deny' },
    })
  })

  it('is not mentioned when decisions are enforced', async () => {
    const client = setUp()
    expect(
      JSON.stringify([(await client.modern('server/discover')).body, (await client.legacy('tools/call', call)).body]),
    ).not.toMatch(/observe/i)
  })
})

describe('a held action', () => {
  const refund = { name: 'refund', arguments: { order: 'o-1' } }
  const held = () => {
    const set = setUp()
    set.kit.onAct = () => heldAnswer()
    set.kit.onAwait = () => heldAnswer()
    return set
  }
  const answered = { inputResponses: { approval: { action: 'accept' } } }

  it('is a result with id and link for the older era, and for clients that open no links', async () => {
    const { legacy, modern: send } = held()
    const meta = { 'io.modelcontextprotocol/clientCapabilities': {} }
    for (const { body } of [await legacy('tools/call', refund), await send('tools/call', refund, { meta })]) {
      expect(body.result).toMatchObject({
        isError: true,
        structuredContent: {
          status: 'confirmation_required',
          action: 'act_1',
          next: 'wait',
          approval: { id: 'apr_1', url: 'http://127.0.0.1:4747/approvals/apr_1', expires: '2030-01-01T00:00:00.000Z' },
        },
        content: [{ text: expect.stringContaining('http://127.0.0.1:4747/approvals/apr_1') }],
      })
      // The summary holds arguments as they will be sent; the model may know some by pseudonym alone.
      expect(JSON.stringify(body)).not.toContain('refund order o-1')
    }
  })

  it('asks a client of 2026 to open the link, then waits in rounds and returns the result when it is there', async () => {
    const { kit, modern: send } = held()
    const first = (await send('tools/call', refund)).body.result
    expect(first).toMatchObject({
      resultType: 'input_required',
      inputRequests: {
        approval: {
          method: 'elicitation/create',
          params: {
            mode: 'url',
            url: 'http://127.0.0.1:4747/approvals/apr_1',
            message: 'CONFIRMATION REQUIRED. A person (refund-approver) decides whether refund is executed.',
          },
        },
      },
      requestState: expect.any(String),
      _meta: { 'airworthy/decision': 'confirm' },
    })
    const second = (await send('tools/call', { ...refund, ...answered, requestState: first?.requestState as string }))
      .body.result
    expect(second).toMatchObject({ resultType: 'input_required', requestState: expect.any(String) })
    expect(second).not.toHaveProperty('inputRequests')
    kit.onAwait = () => fakeAnswer({ result: textResult('refunded') })
    const third = (await send('tools/call', { ...refund, requestState: second?.requestState as string })).body.result
    expect(third).toMatchObject({ resultType: 'complete', content: [{ text: 'refunded' }] })
    expect(kit.acted.length).toBe(1)
    expect(kit.awaited).toEqual([
      { action: 'act_1', timeoutMs: 30 },
      { action: 'act_1', timeoutMs: 30 },
    ])
  })

  it('whatever the client answers, it only waits or stops waiting', async () => {
    const { kit, modern: send } = held()
    const state = (await send('tools/call', refund)).body.result?.requestState as string
    for (const action of ['decline', 'cancel']) {
      const result = (
        await send('tools/call', { ...refund, inputResponses: { approval: { action } }, requestState: state })
      ).body.result
      expect(result).toMatchObject({ isError: true, structuredContent: { status: 'confirmation_required' } })
    }
    const accepted = { approval: { action: 'accept', content: { approved: true } }, approved: { action: 'accept' } }
    expect(
      (await send('tools/call', { ...refund, inputResponses: accepted, requestState: state })).body.result?.resultType,
    ).toBe('input_required')
    expect(kit.awaited.map(({ timeoutMs }) => timeoutMs)).toEqual([0, 0, 30])
    expect(kit.acted.length).toBe(1)
  })

  it('ends the rounds before the client’s own limit', async () => {
    const { modern: send } = held()
    let state = (await send('tools/call', refund)).body.result?.requestState as string | undefined
    let rounds = 0
    let result: JsonObject | undefined
    while (state !== undefined && rounds < 20) {
      result = (await send('tools/call', { ...refund, requestState: state })).body.result
      state = result?.requestState as string | undefined
      rounds += 1
    }
    expect(rounds).toBe(9)
    expect(result).toMatchObject({ isError: true, structuredContent: { status: 'confirmation_required' } })
  })

  it('a state that is forged, foreign, altered or expired is refused', async () => {
    const { kit, modern: send } = held()
    const state = (await send('tools/call', refund)).body.result?.requestState as string
    const bytes = Buffer.from(state, 'base64url')
    bytes[20] = (bytes[20] ?? 0) ^ 1
    const otherKey = setUp({ ...held().kit, sealKey: new Uint8Array(32).fill(8) })
    otherKey.kit.onAct = () => heldAnswer()
    const foreign = (await otherKey.modern('tools/call', refund)).body.result?.requestState as string
    kit.onAct = () => ({ ...heldAnswer(), approval: { id: 'apr_1', roles: [], expiresMs: 1, summary: '' } })
    const expired = (await send('tools/call', refund)).body.result?.requestState as string
    const acted = kit.acted.length
    const attempts: [string, JsonObject, Extra?][] = [
      ['made up', { ...refund, requestState: 'abc' }],
      ['empty', { ...refund, requestState: '' }],
      ['altered', { ...refund, requestState: bytes.toString('base64url') }],
      ['spelled otherwise', { ...refund, requestState: `${state}=` }],
      ['of another key', { ...refund, requestState: foreign }],
      ['of another task', { ...refund, requestState: state }, { token: fakeTokens.bob }],
      ['for another tool', { name: 'lookup', arguments: { order: 'o-1' }, requestState: state }],
      ['for other arguments', { name: 'refund', arguments: { order: 'o-2' }, requestState: state }],
      ['for more arguments', { name: 'refund', arguments: { order: 'o-1', amount: 1 }, requestState: state }],
      ['of another type', { name: 'refund', arguments: { order: 1 }, requestState: state }],
      ['expired', { ...refund, requestState: expired }],
      ['a number', { ...refund, requestState: 7 }],
      ['huge', { ...refund, requestState: 'A'.repeat(100_000) }],
    ]
    for (const [name, params, extra] of attempts) {
      const { body } = await send('tools/call', params, extra)
      expect(body.error?.code, name).toBe(-32602)
    }
    expect(kit.acted.length).toBe(acted)
    expect(kit.awaited).toEqual([])
  })
})

describe('progress and cancellation', () => {
  it('progress is told before the result, with the client’s own token', async () => {
    const { kit, serve } = setUp()
    kit.onAct = async (request) => {
      request.onProgress?.({ progress: 1, total: 2, progressToken: 'not theirs' })
      request.onProgress?.({ progress: 2, total: 2 })
      return fakeAnswer({ result: textResult('done') })
    }
    const send = (meta: object): Promise<Response> =>
      serve(
        new Request('http://h/mcp/desk', {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: `Bearer ${fakeTokens.ana}` },
          body: JSON.stringify({ jsonrpc: '2.0', id: 9, method: 'tools/call', params: { ...call, _meta: meta } }),
        }),
      )
    const response = await send({ progressToken: 'mine' })
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const messages = (await response.text())
      .split('\n\n')
      .filter((frame) => frame !== '')
      .map((frame) => JSON.parse(frame.split('data: ')[1] ?? ''))
    expect(messages).toMatchObject([
      { method: 'notifications/progress', params: { progressToken: 'mine', progress: 1, total: 2 } },
      { method: 'notifications/progress', params: { progressToken: 'mine', progress: 2 } },
      { id: 9, result: { content: [{ text: 'done' }] } },
    ])
    expect((await send({})).headers.get('content-type')).toBe('application/json')
  })

  it('progress that nobody reads does not pile up: some is dropped, and the result comes', async () => {
    const { kit, serve } = setUp()
    kit.onAct = async ({ onProgress }) => {
      for (let progress = 0; progress < 10_000; progress++) onProgress?.({ progress, message: 'x'.repeat(1_000) })
      return fakeAnswer({ result: textResult('done') })
    }
    const response = await serve(
      new Request('http://h/mcp/desk', {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${fakeTokens.ana}` },
        body: JSON.stringify({
          jsonrpc: '2.0',
          id: 9,
          method: 'tools/call',
          params: { ...call, _meta: { progressToken: 'mine' } },
        }),
      }),
    )
    const text = await response.text()
    expect(text.length).toBeLessThan(300_000)
    expect(text).toContain('"progress":0')
    expect(JSON.parse(text.trim().split('data: ').at(-1) ?? '')).toMatchObject({
      id: 9,
      result: { content: [{ text: 'done' }] },
    })
  })

  const untilAborted = (kit: FakeGatewayKit): void => {
    kit.onAct = ({ signal }) =>
      new Promise((resolve) =>
        signal?.addEventListener('abort', () => resolve(fakeAnswer({ state: 'ambiguous', error: 'cancelled' }))),
      )
  }
  const running = (kit: FakeGatewayKit): Promise<void> => expect.poll(() => kit.acted.length).toBe(1)

  it('a client of 2026 cancels by leaving', async () => {
    const { kit, modern: send } = setUp()
    untilAborted(kit)
    const controller = new AbortController()
    const calling = send('tools/call', call, { signal: controller.signal })
    await running(kit)
    controller.abort()
    expect((await calling).body.result).toMatchObject({ structuredContent: { status: 'ambiguous' } })
  })

  it('a client of the older era cancels by a notification in its own session, and by nothing else', async () => {
    const { kit, legacy, raw } = setUp()
    untilAborted(kit)
    const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 't', version: '0' } }
    const session = (await legacy('initialize', params)).headers.get('mcp-session-id') ?? ''
    const another = (await legacy('initialize', params)).headers.get('mcp-session-id') ?? ''
    const leaving = new AbortController()
    let isOver = false
    const calling = legacy('tools/call', call, { headers: { 'mcp-session-id': session }, signal: leaving.signal }).then(
      (sent) => {
        isOver = true
        return sent
      },
    )
    await running(kit)
    leaving.abort()
    const cancel = (requestId: unknown, headers: Record<string, string>): Promise<Sent> =>
      raw(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } }), headers)
    for (const [requestId, headers] of [
      [1, { 'mcp-session-id': another }],
      [1, {}],
      [1, { 'mcp-session-id': session, authorization: `Bearer ${fakeTokens.bob}` }],
      ['1', { 'mcp-session-id': session }],
      [2, { 'mcp-session-id': session }],
    ] as [unknown, Record<string, string>][]) {
      expect((await cancel(requestId, headers)).status).toBe(202)
    }
    expect(isOver).toBe(false)
    expect((await cancel(1, { 'mcp-session-id': session })).status).toBe(202)
    expect((await calling).body.result).toMatchObject({ structuredContent: { status: 'ambiguous' } })
  })
})

describe('sessions of the older era', () => {
  const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 't', version: '0' } }

  it('negotiate the version, hold it, end, and belong to one door', async () => {
    const { legacy, serve } = setUp()
    const opened = await legacy('initialize', params)
    expect(opened.body.result).toMatchObject({
      protocolVersion: '2025-06-18',
      capabilities: { tools: {} },
      serverInfo: { name: 'airworthy' },
    })
    const headers = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' }
    expect((await legacy('ping', {}, { headers })).body.result).toEqual({})
    expect((await legacy('ping', {}, { headers: { ...headers, 'mcp-protocol-version': '2025-06-18' } })).status).toBe(
      200,
    )
    expect(
      (await legacy('ping', {}, { headers: { ...headers, 'mcp-protocol-version': '2025-11-25' } })).body.error?.code,
    ).toBe(-32020)
    expect(
      (await legacy('ping', {}, { headers: { ...headers, 'mcp-protocol-version': '1999-01-01' } })).body.error?.code,
    ).toBe(-32022)
    expect((await legacy('ping', {}, { headers, path: '/mcp/desk/crm' })).status).toBe(404)
    expect((await legacy('ping', {}, { headers: { 'mcp-session-id': 'made-up' } })).body.error?.data?.code).toBe(
      'MCP_SESSION_UNKNOWN',
    )
    const request = new Request('http://h/mcp/desk', { method: 'DELETE', headers })
    expect((await serve(request)).status).toBe(204)
    expect((await legacy('ping', {}, { headers })).status).toBe(404)
  })

  it('an unknown version is answered with one that is spoken', async () => {
    expect(
      (await setUp().legacy('initialize', { ...params, protocolVersion: '2030-01-01' })).body.result?.protocolVersion,
    ).toBe('2025-11-25')
  })

  it.each(['GET', 'PUT', 'DELETE'])('%s without a session is not served', async (method) => {
    const response = await setUp().serve(new Request('http://h/mcp/desk', { method }))
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST, DELETE'])
  })
})

describe('doors', () => {
  it.each(['/mcp/absent', '/mcp/desk/absent', '/mcp/desk/crm/more', '/mcp', '/mcp/__proto__', '/mcp/%ff'])(
    '%s does not exist',
    async (path) => {
      expect((await setUp().legacy('ping', {}, { path })).status).toBe(404)
    },
  )
})

describe('what is relayed', () => {
  const two = [
    fakeServer('helpdesk'),
    fakeServer('crm', { pass: ['crm/ping', 'tools/call', 'both/do'] }),
    fakeServer('shop', { pass: ['both/do'] }),
  ]

  it('an unknown method is denied unless one server passes it; pass never reaches the methods that are known', async () => {
    const { kit, ...client } = setUp(fakeGatewayKit({ servers: two }))
    kit.onRelay = (relayed) => ({ kind: 'result', result: { by: relayed.server, kept: { as: ['it', 'is'] } } })
    const params = { a: 1, inputResponses: { x: 1 }, requestState: 's' }
    expect((await client.legacy('crm/ping', params, { meta: { mine: 1 } })).body.result).toEqual({
      by: 'crm',
      kept: { as: ['it', 'is'] },
    })
    expect(kit.relayed[0]).toMatchObject({
      agent: 'desk',
      server: 'crm',
      method: 'crm/ping',
      task: { id: 'tsk_ana' },
      params: { ...params, _meta: { mine: 1 } },
    })
    for (const method of [
      'absent/method',
      'both/do',
      'resources/subscribe',
      'logging/setLevel',
      'tools/other',
      'initialize/again',
    ]) {
      const { body } = await client.legacy(method)
      expect(body.error, method).toMatchObject({ code: -32601, data: { code: 'MCP_METHOD_DENIED' } })
    }
    expect((await client.modern('absent/method')).status).toBe(404)
    expect((await client.modern('initialize')).status).toBe(404)
    expect((await client.legacy('both/do', {}, { path: '/mcp/desk/shop' })).body.result).toMatchObject({ by: 'shop' })
    await client.legacy('tools/call', call, { path: '/mcp/desk/crm' })
    expect(kit.relayed.length).toBe(2)
    expect((await client.legacy('crm/ping', {}, { token: null })).body.error?.data?.code).toBe('MCP_TASK_REQUIRED')
  })

  it('prompts and resources of several servers have unique names, and go where they belong', async () => {
    const { kit, ...client } = setUp(fakeGatewayKit({ servers: two }))
    kit.onRelay = ({ server, method, params }) => {
      const lists: Record<string, JsonObject> = {
        'prompts/list': { prompts: [{ name: 'greet', from: server }] },
        'resources/list':
          params.cursor === undefined
            ? { resources: [{ uri: `x://${server}/1` }, { uri: 'x://all' }], nextCursor: 'p2' }
            : { resources: [{ uri: `x://${server}/2` }] },
        'resources/templates/list': { resourceTemplates: [{ uriTemplate: `y://${server}/{id}` }] },
      }
      if (server === 'shop') return { kind: 'unreachable', why: 'it is closed' }
      return { kind: 'result', result: lists[method] ?? { by: server, params } }
    }
    const prompts = (await client.legacy('prompts/list')).body.result
    expect(prompts).toEqual({
      prompts: [
        { name: 'greet', from: 'helpdesk' },
        { name: 'crm_greet', from: 'crm' },
      ],
      _meta: { 'airworthy/unreachable': ['shop'] },
    })
    const resources = (await client.modern('resources/list')).body.result
    expect(resources).toMatchObject({ cacheScope: 'private', ttlMs: 0 })
    const listed = resources?.resources as JsonObject[]
    expect(listed.map((entry) => entry.uri)).toEqual([
      'x://helpdesk/1',
      'x://all',
      'x://helpdesk/2',
      'x://crm/1',
      'x://crm/2',
    ])
    const routed = async (method: string, params: JsonObject): Promise<unknown> =>
      (await client.legacy(method, params)).body.result?.by
    expect(await routed('prompts/get', { name: 'crm_greet' })).toBe('crm')
    expect(kit.relayed.at(-1)?.params.name).toBe('greet')
    expect(await routed('resources/read', { uri: 'x://crm/2' })).toBe('crm')
    expect(await routed('resources/read', { uri: 'x://all' })).toBe('helpdesk')
    expect(await routed('resources/read', { uri: 'y://crm/7' })).toBe('crm')
    expect(await routed('completion/complete', { ref: { type: 'ref/prompt', name: 'crm_greet' }, argument: {} })).toBe(
      'crm',
    )
    expect(
      await routed('completion/complete', { ref: { type: 'ref/resource', uri: 'y://crm/{id}' }, argument: {} }),
    ).toBe('crm')
    for (const [method, params] of [
      ['prompts/get', { name: 'absent' }],
      ['resources/read', { uri: 'z://absent' }],
      ['prompts/get', {}],
    ] as const) {
      expect((await client.legacy(method, params)).body.error?.code).toBe(-32602)
    }
  })

  it('errors of a server are the client’s to see; a server that is away is named', async () => {
    const { kit, legacy } = setUp(fakeGatewayKit({ servers: [fakeServer('helpdesk')] }))
    kit.onRelay = () => ({ kind: 'error', code: -32055, message: 'theirs', data: { deep: 1 } })
    expect((await legacy('resources/read', { uri: 'x://1' })).body.error).toEqual({
      code: -32055,
      message: 'theirs',
      data: { deep: 1 },
    })
    kit.onRelay = () => ({ kind: 'unreachable', why: 'secret address' })
    expect((await legacy('resources/read', { uri: 'x://1' })).body.error).toMatchObject({
      data: { code: 'UPSTREAM_UNREACHABLE' },
      message: expect.not.stringContaining('secret'),
    })
    expect((await legacy('prompts/list')).body.error?.data?.code).toBe('UPSTREAM_UNREACHABLE')
  })

  it('a server’s request for input reaches a client of 2026; an older client is told that it cannot be asked', async () => {
    const { kit, ...client } = setUp(fakeGatewayKit({ servers: [fakeServer('helpdesk')] }))
    const asks = {
      resultType: 'input_required',
      inputRequests: { who: { method: 'elicitation/create' } },
      requestState: 'theirs',
    }
    kit.onRelay = () => ({ kind: 'result', result: asks })
    expect((await client.modern('prompts/get', { name: 'greet' })).body.result).toMatchObject(asks)
    expect((await client.legacy('prompts/get', { name: 'greet' })).body.error?.message).toContain('helpdesk')
  })
})

describe('subscriptions', () => {
  it('are acknowledged with nothing in them and end at once: our lists do not change', async () => {
    const { serve } = setUp()
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: 's',
      method: 'subscriptions/listen',
      params: { notifications: { toolsListChanged: true }, _meta: envelope },
    })
    const headers = {
      'content-type': 'application/json',
      'mcp-protocol-version': modern,
      'mcp-method': 'subscriptions/listen',
    }
    const text = await (await serve(new Request('http://h/mcp/desk', { method: 'POST', headers, body }))).text()
    expect(text).toContain('"notifications":{}')
    expect(text).toContain('"resultType":"complete"')
  })
})
