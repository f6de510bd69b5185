/**
 * The support desk at work, recorded: its real agent, the simulated model, the helpdesk. Then everything is stopped, and what happened is
 * replayed from the record alone, found to differ where it does, turned into a scenario, and forgotten.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { demoTasks } from '../../../../examples/support-desk/demo/tasks.ts'
import { createHelpdesk } from '../../../../examples/support-desk/helpdesk/app.ts'
import { serveOnLoopback } from '../../../../examples/support-desk/listen.ts'
import { createModel } from '../../../../examples/support-desk/model/app.ts'
import { openStore } from '../../src/store/open-store.ts'
import { airworthyIn, type Ran } from '../fixtures/eval-project.ts'

const desk = fileURLToPath(new URL('../../../../examples/support-desk/', import.meta.url))
const seed = 8
const inputs = Object.fromEntries(demoTasks(seed).map((task) => [task.id, task]))

let folder: string
let env: Record<string, string>
const tasks: Record<'lookup' | 'ticket' | 'articles', string> = { lookup: '', ticket: '', articles: '' }
const said: Record<string, string> = {}

function writeProject(): void {
  folder = mkdtempSync(join(tmpdir(), 'airworthy-recorded-'))
  for (const part of ['airworthy.yaml', 'airworthy.lock', 'policies', 'prompts']) {
    cpSync(join(desk, part), join(folder, part), { recursive: true })
  }
  const point = (at: string, from: string, statement: (url: string) => string): void => {
    mkdirSync(join(folder, at, '..'), { recursive: true })
    writeFileSync(join(folder, at), statement(JSON.stringify(pathToFileURL(join(desk, from)).href)))
  }
  point('dist/agent/main.js', 'agent/main.ts', (url) => `import ${url}\n`)
  point('sandbox/world.ts', 'sandbox/world.ts', (url) => `export { createWorld } from ${url}\n`)
  mkdirSync(join(folder, 'evals'))
}

/** Starts `airworthy up` and resolves when it serves. */
async function up(...args: string[]): Promise<{ readonly url: string; stop(signal?: NodeJS.Signals): Promise<Ran> }> {
  let child: ChildProcess | undefined
  const ended = airworthyIn(folder, ['up', '--port', '0', ...args], { env, onStart: (one) => (child = one) })
  const file = join(folder, '.airworthy/up.json')
  for (let waits = 0; !existsSync(file) && waits < 300; waits++) await sleep(100)
  const { url } = JSON.parse(readFileSync(file, 'utf8')) as { url: string }
  return {
    url,
    async stop(signal = 'SIGTERM') {
      child?.kill(signal)
      return await ended
    },
  }
}

