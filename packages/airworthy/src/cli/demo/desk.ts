/** Where the built support desk lies, and the copy of its project that a demo works on. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { AirworthyError } from '../../core/errors.ts'

/** Built into the package, so that the demo runs from an empty folder; the same one for a kit that runs from its sources. */
export const deskFolder = fileURLToPath(new URL('../../../dist/demo', import.meta.url))

/** @throws DEMO_FAILED when the workspace was not built, before anything is started or written. */
export function checkBuilt(folder: string = deskFolder): void {
  if (existsSync(tasksIn(folder))) return
  throw new AirworthyError({
    code: 'DEMO_FAILED',
    message: 'The support desk is not built, and the demo runs what is built.',
    mend: 'Run `npm run build` in the workspace first; `npm start` does both.',
  })
}

const tasksIn = (folder: string): string => join(folder, 'demo', 'tasks.js')

export interface DemoTask {
  readonly id: string
  readonly title: string
  readonly principal: { readonly id: string; readonly attributes: Readonly<Record<string, string>> }
  readonly input: string
  /** What to watch for. */
  readonly watch: string
}

/** The tasks, computed from the world of that seed. */
export async function demoTasks(seed: number): Promise<readonly DemoTask[]> {
  const path = tasksIn(deskFolder)
  const desk = (await import(pathToFileURL(path).href)) as { demoTasks(seed: number): readonly DemoTask[] }
  return desk.demoTasks(seed)
}

/** Copies manifest, lock, policies, prompt and scenarios, where they are not there already; agent and world stay where they are, and are pointed to. */
export function copyProject(folder: string): void {
  mkdirSync(folder, { recursive: true })
  for (const part of ['airworthy.yaml', 'airworthy.lock', 'policies', 'prompts']) {
    const target = join(folder, part)
    if (!existsSync(target)) cpSync(join(deskFolder, part), target, { recursive: true })
  }
  mkdirSync(join(folder, 'evals'), { recursive: true })
  for (const file of readdirSync(join(deskFolder, 'evals')).filter((name) => /\.(?:yaml|md)$/.test(name))) {
    const target = join(folder, 'evals', file)
    if (!existsSync(target)) cpSync(join(deskFolder, 'evals', file), target)
  }
  // Written anew each time: the package may have moved.
  const point = (at: string, from: string, statement: (url: string) => string): void => {
    mkdirSync(dirname(join(folder, at)), { recursive: true })
    writeFileSync(join(folder, at), `${statement(JSON.stringify(pathToFileURL(join(deskFolder, from)).href))}\n`)
  }
  point('sandbox/world.js', 'sandbox/world.js', (url) => `export { createWorld } from ${url}`)
  point('dist/agent/main.js', 'agent/main.js', (url) => `import ${url}`)
}

/**
 * Pins a real model in the demo's copy of the manifest, since the kit lets no other pass. What it costs nobody knows here: its calls
 * are unpriced. @throws DEMO_FAILED when nobody said which model.
 */
export function pinRealModel(folder: string, model: string | undefined): void {
  if (model === undefined || model === '') {
    throw new AirworthyError({
      code: 'DEMO_FAILED',
      message: 'OPENAI_BASE_URL names a real provider, and AIRWORTHY_MODEL does not say which model.',
      mend: "Set AIRWORTHY_MODEL to the provider's id of the model.",
    })
  }
  const path = join(folder, 'airworthy.yaml')
  const written = readFileSync(path, 'utf8')
  const pinned = written
    .replace(/^ {2}id: sim-support-1\b.*$/m, () => `  id: ${JSON.stringify(model)}`)
    .replace(/^ {2}(?:price|cheaper): .*\n/gm, '')
  writeFileSync(path, pinned)
}
