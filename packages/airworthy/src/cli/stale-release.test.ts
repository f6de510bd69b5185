import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { CliContext } from './context.ts'
import { releaseOfFolder } from './evals/release-of-folder.ts'
import { staleReleaseNote } from './stale-release.ts'

let project: string
let kit: Server
let running: string
beforeEach(async () => {
  project = mkdtempSync(join(tmpdir(), 'airworthy-stale-'))
  writeFileSync(
    join(project, 'airworthy.yaml'),
    'agent: a\ntools: { own: { effect: read, input: { type: object } } }\n',
  )
  running = releaseOfFolder(project).release.digest
  kit = createServer((_, response) => response.end(JSON.stringify({ ok: true, release: running })))
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
const note = () => staleReleaseNote({ cwd: project, env: {} } as unknown as CliContext, {})

it('speaks up once a rule was written that the running kit has not read', async () => {
  expect(await note()).toBeUndefined()
  mkdirSync(join(project, 'policies'))
  writeFileSync(join(project, 'policies/stop.cedar'), 'forbid (principal, action == Action::"own", resource);')
  expect(await note()).toMatch(/another release.*restart it/)
})

it('is silent where it cannot be told', async () => {
  writeFileSync(join(project, 'airworthy.yaml'), 'agent: [\n')
  expect(await note()).toBeUndefined()
  rmSync(join(project, '.airworthy'), { recursive: true })
  expect(await note()).toBeUndefined()
})
