import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { datasetsAbsent, datasetText } from '../../test/fixtures/public-dataset.ts'
import { guessRunFormat, type ReadRuns, readRuns } from './read-runs.ts'
import { type RunFormat, runFormats } from './recorded-run.ts'

const asked = (name: string, args: unknown, id?: string) => ({
  role: 'assistant',
  content: null,
  tool_calls: [{ id, type: 'function', function: { name, arguments: args } }],
})
const unreadOf = (read: ReadRuns): readonly string[] => read.unread.map(({ where, why }) => `${where}: ${why}`)

describe('openai-messages', () => {
  const conversation = [
    { role: 'developer', content: 'Be brief.' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Find 7.' },
        { type: 'image_url', image_url: {} },
      ],
    },
    asked('find', '{"id": 7}', 'c1'),
    { role: 'tool', tool_call_id: 'c1', content: 'found' },
    { role: 'assistant', content: 'Here.' },
  ]

  it.each([
    ['an object', JSON.stringify({ messages: conversation })],
    ['a list of objects', JSON.stringify([{ messages: conversation }], null, 2)],
    ['lines', `${JSON.stringify({ messages: conversation })}\n\n`],
    ['a bare conversation', JSON.stringify(conversation)],
    ['a bare conversation in lines', conversation.map((message) => JSON.stringify(message)).join('\n')],
    ['a byte order mark', `\uFEFF${JSON.stringify({ messages: conversation })}`],
  ])('reads %s', (_, text) => {
    const { runs, unread } = readRuns(text, 'openai-messages')
    expect(unread).toEqual([])
    expect(runs).toMatchObject([
      {
        input: 'Find 7.\n[image_url]',
        messages: [
          { role: 'system', text: 'Be brief.' },
          { role: 'user' },
          { role: 'assistant', text: '' },
          { role: 'assistant', text: 'Here.' },
        ],
        calls: [{ index: 0, tool: 'find', arguments: { id: 7 }, result: 'found', afterMessages: 3 }],
      },
    ])
  })

  it('the id is that of the content: the same in any layout, another for anything else', () => {
    const ids = (value: unknown, indent = 0) =>
      readRuns(JSON.stringify(value, null, indent), 'openai-messages').runs.map(({ id }) => id)
    expect(ids({ messages: conversation })).toEqual(ids([{ messages: conversation }], 2))
    expect(ids({ messages: conversation })).not.toEqual(ids({ messages: conversation.slice(0, -1) }))
  })

  it('reads the items of the Responses API', () => {
    const messages = [
      { role: 'user', content: [{ type: 'input_text', text: 'Find 7.' }] },
      { type: 'reasoning', summary: [] },
      { type: 'function_call', call_id: 'c1', name: 'find', arguments: '{"id": 7}' },
      { type: 'function_call_output', call_id: 'c1', output: 'found' },
    ]
    expect(readRuns(JSON.stringify({ messages }), 'openai-messages').runs).toMatchObject([
      { input: 'Find 7.', calls: [{ tool: 'find', arguments: { id: 7 }, result: 'found' }] },
    ])
  })

  it('a result that is no text stays the value that it is', () => {
    const result = (content: unknown) => {
      const messages = [asked('find', '{}', 'c1'), { role: 'tool', tool_call_id: 'c1', content }]
      return readRuns(JSON.stringify({ messages }), 'openai-messages').runs[0]?.calls[0]?.result
    }
    expect([
      result([
        { type: 'text', text: 'a' },
        { type: 'text', text: 'b' },
      ]),
      result([{ order: 1 }]),
      result({ order: 1 }),
      result(null),
    ]).toEqual(['a\nb', [{ order: 1 }], { order: 1 }, ''])
  })

  it('matches results to calls: by id, else by order', () => {
    const two = {
      role: 'assistant',
      tool_calls: [
        { id: 'a', function: { name: 'find', arguments: '{}' } },
        { id: 'b', function: { name: 'find', arguments: '{}' } },
      ],
    }
    const results = (...answers: object[]) =>
      readRuns(JSON.stringify([{ messages: [two, ...answers] }]), 'openai-messages').runs[0]?.calls.map(
        ({ result }) => result,
      )
    expect(
      results({ role: 'tool', tool_call_id: 'b', content: 'B' }, { role: 'tool', tool_call_id: 'a', content: 'A' }),
    ).toEqual(['A', 'B'])
    expect(results({ role: 'tool', content: 'A' }, { role: 'tool', content: 'B' })).toEqual(['A', 'B'])
    expect(results({ role: 'tool', tool_call_id: 'b', content: 'B' })).toEqual([undefined, 'B'])
  })

  it.each([
    ['no messages', { id: 'a' }, 'messages: there is no list of messages'],
    ['a message that is none', { messages: [7] }, 'messages[0]: it is no message'],
    ['a role that is none', { messages: [{ role: 'wizard' }] }, 'messages[0]: its role is none of'],
    [
      'arguments that are no JSON',
      { messages: [asked('f', '{"a":')] },
      'messages[0].tool_calls[0].arguments: the arguments are not',
    ],
    [
      'arguments that are no object',
      { messages: [asked('f', '[1]')] },
      'messages[0].tool_calls[0].arguments: the arguments are no',
    ],
    ['a call without a name', { messages: [asked('', '{}')] }, 'messages[0].tool_calls[0]: the tool has no name'],
    [
      'a custom tool',
      { messages: [{ role: 'assistant', tool_calls: [{ type: 'custom' }] }] },
      'messages[0].tool_calls[0]: it calls no function',
    ],
    [
      'a result of nothing',
      { messages: [{ role: 'tool', tool_call_id: 'x', content: '' }] },
      'messages[0]: it is the result of a call',
    ],
    [
      'arguments that no guard takes',
      { messages: [asked('f', `{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`)] },
      'the arguments are refused: ',
    ],
    ['a name that is none', { messages: [asked('f'.repeat(301), '{}')] }, "a tool's name is longer than 300"],
    ['a user that is none', { messages: [], user: 'u'.repeat(301) }, "the principal's id is longer than 300"],
    ['a prototype key', JSON.parse('{"messages": [], "__proto__": 1}'), 'the text: /__proto__ is a prototype key'],
    [
      'a lone surrogate',
      { messages: [{ role: 'user', content: '\ud800' }] },
      'the text: /messages/0/content holds a lone surrogate',
    ],
  ])('names %s, and reads nothing of that run', (_, record, expected) => {
    const read = readRuns(JSON.stringify(record), 'openai-messages')
    expect(read.runs).toEqual([])
    expect(unreadOf(read)[0]).toContain(expected)
    const beside = readRuns(
      `${JSON.stringify({ messages: conversation })}\n${JSON.stringify(record)}`,
      'openai-messages',
    )
    expect([beside.runs.length, beside.unread.length]).toEqual([1, 1])
  })

  it('a bare conversation that lacks a message is not read at all', () => {
    const text = [...conversation.map((message) => JSON.stringify(message)), '{"role": "us'].join('\n')
    const { runs, unread } = readRuns(text, 'openai-messages')
    expect([runs.length, unread]).toEqual([0, [{ where: 'line 6', why: 'it is not well-formed JSON' }]])
  })
})

