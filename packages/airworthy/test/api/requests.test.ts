/** Requests that nobody should send: each gets a problem document of its own, and the next good request works. */
import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { errorCodes } from '../../src/core/error-codes.ts'
import { startServing, type TestServing } from './serving.ts'

let serving: TestServing
let token: string
let task: string
beforeAll(async () => {
  serving = await startServing()
  const opened = await serving.openTask()
  token = opened.token
  task = opened.task
})
afterAll(() => serving.stop())

const deep = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`
const invalidUtf8 = Buffer.concat([Buffer.from('{"tool":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')])

async function* chunks(size: number): AsyncGenerator<Uint8Array> {
  for (let sent = 0; sent < size; sent += 65_536) yield new Uint8Array(65_536).fill(0x20)
}

const hostile: readonly [string, NonNullable<RequestInit['body']>, number, Record<string, string>?][] = [
  ['10 MB', `{"tool":"${'x'.repeat(10_000_000)}"}`, 413],
  ['10 MB without a declared length', ReadableStream.from(chunks(10_000_000)), 413],
  ['nesting of 10,000', `{"tool":"stamp","arguments":{"to":${deep(10_000)}}}`, 400],
  ['nesting of 10,000 objects', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`, 400],
  ['nesting of 500,000', deep(500_000), 400],
  ['__proto__', '{"tool":"stamp","arguments":{"__proto__":{"to":"x"}}}', 400],
  ['constructor', '{"tool":"stamp","arguments":{"constructor":{"prototype":{}}}}', 400],
  ['__proto__ at the top', '{"__proto__":{"tool":"stamp"}}', 400],
  ['invalid UTF-8', invalidUtf8, 400],
  ['a lone surrogate', '{"tool":"stamp","arguments":{"to":"\\ud800"}}', 400],
  ['a number beyond all', '{"tool":"stamp","arguments":{"to":1e999}}', 400],
  ['malformed JSON', '{"tool":', 400],
  ['JSON and more', '{"tool":"stamp"} x', 400],
  ['an array', '[]', 400],
  ['null', 'null', 400],
  ['an unknown field', '{"tool":"stamp","argumnets":{}}', 400],
  ['a tool that is no text', '{"tool":7}', 400],
  ['arguments that are no object', '{"tool":"stamp","arguments":[1]}', 400],
  ['another type', '{"tool":"stamp"}', 415, { 'content-type': 'text/plain' }],
  ['a packed body', '{"tool":"stamp"}', 415, { 'content-encoding': 'gzip' }],
]

describe('hostile bodies', () => {
  it.each(hostile)('%s', async (_name, body, status, headers = {}) => {
    const path = `/api/v1/tasks/${task}/actions`
    const answer = await serving
      .call('POST', path, { key: token, body, headers })
      // A body that is cut off may break the connection before the answer is read; it must not have been taken.
      .catch(() => undefined)
    if (answer !== undefined) {
      expect(answer.status).toBe(status)
      expect(answer.headers.get('content-type')).toBe('application/problem+json')
      expect(answer.json).toMatchObject({ code: 'REQUEST_INVALID' })
      expect(String(answer.json.mend)).not.toBe('')
      expect(answer.text).not.toMatch(/ at .*\.ts|node_modules/)
    } else expect(status).toBe(413)
    const { task: next, token: nextToken } = await serving.openTask()
    const good = await serving.call('POST', `/api/v1/tasks/${next}/actions`, {
      key: nextToken,
      json: { tool: 'stamp', arguments: { to: 'x' } },
    })
    expect(good.json).toMatchObject({ decision: 'allow', state: 'succeeded' })
  })

  it('tells every fault of a body at once, and repeats no value', async () => {
    const answer = await serving.call('POST', '/api/v1/tasks', {
      key: serving.keys.agent,
      json: { principal: { id: '', attributes: 'hunter2' }, resume_url: 'file:///hunter2', surplus: 'hunter2' },
    })
    expect(answer.status).toBe(400)
    expect(answer.json.faults).toHaveLength(3)
    expect(answer.text).not.toContain('hunter2')
  })

  it('arguments that only the guard may judge reach it, and are refused on record', async () => {
    const opened = await serving.openTask()
    for (const to of ['y'.repeat(70_000), JSON.parse(deep(66))]) {
      const answer = await serving.call('POST', `/api/v1/tasks/${opened.task}/actions`, {
        key: opened.token,
        json: { tool: 'stamp', arguments: { to } },
      })
      expect([answer.status, answer.json]).toMatchObject([200, { decision: 'deny', next: 'retry_with' }])
      expect(answer.json.reasons).toMatchObject([{ code: 'ARGUMENTS_INVALID' }])
    }
  })
})

