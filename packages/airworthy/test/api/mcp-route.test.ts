/** The MCP gateway behind the server's gate: a real kit, a real socket, the protocol's own client. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startServing, type TestServing } from './serving.ts'

let serving: TestServing
beforeAll(async () => {
  serving = await startServing()
})
afterAll(() => serving.stop())

async function clientWith(headers: Record<string, string>): Promise<Client> {
  const client = new Client({ name: 'test', version: '0' })
  const transport = new StreamableHTTPClientTransport(new URL(`${serving.url}/mcp/desk`), { requestInit: { headers } })
  await client.connect(transport as Parameters<Client['connect']>[0])
  return client
}

it('lists the tools of servers, calls through the guard, and holds what needs a person', async () => {
  const { token } = await serving.openTask()
  const client = await clientWith({ authorization: `Bearer ${token}` })
  const { tools } = await client.listTools()
  expect(tools.map(({ name }) => name).sort()).toEqual(['send_letter', 'stamp'])
  serving.received.length = 0
  expect(await client.callTool({ name: 'stamp', arguments: { to: 'x' } })).toMatchObject({
    content: [{ type: 'text', text: 'done' }],
  })
  expect(serving.received).toMatchObject([{ server: 'office', upstreamName: 'stamp' }])
  const held = await client.callTool({ name: 'send_letter', arguments: { to: 'x' } })
  expect(JSON.stringify(held)).toContain(`${serving.url}/approvals/apr_`)
  expect(serving.received).toHaveLength(1)
  await client.close()
})

it("takes the task's token beside an agent's key, and nothing at all without a credential", async () => {
  const { token } = await serving.openTask()
  const client = await clientWith({ authorization: `Bearer ${serving.keys.agent}`, 'airworthy-task': token })
  expect(await client.callTool({ name: 'stamp', arguments: { to: 'x' } })).toMatchObject({ content: [{}] })
  await client.close()
  await expect(clientWith({})).rejects.toThrow()
})

it('a page of another origin does not reach it', async () => {
  const { token } = await serving.openTask()
  const answer = await serving.call('POST', '/mcp/desk', {
    key: token,
    headers: { origin: 'http://evil.example' },
    json: { jsonrpc: '2.0', id: 1, method: 'tools/list' },
  })
  expect([answer.status, answer.json.code]).toEqual([403, 'HOST_REFUSED'])
})

it("takes the task's token from the message itself, where there are no headers; a wrong one opens nothing", async () => {
  const { token } = await serving.openTask()
  const call = (task: unknown) =>
    serving.call('POST', '/mcp/desk', {
      headers: { accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2025-06-18' },
      json: {
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'stamp', arguments: { to: 'x' }, _meta: { 'airworthy/task': task } },
      },
    })
  const answer = await call(token)
  expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('"text":"done"')])
  for (const wrong of ['awt_nobody', '', 7, null, serving.keys.agent]) expect((await call(wrong)).status).toBe(401)
})
