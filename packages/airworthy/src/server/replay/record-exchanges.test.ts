/** What passes is recorded byte for byte, and passes as if nobody recorded it. */
import { describe, expect, it } from 'vitest'
import type { Exchange } from '../../evals/cassette/cassette.ts'
import { type ExchangeRecorder, recordExchanges } from './record-exchanges.ts'

const token = 'awt_secret'
type Ended = Partial<Exchange> & { readonly why?: string }

function recorder(bytesMax = 1_000) {
  const ended: Ended[] = []
  const closings: (readonly [string, string])[] = []
  const begun: string[] = []
  const made: ExchangeRecorder = {
    begin(given) {
      begun.push(given)
      return given === token
        ? { bytesMax, end: (exchange) => ended.push(exchange), lose: (why, known) => ended.push({ ...known, why }) }
        : undefined
    },
    closed: (task, body) => closings.push([task, body]),
  }
  return { ...made, ended, closings, begun }
}
const request = (path: string, body: string, headers: Record<string, string> = { authorization: `Bearer ${token}` }) =>
  new Request(`http://kit${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })
const echo = async (asked: Request): Promise<Response> =>
  new Response(`you said ${await asked.text()}`, {
    status: 201,
    headers: { 'content-type': 'text/plain', 'x-own': '1' },
  })
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))

describe('an exchange', () => {
  it('is recorded without the token, and answered as ever', async () => {
    const one = recorder()
    const answer = await recordExchanges(echo, one)(request('/openai/v1/x', `{"key":"${token}"}`))
    expect([answer.status, answer.headers.get('x-own'), await answer.text()]).toEqual([
      201,
      '1',
      `you said {"key":"${token}"}`,
    ])
    expect(one.ended).toEqual([
      {
        method: 'POST',
        path: '/openai/v1/x',
        requestHeaders: { 'content-type': 'application/json' },
        request: '{"key":"{{task token}}"}',
        status: 201,
        answerHeaders: { 'content-type': 'text/plain' },
        answer: 'you said {"key":"{{task token}}"}',
      },
    ])
  })

  it.each([
    ['of another path', '/v1/traces', { authorization: `Bearer ${token}` }, []],
    ['without a token', '/openai/v1/x', { authorization: 'Bearer awa_key' }, []],
    ['of a task that is not recorded', '/openai/v1/x', { 'airworthy-task': 'awt_other' }, ['awt_other']],
  ])('%s is none of it: the handler gets the very request', async (_name, path, headers, begun) => {
    const one = recorder()
    const asked = request(path, 'hello', headers as Record<string, string>)
    let got: Request | undefined
    const answer = new Response('as it is')
    const given = await recordExchanges(async (its) => {
      got = its
      return answer
    }, one)(asked)
    expect([got === asked, given === answer, one.begun, one.ended]).toEqual([true, true, begun, []])
  })

  it('over MCP may have its token in the message alone', async () => {
    const one = recorder()
    const message = { jsonrpc: '2.0', id: 1, params: { _meta: { 'airworthy/task': token } } }
    await (await recordExchanges(echo, one)(request('/mcp/desk', JSON.stringify(message), {}))).text()
    expect(one.ended[0]?.request).toContain('{{task token}}')
  })

  it.each([
    ['request', 'x'.repeat(2_000), 'short'],
    ['answer', 'short', 'x'.repeat(2_000)],
  ])('whose %s is too long is lost, and passes whole', async (_name, asked, answered) => {
    const one = recorder()
    const handle = async (its: Request): Promise<Response> => new Response(`${(await its.text()).length} ${answered}`)
    const answer = await recordExchanges(handle, one)(request('/openai/v1/x', asked))
    expect(await answer.text()).toBe(`${asked.length} ${answered}`)
    await settled()
    expect(one.ended).toMatchObject([{ why: 'too-large', request: '', answer: '' }])
  })

  it('that the client reads no further is what it had read', async () => {
    const one = recorder()
    let isCancelled = false
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(Buffer.from('data: {}\n\n')),
      cancel: () => {
        isCancelled = true
      },
    })
    const answer = await recordExchanges(async () => new Response(endless), one)(request('/openai/v1/x', '{}'))
    const reader = answer.body!.getReader()
    await reader.read()
    await reader.cancel()
    await settled()
    expect(isCancelled).toBe(true)
    expect(one.ended[0]?.answer).toMatch(/^(data: \{\}\n\n)+$/)
  })

  it('that breaks off ends, and breaks off for the client too', async () => {
    const one = recorder()
    const broken = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(Buffer.from('half'))
      },
      pull: (controller) => controller.error(new Error('gone')),
    })
    const answer = await recordExchanges(async () => new Response(broken), one)(request('/openai/v1/x', '{}'))
    await expect(answer.text()).rejects.toThrow('gone')
    await settled()
    expect(one.ended).toMatchObject([{ answer: 'half' }])
  })
})

it('what is said at a closing is told, whoever closes; a closing that is refused is none', async () => {
  const one = recorder()
  const handle = recordExchanges(echo, one)
  await handle(request('/api/v1/tasks/tsk_1/close', '{"failed":"no"}', { authorization: 'Bearer awa_key' }))
  await recordExchanges(
    async () => new Response('', { status: 403 }),
    one,
  )(request('/api/v1/tasks/tsk_2/close', '{"failed":"no"}', {}))
  await settled()
  expect(one.closings).toEqual([['tsk_1', '{"failed":"no"}']])
})
