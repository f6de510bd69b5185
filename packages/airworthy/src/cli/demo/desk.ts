/** Where the built support desk lies, and the copy of its project that a demo works on. */
import { cpSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { AirworthyError } from '../../core/errors.ts'

/** Built into the package, so that the demo runs from an empty folder. */
export const deskFolder = fileURLToPath(new URL('../../demo', import.meta.url))

export interface DemoTask {
  readonly id: string
  readonly title: string
  readonly principal: { readonly id: string; readonly attributes: Readonly<Record<string, string>> }
  readonly input: string
  /** What to watch for. */
  readonly watch: string
}

/** The tasks, computed from the world of that seed. @throws DEMO_FAILED */
export async function demoTasks(seed: number): Promise<readonly DemoTask[]> {
  const path = join(deskFolder, 'demo', 'tasks.js')
  if (!existsSync(path)) {
    throw new AirworthyError({
      code: 'DEMO_FAILED',
      message: 'The support desk is not built.',
      mend: 'Run `npm run build`.',
    })
  }
  const desk = (await import(pathToFileURL(path).href)) as { demoTasks(seed: number): readonly DemoTask[] }
  return desk.demoTasks(seed)
}

/** Copies manifest, lock, policies and prompt, where they are not there already. */
export function copyProject(folder: string): void {
  mkdirSync(folder, { recursive: true })
  for (const part of ['airworthy.yaml', 'airworthy.lock', 'policies', 'prompts']) {
    const target = join(folder, part)
    if (!existsSync(target)) cpSync(join(deskFolder, part), target, { recursive: true })
  }
}
