import { sign } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { Hono } from 'hono'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { digestOf } from '../core/digest.ts'
import { mintPermit, type PermitClaims } from '../core/permit.ts'
import { generateSigningKey } from '../core/signature.ts'
import { createPermitCheck, type PermitOptions, permitsOf, requirePermit, withPermit } from './permit.ts'

const kit = generateSigningKey()
const stranger = generateSigningKey()
const key = Buffer.from(kit.publicKeyRaw).toString('base64')
const nowMs = 1_790_000_000_000
const now = (): number => nowMs
const nowSeconds = nowMs / 1000
const args = { order: 'A-1', amount: 12.5 }

let serial = 0
function claims(change: Partial<PermitClaims> = {}): PermitClaims {
  serial += 1
  return {
    agent: 'desk',
    aud: 'helpdesk',
    task: 'task-1',
    principal: 'ana',
    tool: 'refund',
    arguments_digest: digestOf(args),
    jti: `action-${serial}`,
    idempotency_key: `key-${serial}`,
    iat: nowSeconds,
    exp: nowSeconds + 30,
    ...change,
  }
}
/** A compact JWS by hand, so that what is verified here was not made by the same code. */
const jws = (payload: object, by = kit): string => {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const body = `${part({ alg: 'EdDSA', typ: 'airworthy-permit' })}.${part(payload)}`
  return `${body}.${sign(null, Buffer.from(body), by.privateKey).toString('base64url')}`
}
const permit = (change: Partial<PermitClaims> = {}, by = kit): string => jws(claims(change), by)
const call = (more: object = {}, meta?: object): string =>
  JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'refund', arguments: args, ...(meta && { _meta: meta }), ...more },
  })

/** What came through: the body as the handler read it, and the claims it saw. */
interface Seen {
  readonly status: number
  readonly body: string
  readonly code?: string
}
type Send = (body: string | Uint8Array | undefined, headers?: Record<string, string>, method?: string) => Promise<Seen>

function honoDoor(options: Partial<PermitOptions> = {}): Send {
  const app = new Hono()
  app.use('/mcp', requirePermit({ key, now, ...options }))
  app.all('/mcp', async (context) =>
    context.json({ body: await context.req.raw.text(), tools: permitsOf(context.req.raw).map((one) => one.tool) }),
  )
  return async (body, headers = {}, method = 'POST') => {
    const response = await app.request('/mcp', {
      method,
      headers,
      body: (body ?? null) as NonNullable<RequestInit['body']>,
    })
    return seenOf(response)
  }
}

async function seenOf(response: Response): Promise<Seen> {
  const text = await response.text()
  if (response.status === 200) return { status: 200, body: text }
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  const problem = JSON.parse(text) as { code: string; message: string; mend: string }
  expect(Object.keys(problem).sort()).toEqual(['code', 'mend', 'message'])
  return { status: response.status, body: text, code: problem.code }
}

