/** Tools that ask their caller for more, through the guard: what travels, what is stopped, and what the log says of it. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/core/json.ts'
import { type Governed, startGoverned } from './governed.ts'

const asking = 'test_input_required_result_elicitation'
const stateful = 'test_input_required_result_request_state'
const sampling = 'test_input_required_result_sampling'
const contact = 'show_contact'
const irreversible = 'test_input_required_result_list_roots'

let desk: Governed
beforeAll(async () => {
  desk = await startGoverned({
    tools: {
      [contact]: { data: { out: ['pii'] } },
      [sampling]: { data: { in: ['pii'] } },
      [irreversible]: {
        effect: 'irreversible',
        confirm: { by: 'approver', not_requester: true, within: '15m' },
      },
    },
  })
})
afterAll(() => desk.stop())

interface Answered {
  readonly status: number
  readonly result?: JsonObject & { requestState?: string; content?: { text: string }[] }
  readonly error?: { code: number; message: string; data?: JsonObject }
}

async function call(
  name: string,
  more: JsonObject = {},
  capabilities: JsonObject = { elicitation: { form: {} } },
): Promise<Answered> {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': capabilities,
  }
  const response = await fetch(desk.gatewayUrl, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${desk.token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': name,
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name, arguments: {}, _meta: meta, ...more },
    }),
  })
  return { status: response.status, ...((await response.json()) as object) }
}

const accept = (content: JsonObject): JsonObject => ({ action: 'accept', content })

async function entries(kind: string): Promise<JsonObject[]> {
  await desk.kit.sequencer.drain()
  const all = await desk.kit.store.audit.readEntries(0, 10_000)
  return all.map(({ text }) => JSON.parse(text) as JsonObject).filter((entry) => entry.kind === kind)
}

describe('a tool that asks its caller', () => {
  it('asks, is answered, and the log holds each round and that answers went, not the answers', async () => {
    const before = (await entries('input-relayed')).length
    const asked = await call(asking)
    expect(asked.result).toMatchObject({
      resultType: 'input_required',
      inputRequests: { user_name: { method: 'elicitation/create' } },
      _meta: { 'airworthy/decision': 'allow', 'airworthy/action': expect.stringMatching(/^act_/) },
    })
    const answered = await call(asking, { inputResponses: { user_name: accept({ name: 'Zebulon' }) } })
    expect(answered.result).toMatchObject({ resultType: 'complete', content: [{ text: 'Hello, Zebulon!' }] })
    const relayed = (await entries('input-relayed')).slice(before)
    expect(relayed).toEqual([
      expect.objectContaining({
        action: asking,
        object: answered.result?._meta?.['airworthy/action' as never],
        details: { answers: 1 },
      }),
    ])
    expect(JSON.stringify(await desk.kit.store.audit.readEntries(0, 10_000))).not.toContain('Zebulon')
  })

  it('is not answered with data that it may not receive', async () => {
    const before = (await entries('input-relayed')).length
    const { result } = await call(asking, {
      inputResponses: { user_name: accept({ name: 'Ana, card 4242 4242 4242 4242' }) },
    })
    expect(result).toMatchObject({ isError: true })
    expect(result?.content?.[0]?.text).toContain('pii')
    expect(JSON.stringify(result)).not.toContain('4242')
    expect(await entries('input-relayed')).toHaveLength(before)
  })

  it('is answered with the person that a pseudonym stands for, where it may receive one', async () => {
    const shown = (await call(contact)).result?.content?.[0]?.text ?? ''
    const pseudonym = /Reach Ana at (.+)\.$/.exec(shown)?.[1] ?? ''
    expect(pseudonym).not.toBe('ana@example.com')
    const said = (text: string): JsonObject => ({
      inputResponses: { capital_question: { role: 'assistant', model: 'm', content: { type: 'text', text } } },
    })
    const capabilities = { sampling: {}, elicitation: {} }
    const answered = await call(sampling, said(`write to ${pseudonym}`), capabilities)
    // The tool said it again, and the model sees the pseudonym again: the tool had the address.
    expect(answered.result?.content?.[0]?.text).toBe(`It said: write to ${pseudonym}`)
    const refused = await call(asking, { inputResponses: { user_name: accept({ name: pseudonym }) } }, capabilities)
    expect(refused.result?.content?.[0]?.text).toContain('pii')
  })

  it('gets its state back as it was, for the very call that it asked in, and from nobody else', async () => {
    const { result } = await call(stateful)
    const requestState = result?.requestState as string
    // What the fixture leaves is readable; what the client is given is sealed.
    expect(requestState).not.toContain('confirming')
    const inputResponses = { confirm: accept({ ok: true }) }
    expect((await call(stateful, { inputResponses, requestState })).result?.content?.[0]?.text).toBe('state-ok')
    const changed = `${requestState.startsWith('A') ? 'B' : 'A'}${requestState.slice(1)}`
    for (const forged of [`${requestState}x`, changed, 'confirming.00']) {
      const refused = await call(stateful, { inputResponses, requestState: forged })
      expect(refused.error, forged).toMatchObject({ code: -32602, data: { code: 'MCP_STATE_INVALID' } })
    }
    const other = await call('test_input_required_result_tampered_state', { inputResponses, requestState })
    expect(other.error).toMatchObject({ code: -32602, data: { code: 'MCP_STATE_INVALID' } })
  })

  it('that a person must confirm is held, and an answer neither approves it nor travels with it', async () => {
    const before = (await entries('input-relayed')).length
    const inputResponses = { client_roots: { roots: [{ uri: 'file:///x', name: 'x' }] } }
    const { result } = await call(irreversible, { inputResponses }, { roots: {} })
    expect(result).toMatchObject({ structuredContent: { status: 'confirmation_required' } })
    const { approval } = (result as unknown as { structuredContent: { approval: { id: string } } }).structuredContent
    const approver = { name: 'bo', roles: ['approver'], credentialId: 'key_bo', verifiedBy: 'simulated' }
    await desk.kit.decideApproval({ id: approval.id, decision: 'approved', approver })
    // Nobody may be asked in an approved action, so the server refuses to run it.
    const after = await call(irreversible, { inputResponses }, { roots: {} })
    expect(after.result).toMatchObject({ structuredContent: { status: 'failed' } })
    expect(await entries('input-relayed')).toHaveLength(before)
  })

  it('tells which capability it lacks, and nothing else of the server', async () => {
    const refused = await call('test_missing_capability')
    expect(refused).toMatchObject({
      status: 400,
      error: { code: -32021, data: { requiredCapabilities: { sampling: {} } } },
    })
    expect((await call('test_missing_capability', {}, { sampling: {} })).result).toMatchObject({
      content: [{ text: 'The client has a model.' }],
    })
  })

  it('the same key names each round anew, and one round once', async () => {
    const _meta = (key: string): JsonObject => ({
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientCapabilities': { elicitation: {} },
        'airworthy/idempotency-key': key,
      },
    })
    const asked = await call(asking, _meta('k1'))
    expect(asked.result?.resultType).toBe('input_required')
    const inputResponses = { user_name: accept({ name: 'Bo' }) }
    const first = await call(asking, { ..._meta('k1'), inputResponses })
    const again = await call(asking, { ..._meta('k1'), inputResponses })
    expect(first.result?.content?.[0]?.text).toBe('Hello, Bo!')
    expect(again.result?._meta).toEqual(first.result?._meta)
  })

  it.each([[null], [7], ['text'], [[]]])('answers that are %j are refused', async (inputResponses) => {
    expect(await call(asking, { inputResponses: inputResponses as never })).toMatchObject({
      status: 400,
      error: { code: -32602 },
    })
  })

  it('the official client answers by itself', async () => {
    const client = new Client(
      { name: 'v2', version: '0' },
      { capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode: 'auto' } },
    )
    client.setRequestHandler('elicitation/create', async () => ({ action: 'accept', content: { name: 'Cy' } }))
    const requestInit = { headers: { authorization: `Bearer ${desk.token}` } }
    await client.connect(new StreamableHTTPClientTransport(new URL(desk.gatewayUrl), { requestInit }))
    try {
      expect(await client.callTool({ name: asking, arguments: {} })).toMatchObject({
        content: [{ text: 'Hello, Cy!' }],
      })
    } finally {
      await client.close()
    }
  })
})
