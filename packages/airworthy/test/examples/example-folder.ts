/** Where the examples stand, and what one of them says to recorded runs. */
import { fileURLToPath } from 'node:url'
import { replayProject } from '../../src/cli/replay-project.ts'
import { readProject } from '../../src/operate/onboard/read-project.ts'
import type { Replay } from '../../src/operate/replay/replay.ts'
import type { ReplayRequest } from '../../src/operate/replay/replay-runs.ts'

export function exampleFolder(name: string): string {
  return fileURLToPath(new URL(`../../../../examples/${name}/`, import.meta.url))
}

/** What `airworthy validate` finds wrong in it, without any variable set. */
export function exampleFaults(name: string): readonly string[] {
  return readProject(exampleFolder(name), { env: {}, resolve: false }).faults.map(
    ({ code, message }) => `${code}: ${message}`,
  )
}

export async function replayExample(
  name: string,
  request: Pick<ReplayRequest, 'runs' | 'answerCheck' | 'principal'>,
): Promise<Replay> {
  return await replayProject({ manifest: exampleFolder(name), ...request })
}

/** `12 of 76 (15.8 %)` */
export function share(part: number, whole: number): string {
  return `${part} of ${whole} (${((100 * part) / whole).toFixed(1)} %)`
}
