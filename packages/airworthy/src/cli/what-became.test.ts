import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { CliContext } from './context.ts'
import { whatBecame } from './what-became.ts'

let project: string
let kit: Server
let answer: object
beforeEach(async () => {
  project = mkdtempSync(join(tmpdir(), 'airworthy-became-'))
  kit = createServer((_, response) => response.end(JSON.stringify(answer)))
  await new Promise<void>((resolve) => kit.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(kit.address() as AddressInfo).port}`
  mkdirSync(join(project, '.airworthy/keys'), { recursive: true })
  writeFileSync(join(project, '.airworthy/up.json'), JSON.stringify({ url, pid: process.pid }))
  writeFileSync(join(project, '.airworthy/keys/operator.key'), 'awo_x\n')
})
afterEach(async () => {
  kit.closeAllConnections()
  await new Promise((resolve) => kit.close(resolve))
  rmSync(project, { recursive: true })
})
const told = () => whatBecame({ cwd: project, env: {} } as unknown as CliContext, {}, 'act_1')

it.each([
  [{ state: 'succeeded', reasons: [] }, 'It was executed, and succeeded.'],
  [{ state: 'failed', reasons: [], error: 'no stock\u001b[2J' }, 'It was executed, and failed: no stock'],
  [{ state: 'denied', reasons: [{ code: 'KILLED', message: 'Stopped.' }] }, 'It was NOT executed: KILLED: Stopped.'],
  [{ state: 'ambiguous', reasons: [] }, 'Nobody knows yet whether it was executed'],
  [{ state: 'held', reasons: [] }, 'It is not executed yet'],
])('an approver hears what became of it: %j', async (given, words) => {
  answer = given
  const line = await told()
  expect(line).toContain(words)
  expect(line).not.toContain('\u001b')
})

it('nothing is claimed where the operator key is not at hand', async () => {
  answer = { state: 'succeeded', reasons: [] }
  rmSync(join(project, '.airworthy/keys'), { recursive: true })
  expect(await told()).toBeUndefined()
})
