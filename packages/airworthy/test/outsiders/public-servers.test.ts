/**
 * Two public MCP servers that nobody here wrote, started over stdio behind the gateway with what `airworthy init` guesses of their tools,
 * and the official clients of both generations before it.
 */
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { McpServer } from '../../src/core/manifest/effective.ts'
import { buildLock, lockText } from '../../src/core/manifest/lock.ts'
import { createKit, type Kit } from '../../src/kit.ts'
import { guessTool } from '../../src/operate/onboard/guess-effect.ts'
import { type Serving, serve } from '../../src/server/serve.ts'
import { listServerTools } from '../../src/upstream/list-tools.ts'

const require = createRequire(import.meta.url)
const programs = {
  everything: require.resolve('@modelcontextprotocol/server-everything/dist/index.js'),
  filesystem: require.resolve('@modelcontextprotocol/server-filesystem/dist/index.js'),
}

let folder: string
let kit: Kit
let http: Serving
let url: URL
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'airworthy-public-')))
  const files = join(folder, 'files')
  await mkdir(files)
  await writeFile(join(files, 'note.txt'), 'what the note says\n')
  const places = {
    everything: { command: process.execPath, args: [programs.everything, 'stdio'] },
    filesystem: { command: process.execPath, args: [programs.filesystem, files] },
  }
  const servers: Record<string, Awaited<ReturnType<typeof listServerTools>>> = {}
  for (const [name, place] of Object.entries(places)) {
    const server: McpServer = { name, env: {}, headers: {}, ignore: [], pass: [], ...place }
    servers[name] = await listServerTools(server, { timeoutMs: 30_000 })
  }
  const found = Object.entries(servers).flatMap(([server, { tools }]) => tools.map((tool) => ({ server, tool })))
  const lock = buildLock({
    servers: Object.fromEntries(
      Object.entries(servers).map(([name, { serverInfo, tools }]) => [name, { server: serverInfo, tools }]),
    ),
  })
  await writeFile(join(folder, 'airworthy.lock'), lockText(lock))
  const tools = found.map(({ server, tool }) => {
    const { effect } = guessTool(tool)
    const confirm = effect === 'irreversible' ? { confirm: { by: 'approver', not_requester: true, within: '15m' } } : {}
    // A file's text is somebody else's; what it may carry is the kit's default.
    return [tool.name, { server, effect, reach: 'internal', permit: { role: ['clerk'] }, ...confirm }] as const
  })
  await writeFile(
    join(folder, 'airworthy.yaml'),
    JSON.stringify({
      version: 1,
      agent: 'desk',
      owner: 'tests@example.com',
      principal: { asserted_by_agent: true, attributes: { role: 'string' } },
      mcpServers: places,
      tools: Object.fromEntries(tools),
    }),
  )
  kit = await createKit({ project: folder, dir: join(folder, '.airworthy') })
  await kit.start()
  http = await serve(kit, { port: 0 })
  url = new URL(`${http.url}/mcp/desk`)
}, 60_000)
afterAll(async () => {
  await http?.close()
  await kit?.close()
  await rm(folder, { recursive: true, force: true })
})

interface Result {
  readonly content?: readonly { readonly type: string; readonly text?: string }[]
  readonly isError?: boolean
  readonly structuredContent?: { readonly status?: string; readonly approval?: { readonly id: string } }
}
interface AnyClient {
  callTool(request: { name: string; arguments: Record<string, unknown> }): Promise<unknown>
  listTools(): Promise<{ tools: { name: string; description?: string }[] }>
  listPrompts(): Promise<{ prompts: { name: string }[] }>
  getPrompt(request: { name: string; arguments?: Record<string, string> }): Promise<{ messages: unknown[] }>
  listResources(): Promise<{ resources: { uri: string }[] }>
  readResource(request: { uri: string }): Promise<{ contents: unknown[] }>
  close(): Promise<void>
}

let open: AnyClient[] = []
afterEach(async () => {
  for (const client of open) await client.close()
  open = []
})

