/** Rounds of kill -9, at random moments, of one kit on its folder whose agents all act at once: their acts share commits. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { readEffects, writeCrashProject } from './crash-project.ts'
import { endGateway, readTold, startGateway } from './gateway-process.ts'
import { totalCheck } from './total-check.ts'

export interface AtOnceReport {
  readonly kills: number
  readonly effects: number
  /** Answers that callers had, and that must stand in the ledger. */
  readonly told: number
  readonly faults: readonly string[]
}

const lifeEffectsMin = 15
const lifeEffectsMax = 60
/** Of a gateway on the slowest machine; one that has done nothing by then is a fault. */
const lifeMsMax = 60_000

export async function atOnceRounds(
  folder: string,
  kills: number,
  { mutant, onRound = () => {} }: { readonly mutant?: string; readonly onRound?: (round: number) => void } = {},
): Promise<AtOnceReport> {
  writeCrashProject(folder)
  const faults: string[] = []
  let killed = 0
  for (; killed < kills && faults.length === 0; killed++) {
    const gateway = await startGateway(folder, '-', mutant)
    if (!(await lives(folder, killed))) faults.push('a gateway had no effect at all')
    await endGateway(gateway, 'SIGKILL')
    faults.push(...(await totalCheck(folder)), ...lostAnswers(folder))
    onRound(killed + 1)
  }
  return { kills: killed, effects: readEffects(folder).length, told: readTold(folder).size, faults }
}

/** One in three dies as it begins, the others in the middle of work, however fast the machine is. */
async function lives(folder: string, round: number): Promise<boolean> {
  const wanted = round % 3 === 2 ? 0 : lifeEffectsMin + Math.random() * (lifeEffectsMax - lifeEffectsMin)
  const until = readEffects(folder).length + wanted
  for (let ms = 0; readEffects(folder).length < until; ms += 10) {
    if (ms > lifeMsMax) return false
    await sleep(10)
  }
  await sleep(Math.random() * 60)
  return true
}

/** What a caller was told and the ledger does not say. */
function lostAnswers(folder: string): string[] {
  const db = new Database(join(folder, '.airworthy/airworthy.db'), { readonly: true })
  try {
    const stateOf = db.prepare<[string], string>('SELECT state FROM actions WHERE id = ?').pluck()
    return [...readTold(folder)]
      .filter(([action, state]) => stateOf.get(action) !== state)
      .map(
        ([action, state]) => `${action} was told to be ${state}; the ledger says ${stateOf.get(action) ?? 'nothing'}`,
      )
  } finally {
    db.close()
  }
}
