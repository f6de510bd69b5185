/** Gateways as processes that are killed, and what their callers were told before. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const startMsMax = 30_000

const said = new WeakMap<ChildProcess, () => string>()

/** What a gateway wrote to stderr last, for faults. */
export function lastWords(gateway: ChildProcess): string {
  return said.get(gateway)?.() ?? ''
}

/** Resolves when its agents work. @param db  `-`: its store is in the folder. */
export async function startGateway(folder: string, db: string, mutant: string | undefined): Promise<ChildProcess> {
  const worker = fileURLToPath(new URL('gateway.worker.ts', import.meta.url))
  const child = spawn(process.execPath, [worker, folder, db, ...(mutant === undefined ? [] : [mutant])], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let errors = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    errors = `${errors}${chunk}`.slice(-4_000)
  })
  said.set(child, () => errors)
  const code = await Promise.race([
    once(child.stdout as NodeJS.ReadableStream, 'data').then(() => 'ready' as const),
    once(child, 'exit').then(([ended]) => ended as number),
    sleep(startMsMax, 'late' as const, { ref: false }),
  ])
  if (code === 'ready') return child
  child.kill('SIGKILL')
  throw new Error(`a gateway did not start (${code}): ${errors}`)
}

export async function endGateway(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const ended = once(child, 'exit')
  child.kill(signal)
  const [code] = await ended
  return code
}

/** The last final state that a caller heard of each action. */
export function readTold(folder: string): ReadonlyMap<string, string> {
  const path = join(folder, 'told.log')
  if (!existsSync(path)) return new Map()
  const finals = readFileSync(path, 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, state]) => state === 'succeeded' || state === 'denied')
  return new Map(finals as [string, string][])
}
