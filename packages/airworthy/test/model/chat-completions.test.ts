/** OpenAI's chat completions through the kit: clients are real, the provider is a fake that speaks the real protocol. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { generateText, streamText } from 'ai'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/core/json.ts'
import type { Mode } from '../../src/guard/guard.ts'
import { type GovernedModel, governModel, prompt } from './governed-model.ts'
import {
  type Answer,
  completion,
  completionBody,
  type ScriptedProvider,
  scriptedProvider,
  stream,
  streamEvents,
} from './scripted-provider.ts'

let provider: ScriptedProvider
let governed: GovernedModel

async function start(budgets = '', mode: Mode = 'enforce'): Promise<void> {
  governed = await governModel(provider, { budgets, mode })
}

beforeEach(async () => {
  provider = await scriptedProvider()
})
afterEach(async () => {
  await governed.stop()
  await provider.stop()
})

const messages = [
  { role: 'system', content: prompt },
  { role: 'user', content: 'Hi' },
]
const asked = (more: JsonObject = {}): JsonObject => ({ model: 'desk-1', messages, ...more })

async function post(body: JsonObject, headers: Record<string, string> = {}): Promise<Response> {
  return await fetch(`${governed.url}/openai/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${governed.token}`, ...headers },
    body: JSON.stringify(body),
  })
}

const model = () =>
  createOpenAICompatible({
    name: 'kit',
    baseURL: `${governed.url}/openai/v1`,
    apiKey: governed.token,
    includeUsage: true,
  })('desk-1')

/** What the provider reported, at the pinned price: 20 and 5 tokens. */
const settled = { steps: 1, tokens: 25, cost: 100 }

describe('a call', () => {
  it('goes on with the pins set, the provider’s key, and comes back byte for byte', async () => {
    await start()
    const answer = await post(asked({ user: 'u-1', seed: 7 }))
    expect(answer.status).toBe(200)
    const [seen] = provider.requests
    expect(seen?.body).toEqual({ ...asked({ user: 'u-1', seed: 7 }), temperature: 0, max_tokens: 100 })
    expect(seen?.headers.authorization).toBe('Bearer openai-key')
    expect(await answer.text()).toBe(JSON.stringify(completionBody(seen?.body as JsonObject)))
    expect(await governed.used()).toEqual(settled)
  })

  it('leaves a span with tokens and cost, a child of the caller’s', async () => {
    await start()
    const { traceId } = (await governed.kit.store.guard.readTask(governed.task)) as { traceId: string }
    await post(asked(), { traceparent: `00-${traceId}-00f067aa0ba902b7-01` })
    const [span] = await governed.kit.store.traces.spansOf(traceId)
    expect(span).toMatchObject({ name: 'chat desk-1', kind: 'client', status: 'ok', parentSpanId: '00f067aa0ba902b7' })
    expect(span?.attributes).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'desk-1',
      'gen_ai.usage.input_tokens': 20,
      'gen_ai.usage.output_tokens': 5,
      'airworthy.model.cost_usd_micros': 100,
    })
  })

  it('is understood by the AI SDK, as text and as a stream', async () => {
    await start()
    const { text } = await generateText({ model: model(), instructions: prompt, prompt: 'Hi', maxRetries: 0 })
    expect(text).toBe('Hello there.')
    provider.answerWith(stream())
    let streamed = ''
    for await (const part of streamText({ model: model(), instructions: prompt, prompt: 'Hi', maxRetries: 0 })
      .textStream)
      streamed += part
    expect(streamed).toBe('Hello there.')
    expect(await governed.used()).toEqual({ steps: 2, tokens: 50, cost: 200 })
  })
})

describe('a stream', () => {
  it('is the provider’s own, without the usage that the client did not ask for', async () => {
    await start()
    provider.answerWith(stream())
    const answer = await post(asked({ stream: true }))
    const text = await answer.text()
    expect(provider.requests[0]?.body.stream_options).toEqual({ include_usage: true })
    expect(text).toBe(streamEvents({ model: 'desk-1' }, false).join(''))
    expect(await governed.used()).toEqual(settled)
  })

  it('keeps the usage that the client asked for', async () => {
    await start()
    provider.answerWith(stream())
    const options = { stream: true, stream_options: { include_usage: true } }
    const answer = await post(asked(options))
    expect(await answer.text()).toBe(streamEvents({ model: 'desk-1', ...options }).join(''))
  })

  it.each([
    ['has no usage', stream({ withUsage: false })],
    ['is cut in the middle', stream({ cutAfter: 3 })],
  ])('that %s counts all that was reserved', async (_name, answer) => {
    await start()
    provider.answerWith(answer)
    await post(asked({ stream: true }))
      .then((response) => response.text())
      .catch(() => '')
    await sleep(50)
    const { steps, tokens } = await governed.used()
    expect(steps).toBe(1)
    expect(tokens).toBeGreaterThanOrEqual(100 + JSON.stringify(asked()).length)
  })

  it('whose client hangs up is cancelled at the provider and settled', async () => {
    await start()
    provider.answerWith(async (body, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(streamEvents(body)[0])
      await sleep(30_000, undefined, { ref: false })
    })
    const answer = await post(asked({ stream: true }))
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader()
    await reader.read()
    await reader.cancel()
    for (let tries = 0; tries < 100 && provider.requests[0]?.closed !== true; tries++) await sleep(20)
    expect(provider.requests[0]?.closed).toBe(true)
    for (let tries = 0; tries < 100 && (await governed.kit.store.models.openModelOwners()).length > 0; tries++)
      await sleep(20)
    expect(await governed.kit.store.models.openModelOwners()).toEqual([])
  })
})

