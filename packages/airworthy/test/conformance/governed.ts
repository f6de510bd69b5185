/** The fixture behind a kit: an enforcing manifest that names each tool, the guard, the store on disk and the audit log, and a task. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { McpServer } from '../../src/core/manifest/effective.ts'
import { buildLock, lockText } from '../../src/core/manifest/lock.ts'
import { createKit, type Kit } from '../../src/kit.ts'
import { serve } from '../../src/server/serve.ts'
import { listServerTools } from '../../src/upstream/list-tools.ts'
import { type Listening, startFixture } from './fixture-http.ts'
import { startForwarder } from './forwarder.ts'

export interface Governed extends Listening {
  readonly kit: Kit
  /** Of the gateway itself, without the forwarder: for clients that carry their own credential. */
  readonly gatewayUrl: string
  readonly token: string
  auditEntries(): Promise<number>
}

export interface GovernedOptions {
  readonly eras?: 'both' | 'legacy'
  /** What the manifest says of a tool besides server, effect, reach and permit. */
  readonly tools?: Readonly<Record<string, object>>
}

/** What is measured: the suite's client -> forwarder -> gateway, guard, store, log -> fixture. */
export async function startGoverned({ eras = 'both', tools: more = {} }: GovernedOptions = {}): Promise<Governed> {
  const fixture = await startFixture(eras)
  const project = await mkdtemp(join(tmpdir(), 'airworthy-conformance-'))
  const server: McpServer = { name: 'fixture', args: [], env: {}, headers: {}, ignore: [], pass: [], url: fixture.url }
  const { serverInfo, tools } = await listServerTools(server, { timeoutMs: 20_000 })
  const lock = buildLock({ servers: { fixture: { server: serverInfo, tools } } })
  await writeFile(join(project, 'airworthy.lock'), lockText(lock))
  await writeFile(
    join(project, 'airworthy.yaml'),
    manifestOf(
      fixture.url,
      tools.map((tool) => tool.name),
      more,
    ),
  )
  const kit = await createKit({ project, dir: join(project, '.airworthy') })
  await kit.start()
  const http = await serve(kit, { port: 0 })
  const { token } = await kit.openTask({
    principal: { id: 'suite', attributes: { role: 'tester' } },
    openedBy: 'conformance',
  })
  const forwarder = await startForwarder(new URL(`${http.url}/mcp/desk`), `Bearer ${token}`)
  return {
    kit,
    url: forwarder.url,
    gatewayUrl: `${http.url}/mcp/desk`,
    token,
    async auditEntries() {
      await kit.sequencer.drain()
      return kit.sequencer.coveredSize
    },
    async stop() {
      await forwarder.stop()
      await http.close()
      await kit.close()
      await fixture.stop()
      await rm(project, { recursive: true, force: true })
    },
  }
}

function manifestOf(url: string, tools: readonly string[], more: Readonly<Record<string, object>>): string {
  const tool = { server: 'fixture', effect: 'read', reach: 'internal', effect_reason: 'A fixture.' }
  return JSON.stringify({
    version: 1,
    agent: 'desk',
    owner: 'conformance@example.com',
    principal: { asserted_by_agent: true, attributes: { role: 'string' } },
    mcpServers: { fixture: { url, pass: ['logging/setLevel', 'resources/subscribe', 'resources/unsubscribe'] } },
    budgets: { max_tool_calls: { limit: 100_000 } },
    tools: Object.fromEntries(tools.map((name) => [name, { ...tool, permit: { role: ['tester'] }, ...more[name] }])),
  })
}