describe('unknown routes', () => {
  it.each([
    ['GET', '/nope'],
    ['GET', '/'],
    ['PUT', '/api/v1/status'],
    ['POST', '/healthz'],
    ['OPTIONS', '/api/v1/status'],
    ['GET', '/api/v1/status/'],
    ['GET', '/api/v1/%2e%2e/healthz%00'],
    ['GET', '/audit/../healthz%2f'],
    ['GET', '/%'],
  ])('%s %s', async (method, path) => {
    const answer = await serving.call(method, path, { key: serving.keys.operator })
    expect([answer.status, answer.json.code]).toEqual([404, 'ROUTE_UNKNOWN'])
  })

  it('unknown query parameters and waits beyond the bound are refused', async () => {
    const { json } = await serving.call('POST', `/api/v1/tasks/${task}/actions`, {
      key: token,
      json: { tool: 'stamp', arguments: { to: 'x' } },
    })
    for (const query of ['?wait=60001', '?wait=-1', '?wait=1e3', '?wiat=1']) {
      const answer = await serving.call('GET', `/api/v1/actions/${json.action}${query}`, { key: token })
      expect([query, answer.status]).toEqual([query, 400])
    }
    expect((await serving.call('GET', `/api/v1/actions/${json.action}?wait=60000`, { key: token })).status).toBe(200)
  })
})

describe('Host and Origin', () => {
  it.each([
    ['127.0.0.1:PORT', undefined, 200],
    ['localhost:PORT', undefined, 200],
    ['LOCALHOST', undefined, 200],
    ['[::1]:PORT', undefined, 200],
    // A name of somebody else's that resolves to this machine (DNS rebinding).
    ['evil.example:PORT', undefined, 403],
    ['127.0.0.1.evil.example', undefined, 403],
    ['localhost.evil.example:PORT', undefined, 403],
    ['192.168.0.7:PORT', undefined, 403],
    // Refused by the socket's side already, which reads no such host.
    ['evil@localhost', undefined, 400],
    ['localhost:PORT', 'http://localhost:PORT', 200],
    ['localhost:PORT', 'http://evil.example', 403],
    ['localhost:PORT', 'http://localhost:3000', 403],
    ['localhost:PORT', 'http://127.0.0.1:PORT', 403],
    ['localhost:PORT', 'null', 403],
    ['localhost:PORT', '', 403],
  ])('host %s, origin %s: %s', async (host, origin, status) => {
    const { port } = new URL(serving.url)
    const named = (text: string): string => text.replace('PORT', port)
    const headers = {
      authorization: `Bearer ${serving.keys.operator}`,
      host: named(host),
      ...(origin === undefined ? {} : { origin: named(origin) }),
    }
    const answer = await rawGet('/api/v1/status', headers)
    expect(answer.status).toBe(status)
    if (status === 403) expect(JSON.parse(answer.text)).toMatchObject({ code: 'HOST_REFUSED' })
    expect((await rawGet('/healthz', headers)).status).toBe(status)
  })

  it('a public name is accepted when it was given, and addresses when listening beyond loopback', async () => {
    const beyond = await startServing({ serve: { host: '0.0.0.0', publicUrl: 'https://kit.example.com' } })
    try {
      expect(beyond.url).toBe('https://kit.example.com')
      const { port } = beyond.serving
      const status = async (host: string): Promise<number> => (await rawGet('/healthz', { host }, port)).status
      expect(await status('kit.example.com')).toBe(200)
      expect(await status('10.1.2.3:4747')).toBe(200)
      expect(await status('other.example.com')).toBe(403)
    } finally {
      await beyond.stop()
    }
  })
})

it('every answer carries the headers that keep a browser from making something of it', async () => {
  for (const path of ['/healthz', '/nope', '/api/v1/status', '/audit/checkpoint']) {
    const { headers } = await serving.call('GET', path, { key: serving.keys.operator })
    expect(Object.fromEntries(headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'referrer-policy': 'no-referrer',
    })
    expect(headers.get('access-control-allow-origin')).toBeNull()
  }
})

it('what fails inside says nothing of the inside', async () => {
  const readTask = serving.kit.store.guard.readTask
  Object.assign(serving.kit.store.guard, {
    readTask: () => Promise.reject(new Error('secret table secret_tasks at /var/lib')),
  })
  try {
    const answer = await serving.call('POST', `/api/v1/tasks/${task}/close`, { key: serving.keys.agent, json: {} })
    expect(answer.status).toBe(500)
    expect(answer.json).toMatchObject({ code: 'INTERNAL_ERROR' })
    expect(answer.text).not.toContain('secret')
    expect(serving.log.join('\n')).toContain('secret_tasks')
  } finally {
    Object.assign(serving.kit.store.guard, { readTask })
  }
  expect((await serving.call('GET', '/healthz')).status).toBe(200)
})

it('every code that the server answers with is in the list of codes', async () => {
  const codes = new Set<string>()
  for (const [path, json] of [
    ['/nope', undefined],
    ['/api/v1/tasks', { principal: 'not-a-jwt' }],
    ['/api/v1/kills', { tool: 'nope', reason: 'x' }],
  ] as const) {
    const key = path.endsWith('tasks') ? serving.keys.agent : serving.keys.operator
    codes.add(String((await serving.call('POST', path, { key, json })).json.code))
  }
  expect([...codes].sort()).toEqual(['PRINCIPAL_INVALID', 'ROUTE_UNKNOWN', 'TOOL_UNLISTED'])
  for (const code of codes) expect(Object.keys(errorCodes)).toContain(code)
})

function rawGet(
  path: string,
  headers: Record<string, string>,
  port = Number(new URL(serving.url).port),
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ host: '127.0.0.1', port, path, headers, setHost: false }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString() }))
    })
    sent.on('error', reject)
    sent.end()
  })
}