describe('agentdojo', () => {
  const log = {
    suite_name: 'banking',
    pipeline_name: 'model-1',
    user_task_id: 'user_task_3',
    injection_task_id: 'injection_task_1',
    attack_type: 'direct',
    utility: true,
    security: true,
    messages: [
      { role: 'user', content: [{ type: 'text', content: 'Pay the bill.' }] },
      {
        role: 'assistant',
        content: null,
        tool_calls: [
          { function: 'read_file', args: { path: 'bill.txt' }, id: null },
          { function: 'pay', args: { amount: 5 }, id: null },
        ],
      },
      { role: 'tool', content: '', tool_call_id: null, tool_call: { function: 'pay' }, error: 'ValueError: no' },
      { role: 'tool', content: 'the bill', tool_call_id: null, tool_call: { function: 'read_file' }, error: null },
    ],
  }

  it('reads a log of its own, with outcome and attack', () => {
    const { runs, unread } = readRuns(JSON.stringify(log, null, 2), 'agentdojo')
    expect(unread).toEqual([])
    expect(runs).toMatchObject([
      {
        name: 'agentdojo/model-1/banking/user_task_3/direct/injection_task_1',
        input: 'Pay the bill.',
        outcome: { reward: 1, attack: 'direct/injection_task_1', attackSucceeded: true },
        calls: [
          { tool: 'read_file', result: 'the bill' },
          { tool: 'pay', error: 'ValueError: no' },
        ],
      },
    ])
  })

  it('without an attack, `security` says nothing', () => {
    const { runs } = readRuns(JSON.stringify({ ...log, attack_type: null, injection_task_id: null }), 'agentdojo')
    expect(runs[0]?.outcome).toEqual({ reward: 1 })
  })
})

