/** Anthropic's messages and the official clients of both providers, through the kit; the provider is a fake that speaks the real protocol. */
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/core/json.ts'
import { type GovernedModel, governModel, prompt } from './governed-model.ts'
import { type Answer, type ScriptedProvider, scriptedProvider, stream } from './scripted-provider.ts'

let provider: ScriptedProvider
let governed: GovernedModel

async function start(name: 'openai' | 'anthropic', budgets = ''): Promise<void> {
  governed = await governModel(provider, { provider: name, budgets })
}

beforeEach(async () => {
  provider = await scriptedProvider()
})
afterEach(async () => {
  await governed.stop()
  await provider.stop()
})

const usage = { input_tokens: 20, cache_read_input_tokens: 80, cache_creation_input_tokens: 10, output_tokens: 5 }
const message = (body: JsonObject): JsonObject => ({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: body.model ?? '',
  content: [{ type: 'text', text: 'Hello there.' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage,
})
const answered: Answer = (body, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'request-id': 'req_1' })
  response.end(JSON.stringify(message(body)))
}
const events = (body: JsonObject): string[] => {
  const event = (type: string, more: JsonObject): string =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`
  const { content: _, ...head } = message(body)
  return [
    event('message_start', {
      message: { ...head, content: [], stop_reason: null, usage: { ...usage, output_tokens: 1 } },
    }),
    event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    event('ping', {}),
    ...['Hello', ' there', '.'].map((text) =>
      event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }),
    ),
    event('content_block_stop', { index: 0 }),
    event('message_delta', { delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 5 } }),
    event('message_stop', {}),
  ]
}
const streamed =
  (cutAfter = Number.POSITIVE_INFINITY): Answer =>
  (body, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const one of events(body).slice(0, cutAfter)) response.write(one)
    if (cutAfter < events(body).length) response.destroy()
    else response.end()
  }

const anthropic = () => new Anthropic({ baseURL: `${governed.url}/anthropic`, apiKey: governed.token, maxRetries: 0 })
const openai = () => new OpenAI({ baseURL: `${governed.url}/openai/v1`, apiKey: governed.token, maxRetries: 0 })
const asked = {
  model: 'desk-1',
  max_tokens: 100,
  system: prompt,
  messages: [{ role: 'user' as const, content: 'Hi' }],
}

/** 20 of plain input, 80 read from and 10 written to the cache, 5 of output, at the fixture's prices. */
const settled = { steps: 1, tokens: 115, cost: 152 }

describe("Anthropic's client", () => {
  it('gets the answer; cached tokens are counted once, at their own price', async () => {
    await start('anthropic')
    provider.answerWith(answered)
    const answer = await anthropic().messages.create(asked)
    expect(answer.content).toEqual([{ type: 'text', text: 'Hello there.' }])
    const [seen] = provider.requests
    expect(seen?.body).toEqual({ ...asked, temperature: 0 })
    expect(seen?.headers).toMatchObject({
      'x-api-key': 'anthropic-key',
      'anthropic-version': expect.stringMatching(/^20\d\d-/),
    })
    expect(seen?.headers.authorization).toBeUndefined()
    expect(await governed.used()).toEqual(settled)
  })

  it('gets the stream, byte for byte', async () => {
    await start('anthropic')
    provider.answerWith(streamed())
    const final = await anthropic().messages.stream(asked).finalMessage()
    expect(final.content).toEqual([{ type: 'text', text: 'Hello there.' }])
    const raw = await fetch(`${governed.url}/anthropic/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': governed.token, 'anthropic-version': '2023-06-01' },
      body: JSON.stringify({ ...asked, stream: true }),
    })
    expect(await raw.text()).toBe(events({ model: 'desk-1' }).join(''))
    expect(await governed.used()).toEqual({ steps: 2, tokens: 230, cost: 304 })
  })

  it('a stream that is cut before its last report counts all that was reserved', async () => {
    await start('anthropic')
    provider.answerWith(streamed(4))
    await expect(anthropic().messages.stream(asked).finalMessage()).rejects.toThrow()
    expect((await governed.used()).tokens).toBeGreaterThan(100 + prompt.length)
  })

  it('reads a refusal as its own permission error', async () => {
    await start('anthropic')
    const refused = anthropic().messages.create({ ...asked, model: 'claude-other' })
    await expect(refused).rejects.toBeInstanceOf(Anthropic.PermissionDeniedError)
    await expect(refused).rejects.toThrow(/RELEASE_DRIFT/)
    expect(provider.requests).toEqual([])
  })

  it('reads the fallback as an answer, in a stream too', async () => {
    await start('anthropic', '  max_steps: { limit: 1, then: ask_clarifying_question }')
    provider.answerWith(answered)
    await anthropic().messages.create(asked)
    const tools = [{ name: 'read_note', input_schema: { type: 'object' as const } }]
    const answer = await anthropic().messages.create({ ...asked, tools })
    expect(answer).toMatchObject({ stop_reason: 'end_turn', content: [{ type: 'text' }] })
    const final = await anthropic()
      .messages.stream({ ...asked, tools })
      .finalMessage()
    expect(final.content).toEqual(answer.content)
    expect(provider.requests).toHaveLength(1)
  })

  it('a release for one provider is not reached through the API of another', async () => {
    await start('openai')
    await expect(anthropic().messages.create(asked)).rejects.toThrow(/RELEASE_DRIFT/)
    expect(provider.requests).toEqual([])
  })
})