const servers: Server[] = []
async function nodeDoor(options: Partial<PermitOptions> = {}): Promise<Send> {
  const server = createServer(
    withPermit({ key, now, ...options }, (request, response) => {
      const parts: Buffer[] = []
      request.on('data', (part: Buffer) => parts.push(part))
      request.on('end', () => {
        const tools = permitsOf(request).map((one) => one.tool)
        response.end(JSON.stringify({ body: Buffer.concat(parts).toString(), tools }))
      })
    }),
  )
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`
  return async (body, headers = {}, method = 'POST') =>
    seenOf(
      await fetch(url, {
        method,
        headers,
        ...(body !== undefined && { body: body as NonNullable<RequestInit['body']> }),
      }),
    )
}
afterAll(() => {
  for (const server of servers) server.close()
})

const doors: readonly [string, (options?: Partial<PermitOptions>) => Promise<Send>][] = [
  ['hono', async (options) => honoDoor(options)],
  ['node:http', nodeDoor],
]

describe.each(doors)('%s', (_name, open) => {
  let send: Send
  beforeAll(async () => {
    send = await open({ exempt: ['look'] })
  })

  test.each<[string, () => Parameters<Send>, string[]]>([
    ['a permit in the header', () => [call(), { 'Airworthy-Permit': permit() }], ['refund']],
    ['a permit in _meta', () => [call({}, { 'airworthy/permit': permit() })], ['refund']],
    ['an exempt tool', () => [call({ name: 'look' })], []],
    ['another method', () => [JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' })], []],
    ['no body', () => [undefined, {}, 'GET'], []],
    [
      'no arguments',
      () => [call({ arguments: undefined }), { 'Airworthy-Permit': permit({ arguments_digest: digestOf({}) }) }],
      ['refund'],
    ],
    [
      'other key order',
      () => [call({ arguments: { amount: 12.5, order: 'A-1' } }), { 'Airworthy-Permit': permit() }],
      ['refund'],
    ],
    [
      'a batch with a permit each',
      () => [`[${call({}, { 'airworthy/permit': permit() })},${call({}, { 'airworthy/permit': permit() })}]`],
      ['refund', 'refund'],
    ],
  ])('lets through %s, unchanged', async (_what, request, tools) => {
    const [body, ...rest] = request()
    const seen = await send(body, ...rest)
    expect(seen.status).toBe(200)
    expect(JSON.parse(seen.body)).toEqual({ body: body ?? '', tools })
  })

  test.each<[string, () => Parameters<Send>, number, string]>([
    ['no permit', () => [call()], 403, 'PERMIT_MISSING'],
    ['an empty permit', () => [call(), { 'Airworthy-Permit': '' }], 403, 'PERMIT_INVALID'],
    ['noise', () => [call(), { 'Airworthy-Permit': 'a.b.c' }], 403, 'PERMIT_INVALID'],
    ['a stranger’s signature', () => [call(), { 'Airworthy-Permit': permit({}, stranger) }], 403, 'PERMIT_INVALID'],
    [
      'an expired permit',
      () => [call(), { 'Airworthy-Permit': permit({ iat: nowSeconds - 60, exp: nowSeconds }) }],
      403,
      'PERMIT_INVALID',
    ],
    [
      'too long a life',
      () => [call(), { 'Airworthy-Permit': permit({ exp: nowSeconds + 61 }) }],
      403,
      'PERMIT_INVALID',
    ],
    [
      'a permit of the future',
      () => [call(), { 'Airworthy-Permit': permit({ iat: nowSeconds + 20 }) }],
      403,
      'PERMIT_INVALID',
    ],
    [
      'a claim missing',
      () => [call(), { 'Airworthy-Permit': jws({ ...claims(), exp: undefined }) }],
      403,
      'PERMIT_INVALID',
    ],
    ['another tool', () => [call({ name: 'close' }), { 'Airworthy-Permit': permit() }], 403, 'PERMIT_MISMATCH'],
    [
      'another amount',
      () => [call({ arguments: { ...args, amount: 13 } }), { 'Airworthy-Permit': permit() }],
      403,
      'PERMIT_MISMATCH',
    ],
    [
      'an amount as text',
      () => [call({ arguments: { ...args, amount: '12.5' } }), { 'Airworthy-Permit': permit() }],
      403,
      'PERMIT_MISMATCH',
    ],
    [
      'one key more',
      () => [call({ arguments: { ...args, account: 'x' } }), { 'Airworthy-Permit': permit() }],
      403,
      'PERMIT_MISMATCH',
    ],
    ['an exempt tool in other letters', () => [call({ name: 'Look' })], 403, 'PERMIT_MISSING'],
    [
      'header and message that differ',
      () => [call({}, { 'airworthy/permit': permit() }), { 'Airworthy-Permit': permit() }],
      403,
      'PERMIT_REQUEST_INVALID',
    ],
    ['a permit that is no text', () => [call({}, { 'airworthy/permit': 1 })], 400, 'PERMIT_REQUEST_INVALID'],
    ['a tool that is no text', () => [call({ name: ['refund'] })], 400, 'PERMIT_REQUEST_INVALID'],
    ['a batch with one call uncovered', () => [`[${call({ name: 'look' })},${call()}]`], 403, 'PERMIT_MISSING'],
    [
      'a batch that shares one permit',
      () => [`[${call()},${call()}]`, { 'Airworthy-Permit': permit() }],
      403,
      'PERMIT_REUSED',
    ],
    ['no JSON', () => ['{"method":"tools/call"'], 400, 'PERMIT_REQUEST_INVALID'],
    ['no UTF-8', () => [new Uint8Array([0x22, 0xff, 0x22])], 400, 'PERMIT_REQUEST_INVALID'],
    ['a prototype key', () => ['{"method":"x","params":{"__proto__":{}}}'], 400, 'PERMIT_REQUEST_INVALID'],
    ['nesting of 10,000', () => [`${'['.repeat(10_000)}${']'.repeat(10_000)}`], 400, 'PERMIT_REQUEST_INVALID'],
    ['a body too large', () => [`"${'x'.repeat(1024 * 1024)}"`], 413, 'PERMIT_REQUEST_INVALID'],
    [
      'a packed body',
      () => [call(), { 'Content-Encoding': 'gzip', 'Airworthy-Permit': permit() }],
      415,
      'PERMIT_REQUEST_INVALID',
    ],
    ['an empty POST', () => [undefined], 400, 'PERMIT_REQUEST_INVALID'],
  ])('refuses %s', async (_what, request, status, code) => {
    const seen = await send(...request())
    expect(seen).toMatchObject({ status, code })
  })

  test('a permit works once, and a refused call does not use it up', async () => {
    const once = { 'Airworthy-Permit': permit() }
    expect((await send(call({ name: 'close' }), once)).code).toBe('PERMIT_MISMATCH')
    expect((await send(call(), once)).status).toBe(200)
    expect((await send(call(), once)).code).toBe('PERMIT_REUSED')
  })

  test('two at once: one passes', async () => {
    const once = { 'Airworthy-Permit': permit() }
    const seen = await Promise.all([send(call(), once), send(call(), once)])
    expect(seen.map((one) => one.status).sort()).toEqual([200, 403])
  })

  test('with `tool`, the whole body is the arguments', async () => {
    const plain = await open({ tool: 'refund' })
    expect((await plain(JSON.stringify(args), { 'Airworthy-Permit': permit() })).status).toBe(200)
    expect((await plain(JSON.stringify({ ...args, amount: 1 }), { 'Airworthy-Permit': permit() })).code).toBe(
      'PERMIT_MISMATCH',
    )
    expect((await plain(undefined, {}, 'GET')).code).toBe('PERMIT_MISSING')
  })
})

test('the kit mints the same text: a JWS of its claims, for any library to verify', async () => {
  const claimed = claims()
  expect(mintPermit(claimed, kit.privateKey)).toBe(jws(claimed))
})

test('a permit for another service is refused where the service says its name', async () => {
  const check = createPermitCheck({ key, now, seen: () => false, audience: 'helpdesk' })
  const use = async (aud: string) => (await check([{ permit: permit({ aud }), tool: 'refund', arguments: args }])).ok
  expect([await use('helpdesk'), await use('warehouse')]).toEqual([true, false])
})

test('no change of one character of a permit is accepted', async () => {
  const check = createPermitCheck({ key, now, seen: () => false })
  const good = permit()
  await fc.assert(
    fc.asyncProperty(fc.nat(good.length - 1), fc.constantFrom(...'abcXYZ019-_.='), async (at, letter) => {
      fc.pre(good[at] !== letter)
      const changed = good.slice(0, at) + letter + good.slice(at + 1)
      expect((await check([{ permit: changed, tool: 'refund', arguments: args }])).ok).toBe(false)
    }),
  )
})

test('`seen` decides for several processes, and its failure refuses', async () => {
  const shared = new Set<string>()
  const seen = (jti: string, expiresAt: number): boolean => {
    expect(expiresAt).toBe(nowSeconds + 30)
    const before = shared.has(jti)
    shared.add(jti)
    return before
  }
  const [one, two] = [createPermitCheck({ key, now, seen }), createPermitCheck({ key, now, seen })]
  const calls = [{ permit: permit(), tool: 'refund', arguments: args }]
  expect((await one(calls)).ok).toBe(true)
  expect(await two(calls)).toMatchObject({ ok: false, fault: { code: 'PERMIT_REUSED' } })
  const broken = createPermitCheck({ key, now, seen: () => Promise.reject(new Error('store down')) })
  expect(await broken([{ permit: permit(), tool: 'refund', arguments: args }])).toMatchObject({
    ok: false,
    fault: { code: 'PERMIT_INVALID' },
  })
})

test('uses are dropped only when their permits have expired', async () => {
  let time = nowMs
  const check = createPermitCheck({ key, now: () => time })
  const first = permit()
  const use = async (text: string) => (await check([{ permit: text, tool: 'refund', arguments: args }])).ok
  expect(await use(first)).toBe(true)
  time += 29_000
  expect(await use(first)).toBe(false)
  time += 2_000
  expect(await use(first)).toBe(false)
})

describe('the key', () => {
  const jwk = kit.publicKey.export({ format: 'jwk' })
  const accepted = async (given: PermitOptions['key']): Promise<boolean> => {
    const check = createPermitCheck({ key: given, now })
    return (await check([{ permit: permit(), tool: 'refund', arguments: args }])).ok
  }

  test('as base64, base64url, bytes, KeyObject, JWK, JWKS, text and file', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'permit-key-')), 'key')
    writeFileSync(file, `${key}\n`)
    const base64url = Buffer.from(kit.publicKeyRaw).toString('base64url')
    for (const given of [
      key,
      base64url,
      kit.publicKeyRaw,
      kit.publicKey,
      jwk,
      { keys: [jwk] },
      JSON.stringify(jwk),
      file,
    ]) {
      expect(await accepted(given)).toBe(true)
    }
    expect(await accepted({ keys: [stranger.publicKey.export({ format: 'jwk' }), jwk] })).toBe(true)
    expect(await accepted(stranger.publicKeyRaw)).toBe(false)
  })

  test('fetched once from an address; until that works, everything is refused', async () => {
    let requests = 0
    let broken = true
    const server = createServer((_request, response) => {
      requests += 1
      if (broken) response.writeHead(500).end()
      else response.end(JSON.stringify({ keys: [jwk] }))
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/.well-known/airworthy-permit.json`
    const check = createPermitCheck({ key: url, now })
    const use = async () => (await check([{ permit: permit(), tool: 'refund', arguments: args }])).ok
    expect(await use()).toBe(false)
    broken = false
    expect(await use()).toBe(true)
    expect(await use()).toBe(true)
    expect(requests).toBe(2)
  })

  test.each<[string, PermitOptions['key']]>([
    ['no file', '/no/such/file'],
    ['a short key', new Uint8Array(31)],
    ['another kind of key', { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }],
    ['no key in the set', { keys: [] }],
    ['text that is no JSON', '{'],
  ])('refused when the service starts: %s', (_what, given) => {
    expect(() => createPermitCheck({ key: given })).toThrow(expect.objectContaining({ code: 'PERMIT_KEY_INVALID' }))
  })
})
