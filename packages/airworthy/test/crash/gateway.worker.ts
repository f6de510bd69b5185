/**
 * A gateway that is killed: a kit on a shared database or on its folder (DB is `-`), and agents that work at once through keys which
 * they, or agents of another gateway, may have tried before. It works until it is killed, whatever the database does; SIGTERM ends it
 * in good order. Arguments: FOLDER DB [late-intend].
 */
import { appendFileSync, existsSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createKit } from '../../src/kit.ts'
import { effectfulUpstream, note } from './crash-project.ts'
import { lateIntend } from './late-intend.ts'

const [, , folder = '', db = '', mutant] = process.argv
const tools = ['write_row', 'drop_row', 'read_row', 'write_row', 'drop_row', 'write_row', 'write_row'] as const
const agents = 4
const betweenMs = 20

const digests = new Map<string, string>()
const kit = await createKit({
  project: folder,
  dir: join(folder, '.airworthy'),
  db: db === '-' ? undefined : db,
  env: {},
  upstream: effectfulUpstream(folder, (name) => digests.get(name) ?? ''),
  ...(mutant === 'late-intend' ? { steps: lateIntend(async () => void (await sleep(betweenMs))) } : {}),
})
for (const tool of kit.manifest.tools) digests.set(tool.upstreamName, tool.definitionDigest)
await kit.start()
writeSync(1, 'READY\n')
let isStopping = false
process.once('SIGTERM', () => {
  isStopping = true
})
await Promise.all(Array.from({ length: agents }, agent))
await kit.close()
process.exit(0)

async function agent(_: unknown, index: number): Promise<void> {
  for (let round = index; !isStopping; round++) {
    try {
      // Every other time what somebody began, here or there, with the same keys.
      const others = recentTasks()
      const other = others[Math.floor(Math.random() * others.length)]
      await work(round % 2 === 0 || other === undefined ? await open() : other)
    } catch {
      // The database is away: an agent tries again.
      await sleep(50)
    }
  }
}

async function open(): Promise<string> {
  const { task } = await kit.openTask({ principal: { id: 'ana' }, input: 'work', openedBy: 'embedded' })
  note(folder, task.id)
  return task.id
}

function recentTasks(): string[] {
  const path = join(folder, 'progress.log')
  if (!existsSync(path)) return []
  return readFileSync(path, 'utf8').split('\n').filter(Boolean).slice(-12)
}

async function work(task: string): Promise<void> {
  for (const [index, tool] of tools.entries()) {
    if (isStopping) return
    const key = `${task.slice(-8)}-${index}`
    const request = { task, tool, arguments: { id: key }, idempotencyKey: key, door: 'api' } as const
    const answers = await Promise.all([kit.act(request), kit.act(request)])
    for (const { action, state, approval } of answers) {
      // What a caller was told must stand in the ledger for good.
      if (action !== undefined) appendFileSync(join(folder, 'told.log'), `${action} ${state}\n`)
      if (approval === undefined) continue
      const approver = { name: 'bo', roles: ['approver'], credentialId: 'key_1', verifiedBy: 'person_key' }
      await Promise.allSettled([
        kit.decideApproval({ id: approval.id, decision: 'approved', approver }),
        kit.decideApproval({ id: approval.id, decision: 'approved', approver }),
      ])
    }
  }
}