describe('whatever the text', () => {
  it('no reader throws, and what is not read is named', () => {
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc
        .array(
          fc.record({
            role: fc.constantFrom('user', 'assistant', 'tool'),
            content: fc.jsonValue(),
            tool_calls: fc.jsonValue(),
          }),
        )
        .map((messages) => JSON.stringify({ messages, traj: messages })),
      fc.jsonValue().map((spans) => JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }, spans] }, spans] })),
      fc.array(fc.json()).map((lines) => lines.join('\n')),
    )
    fc.assert(
      fc.property(text, fc.constantFrom(...runFormats), (given, format: RunFormat) => {
        const { runs, unread } = readRuns(given, format)
        for (const { where, why } of unread) expect([where.length > 0, why.length > 0]).toEqual([true, true])
        for (const { calls } of runs) expect(calls.map(({ index }) => index)).toEqual(calls.map((_, index) => index))
      }),
      { numRuns: 500 },
    )
  })

  it.each(['', '   \n', '[]', '{"resourceSpans": []}'])('nothing in it is said: %j', (text) => {
    for (const format of runFormats) expect(readRuns(text, format).unread).not.toEqual([])
  })
})

describe('public recordings', () => {
  const read = (archive: string, path: string): ReadRuns => {
    const text = datasetText(archive, path)
    return readRuns(text, guessRunFormat(text) as RunFormat)
  }
  const title = (text: string): string => `${text} ${datasetsAbsent ?? ''}`.trim()

  it.skipIf(datasetsAbsent !== undefined)(title('tau-bench: every trajectory, every call with its result'), () => {
    const { runs, unread } = read('tau-bench-trajectories', 'gpt-4o-airline.jsonl')
    const calls = runs.flatMap((run) => run.calls)
    expect([runs.length, calls.length, unread.length]).toEqual([92, 517, 0])
    expect(calls.every(({ result }) => typeof result === 'string')).toBe(true)
    expect(runs.filter(({ outcome }) => outcome?.reward === 1)).toHaveLength(38)
    expect(runs.every(({ principal }) => principal?.attributes.user_id === principal?.id)).toBe(true)
    expect(new Set(runs.map(({ id }) => id)).size).toBe(92)
  })

  it.skipIf(datasetsAbsent !== undefined)(
    title('tau-bench: conversations without calls are named, all of them'),
    () => {
      const { runs, unread } = read('tau-bench-trajectories', 'few_shot_retail.jsonl')
      expect([runs.length, unread.length]).toEqual([0, 29])
      expect(unread[28]).toEqual({
        where: 'line 29',
        why: 'it is a conversation printed for reading, without the tool calls',
      })
    },
  )

  it.skipIf(datasetsAbsent !== undefined)(title('agentdyn: every run, with and without call ids'), () => {
    const { runs, unread } = read('agentdyn-traces', 'traces_dailylife.jsonl')
    const calls = runs.flatMap((run) => run.calls)
    expect([runs.length, calls.length, unread.length]).toEqual([581, 3820, 0])
    // Six runs end before their last result.
    expect(calls.filter(({ result }) => result === undefined)).toHaveLength(6)
    expect(runs.filter(({ outcome }) => outcome?.attack !== undefined)).toHaveLength(504)
    expect(runs.filter(({ outcome }) => outcome?.attackSucceeded === true)).toHaveLength(184)
  })
})