/** The agent as a worker of its own, one line a task. */
function startAgent(): {
  run(line: object): Promise<{ readonly reply: string; readonly error?: string }>
  stop(): void
} {
  const child = spawn(process.execPath, [join(folder, 'dist/agent/main.js')], {
    cwd: folder,
    env: { PATH: process.env.PATH },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    async run(line) {
      child.stdin.write(`${JSON.stringify(line)}\n`)
      return JSON.parse((await lines.next()).value as string)
    },
    stop: () => child.stdin.end(),
  }
}

beforeAll(async () => {
  writeProject()
  const { app } = createHelpdesk({ seed })
  let isBroken = false
  const helpdesk = await serveOnLoopback({
    fetch: async (request: Request) => {
      const body = isBroken ? await request.clone().text() : ''
      if (!body.includes('"search_articles"') || !body.includes('tools/call')) return await app.fetch(request)
      const result = {
        resultType: 'complete',
        isError: true,
        content: [{ type: 'text', text: 'The index is being rebuilt.' }],
      }
      return Response.json({ jsonrpc: '2.0', id: JSON.parse(body).id, result })
    },
  } as typeof app)
  const model = await serveOnLoopback(createModel(seed))
  env = { MODEL_URL: `${model.url}/v1`, HELPDESK_URL: helpdesk.url, OPENAI_API_KEY: 'sk-simulated' }
  const kit = await up('--record')
  const created = await airworthyIn(
    folder,
    ['keys', 'create', '--kind', 'agent', '--name', 'desk', '--agent', 'support-desk', '--json'],
    { env },
  )
  const { key } = JSON.parse(created.stdout) as { key: string }
  const agent = startAgent()
  const post = async (path: string, body: object) => {
    const response = await fetch(`${kit.url}/api/v1${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (!response.ok) throw new Error(await response.text())
    return (await response.json()) as Record<string, unknown>
  }
  const work = async (id: keyof typeof tasks): Promise<void> => {
    const { principal, input } = inputs[id]!
    const opened = await post('/tasks', { principal, input })
    tasks[id] = opened.task as string
    const { reply } = await agent.run({ task: opened.task, token: opened.token, principal, input, urls: opened.urls })
    said[id] = reply
    await post(`/tasks/${opened.task}/close`, { reply })
  }
  await work('lookup')
  await work('ticket')
  isBroken = true
  await work('articles')
  agent.stop()
  const ended = await kit.stop()
  expect(ended.code).toBe(0)
  expect(ended.stdout).toContain('Every task is recorded for a replay.')
  await Promise.all([model.close(), helpdesk.close()])
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function airworthy(...args: string[]) {
  const one = await airworthyIn(folder, [...args, '--json'], { env })
  return { code: one.code, stderr: one.stderr, json: one.stdout === '' ? undefined : JSON.parse(one.stdout) }
}

describe('a recorded task', () => {
  it('replays from the record alone, byte for byte', async () => {
    expect(said.lookup).toContain('order')
    const { code, json, stderr } = await airworthy('trace', 'replay', tasks.lookup)
    expect([code, json, stderr]).toMatchObject([0, { identical: true }, ''])
    expect(json.redacted).toBeUndefined()
    expect(json.exchanges).toBe(json.answered)
    expect(json.exchanges).toBeGreaterThan(4)
  })

  it('with an address in it is redacted on disk, says so, and replays all the same', async () => {
    const { code, json, stderr } = await airworthy('trace', 'replay', tasks.ticket)
    expect([code, json, stderr]).toMatchObject([0, { identical: true }, ''])
    expect(json.redacted).toBeGreaterThan(0)
    const address = /[\w.+-]+@[\w.-]+\w/.exec(inputs.ticket!.input)![0]
    const store = await openStore({ dir: join(folder, '.airworthy') })
    const { gunzipSync } = await import('node:zlib')
    const { pieces } = (await store.recordings.readRecording(tasks.ticket))!
    await store.close()
    const texts = pieces.map(({ body }) => gunzipSync(body).toString())
    expect(texts.join('')).toContain('[redacted:email]')
    expect(texts.join('')).not.toContain(address)
    expect(texts.join('')).not.toContain('awt_')
  })

  it('departs where one character of the prompt is changed', async () => {
    const prompt = join(folder, 'prompts/system.md')
    const text = readFileSync(prompt, 'utf8')
    writeFileSync(prompt, text.replace('.', '!'))
    const { code, json } = await airworthy('trace', 'replay', tasks.lookup)
    writeFileSync(prompt, text)
    expect([code, json]).toMatchObject([1, { identical: false, kind: 'model' }])
    expect(json.path).toMatch(/^\/messages\/0\/content/)
    expect([json.want.length, json.got.length]).toEqual([json.want.length, json.want.length])
  })

  it('that failed is evidence for RULE-1, of real work', async () => {
    const { code, json, stderr } = await airworthy('trace', 'replay', '--failed')
    expect([code, json, stderr]).toMatchObject([0, { replayed: [{ task: tasks.articles, identical: true }] }, ''])
    const store = await openStore({ dir: join(folder, '.airworthy') })
    const { release } = (await store.guard.readTask(tasks.articles))!
    const [evidence] = (await store.evidence.evidenceOf(release)).filter(({ control }) => control === 'RULE-1')
    await store.close()
    expect(evidence).toMatchObject({ outcome: 'pass', simulated: false })
    expect(evidence?.summary).toContain('1 failed recorded tasks were replayed')
  })

  it('becomes a scenario that runs in the world that it had', async () => {
    const made = await airworthyIn(folder, ['trace', 'to-scenario', tasks.articles, '--out', 'evals/again.yaml'], {
      env,
    })
    expect([made.code, made.stderr]).toEqual([0, expect.stringContaining('is written')])
    expect(
      parse(readFileSync(join(folder, 'evals/again.yaml'), 'utf8'))[0].world.results.search_articles,
    ).toMatchObject([{ isError: true }, { isError: true }])
    // Evals ask a model: the helpdesk stays away.
    const model = await serveOnLoopback(createModel(seed))
    env = { ...env, MODEL_URL: `${model.url}/v1` }
    const { code, json, stderr } = await airworthy('eval', 'run', 'evals/again.yaml')
    await model.close()
    expect([code, json.judged, json.passed, stderr]).toEqual([0, 1, 1, expect.anything()])
    const store = await openStore({ dir: join(folder, '.airworthy') })
    const [judged] = await store.evals.readRows(json.run)
    await store.close()
    expect(judged?.row.reply).toBe(said.articles)
  })

  it('is forgotten: nothing to replay, no body left, and the log is whole', async () => {
    expect(await airworthy('trace', 'forget', tasks.ticket, '--reason', 'the customer asked')).toMatchObject({
      code: 0,
      json: { task: tasks.ticket, recording_deleted: true },
    })
    const replay = await airworthy('trace', 'replay', tasks.ticket)
    expect([replay.code, JSON.stringify(replay.json)]).toEqual([3, expect.stringContaining('CASSETTE_UNKNOWN')])
    const store = await openStore({ dir: join(folder, '.airworthy') })
    const entries = (await store.audit.entriesOfTask(tasks.ticket, 1_000)).map(({ text }) => JSON.parse(text))
    for (const { id, bodies = {} } of entries) {
      for (const name of Object.keys(bodies)) expect((await store.audit.readBody(id, name))?.kept).toBeUndefined()
    }
    await store.close()
    expect(entries.map(({ kind }) => kind)).toContain('recording-forgotten')
    expect(await airworthy('trace', 'forget', tasks.ticket)).toMatchObject({
      code: 0,
      json: { bodies_erased: 0, recording_deleted: false },
    })
    const kit = await up()
    await kit.stop()
    expect(await airworthy('audit', 'verify')).toMatchObject({ code: 0, json: { ok: true } })
  })
})
