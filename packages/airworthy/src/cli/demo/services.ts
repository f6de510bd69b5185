/** Child processes of the demo: started, waited for, and ended with it. */
import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { AirworthyError } from '../../core/errors.ts'
import { valueOfJson } from '../../core/value-of-json.ts'

export interface Service {
  readonly name: string
  /** What its ready line says. */
  readonly url: string
  stop(): Promise<void>
}

const readyMsMax = 20_000
const stopMsMax = 3_000

/** Starts `node <script>` and resolves when it prints `{"ready": true, "url": ...}`. @throws DEMO_FAILED */
export async function startService(
  name: string,
  script: string,
  env: Readonly<Record<string, string>>,
  log: (line: string) => void,
): Promise<Service> {
  // By the channel it learns that the demo is gone, however that ended.
  const child = spawn(process.execPath, [script], {
    env: childEnv(env),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  }) as ChildProcessByStdio<null, Readable, Readable>
  logLines(name, child, log)
  const url = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(failed(name, `it was not ready within ${readyMsMax / 1000} s`)), readyMsMax)
    child.once('exit', (code) => reject(failed(name, `it ended with code ${code} before it was ready`)))
    child.once('error', (error) => reject(failed(name, error.message)))
    createInterface({ input: child.stdout }).on('line', (line) => {
      const ready = readyUrl(line)
      if (ready === undefined) return
      clearTimeout(timer)
      resolve(ready)
    })
  }).catch(async (error) => {
    await stopChild(child)
    throw error
  })
  return { name, url, stop: () => stopChild(child) }
}

export interface AgentWorker {
  /** Runs one task; the answer is the agent's own line. */
  run(
    task: Readonly<Record<string, unknown>> & { readonly task: string },
  ): Promise<{ readonly reply: string; readonly error?: string }>
  stop(): Promise<void>
}

/** Starts the agent by its command contract: a JSON line a task on stdin, one back on stdout. @throws DEMO_FAILED */
export function startAgent(
  script: string,
  cwd: string,
  env: Readonly<Record<string, string>>,
  log: (line: string) => void,
): AgentWorker {
  const child = spawn(process.execPath, [script], { cwd, env: childEnv(env), stdio: ['pipe', 'pipe', 'pipe'] })
  logLines('agent', child, log)
  let end: AirworthyError | undefined
  const waiting = new Map<string, { resolve: (answer: AgentAnswer) => void; reject: (error: Error) => void }>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    const answer = answerOf(line)
    if (answer === undefined) return log(`[agent] ${line.slice(0, 500)}`)
    waiting.get(answer.task)?.resolve(answer)
    waiting.delete(answer.task)
  })
  const ended = (why: string): void => {
    end ??= failed('agent', why)
    for (const { reject } of waiting.values()) reject(end)
    waiting.clear()
  }
  child.once('exit', (code) => ended(`it ended with code ${code}`))
  child.once('error', (error) => ended(error.message))
  // What is written to one that is just ending is lost, and its end says so.
  child.stdin.on('error', () => {})
  return {
    run: (task) =>
      new Promise((resolve, reject) => {
        if (end !== undefined) return reject(end)
        waiting.set(task.task, { resolve, reject })
        child.stdin.write(`${JSON.stringify(task)}\n`)
      }),
    stop: () => stopChild(child),
  }
}

/** The children get what they need and no secret of the caller's environment but a model key that is meant for them. */
function childEnv(env: Readonly<Record<string, string>>): Record<string, string> {
  const kept = Object.fromEntries(
    ['PATH', 'HOME', 'TMPDIR', 'LANG', 'NODE_EXTRA_CA_CERTS'].flatMap((name) => {
      const value = process.env[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
  return { ...kept, ...env }
}

function logLines(name: string, child: ChildProcess, log: (line: string) => void): void {
  if (child.stderr !== null)
    createInterface({ input: child.stderr }).on('line', (line) => log(`[${name}] ${line.slice(0, 500)}`))
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), stopMsMax)
  await ended
  clearTimeout(timer)
}

interface AgentAnswer {
  readonly task: string
  readonly reply: string
  readonly error?: string
}

/** Undefined: a line that is no answer, such as a library's warning. */
function answerOf(line: string): AgentAnswer | undefined {
  try {
    const answer = valueOfJson(line) as AgentAnswer | null
    return typeof answer?.task === 'string' ? answer : undefined
  } catch {
    return undefined
  }
}

function readyUrl(line: string): string | undefined {
  try {
    const { ready, url } = valueOfJson(line) as { ready?: unknown; url?: unknown }
    return ready === true && typeof url === 'string' ? url : undefined
  } catch {
    return undefined
  }
}

function failed(name: string, why: string): AirworthyError {
  return new AirworthyError({
    code: 'DEMO_FAILED',
    message: `The demo's ${name} did not run: ${why}.`,
    mend: 'Look at the lines that it printed above; `npm run build` builds the demo anew.',
  })
}
