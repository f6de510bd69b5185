/**
 * The process that is killed: a kit on the folder, and an agent that works through keys it may have tried before. It stops for
 * good at the n-th passing of a named point; the parent then sends SIGKILL.
 * Arguments: FOLDER POINT NTH [late-intend]. POINT `none` works to the end.
 */
import { existsSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { invariant } from '../../src/core/errors.ts'
import type { StopPoint } from '../../src/guard/pipeline.ts'
import { createKit } from '../../src/kit.ts'
import { effectfulUpstream, note } from './crash-project.ts'
import { lateIntend } from './late-intend.ts'

const [folder = '', point = 'none', nth = '1', mutant] = process.argv.slice(2)
const tools = ['write_row', 'drop_row', 'read_row', 'write_row', 'drop_row', 'write_row', 'write_row'] as const

let passed = 0
const stopAt: StopPoint = (here) => {
  if (here !== point || ++passed < Number(nth)) return
  writeSync(1, `STOPPED ${here}\n`)
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}

const digests = new Map<string, string>()
const kit = await createKit({
  project: folder,
  dir: join(folder, '.airworthy'),
  env: {},
  upstream: effectfulUpstream(folder, (name) => digests.get(name) ?? ''),
  stopAt,
  ...(mutant === 'late-intend' ? { steps: lateIntend(() => stopAt('executed')) } : {}),
})
for (const tool of kit.manifest.tools) digests.set(tool.upstreamName, tool.definitionDigest)
await kit.start()

// First what an earlier life began: the same keys again, as a client does that never got its answer.
const progress = join(folder, 'progress.log')
const earlier = existsSync(progress)
  ? readFileSync(progress, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
  : []
for (const task of earlier.slice(-2)) await work(task)
for (let round = 0; round < 3; round++) {
  const { task } = await kit.openTask({ principal: { id: 'ana' }, input: 'work', openedBy: 'embedded' })
  note(folder, task.id)
  await work(task.id)
}
await kit.close()

async function work(task: string): Promise<void> {
  for (const [index, tool] of tools.entries()) {
    const key = `${task.slice(-8)}-${index}`
    const request = { task, tool, arguments: { id: key }, idempotencyKey: key, door: 'api' } as const
    const answers = await Promise.all([kit.act(request), kit.act(request)])
    for (const { approval } of answers) {
      if (approval === undefined) continue
      const approver = { name: 'bo', roles: ['approver'], credentialId: 'key_1', verifiedBy: 'person_key' }
      // Two people press the button at once; one of them is late.
      await Promise.allSettled([
        kit.decideApproval({ id: approval.id, decision: 'approved', approver }),
        kit.decideApproval({ id: approval.id, decision: 'approved', approver }),
      ])
    }
    invariant(answers.length === 2, 'both calls were answered')
  }
}
