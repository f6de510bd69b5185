/** The three programs as `airworthy demo` starts them: own processes, addresses by environment, one JSON line when ready. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { createHelpdesk } from './helpdesk/app.ts'
import { serveOnLoopback } from './listen.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const built = existsSync(fileURLToPath(new URL('../../packages/airworthy/dist/sdk/permit.js', import.meta.url)))
const children: ChildProcessWithoutNullStreams[] = []
const stops: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await Promise.all(stops.map((stop) => stop()))
})

function start(entry: string, env: Record<string, string>): ChildProcessWithoutNullStreams {
  const child = spawn(process.execPath, [entry], { cwd: here, env: { PATH: process.env.PATH, ...env } })
  children.push(child)
  return child
}

async function firstLine(child: ChildProcessWithoutNullStreams): Promise<Record<string, unknown>> {
  for await (const line of createInterface({ input: child.stdout })) return JSON.parse(line) as Record<string, unknown>
  throw new Error('the program said nothing')
}

async function endOf(child: ChildProcessWithoutNullStreams): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode
  return new Promise((resolve) => child.once('exit', resolve))
}

test('the agent answers one line for one line, and ends with its input', async () => {
  const model = start('model/main.ts', { MODEL_SEED: '8' })
  const { ready, url: modelUrl } = await firstLine(model)
  expect(ready).toBe(true)
  const { app, desk } = createHelpdesk({ seed: 8 })
  const { url, close } = await serveOnLoopback(app)
  stops.push(close)

  const agent = start('agent/main.ts', { OPENAI_BASE_URL: String(modelUrl), AIRWORTHY_MCP_URL: `${url}/mcp` })
  const lines = createInterface({ input: agent.stdout })[Symbol.asyncIterator]()
  const answerTo = async (line: string): Promise<unknown> => {
    agent.stdin.write(`${line}\n`)
    return JSON.parse((await lines.next()).value as string)
  }
  const [order] = desk.world.orders
  const principal = { id: 'ana', attributes: {} }
  const say = (more: object): string => JSON.stringify({ task: 't1', token: 'secret', principal, ...more })
  expect(await answerTo(say({ input: `What is the status of order ${order!.id}?` }))).toEqual({
    task: 't1',
    reply: expect.stringContaining(order!.status),
    replies: [expect.stringContaining(order!.status)],
  })
  expect(await answerTo(say({ turns: [`Look at order ${order!.id}.`, 'Then refund $1.50 on it.'] }))).toEqual({
    task: 't1',
    reply: expect.stringContaining('1.5'),
    replies: [expect.stringContaining(order!.status), expect.stringContaining('1.5')],
  })
  expect(desk.refunds).toMatchObject([{ order: order!.id, amountCents: 150 }])
  expect(await answerTo('{"task":"t2"}')).toMatchObject({ task: '', reply: '', error: expect.any(String) })
  expect(await answerTo(say({ input: 'Hello', urls: { mcp: `${url}/nowhere` } }))).toMatchObject({
    task: 't1',
    error: expect.any(String),
  })
  agent.stdin.end()
  expect(await endOf(agent)).toBe(0)
  model.kill('SIGTERM')
  expect(await endOf(model)).toBe(0)
})

test.skipIf(!built)(
  'the helpdesk wants a permit key, or to be told that there is none (needs the built package)',
  async () => {
    expect(await endOf(start('helpdesk/main.ts', {}))).toBe(3)
    const helpdesk = start('helpdesk/main.ts', { HELPDESK_PERMITS: 'off', DESK_SEED: '8' })
    const { ready, url } = await firstLine(helpdesk)
    expect(ready).toBe(true)
    expect(await (await fetch(String(url))).text()).toMatch(/Permits are OFF/)
    helpdesk.kill('SIGTERM')
    expect(await endOf(helpdesk)).toBe(0)
    const key = Buffer.alloc(32, 7).toString('base64')
    const guarded = start('helpdesk/main.ts', { AIRWORTHY_PERMIT_KEY: key })
    expect(await (await fetch(String((await firstLine(guarded)).url))).text()).toMatch(/demanded/)
    guarded.kill('SIGTERM')
    expect(await endOf(guarded)).toBe(0)
  },
)

test.each([true, false])(
  'a program with a channel ends with who started it (once it is ready: %s)',
  async (isReady) => {
    const model = spawn(process.execPath, ['model/main.ts'], {
      cwd: here,
      env: { PATH: process.env.PATH },
      stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
    }) as ChildProcessWithoutNullStreams
    children.push(model)
    if (isReady) expect(await firstLine(model)).toMatchObject({ ready: true })
    model.disconnect()
    expect(await endOf(model)).toBe(0)
  },
)
