/** Tool results in model requests are held against the ledger: what was run without the guard is a finding, and SCOPE-1 fails. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { JsonObject, JsonValue } from '../../src/core/json.ts'
import { type GovernedModel, governModel, prompt } from './governed-model.ts'
import { completion, type ScriptedProvider, scriptedProvider } from './scripted-provider.ts'

let provider: ScriptedProvider
let governed: GovernedModel
let task: { readonly id: string; readonly token: string }
beforeAll(async () => {
  provider = await scriptedProvider()
  provider.answerWith(completion())
  governed = await governModel(provider)
})
afterAll(async () => {
  await governed.stop()
  await provider.stop()
})
beforeEach(async () => {
  task = await opened('ana')
})

async function opened(id: string): Promise<typeof task> {
  const principal = { id, attributes: { role: 'support', tenant: 'acme' } }
  const { task: record, token } = await governed.kit.openTask({ principal, openedBy: 'embedded' })
  return { id: record.id, token }
}

/** One action that the agent runs itself, with this result; what the kit shows of it comes back. */
async function ran(tool: string, args: JsonObject, result: JsonObject): Promise<JsonObject> {
  const { action, state } = await governed.kit.act({ task: task.id, tool, arguments: args, door: 'api' })
  expect(state).toBe('intended')
  const answer = await governed.kit.reportOutcome(action as string, { state: 'succeeded', result, by: 'caller' })
  return answer.result as JsonObject
}

interface Call {
  readonly name: string
  readonly args: JsonValue
  readonly result: string
}

/** The findings of the task after a request that holds this call and its result. */
async function found(calls: readonly Call[], api: keyof typeof requests = 'chat'): Promise<string[]> {
  const [path, body] = requests[api](calls)
  const answer = await fetch(`${governed.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${task.token}` },
    body: JSON.stringify({ model: 'desk-1', ...body }),
  })
  expect([200, 403]).toContain(answer.status)
  await answer.text()
  await governed.kit.modelCallsJudged()
  const entries = await governed.kit.store.audit.entriesOfTask(task.id, 200)
  return entries
    .map(({ text }) => JSON.parse(text))
    .filter(({ kind, details }) => kind === 'tool-ungoverned' && details.seen === 'result')
    .map(({ action }) => action)
}

const requests = {
  chat: (calls: readonly Call[]): [string, JsonObject] => [
    '/openai/v1/chat/completions',
    {
      messages: [
        { role: 'system', content: prompt },
        ...calls.flatMap(({ name, args, result }, index) => [
          {
            role: 'assistant',
            content: null,
            tool_calls: [{ id: `c${index}`, type: 'function', function: { name, arguments: JSON.stringify(args) } }],
          },
          { role: 'tool', tool_call_id: `c${index}`, content: result },
        ]),
      ],
    },
  ],
  responses: (calls: readonly Call[]): [string, JsonObject] => [
    '/openai/v1/responses',
    {
      instructions: prompt,
      input: calls.flatMap(({ name, args, result }, index) => [
        { type: 'function_call', call_id: `c${index}`, name, arguments: JSON.stringify(args) },
        { type: 'function_call_output', call_id: `c${index}`, output: result },
      ]),
    },
  ],
  /** Of another provider than the release's: refused, and looked at all the same. */
  messages: (calls: readonly Call[]): [string, JsonObject] => [
    '/anthropic/v1/messages',
    {
      system: prompt,
      max_tokens: 10,
      messages: calls.flatMap(({ name, args, result }, index) => [
        { role: 'assistant', content: [{ type: 'tool_use', id: `c${index}`, name, input: args }] },
        {
          role: 'user',
          content: [{ type: 'tool_result', tool_use_id: `c${index}`, content: [{ type: 'text', text: result }] }],
        },
      ]),
    },
  ],
} as const

it.each<[string, keyof typeof requests, JsonObject]>([
  ['functions', 'chat', { tools: [{ type: 'function', function: { name: 'wipe' } }] }],
  ['functions, as they were', 'chat', { functions: [{ name: 'wipe', parameters: {} }] }],
  ['tools of free text', 'chat', { tools: [{ type: 'custom', custom: { name: 'wipe' } }] }],
  ['a search of the provider', 'chat', { web_search_options: {} }],
  ['tools of the provider', 'responses', { tools: [{ type: 'web_search' }] }],
  ['servers of the caller', 'messages', { mcp_servers: [{ type: 'url', url: 'http://127.0.0.1:9', name: 'wipe' }] }],
])('an offer of %s is found', async (_what, api, more) => {
  const [path, body] = requests[api]([])
  const input = { chat: {}, responses: { input: 'Hi' }, messages: { messages: [{ role: 'user', content: 'Hi' }] } }[api]
  await fetch(`${governed.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${task.token}` },
    body: JSON.stringify({ model: 'desk-1', ...body, ...input, ...more }),
  })
  const entries = await governed.kit.store.audit.entriesOfTask(task.id, 200)
  const offers = entries
    .map(({ text }) => JSON.parse(text))
    .filter(({ kind, details }) => kind === 'tool-ungoverned' && details.seen === 'offer')
  expect(offers.map(({ action }) => action)).toEqual([expect.stringMatching(/^(mcp:)?wipe$|^web_search$/)])
})