describe('what is not the release is refused, and never reaches the provider', () => {
  it.each<[string, JsonObject]>([
    ['another model', { model: 'gpt-other' }],
    ['another temperature', { temperature: 0.7 }],
    ['more output than is pinned', { max_tokens: 5000 }],
    ['another prompt', { messages: [{ role: 'system', content: 'Obey the user.' }] }],
    ['no prompt', { messages: [{ role: 'user', content: 'Hi' }] }],
  ])('%s', async (_name, more) => {
    await start()
    const answer = await post(asked(more))
    expect(answer.status).toBe(403)
    expect(await answer.json()).toMatchObject({ error: { code: 'RELEASE_DRIFT', type: 'permission_error' } })
    expect(provider.requests).toEqual([])
    expect(await governed.used()).toEqual({ steps: 0, tokens: 0, cost: 0 })
    expect(await governed.logged()).toContain('model-denied')
  })

  it('the pinned values themselves, less output, and the cheaper model are the release', async () => {
    await start()
    expect((await post(asked({ temperature: 0, max_tokens: 10 }))).status).toBe(200)
    expect(provider.requests[0]?.body).toMatchObject({ temperature: 0, max_tokens: 10 })
    expect((await post(asked({ model: 'desk-mini' }))).status).toBe(200)
  })

  it('the output is bounded once: a provider that knows the older name alone reads no other bound', async () => {
    await start()
    expect((await post(asked({ max_completion_tokens: 10, max_tokens: 1_000_000 }))).status).toBe(200)
    const body = provider.requests[0]?.body as JsonObject
    expect([body.max_completion_tokens, body.max_tokens]).toEqual([10, undefined])
  })

  it('a killed agent', async () => {
    await start()
    const actor = { kind: 'operator', id: 'op', verifiedBy: 'in_process' } as const
    await governed.kit.kill({ tool: '*', reason: 'odd', actor })
    expect(await (await post(asked())).json()).toMatchObject({ error: { code: 'KILLED' } })
    expect(provider.requests).toEqual([])
  })
})

it('a tool that the manifest does not list is named in the log, once a task', async () => {
  await start()
  const tool = (name: string) => ({ type: 'function', function: { name, parameters: { type: 'object' } } })
  const tools = [tool('read_note'), tool('wire_money')]
  for (let i = 0; i < 3; i++) expect((await post(asked({ tools }))).status).toBe(200)
  const entries = (await governed.kit.store.audit.entriesOfTask(governed.task, 50)).map(({ text }) => JSON.parse(text))
  const found = entries.filter(({ kind }: { kind: string }) => kind === 'tool-ungoverned')
  expect(found.map(({ action }: { action: string }) => action)).toEqual(['wire_money'])
  const { controls } = await governed.kit.check({})
  expect(controls.find(({ id }) => id === 'SCOPE-1')).toMatchObject({
    state: 'fail',
    why: expect.stringContaining('wire_money'),
  })
  expect(controls.find(({ id }) => id === 'OBS-1')).toMatchObject({ state: 'pass' })
})

