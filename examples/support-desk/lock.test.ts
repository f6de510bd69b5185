/** The committed lock describes the tools that the helpdesk offers; when it does not, `airworthy lock` has to be run again. */
import { readFileSync } from 'node:fs'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterAll, expect, test } from 'vitest'
import { createHelpdesk } from './helpdesk/app.ts'
import { serveOnLoopback } from './listen.ts'

const stops: (() => Promise<void>)[] = []
afterAll(() => Promise.all(stops.map((stop) => stop())))

test.each([1, 2])('airworthy.lock is what the helpdesk of world %i offers', async (seed) => {
  const { url, close } = await serveOnLoopback(createHelpdesk({ seed }).app)
  stops.push(close)
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } })
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`)))
  const { tools } = await client.listTools()
  await client.close()
  const lock = JSON.parse(readFileSync(new URL('airworthy.lock', import.meta.url), 'utf8'))
  const locked = lock.servers.helpdesk.tools as Record<string, Record<string, unknown>>
  expect(Object.keys(locked).toSorted()).toEqual(tools.map(({ name }) => name).toSorted())
  for (const { name, description, inputSchema, outputSchema, annotations } of tools) {
    expect(locked[name], `run \`airworthy lock\`: ${name}`).toMatchObject({
      description,
      inputSchema,
      outputSchema,
      annotations,
    })
  }
})
