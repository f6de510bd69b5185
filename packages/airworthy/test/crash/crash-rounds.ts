/** Rounds of kill -9: start on the same folder, stop at a named point, kill, check everything. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { writeCrashProject } from './crash-project.ts'
import { totalCheck } from './total-check.ts'

/** Steps 5 to 13 of the guard; where a step has a before and an after, both. */
export const stepPoints: Readonly<Record<string, readonly string[]>> = {
  '5 check-budget': ['check-budget'],
  '6 label': ['label'],
  '7 check-policy': ['check-policy'],
  '8 check-authorization': ['check-authorization'],
  '9 check-export': ['check-export'],
  '10 confirm': ['confirm'],
  '11 intend': ['intend', 'intended'],
  '12 execute': ['execute', 'executed'],
  '13 settle': ['settle', 'settled'],
}

export interface CrashReport {
  readonly rounds: number
  /** How often a process was killed while it stood in each step. */
  readonly hits: Readonly<Record<string, number>>
  readonly faults: readonly string[]
}

const roundMsMax = 60_000

export async function crashRounds(
  folder: string,
  rounds: number,
  options: { readonly mutant?: string; readonly onRound?: (round: number) => void } = {},
): Promise<CrashReport> {
  writeCrashProject(folder)
  const steps = Object.keys(stepPoints)
  const hits: Record<string, number> = Object.fromEntries(steps.map((step) => [step, 0]))
  const faults: string[] = []
  for (let round = 0; round < rounds; round++) {
    const step = steps[round % steps.length] as string
    const points = stepPoints[step] as readonly string[]
    const lap = Math.floor(round / steps.length)
    const point = points[lap % points.length] as string
    // Another place in the work each time, so that reads, writes, approvals and repeats all get hit.
    const nth = 1 + ((lap * 7 + round * 3) % 9)
    if (await killedAt(folder, point, nth, options.mutant)) hits[step] = (hits[step] ?? 0) + 1
    faults.push(...(await totalCheck(folder)).map((fault) => `round ${round} (${point}, ${nth}): ${fault}`))
    options.onRound?.(round)
    if (faults.length > 0) break
  }
  if (faults.length === 0) {
    await killedAt(folder, 'none', 1, options.mutant)
    faults.push(...(await totalCheck(folder)).map((fault) => `after the last restart: ${fault}`))
  }
  return { rounds, hits, faults }
}

/** True when the process reached the point and was killed there; false when it worked to its end. */
function killedAt(folder: string, point: string, nth: number, mutant: string | undefined): Promise<boolean> {
  const child = spawn(
    process.execPath,
    [
      fileURLToPath(new URL('child.ts', import.meta.url)),
      folder,
      point,
      String(nth),
      ...(mutant === undefined ? [] : [mutant]),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let stopped = false
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => {
    errors = `${errors}${chunk}`.slice(-4_000)
  })
  child.stdout.on('data', (chunk: Buffer) => {
    if (!chunk.toString().includes('STOPPED')) return
    stopped = true
    child.kill('SIGKILL')
  })
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), roundMsMax)
    child.on('exit', (code) => {
      clearTimeout(timer)
      if (stopped || code === 0) resolve(stopped)
      else reject(new Error(`the process ended with code ${code} before ${point}: ${errors}`))
    })
  })
}
