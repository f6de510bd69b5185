/** Start-up and memory of the real binary, with the support desk and its helpdesk beside it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { BenchRow } from './bench-row.ts'
import { quantile } from './quantile.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const binary = join(root, 'bin/airworthy.js')
const desk = join(root, 'dist/demo')
const calls = 10_000
const restMs = 60_000

export async function benchStart(): Promise<BenchRow[]> {
  const versionMs = Array.from({ length: 15 }, () => {
    const startedAt = performance.now()
    spawnSync(process.execPath, [binary, '--version'])
    return performance.now() - startedAt
  })
  const helpdesk = await ready(
    spawn(process.execPath, [join(desk, 'helpdesk/main.js')], { env: { ...process.env, HELPDESK_PERMITS: 'off' } }),
    (line) => (line.startsWith('{') ? (JSON.parse(line) as { url: string }).url : undefined),
  )
  const folder = mkdtempSync(join(tmpdir(), 'airworthy-bench-'))
  for (const part of ['airworthy.yaml', 'airworthy.lock', 'policies', 'prompts'])
    cpSync(join(desk, part), join(folder, part), { recursive: true })
  const env = { ...process.env, HELPDESK_URL: helpdesk.value, MODEL_URL: 'http://127.0.0.1:9/v1' }
  try {
    const upMs: number[] = []
    for (let i = 0; i < 5; i++) {
      const startedAt = performance.now()
      const kit = await startKit(folder, env)
      upMs.push(performance.now() - startedAt)
      await end(kit.child)
    }
    const kit = await startKit(folder, env)
    await sleep(2_000)
    const fresh = residentMb(kit.child)
    await callMany(kit.value, folder, env)
    const busy = residentMb(kit.child)
    await sleep(restMs)
    const rested = residentMb(kit.child)
    await end(kit.child)
    return [
      {
        name: 'airworthy --version, median',
        unit: 'ms',
        value: quantile(versionMs, 0.5),
        target: { op: '<=', value: 150 },
      },
      {
        name: 'airworthy up for the support desk, ready, median of 5',
        unit: 'ms',
        value: quantile(upMs, 0.5),
        target: { op: '<=', value: 1_500 },
      },
      { name: 'memory of a fresh kit', unit: 'MB', value: fresh, target: { op: '<=', value: 180 } },
      { name: `memory just after ${calls} calls over HTTP`, unit: 'MB', value: busy },
      { name: `memory after ${calls} calls and a minute`, unit: 'MB', value: rested, target: { op: '<=', value: 350 } },
    ]
  } finally {
    await end(helpdesk.child)
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Started {
  readonly child: ChildProcess
  readonly value: string
}

function startKit(folder: string, env: NodeJS.ProcessEnv): Promise<Started> {
  return ready(
    spawn(process.execPath, [binary, 'up', '--port', '0'], { cwd: folder, env }),
    (line) => /API\s+(http:\/\/[^/\s]+)\/api/.exec(line)?.[1],
  )
}

function ready(child: ChildProcess, find: (line: string) => string | undefined): Promise<Started> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`a process of the bench ended with ${code}`)))
    if (child.stdout === null) throw new Error('stdout is piped')
    createInterface({ input: child.stdout }).on('line', (line) => {
      const value = find(line)
      if (value !== undefined) resolve({ child, value })
    })
    child.stderr?.resume()
  })
}

function end(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.removeAllListeners('exit')
    child.once('exit', () => resolve())
    child.kill('SIGTERM')
  })
}

/** Real calls through the API and the gateway's upstream: reads of the helpdesk, 12 a task, 8 at once. */
async function callMany(url: string, folder: string, env: NodeJS.ProcessEnv): Promise<void> {
  const created = spawnSync(
    process.execPath,
    [binary, 'keys', 'create', '--kind', 'agent', '--name', 'bench', '--agent', 'support-desk'],
    { cwd: folder, env, encoding: 'utf8' },
  )
  const key = created.stdout.trim()
  const post = async (path: string, bearer: string, body: unknown): Promise<Record<string, unknown>> => {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return (await response.json()) as Record<string, unknown>
  }
  let left = calls
  const worker = async (): Promise<void> => {
    while (left > 0) {
      const opened = await post('/api/v1/tasks', key, {
        principal: { id: 'bench', attributes: { role: 'support', tenant: 'bench' } },
        input: 'look it up',
      })
      for (let i = 0; i < 12 && left > 0; i++) {
        left--
        const answer = await post(`/api/v1/tasks/${opened.task as string}/actions`, opened.token as string, {
          tool: 'search_articles',
          arguments: { query: `parcel ${left}` },
        })
        if (answer.decision !== 'allow')
          throw new Error(`a call of the bench was not allowed: ${JSON.stringify(answer)}`)
      }
    }
  }
  await Promise.all(Array.from({ length: 8 }, worker))
}

function residentMb(child: ChildProcess): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
