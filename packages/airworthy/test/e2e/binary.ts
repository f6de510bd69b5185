/** Runs the built command as a user does, and the demo's helpdesk beside it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { compileCache } from '../fixtures/compile-cache.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
export const binary = join(root, 'bin/airworthy.js')
export const deskFolder = join(root, 'dist/demo')
if (!existsSync(join(root, 'dist/cli/bin.js'))) throw new Error('The command is not built; run `npm run build`.')

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Called with all of stdout so far; true sends the signal. */
  readonly interruptWhen?: (stdout: string) => boolean
  readonly signal?: 'SIGINT' | 'SIGTERM'
}

/** A small environment: nothing of the test run's own may leak in. */
function cleanEnv(env: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? tmpdir(), NO_COLOR: '1', ...compileCache, ...env }
}

export function airworthy(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = spawn(process.execPath, [binary, ...args], {
    cwd: options.cwd,
    env: cleanEnv(options.env),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  let interrupted = false
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk
    if (interrupted || options.interruptWhen?.(stdout) !== true) return
    interrupted = true
    child.kill(options.signal ?? 'SIGINT')
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk
  })
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })))
}

export interface Started {
  readonly url: string
  readonly lines: () => string
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** Starts `airworthy up` and waits until it says where it listens. */
export async function up(args: readonly string[], options: RunOptions): Promise<Started> {
  const child = spawn(process.execPath, [binary, 'up', '--port', '0', ...args], {
    cwd: options.cwd,
    env: cleanEnv(options.env),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let lines = ''
  child.stderr.on('data', (chunk: Buffer) => {
    lines += chunk
  })
  const url = await new Promise<string>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`up ended with ${code}: ${lines}`)))
    child.stdout.on('data', (chunk: Buffer) => {
      lines += chunk
      const found = /API\s+(http:\/\/[^/\s]+)\/api/.exec(lines)
      if (found !== null) resolve(found[1] as string)
    })
  })
  return { url, lines: () => lines, stop: (signal = 'SIGTERM') => ended(child, signal) }
}

/** The demo's helpdesk, permits off, so that tests may also look at it directly. */
export async function helpdesk(): Promise<{ readonly url: string; stop(): Promise<unknown> }> {
  const child = spawn(process.execPath, [join(deskFolder, 'helpdesk/main.js')], {
    env: cleanEnv({ HELPDESK_PERMITS: 'off', DESK_SEED: '1' }),
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const url = await new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => resolve((JSON.parse(line) as { url: string }).url))
  })
  return { url, stop: () => ended(child, 'SIGTERM') }
}

function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null) return Promise.resolve(child.exitCode)
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code))
    child.kill(signal)
  })
}

/** A fresh folder with the support desk's project in it. */
export function deskProject(): string {
  const folder = mkdtempSync(join(tmpdir(), 'airworthy-e2e-'))
  for (const part of ['airworthy.yaml', 'airworthy.lock', 'policies', 'prompts'])
    cpSync(join(deskFolder, part), join(folder, part), { recursive: true })
  return folder
}

/** A port that somebody listens on. */
export async function takenPort(): Promise<{ readonly port: number; free(): void }> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return { port: typeof address === 'object' && address !== null ? address.port : 0, free: () => server.close() }
}