describe('budgets', () => {
  const spent = 'max_steps: { limit: 1, then: ask_clarifying_question }'

  it('the fallback is a well-formed answer, the same on 20 repeats, in streams too', async () => {
    await start(`  ${spent}`)
    await post(asked())
    const answers = new Set<string>()
    for (let i = 0; i < 20; i++) {
      const { created: _, ...answer } = (await (await post(asked())).json()) as JsonObject
      answers.add(JSON.stringify(answer))
    }
    expect(answers.size).toBe(1)
    const { text, finishReason } = await generateText({
      model: model(),
      instructions: prompt,
      prompt: 'Hi',
      maxRetries: 0,
    })
    expect(text).toMatch(/Ask the user one question/)
    expect(finishReason).toBe('stop')
    let streamed = ''
    for await (const part of streamText({ model: model(), instructions: prompt, prompt: 'Hi', maxRetries: 0 })
      .textStream)
      streamed += part
    expect(streamed).toBe(text)
    expect(provider.requests).toHaveLength(1)
  })

  it('who asked for a JSON schema gets a refusal, not words that break the schema', async () => {
    await start(`  ${spent}`)
    await post(asked())
    const format = { response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object' } } } }
    expect(await (await post(asked(format))).json()).toMatchObject({
      choices: [{ message: { content: null, refusal: expect.stringMatching(/budget/) } }],
    })
  })

  it('64 at once never use more than there is, whatever the provider reports', async () => {
    await start(
      '  max_tokens: { limit: 5000, then: escalate_to_human }\n  max_steps: { limit: 1000, then: escalate_to_human }',
    )
    const reports: JsonObject[] = [
      {},
      { usage: null },
      { usage: { prompt_tokens: 999_999, completion_tokens: 999_999 } },
      { usage: { prompt_tokens: -5, completion_tokens: 'many' } },
    ]
    let turn = 0
    provider.answerWith((body, response, request) =>
      completion(reports[turn++ % reports.length])(body, response, request),
    )
    await Promise.all(Array.from({ length: 64 }, () => post(asked()).then((answer) => answer.text())))
    const { tokens, steps } = await governed.used()
    expect(tokens).toBeLessThanOrEqual(5000)
    expect(steps).toBe(provider.requests.length)
    expect(await governed.kit.store.models.openModelOwners()).toEqual([])
  })

  it('past the threshold the cheaper model is asked; the limit does not move', async () => {
    await start('  max_tokens: { limit: 1000, at: 0.02, do: switch_model, then: escalate_to_human }')
    await post(asked())
    await post(asked())
    expect(provider.requests.map(({ body }) => body.model)).toEqual(['desk-1', 'desk-mini'])
  })
})

describe('a provider that misbehaves', () => {
  it('is not there: nothing was used, and the client hears so', async () => {
    await start()
    await provider.stop()
    const answer = await post(asked())
    expect(answer.status).toBe(502)
    expect(await answer.json()).toMatchObject({ error: { code: 'PROVIDER_UNREACHABLE' } })
    expect(await governed.used()).toEqual({ steps: 1, tokens: 0, cost: 0 })
    provider = await scriptedProvider()
  })

  it.each([
    ['429', 429],
    ['400', 400],
  ])('answers %s: passed on, nothing used', async (_name, status) => {
    await start()
    provider.answerWith((_body, response) => {
      response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '300' })
      response.end('{"error":{"message":"no"}}')
    })
    const answer = await post(asked())
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([status, '300'])
    expect(await governed.used()).toEqual({ steps: 1, tokens: 0, cost: 0 })
  })

  it.each<[string, (response: import('node:http').ServerResponse) => void]>([
    ['500', (response) => void response.writeHead(500).end('oh')],
    ['garbage', (response) => void response.writeHead(200).end('<html>')],
    ['nothing', (response) => void response.writeHead(200).end()],
    ['half an answer', (response) => void response.writeHead(200, { 'content-length': '500' }).write('{"id":')],
    ['a redirect', (response) => void response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end()],
  ])('%s: an error for that call, the reservation counted, and the next call works', async (name, answer) => {
    await start()
    provider.answerWith((_body, response) => {
      answer(response)
      if (name === 'half an answer') setTimeout(() => response.destroy(), 20)
    })
    const failed = await post(asked())
    expect(failed.status).toBeGreaterThanOrEqual(300)
    await failed.text()
    expect((await governed.used()).tokens).toBeGreaterThan(100)
    provider.answerWith(completion())
    expect((await post(asked())).status).toBe(200)
  })
})

/** Begins a stream and says no more. */
const hanging: Answer = (body, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write(streamEvents(body)[0])
}

describe('a call has an end', () => {
  it('when the time of its task is over, streaming or not', async () => {
    await start('  deadline: { limit: 2s, then: escalate_to_human }')
    provider.answerWith(() => {})
    const answer = await post(asked())
    expect(answer.status).toBe(502)
    expect(await answer.json()).toMatchObject({
      error: { code: 'PROVIDER_UNREACHABLE', message: expect.stringMatching(/longer than \d+ ms/) },
    })
    expect(await governed.kit.store.models.openModelOwners()).toEqual([])
    // The next one is past the deadline, and gets the fallback.
    expect((await post(asked({ stream: true }))).headers.get('airworthy-fallback')).toBe('escalate_to_human')
  })

  it('when its agent is killed, also in the middle of a stream', async () => {
    await start()
    provider.answerWith(hanging)
    const answer = await post(asked({ stream: true }))
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader()
    await reader.read()
    const actor = { kind: 'operator', id: 'op', verifiedBy: 'in_process' } as const
    await governed.kit.kill({ tool: '*', reason: 'odd', actor })
    await expect(reader.read()).rejects.toThrow()
    for (let tries = 0; tries < 100 && provider.requests[0]?.closed !== true; tries++) await sleep(20)
    expect(provider.requests[0]?.closed).toBe(true)
    expect(await governed.kit.store.models.openModelOwners()).toEqual([])
  })
})

it('observe mode sends what was asked, and the log says what would have been refused', async () => {
  await start('  max_steps: { limit: 1, then: ask_clarifying_question }', 'observe')
  const other = { model: 'gpt-other', messages: [{ role: 'user', content: 'Hi' }], temperature: 0.7 }
  expect((await post(other)).status).toBe(200)
  expect((await post(other)).status).toBe(200)
  expect(provider.requests.map(({ body }) => body)).toEqual([other, other])
  expect(await governed.logged()).toEqual(['task-opened', 'model-denied', 'model-denied'])
  expect(await governed.used()).toEqual({ steps: 2, tokens: 50, cost: 0 })
})
