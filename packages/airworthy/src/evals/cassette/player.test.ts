import { expect, test } from 'vitest'
import type { Cassette, Exchange } from './cassette.ts'
import { kindOfExchange, packCassette, unpackCassette, withoutToken, withResult } from './cassette.ts'
import { cassettePlayer } from './player.ts'

const exchange = (path: string, request: string, answer = 'ok'): Exchange => ({
  method: 'POST',
  path,
  requestHeaders: {},
  request,
  status: 200,
  answerHeaders: {},
  answer,
})
const chat = (text: string) => JSON.stringify({ model: 'm', messages: [{ role: 'user', content: text }] })
const rpc = (id: number, name: string) =>
  JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: { a: 1 } } })
const cassette: Cassette = {
  version: 1,
  task: 'tsk_1',
  agent: 'desk',
  release: 'r',
  given: { principal: 'ana', input: 'hi' },
  exchanges: [
    exchange('/openai/v1/chat/completions', chat('one'), 'first'),
    exchange('/mcp/desk', rpc(3, 'look'), JSON.stringify({ jsonrpc: '2.0', id: 3, result: { content: [] } })),
    exchange('/openai/v1/chat/completions', chat('two'), 'second'),
  ],
  reply: 'done',
}
const ask = (player: ReturnType<typeof cassettePlayer>, path: string, request: string) =>
  player.answer({ method: 'POST', path, request })

test('the same requests get the same answers, and nothing differs', () => {
  const player = cassettePlayer(cassette)
  for (const { path, request, answer } of cassette.exchanges)
    expect(ask(player, path, request)).toMatchObject({ exchange: { answer } })
  expect(player.finish('done')).toBeUndefined()
  expect([...player.exempted]).toEqual([])
})

test('the number of a message is exempt, named, and answered with', () => {
  const player = cassettePlayer(cassette)
  const answered = ask(player, '/mcp/desk', rpc(8, 'look'))
  expect(answered).toMatchObject({ exchange: { answer: '{"jsonrpc":"2.0","id":8,"result":{"content":[]}}' } })
  expect([...player.exempted]).toEqual(['/id'])
})

test('one character more in a prompt is shown at its step and place, and nothing is answered after it', () => {
  const player = cassettePlayer(cassette)
  ask(player, '/openai/v1/chat/completions', chat('one'))
  ask(player, '/mcp/desk', rpc(3, 'look'))
  const { difference } = ask(player, '/openai/v1/chat/completions', chat('two!')) as { difference: object }
  expect(difference).toEqual({ step: 3, kind: 'model', path: '/messages/0/content', want: 'two', got: 'two!' })
  expect(ask(player, '/openai/v1/chat/completions', chat('two'))).toEqual({ difference })
  expect(player.finish('done')).toEqual(difference)
})

test('a request that was never recorded, one that never came, and another reply are differences', () => {
  const miss = cassettePlayer(cassette)
  expect(ask(miss, '/api/v1/tasks/tsk_1/actions', '{}')).toMatchObject({
    difference: { step: 1, got: 'POST /api/v1/tasks/tsk_1/actions' },
  })
  expect(cassettePlayer(cassette).finish('done')).toMatchObject({ step: 1, kind: 'end', got: 'the agent ended' })
  const whole = cassettePlayer(cassette)
  for (const { path, request } of cassette.exchanges) ask(whole, path, request)
  expect(whole.finish('Done')).toMatchObject({ step: 4, kind: 'reply', want: 'done', got: 'Done' })
})

test('bodies of a model are never compared loosely', () => {
  const player = cassettePlayer({ ...cassette, exchanges: [exchange('/openai/v1/x', '{"id":1,"a":1}')] })
  expect(ask(player, '/openai/v1/x', '{"id":2,"a":1}')).toMatchObject({
    difference: { path: '/id', want: '1', got: '2' },
  })
  const other = cassettePlayer({ ...cassette, exchanges: [exchange('/openai/v1/x', '{"a":1}')] })
  expect(ask(other, '/openai/v1/x', '{ "a": 1 }')).toMatchObject({ difference: { path: '' } })
})

test('a cassette is packed and unpacked whole, tells its calls apart and holds no token', () => {
  expect(unpackCassette(packCassette(cassette))).toEqual(cassette)
  expect(cassette.exchanges.map(kindOfExchange)).toEqual([
    { kind: 'model' },
    { kind: 'tool', tool: 'look' },
    { kind: 'model' },
  ])
  expect(withoutToken('Bearer awt_x awt_x', 'awt_x')).not.toContain('awt_x')
  expect(withResult(cassette.exchanges[1] as Exchange, { content: [1] }).answer).toBe(
    '{"jsonrpc":"2.0","id":3,"result":{"content":[1]}}',
  )
  const plain = { status: 'lost' }
  const result = { content: [{ type: 'text', text: '{"status":"lost"}' }], structuredContent: plain }
  expect(JSON.parse(withResult(cassette.exchanges[1] as Exchange, plain).answer)).toMatchObject({ id: 3, result })
  const asked = { ...(cassette.exchanges[1] as Exchange), answer: '{"action":"act_1","state":"succeeded","result":{}}' }
  expect(JSON.parse(withResult(asked, plain).answer)).toEqual({ action: 'act_1', state: 'succeeded', result })
})
