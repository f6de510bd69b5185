/** The process that is killed: a kit on the folder, behind a socket. Prints its address and a key. Argument: FOLDER. */
import { join } from 'node:path'
import { createKit } from '../../src/kit.ts'
import { serve } from '../../src/server/serve.ts'
import { effectfulUpstream } from '../crash/crash-project.ts'

const [folder = ''] = process.argv.slice(2)
const kit = await createKit({
  project: folder,
  dir: join(folder, '.airworthy'),
  env: {},
  upstream: effectfulUpstream(folder, () => ''),
})
await kit.start()
const serving = await serve(kit, { port: 0 })
const actor = { kind: 'operator', id: 'tests', verifiedBy: 'in_process' } as const
const { key } = await kit.createKey({ kind: 'agent', name: 'ingest', roles: [], agent: kit.agent }, actor)
process.stdout.write(`${JSON.stringify({ url: serving.url, key })}\n`)