it('what is wrong before the guard is said in the words of each API', async () => {
  await start('anthropic')
  const foreign = new Anthropic({ baseURL: `${governed.url}/anthropic`, apiKey: 'awt_nobody', maxRetries: 0 })
  await expect(foreign.messages.create(asked)).rejects.toBeInstanceOf(Anthropic.AuthenticationError)
  const broken = anthropic().messages.create({ ...asked, max_tokens: -1 })
  await expect(broken).rejects.toMatchObject({ status: 400, error: { type: 'error' } })
  const wrong = new OpenAI({ baseURL: `${governed.url}/openai/v1`, apiKey: 'awt_nobody', maxRetries: 0 })
  const call = wrong.chat.completions.create({ model: 'desk-1', messages: [{ role: 'user', content: 'Hi' }] })
  await expect(call).rejects.toMatchObject({ status: 401, code: 'CREDENTIAL_INVALID' })
})

describe("OpenAI's client", () => {
  const chat = {
    model: 'desk-1',
    messages: [
      { role: 'system' as const, content: prompt },
      { role: 'user' as const, content: 'Hi' },
    ],
  }

  it('gets answers and streams', async () => {
    await start('openai')
    const answer = await openai().chat.completions.create(chat)
    expect(answer.choices[0]?.message.content).toBe('Hello there.')
    provider.answerWith(stream())
    let text = ''
    for await (const chunk of await openai().chat.completions.create({ ...chat, stream: true }))
      text += chunk.choices[0]?.delta.content ?? ''
    expect(text).toBe('Hello there.')
    const helper = await openai().chat.completions.stream(chat).finalChatCompletion()
    expect(helper.choices[0]?.message.content).toBe('Hello there.')
  })

  it('may send pictures, up to a bound', async () => {
    await start(
      'openai',
      '  max_tokens: { limit: 50000000, then: escalate_to_human }\n  max_cost_usd: { limit: "1000", then: escalate_to_human }',
    )
    const picture = (bytes: number) => ({
      ...chat,
      messages: [
        { role: 'system' as const, content: prompt },
        {
          role: 'user' as const,
          content: [{ type: 'image_url' as const, image_url: { url: `data:image/png;base64,${'A'.repeat(bytes)}` } }],
        },
      ],
    })
    await openai().chat.completions.create(picture(3_000_000))
    expect(JSON.stringify(provider.requests[0]?.body).length).toBeGreaterThan(3_000_000)
    await expect(openai().chat.completions.create(picture(17_000_000))).rejects.toMatchObject({ status: 413 })
  })

  it('reads a refusal as its own permission error', async () => {
    await start('openai')
    const refused = openai().chat.completions.create({ ...chat, temperature: 1 })
    await expect(refused).rejects.toBeInstanceOf(OpenAI.PermissionDeniedError)
    await expect(refused).rejects.toMatchObject({ code: 'RELEASE_DRIFT' })
  })

  it('parses the fallback with tools, with a JSON schema and as a stream', async () => {
    await start('openai', '  max_steps: { limit: 1, then: ask_clarifying_question }')
    await openai().chat.completions.create(chat)
    const tools = [{ type: 'function' as const, function: { name: 'read_note', parameters: { type: 'object' } } }]
    const answer = await openai().chat.completions.create({ ...chat, tools })
    expect(answer.choices[0]).toMatchObject({
      finish_reason: 'stop',
      message: { content: expect.stringMatching(/budget/) },
    })
    const response_format = {
      type: 'json_schema' as const,
      json_schema: { name: 'x', strict: true, schema: { type: 'object' } },
    }
    const parsed = await openai().chat.completions.parse({ ...chat, response_format })
    expect(parsed.choices[0]?.message).toMatchObject({ parsed: null, refusal: expect.stringMatching(/budget/) })
    const final = await openai()
      .chat.completions.stream({ ...chat, tools })
      .finalChatCompletion()
    expect(final.choices[0]?.message.content).toBe(answer.choices[0]?.message.content)
    expect(provider.requests).toHaveLength(1)
  })
})