async function connect(generation: 'v1' | 'v2'): Promise<AnyClient> {
  const { token } = await kit.openTask({ principal: { id: 'ana', attributes: { role: 'clerk' } }, openedBy: 'test' })
  const requestInit = { headers: { authorization: `Bearer ${token}` } }
  if (generation === 'v2') {
    const client = new Client({ name: 'v2', version: '0' }, { versionNegotiation: { mode: 'auto' } })
    await client.connect(new StreamableHTTPClientTransport(url, { requestInit }))
    expect(client.getProtocolEra()).toBe('modern')
    open.push(client as unknown as AnyClient)
    return client as unknown as AnyClient
  }
  const client = new OldClient({ name: 'v1', version: '0' })
  await client.connect(new OldTransport(url, { requestInit }) as never)
  open.push(client as unknown as AnyClient)
  return client as unknown as AnyClient
}

describe.each(['v1', 'v2'] as const)('a client of generation %s', (generation) => {
  const call = async (client: AnyClient, name: string, given: Record<string, unknown> = {}): Promise<Result> =>
    (await client.callTool({ name, arguments: given })) as Result

  it('sees the tools of both servers, what cannot be undone marked', async () => {
    const { tools } = await (await connect(generation)).listTools()
    const names = tools.map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(['echo', 'get-sum', 'read_text_file', 'list_directory', 'move_file']))
    expect(tools.find(({ name }) => name === 'trigger-long-running-operation')?.description).toContain(
      'CONFIRMATION REQUIRED',
    )
    expect(tools.find(({ name }) => name === 'list_directory')?.description).not.toContain('CONFIRMATION REQUIRED')
  })

  it('calls what reads, and each server answers in its own words', async () => {
    const client = await connect(generation)
    expect((await call(client, 'get-sum', { a: 2, b: 3 })).content?.[0]?.text).toContain('5')
    expect((await call(client, 'get-tiny-image')).content?.map(({ type }) => type)).toContain('image')
    const read = await call(client, 'read_text_file', { path: join(folder, 'files', 'note.txt') })
    expect(read.content?.[0]?.text).toContain('what the note says')
    const outside = await call(client, 'read_text_file', { path: '/etc/hostname' })
    expect(outside).toMatchObject({ isError: true })
    expect(outside.content?.[0]?.text).toMatch(/outside allowed directories/)
  })

  it('has what it writes held, and the kit carries it out once when a person says yes', async () => {
    const client = await connect(generation)
    const path = join(folder, 'files', `${generation}.txt`)
    const given = { path, content: `written for ${generation}` }
    const held = await call(client, 'write_file', given)
    expect(held.structuredContent?.status).toBe('confirmation_required')
    await expect(readFile(path)).rejects.toThrow(/ENOENT/)
    const approver = { name: 'bo', roles: ['approver'], credentialId: 'key_bo', verifiedBy: 'simulated' }
    await kit.decideApproval({ id: held.structuredContent?.approval?.id ?? '', decision: 'approved', approver })
    expect((await call(client, 'write_file', given)).isError).not.toBe(true)
    expect(await readFile(path, 'utf8')).toBe(`written for ${generation}`)
  })

  it('is refused arguments that the server’s own schema does not name', async () => {
    const client = await connect(generation)
    expect(await call(client, 'get-sum', { a: 2, b: 3, c: 4 })).toMatchObject({
      isError: true,
      structuredContent: { status: 'denied', reasons: [{ code: 'ARGUMENTS_INVALID' }] },
    })
  })

  it('gets prompts and resources of the server that has them', async () => {
    const client = await connect(generation)
    const { prompts } = await client.listPrompts()
    expect(prompts.map(({ name }) => name)).toContain('simple-prompt')
    expect((await client.getPrompt({ name: 'simple-prompt' })).messages).toHaveLength(1)
    const { resources } = await client.listResources()
    expect(resources.length).toBeGreaterThan(0)
    expect((await client.readResource({ uri: resources[0]?.uri ?? '' })).contents).toHaveLength(1)
  })
})
