import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { AuthQuestion, ReconcileAnswer } from '../guard/port.ts'
import { httpAuthChecks } from './auth-check.ts'
import { reconcileOverHttp } from './reconcile.ts'

let stop: (() => Promise<void>) | undefined
afterEach(async () => {
  await stop?.()
  stop = undefined
})

type Reply = (response: ServerResponse, body: string) => void

async function listen(reply: Reply): Promise<string> {
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    reply(response, body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stop = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/check`
}

const question: AuthQuestion = {
  action_id: 'act_1',
  agent: 'desk',
  task: 'tsk_1',
  trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
  principal: { id: 'ana', attributes: {}, verified_by: 'jwt' },
  tool: 'refund',
  arguments: { order: 'o-1' },
}
const json =
  (text: string, status = 200): Reply =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(text)
  }

const answers: [string, Reply, 'allowed' | 'denied' | 'unavailable'][] = [
  ['a clear yes', json('{"allow": true}'), 'allowed'],
  ['a clear no', json('{"allow": false}'), 'denied'],
  ['yes as a text', json('{"allow": "true"}'), 'unavailable'],
  ['yes as a number', json('{"allow": 1}'), 'unavailable'],
  ['a list', json('[{"allow": true}]'), 'unavailable'],
  ['nothing', json(''), 'unavailable'],
  ['garbage', json('allow: true'), 'unavailable'],
  ['invalid UTF-8', (response) => void response.end(Buffer.from([0x7b, 0xff, 0x7d])), 'unavailable'],
  ['yes with 201', json('{"allow": true}', 201), 'unavailable'],
  ['yes with 500', json('{"allow": true}', 500), 'unavailable'],
  ['no with 403', json('{"allow": false}', 403), 'unavailable'],
  [
    'a redirect',
    (response) => void response.writeHead(302, { location: '/elsewhere' }).end('{"allow": true}'),
    'unavailable',
  ],
  ['more than 64 KiB', json(`{"allow": true, "x": "${'x'.repeat(70_000)}"}`), 'unavailable'],
  [
    'half an answer',
    (response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('{"allow": true}')
      setTimeout(() => response.destroy(), 20)
    },
    'unavailable',
  ],
  ['silence', () => {}, 'unavailable'],
  ['a drip', (response) => void setInterval(() => response.write(' '), 20).unref(), 'unavailable'],
]

describe('an auth check', () => {
  it.each(answers)('answered with %s', async (_name, reply, kind) => {
    const check = { name: 'owns_order', url: await listen(reply), timeoutMs: 200, headers: {} }
    expect((await httpAuthChecks().ask(check, question, new AbortController().signal)).kind).toBe(kind)
  })

  it('is asked the whole question, with its headers', async () => {
    let asked: unknown
    const url = await listen((response, body) => {
      asked = JSON.parse(body)
      json('{"allow": true}')(response, body)
    })
    await httpAuthChecks().ask(
      { name: 'c', url, timeoutMs: 1_000, headers: { 'x-key': 'k' } },
      question,
      new AbortController().signal,
    )
    expect(asked).toEqual(question)
  })

  it.each([
    ['nobody listens', 'http://127.0.0.1:9/'],
    ['the address is none', 'file:///etc/passwd'],
    ['the address is garbage', 'not an address'],
  ])('unavailable when %s', async (_name, url) => {
    const answer = await httpAuthChecks().ask(
      { name: 'c', url, timeoutMs: 500, headers: {} },
      question,
      new AbortController().signal,
    )
    expect(answer.kind).toBe('unavailable')
  })

  it('unavailable when it is cancelled', async () => {
    const url = await listen(() => {})
    const controller = new AbortController()
    const asking = httpAuthChecks().ask({ name: 'c', url, timeoutMs: 10_000, headers: {} }, question, controller.signal)
    controller.abort()
    expect((await asking).kind).toBe('unavailable')
  })
})

describe('reconcile', () => {
  const asked = { action_id: 'act_1', idempotency_key: 'k', tool: 'refund', arguments: {} }
  it.each<[string, Reply, ReconcileAnswer]>([
    [
      'succeeded, with a result',
      json('{"state":"succeeded","result":{"id":1}}'),
      { state: 'succeeded', result: { id: 1 } },
    ],
    ['failed', json('{"state":"failed"}'), { state: 'failed' }],
    ['unknown', json('{"state":"unknown"}'), { state: 'unknown', why: expect.any(String) as never }],
    ['another word', json('{"state":"done"}'), { state: 'unknown', why: expect.any(String) as never }],
    ['a status of 404', json('{"state":"succeeded"}', 404), { state: 'unknown', why: expect.any(String) as never }],
    ['silence', () => {}, { state: 'unknown', why: expect.any(String) as never }],
  ])('%s', async (_name, reply, expected) => {
    expect(await reconcileOverHttp(await listen(reply), asked, { timeoutMs: 200 })).toEqual(expected)
  })
})
