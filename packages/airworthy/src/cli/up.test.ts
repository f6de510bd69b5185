import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { writeCrashProject } from '../../test/crash/crash-project.ts'
import type { CliContext } from './context.ts'
import { startKit } from './up.ts'

let folder: string
let upFile: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'airworthy-up-'))
  writeCrashProject(folder)
  upFile = join(folder, '.airworthy', 'up.json')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const stream = { write: () => true }
const flags = { host: undefined, db: undefined, environment: undefined, mode: 'enforce', record: false } as const
const start = (port: number) =>
  startKit({ cwd: folder, env: {}, stdout: stream, stderr: stream } as unknown as CliContext, { ...flags, port })

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

const answers = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/healthz`).then(
    () => true,
    () => false,
  )

it('a start that fails after the kit listens leaves nothing that listens', async () => {
  mkdirSync(upFile, { recursive: true })
  const port = await freePort()
  await expect(start(port)).rejects.toMatchObject({ code: 'EISDIR' })
  expect(await answers(port)).toBe(false)
})

it('a kit ends where its address cannot be taken out of its folder', async () => {
  const port = await freePort()
  const kit = await start(port)
  expect(await answers(port)).toBe(true)
  rmSync(upFile)
  mkdirSync(upFile)
  await expect(kit.close()).rejects.toMatchObject({ code: 'EISDIR' })
  expect(await answers(port)).toBe(false)
})

it('of two kits that begin at once on one folder one runs, and other commands find it', async () => {
  const begun = await Promise.allSettled([start(0), start(0)])
  const kits = begun.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const refusals = begun.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
  expect([kits.length, refusals]).toEqual([1, [expect.objectContaining({ code: 'KIT_RUNNING' })]])
  expect(JSON.parse(readFileSync(upFile, 'utf8')).url).toBe(kits[0]?.url)
  await kits[0]?.close()
  expect(readdirSync(join(folder, '.airworthy')).filter((name) => name.startsWith('up.json'))).toEqual([])
})

it('takes the place of a kit that was killed on its port under its process id, as in a container', async () => {
  const port = await freePort()
  mkdirSync(join(folder, '.airworthy'))
  writeFileSync(upFile, JSON.stringify({ url: `http://127.0.0.1:${port}`, pid: process.pid, db: 'another' }))
  const kit = await start(port)
  expect(JSON.parse(readFileSync(upFile, 'utf8'))).toEqual({ url: kit.url, pid: process.pid })
  await kit.close()
  expect(existsSync(upFile)).toBe(false)
})

it('leaves the address of the kit that took its place', async () => {
  const kit = await start(0)
  const other = JSON.stringify({ url: 'http://127.0.0.1:1', pid: 1 })
  writeFileSync(upFile, other)
  await kit.close()
  expect(readFileSync(upFile, 'utf8')).toBe(other)
})
