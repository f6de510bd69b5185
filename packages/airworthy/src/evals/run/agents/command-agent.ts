/** An agent that is a command: started once a worker, one JSON line a task on stdin, one back on stdout, logs on stderr. */
import { type ChildProcess, spawn } from 'node:child_process'
import { valueOfJson } from '../../../core/value-of-json.ts'
import { type AgentAnswer, type AgentUnderTest, agentAnswerOf } from './agent.ts'
import { readLines } from './read-lines.ts'

const stopMsMax = 3_000
const lastWordsMs = 500
const lineCharactersMax = 4 * 1024 * 1024

export interface CommandOptions {
  readonly command: readonly string[]
  readonly cwd: string
  /** Everything that the worker gets of an environment. */
  readonly env: Readonly<Record<string, string>>
  readonly workers: number
  readonly log?: (line: string) => void
}

/** A worker takes one task at a time; one that dies or is late is ended and another started in its place. */
export function commandAgent(options: CommandOptions): AgentUnderTest {
  const idle: Worker[] = []
  const waiting: { readonly resolve: (worker: Worker) => void; readonly reject: (error: Error) => void }[] = []
  /** Every one that may still have a process, also while it ends. */
  const workers = new Set<Worker>()
  let inUse = 0
  let isClosed = false

  function start(): Worker {
    const worker = new Worker(options)
    workers.add(worker)
    void worker.ended.then(() => workers.delete(worker))
    return worker
  }
  async function take(): Promise<Worker> {
    if (isClosed) throw closed()
    if (inUse < options.workers) {
      inUse++
      const free = idle.pop()
      return free?.isAlive === true ? free : start()
    }
    return await new Promise((resolve, reject) => waiting.push({ resolve, reject }))
  }
  function give(worker: Worker): void {
    const waiter = isClosed ? undefined : waiting.shift()
    if (waiter !== undefined) waiter.resolve(worker.isAlive ? worker : start())
    else {
      inUse--
      if (worker.isAlive) idle.push(worker)
    }
  }

  return {
    async run(task, signal) {
      const worker = await take()
      try {
        return await worker.run(task.task, JSON.stringify(task), signal)
      } finally {
        give(worker)
      }
    },
    async close() {
      isClosed = true
      for (const { reject } of waiting.splice(0)) reject(closed())
      await Promise.all([...workers].map((worker) => worker.stop()))
    },
  }
}

function closed(): Error {
  return new Error('the agent is no longer run')
}

class Worker {
  readonly #child: ChildProcess
  /** Resolves when there is no process any more. */
  readonly ended: Promise<void>
  #settle: { readonly resolve: (answer: AgentAnswer) => void; readonly reject: (error: Error) => void } | undefined
  #task = ''
  isAlive = true

  constructor({ command, cwd, env, log = () => {} }: CommandOptions) {
    const [program = '', ...args] = command
    this.#child = spawn(program, args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] })
    this.ended = new Promise((resolve) => {
      this.#child.once('error', (error) => {
        this.#end(error)
        if (this.#child.pid === undefined) resolve()
      })
      this.#child.once('exit', (code, signal) => {
        this.isAlive = false
        resolve()
        // What it wrote last is read first, unless a child of its own keeps the pipe open.
        const end = (): void => this.#end(new Error(`the agent ended with ${signal ?? `code ${code}`}`))
        const timer = setTimeout(end, lastWordsMs)
        this.#child.once('close', () => {
          clearTimeout(timer)
          end()
        })
      })
    })
    this.#child.stdin?.on('error', (error) => this.#end(error))
    if (this.#child.stderr !== null) {
      readLines(
        this.#child.stderr,
        lineCharactersMax,
        (line) => log(`[agent] ${line.slice(0, 500)}`),
        () => log('[agent] a line without end; the rest of its log is not shown'),
      )
    }
    if (this.#child.stdout !== null) {
      readLines(
        this.#child.stdout,
        lineCharactersMax,
        (line) => this.#read(line),
        () => this.#end(new Error('the agent wrote a line without end')),
      )
    }
  }

  run(task: string, line: string, signal: AbortSignal): Promise<AgentAnswer> {
    return new Promise((resolve, reject) => {
      if (!this.isAlive || signal.aborted) {
        reject(new Error('the agent could not be started'))
        return
      }
      const late = (): void => {
        // What it is in the middle of cannot be called back; another worker takes its place.
        this.#end(signal.reason instanceof Error ? signal.reason : new Error('the trial was ended'))
      }
      signal.addEventListener('abort', late, { once: true })
      const done = (): void => signal.removeEventListener('abort', late)
      this.#task = task
      this.#settle = {
        resolve: (answer) => {
          done()
          resolve(answer)
        },
        reject: (error) => {
          done()
          reject(error)
        },
      }
      this.#child.stdin?.write(`${line}\n`)
    })
  }

  async stop(): Promise<void> {
    this.isAlive = false
    const child = this.#child
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
    child.stdin?.end()
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), stopMsMax)
    await this.ended
    clearTimeout(timer)
  }

  #read(line: string): void {
    let value: { readonly task?: unknown }
    try {
      value = valueOfJson(line) as { readonly task?: unknown }
    } catch {
      this.#end(new Error('the agent wrote a line on stdout that is no JSON; logs belong on stderr'))
      return
    }
    // The answer to a task that was given up meanwhile.
    if (value?.task !== this.#task) return
    const settle = this.#settle
    this.#settle = undefined
    try {
      settle?.resolve(agentAnswerOf(value))
    } catch (error) {
      settle?.reject(error as Error)
    }
  }

  /** What it does after that is of no use to anybody: its process is ended too. */
  #end(error: Error): void {
    if (this.isAlive) void this.stop()
    const settle = this.#settle
    this.#settle = undefined
    settle?.reject(error)
  }
}