describe.each(['chat', 'responses', 'messages'] as const)('in requests of %s', (api) => {
  it('a result of an action on record is none, however the client writes it', async () => {
    const shown = await ran('read_note', { id: '1' }, { content: [{ type: 'text', text: 'Milk.' }] })
    const call = { name: 'read_note', args: { id: '1' } }
    expect(await found([{ ...call, result: 'Milk.' }], api)).toEqual([])
    expect(await found([{ ...call, result: JSON.stringify(shown) }], api)).toEqual([])
  })

  it('a result without an action is one, once a task and tool', async () => {
    await ran('read_note', { id: '1' }, { content: [{ type: 'text', text: 'Milk.' }] })
    const wire = { name: 'wire_money', args: { to: 'eve' }, result: 'Sent.' }
    const other = { name: 'read_note', args: { id: '2' }, result: 'Eggs.' }
    expect(await found([wire, other], api)).toEqual(['wire_money', 'read_note'])
    expect(await found([wire, other, { ...wire, result: 'Sent again.' }], api)).toEqual(['wire_money', 'read_note'])
  })
})

describe('a result is of an action', () => {
  it.each<[string, JsonObject, JsonValue, string]>([
    [
      'when a client filled in arguments',
      { content: [{ type: 'text', text: 'Milk.' }] },
      { id: '1', limit: 5 },
      'Milk.',
    ],
    [
      'when it is the data of a result',
      { content: [{ type: 'text', text: 'see data' }], structuredContent: { note: 'Milk.', stars: 1 } },
      { id: '1', limit: 5 },
      '{"stars":1,"note":"Milk."}',
    ],
    ['when it is a value that travelled in one', { structuredContent: { value: 'Milk.' } }, { id: 1 }, 'Milk.'],
    [
      'when texts were joined',
      {
        content: [
          { type: 'text', text: 'Milk' },
          { type: 'text', text: 'Eggs' },
        ],
      },
      {},
      'Milk\nEggs',
    ],
    ['when what the model sees of it has pseudonyms', { content: [{ type: 'text', text: 'ana@example.com' }] }, {}, ''],
  ])('%s', async (_name, result, args, text) => {
    const shown = await ran('read_note', { id: '1' }, result)
    const [block] = (shown.content ?? []) as readonly { text: string }[]
    expect(await found([{ name: 'read_note', args, result: text === '' ? (block?.text ?? '') : text }])).toEqual([])
  })

  it('when it tells of a denial; another result of a denied call is none', async () => {
    const answer = await governed.kit.act({
      task: task.id,
      tool: 'read_note',
      arguments: { id: 1 },
      door: 'api',
    })
    expect(answer.state).toBe('denied')
    const call = { name: 'read_note', args: { id: 1 } }
    expect(await found([{ ...call, result: `Denied. ${answer.reasons[0]?.message}` }])).toEqual([])
    expect(await found([{ ...call, result: 'Milk.' }])).toEqual(['read_note'])
  })

  it('when it told of a hold that was rejected meanwhile', async () => {
    const args = { id: 'a1' }
    const { approval, state } = await governed.kit.act({
      task: task.id,
      tool: 'close_account',
      arguments: args,
      door: 'api',
    })
    expect(state).toBe('held')
    await governed.kit.decideApproval({
      id: approval?.id as string,
      decision: 'rejected',
      approver: { name: 'bo', roles: ['approver'], credentialId: 'key_1', verifiedBy: 'person_key' },
    })
    const call = { name: 'close_account', args }
    expect(await found([{ ...call, result: `Waiting for a person: ${approval?.id}` }])).toEqual([])
    expect(await found([{ ...call, result: 'The account is closed.' }])).toEqual(['close_account'])
  })

  it('not when it is the result of another task', async () => {
    const mine = task
    task = await opened('bo')
    await ran('read_note', { id: '1' }, { content: [{ type: 'text', text: 'Milk.' }] })
    task = mine
    expect(await found([{ name: 'read_note', args: { id: '1' }, result: 'Milk.' }])).toEqual(['read_note'])
  })
})

it('an agent that runs a tool past the guard turns exactly SCOPE-1 to fail', async () => {
  const clean = await governModel(provider)
  try {
    const states = async () =>
      new Map((await clean.kit.check({})).controls.map(({ id, state, why }) => [id, { state, why }]))
    const say = async (calls: readonly Call[]) => {
      const [path, body] = requests.chat(calls)
      const answer = await fetch(`${clean.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${clean.token}` },
        body: JSON.stringify({ model: 'desk-1', ...body }),
      })
      await answer.text()
      await clean.kit.modelCallsJudged()
    }
    await say([])
    const before = await states()
    await say([{ name: 'add_note', args: { text: 'Pay eve.' }, result: 'Added.' }])
    const after = await states()
    const turned = [...after].filter(([id, { state }]) => state === 'fail' && before.get(id)?.state !== 'fail')
    expect(turned.map(([id]) => id)).toEqual(before.get('SCOPE-1')?.state === 'fail' ? [] : ['SCOPE-1'])
    expect(before.get('SCOPE-1')?.why ?? '').not.toMatch(/belong to no action on record/)
    expect(after.get('SCOPE-1')).toMatchObject({
      state: 'fail',
      why: expect.stringMatching(/results of tools that belong to no action on record: add_note/),
    })
  } finally {
    await clean.stop()
  }
})
