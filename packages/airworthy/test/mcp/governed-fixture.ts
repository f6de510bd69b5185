/** A real kit over the fixture server, behind the real HTTP server on a free port: manifest, lock, keys, store, audit log and all. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { McpServer } from '../../src/core/manifest/effective.ts'
import { buildLock, lockText } from '../../src/core/manifest/lock.ts'
import { createKit, type Kit, type KitOptions } from '../../src/kit.ts'
import { serve } from '../../src/server/serve.ts'
import { listServerTools } from '../../src/upstream/list-tools.ts'

export interface GovernedFixture {
  readonly kit: Kit
  /** Of the whole agent's door. */
  readonly url: URL
  readonly agentKey: string
  /** A task for a principal, as its token. */
  openTask(principal?: string, role?: string): Promise<string>
  approve(approvalId: string, decision?: 'approved' | 'rejected'): Promise<void>
  stop(): Promise<void>
}

export const stdioFixture = fileURLToPath(new URL('./fixture-stdio.ts', import.meta.url))

export interface GovernedOptions {
  /** Absent: the fixture as a child process. */
  readonly url?: string
  readonly mode?: KitOptions['mode']
  readonly dir?: string
}

export async function startGovernedFixture(options: GovernedOptions = {}): Promise<GovernedFixture> {
  const project = await mkdtemp(join(tmpdir(), 'airworthy-mcp-'))
  const place = options.url === undefined ? { command: process.execPath, args: [stdioFixture] } : { url: options.url }
  const server: McpServer = { name: 'fixture', args: [], env: {}, headers: {}, ignore: [], pass: [], ...place }
  const listed = await listServerTools(server, { timeoutMs: 20_000 })
  const lock = buildLock({ servers: { fixture: { server: listed.serverInfo, tools: listed.tools } } })
  await writeFile(join(project, 'airworthy.lock'), lockText(lock))
  await writeFile(join(project, 'airworthy.yaml'), manifestOf(place))
  const kit = await createKit({
    project,
    dir: options.dir ?? ':memory:',
    ...(options.mode === undefined ? {} : { mode: options.mode }),
  })
  await kit.start()
  const faults: string[] = []
  const http = await serve(kit, { port: 0, log: (line) => line.startsWith('fault') && faults.push(line) })
  const actor = { kind: 'operator', id: 'operator', verifiedBy: 'operator_key' } as const
  const { key } = await kit.createKey({ kind: 'agent', name: 'desk agent', roles: [], agent: 'desk' }, actor)
  return {
    kit,
    url: new URL(`${http.url}/mcp/desk`),
    agentKey: key,
    async openTask(principal = 'ana', role = 'support') {
      const opened = await kit.openTask({ principal: { id: principal, attributes: { role } }, openedBy: 'test' })
      return opened.token
    },
    async approve(id, decision = 'approved') {
      const approver = { name: 'bo', roles: ['refund-approver'], credentialId: 'key_bo', verifiedBy: 'simulated' }
      await kit.decideApproval({ id, decision, approver })
    },
    async stop() {
      await http.close()
      await kit.close()
      await rm(project, { recursive: true, force: true })
      if (faults.length > 0) throw new Error(faults.join('\n'))
    },
  }
}

function manifestOf(place: object): string {
  const tool = (effect: string, more: object = {}): Record<string, unknown> => ({
    server: 'fixture',
    effect,
    reach: 'internal',
    effect_reason: 'A fixture.',
    permit: { role: ['support', 'reader'] },
    ...more,
  })
  return JSON.stringify({
    version: 1,
    agent: 'desk',
    owner: 'support@example.com',
    principal: { asserted_by_agent: true, attributes: { role: 'string' } },
    mcpServers: { fixture: { ...place, ignore: ['whoami'], pass: ['fixture/ping'] } },
    budgets: { max_tool_calls: { limit: 1_000_000 } },
    tools: {
      echo: tool('read'),
      refund: tool('irreversible', {
        permit: { role: ['support'] },
        confirm: { by: 'refund-approver', not_requester: true, within: '15m' },
      }),
      broken: tool('read'),
      hang: tool('read', { timeout: '500ms' }),
      steps: tool('read', { limits: { n: { minimum: 0, maximum: 10 } } }),
      big: tool('read', { limits: { bytes: { minimum: 0, maximum: 100_000_000 } } }),
      die: tool('write'),
      // Listed, and permitted to nobody.
      book: { ...tool('read'), permit: undefined },
    },
  })
}
