/** Who waits for an approval hears of every way that it ends, and waits for no other action. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { decideApproval } from '../../src/operate/approvals/decide.ts'
import { openSqliteStore } from '../../src/store/sqlite/store.ts'
import { startServing, support } from './serving.ts'

const heard: { type: string; action: string }[] = []
const webhook = createServer((request, response) => {
  let body = ''
  request.on('data', (chunk: Buffer) => {
    body += chunk
  })
  request.on('end', () => {
    heard.push(JSON.parse(body))
    response.end()
  })
})
let resumeUrl: string
beforeAll(async () => {
  await new Promise<void>((resolve) => webhook.listen(0, '127.0.0.1', resolve))
  const address = webhook.address()
  resumeUrl = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/`
})
afterAll(() => {
  webhook.close()
})
const heardOf = (action: string | undefined): string[] =>
  heard.filter((notice) => notice.action === action).map(({ type }) => type)
const approver = { name: 'bo', roles: ['approver'], credentialId: 'key_bo', verifiedBy: 'person_key' }

it('a rejection, an execution, an approval that its caller must fetch, and an expiry are told', async () => {
  let aheadMs = 0
  const { kit, stop } = await startServing({ clock: () => Date.now() + aheadMs })
  const principal = { id: 'ana', attributes: support }
  const { task } = await kit.openTask({ principal, openedBy: 'embedded', resumeUrl })
  const ask = (tool: string, args: Record<string, string>) =>
    kit.act({ task: task.id, tool, arguments: args, door: 'embedded' })
  const [rejected, sent, own, late] = [
    await ask('send_letter', { to: 'a' }),
    await ask('send_letter', { to: 'b' }),
    await ask('close_account', { id: 'c' }),
    await ask('close_account', { id: 'd' }),
  ]
  await kit.decideApproval({ id: rejected.approval?.id as string, decision: 'rejected', approver })
  await kit.decideApproval({ id: sent.approval?.id as string, decision: 'approved', approver })
  await kit.decideApproval({ id: own.approval?.id as string, decision: 'approved', approver })
  await expect.poll(() => heardOf(rejected.action), { timeout: 10_000 }).toEqual(['airworthy.action-finished'])
  await expect.poll(() => heardOf(sent.action), { timeout: 10_000 }).toEqual(['airworthy.action-finished'])
  await expect.poll(() => heardOf(own.action), { timeout: 10_000 }).toEqual(['airworthy.action-approved'])
  aheadMs = 15 * 60_000
  await expect.poll(() => heardOf(late.action), { timeout: 10_000 }).toEqual(['airworthy.action-finished'])
  // Approved, never fetched: told once when it was given and once when it expired, whatever number of sweeps saw it.
  await expect
    .poll(() => heardOf(own.action), { timeout: 10_000 })
    .toEqual(['airworthy.action-approved', 'airworthy.action-finished'])
  await stop()
})

it('an execution on approval keeps no start waiting, and no other execution', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'airworthy-start-'))
  const first = await startServing({ dir })
  const { task } = await first.kit.openTask({ principal: { id: 'ana', attributes: support }, openedBy: 'embedded' })
  const ids: string[] = []
  for (const to of ['a', 'b']) {
    const held = await first.kit.act({ task: task.id, tool: 'send_letter', arguments: { to }, door: 'embedded' })
    ids.push(held.approval?.id as string)
  }
  await first.stop()
  // Decided where no kit runs: only the sweep of the next one can find them.
  const store = openSqliteStore(dir, () => {})
  for (const id of ids) {
    const newId = first.kit.guard.ports.newId
    await decideApproval(store.approvals, { id, decision: 'approved', approver, atMs: Date.now(), newId })
  }
  store.close()
  let release = (): void => {}
  const answer = new Promise<void>((resolve) => {
    release = resolve
  })
  const reached: string[] = []
  const { stop } = await startServing({
    dir,
    upstream: {
      offeredDigest: first.kit.guard.ports.upstream.offeredDigest,
      call: async ({ arguments: { to } }) => {
        reached.push(to as string)
        if (to === 'a') await answer
        return { kind: 'answered', result: { content: [] }, isError: false }
      },
      reconcile: async () => ({ state: 'unknown' }),
    },
  })
  // It has started, though the first of the two executions is not over.
  await expect.poll(() => reached, { timeout: 10_000 }).toEqual(['a', 'b'])
  release()
  await stop()
  rmSync(dir, { recursive: true })
})
