/**
 * A kit with the support desk's manifest and policies in a process of its own, its server on a free port: product defaults
 * (enforce, SQLite on disk, permits, detectors, audit). Started with a folder as argument; answers `task` on its channel by a token.
 */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildLock, lockText } from '../src/core/manifest/lock.ts'
import { createKit } from '../src/kit.ts'
import { serve } from '../src/server/serve.ts'
import { listServerTools } from '../src/upstream/list-tools.ts'

const folder = process.argv[2] as string
const example = fileURLToPath(new URL('../../../examples/support-desk', import.meta.url))
const upstream = { command: process.execPath, args: [fileURLToPath(new URL('./mcp-desk.worker.ts', import.meta.url))] }
const project = join(folder, 'project')
mkdirSync(project)
for (const part of ['policies', 'prompts']) cpSync(join(example, part), join(project, part), { recursive: true })
const server = { name: 'helpdesk', env: {}, headers: {}, ignore: [], pass: [], ...upstream }
const listed = await listServerTools(server, { timeoutMs: 20_000 })
writeFileSync(
  join(project, 'airworthy.lock'),
  lockText(buildLock({ servers: { helpdesk: { server: listed.serverInfo, tools: listed.tools } } })),
)
const manifest = readFileSync(join(example, 'airworthy.yaml'), 'utf8').replace(
  /^ {2}helpdesk: .*$/m,
  () => `  helpdesk: ${JSON.stringify(upstream)}`,
)
writeFileSync(join(project, 'airworthy.yaml'), manifest)

const addresses = {
  MODEL_URL: 'http://127.0.0.1:9',
  HELPDESK_URL: 'http://127.0.0.1:9',
  OPS_WEBHOOK: 'http://127.0.0.1:9',
}
const kit = await createKit({
  project,
  dir: join(folder, 'kit'),
  env: { ...process.env, ...addresses },
  log: console.error,
})
await kit.start()
const http = await serve(kit, { port: 0, log: console.error })
const actor = { kind: 'operator', id: 'operator', verifiedBy: 'operator_key' } as const
const { key } = await kit.createKey({ kind: 'agent', name: 'bench', roles: [], agent: kit.agent }, actor)
process.send?.({ url: `${http.url}/mcp/${kit.agent}`, key })

process.on('message', async (message) => {
  if (message === 'task') {
    const principal = { id: 'ana', attributes: { role: 'support', tenant: 'acme' } }
    process.send?.({ token: (await kit.openTask({ principal, openedBy: 'bench' })).token })
    return
  }
  await http.close()
  await kit.close()
  process.exit(0)
})
