import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { generateText, streamText, tool } from 'ai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { serveOnLoopback } from '../listen.ts'
import { createModel, modelIds } from './app.ts'
import type { Completion } from './complete.ts'
import { countTokens } from './count-tokens.ts'

let url = ''
let close: () => Promise<void>
beforeAll(async () => {
  ;({ url, close } = await serveOnLoopback(createModel(5)))
})
afterAll(() => close())

const tools = {
  get_weather: tool({
    description: 'Gives the weather of a place.',
    inputSchema: z.strictObject({ place_id: z.string().describe('Id of the place.') }),
  }),
}
const model = () => createOpenAICompatible({ name: 'm', baseURL: `${url}/v1`, includeUsage: true })('sim-support-1')
const ask = { model: model, prompt: 'Get the weather of place P-12.' }

const post = (body: unknown): Promise<Response> =>
  fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
const hello = { model: 'sim-support-1', messages: [{ role: 'user', content: 'Hello there' }] }

describe('through the AI SDK', () => {
  test('a call, whole and streamed, is the same call', async () => {
    const whole = await generateText({ model: ask.model(), prompt: ask.prompt, tools })
    const streamed = streamText({ model: ask.model(), prompt: ask.prompt, tools })
    const expected = { toolName: 'get_weather', input: { place_id: 'P-12' } }
    expect(whole.toolCalls).toMatchObject([expected])
    expect(await streamed.toolCalls).toMatchObject([expected])
    expect(whole.finishReason).toBe('tool-calls')
    expect(await streamed.finishReason).toBe('tool-calls')
    expect(await streamed.usage).toMatchObject({
      inputTokens: whole.usage.inputTokens,
      outputTokens: whole.usage.outputTokens,
    })
  })

  test('a text, whole and streamed, is the same text', async () => {
    const whole = await generateText({ model: ask.model(), prompt: 'Good morning' })
    const streamed = streamText({ model: ask.model(), prompt: 'Good morning' })
    expect(whole.text).toMatch(/\?|need/)
    let text = ''
    let pieces = 0
    for await (const piece of streamed.textStream) {
      text += piece
      pieces += 1
    }
    expect(text).toBe(whole.text)
    expect(pieces).toBeGreaterThan(1)
    expect(whole.usage.outputTokens).toBe(countTokens(whole.text))
  })
})

describe('on the wire', () => {
  test('it says on every surface that it is a simulation', async () => {
    expect(await (await fetch(url)).text()).toMatch(/simulated/i)
    const response = await post(hello)
    expect(response.headers.get('x-simulated-model')).toBe('true')
    const completion = (await response.json()) as Completion
    expect(completion.system_fingerprint).toMatch(/^simulation/)
    expect(completion.model).toMatch(/^sim-/)
    const { data } = (await (await fetch(`${url}/v1/models`)).json()) as { data: { id: string; owned_by: string }[] }
    expect(data.map(({ id, owned_by }) => [id, owned_by])).toEqual(modelIds.map((id) => [id, 'simulation']))
  })

  test('the same request gives the same bytes; more text, more tokens', async () => {
    const [one, two] = [await (await post(hello)).text(), await (await post(hello)).text()]
    expect(one).toBe(two)
    const longer = { ...hello, messages: [{ role: 'system', content: 'You are kind and brief.' }, ...hello.messages] }
    const count = async (body: unknown) => ((await (await post(body)).json()) as Completion).usage.prompt_tokens
    expect(await count(longer)).toBe(
      (await count(hello)) + countTokens('You are kind and brief.') + 4 + countTokens('""'),
    )
  })

  test('chunks are in the form of the API, and usage comes only when asked for', async () => {
    const chunks = async (more: object) => {
      const text = await (await post({ ...hello, stream: true, ...more })).text()
      const events = text.split('\n\n').filter((event) => event !== '')
      expect(events.at(-1)).toBe('data: [DONE]')
      return events.slice(0, -1).map((event) => JSON.parse(event.replace(/^data: /, '')))
    }
    const plain = await chunks({})
    expect(plain[0].choices[0].delta.role).toBe('assistant')
    expect(plain.at(-1).choices[0].finish_reason).toBe('stop')
    expect(plain.every((chunk) => chunk.object === 'chat.completion.chunk' && !('usage' in chunk))).toBe(true)
    const counted = await chunks({ stream_options: { include_usage: true } })
    expect(counted.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: expect.any(Number) } })
  })

  test('max_tokens cuts, tool_choice none keeps it from calling', async () => {
    const cut = (await (await post({ ...hello, max_tokens: 2 })).json()) as Completion
    expect(cut.choices[0]).toMatchObject({ finish_reason: 'length' })
    expect(cut.usage.completion_tokens).toBe(2)
    const offered = [
      {
        type: 'function',
        function: {
          name: 'get_weather',
          parameters: { properties: { place_id: { type: 'string' } }, required: ['place_id'] },
        },
      },
    ]
    const body = { model: 'sim-support-1', messages: [{ role: 'user', content: ask.prompt }], tools: offered }
    expect(((await (await post(body)).json()) as Completion).choices[0].finish_reason).toBe('tool_calls')
    expect(((await (await post({ ...body, tool_choice: 'none' })).json()) as Completion).choices[0].finish_reason).toBe(
      'stop',
    )
  })

  test.each<[string, unknown, number]>([
    ['no JSON', '{', 400],
    ['no messages', { model: 'sim-support-1', messages: [] }, 400],
    ['an unknown role', { model: 'sim-support-1', messages: [{ role: 'owner', content: 'x' }] }, 400],
    ['another model', { ...hello, model: 'gpt-0' }, 404],
  ])('refuses %s in the form of the API', async (_what, body, status) => {
    const response = await post(body)
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({
      error: { message: expect.any(String), type: 'invalid_request_error' },
    })
  })
})
