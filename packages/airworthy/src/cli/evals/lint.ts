/** `airworthy eval lint`: can each scenario fail, can each pass, and where does it come from. */
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { buildCommand } from '@stricli/core'
import { type Digest, digestOf } from '../../core/digest.ts'
import { AirworthyError, type Fault, renderFault } from '../../core/errors.ts'
import { isJsonObject } from '../../core/json.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import { type LintReport, lintDataset } from '../../evals/dataset/lint.ts'
import type { PlacedScenario } from '../../evals/dataset/read-dataset.ts'
import { type SourcePorts, whyUnresolved } from '../../evals/dataset/resolve-source.ts'
import type { LintStanding } from '../../evals/gate/gate-input.ts'
import { lintEvidence } from '../../evals/gate/lint-standing.ts'
import type { EvalKit } from '../../evals/run/eval-kit.ts'
import { idleAgent, playEach, referenceAgent } from '../../evals/run/play-reference.ts'
import { scenarioCases } from '../../evals/run/scenario-cases.ts'
import { worldMaker } from '../../evals/world/load-worlds.ts'
import { type CliContext, exitCodes, printJson, runBesideOthers } from '../context.ts'
import { dbFlag, dirFlag, jsonFlag, projectFlag } from '../flags.ts'
import { foldersOf, storeOf } from '../kit-access.ts'
import { loadDataset } from './load-dataset.ts'
import { recordEvidence } from './record-evidence.ts'
import { sandboxed } from './sandboxed-environment.ts'
import { startEvalKit } from './start-eval-kit.ts'

interface Flags {
  readonly json: boolean
  readonly project: string | undefined
  readonly dir: string | undefined
  readonly db: string | undefined
}

export const evalLintCommand = buildCommand<Flags, string[], CliContext>({
  docs: {
    brief: 'Whether each scenario can fail, can pass, and has a source',
    fullDescription:
      'Plays each scenario twice, through a guard of its own with a store in memory: with an agent that does nothing, which must fail, and with its reference run, which must pass. Names duplicates, impossible and already satisfied scenarios, and sources that do not resolve. Exit codes: 0 nothing is wrong, 1 something is, 2 only a judge could tell, 3 called wrongly.',
  },
  parameters: {
    positional: { kind: 'array', parameter: { brief: 'Files of scenarios', parse: String, placeholder: 'FILES' } },
    flags: { json: jsonFlag, project: projectFlag, dir: dirFlag, db: dbFlag },
  },
  async func(flags, ...files) {
    await runBesideOthers(this, flags.json, () => evalLint(this, flags, files))
  },
})

async function evalLint(context: CliContext, flags: Flags, files: readonly string[]): Promise<number> {
  const { project } = foldersOf(context, flags)
  let scenarios: readonly PlacedScenario[]
  try {
    scenarios = loadDataset(context.cwd, project, files)
  } catch (error) {
    if (!(error instanceof AirworthyError) || error.code !== 'DATASET_INVALID') throw error
    return report(context, flags, { scenarios: 0, faults: error.faults })
  }
  const unresolved = await unresolvedSources(context, flags, project, scenarios)
  const started = await startEvalKit({
    project,
    store: { dir: ':memory:' },
    environment: undefined,
    mode: 'enforce',
    env: sandboxed(context.env),
    log: () => {},
  })
  try {
    const { kit } = started
    const listed = new Set(kit.manifest.tools.map(({ name }) => name))
    const maker = await worldMaker(
      kit.manifest,
      project,
      scenarios.map(({ scenario }) => scenario),
      kit.sandboxAddresses,
    )
    const options = { maker, listed, seed: 1 }
    const found = lintDataset({
      scenarios,
      listed,
      unresolved,
      nothing: await playEach(kit, scenarios, options, () => idleAgent),
      reference: await playEach(kit, scenarios, options, referenceAgent),
    })
    const cells = scenarioCases(scenarios, options).map(({ cell: { case: id, digest, trial } }) => ({
      case: id,
      digest,
      trial,
    }))
    const dataset = digestOf(cells)
    if (found.unproven.length === 0) await record(context, flags, kit, standingOf(dataset, scenarios.length, found))
    return report(context, flags, { scenarios: scenarios.length, dataset, ...found })
  } finally {
    await started.close()
  }
}

function standingOf(dataset: Digest, scenarios: number, { faults }: LintReport): LintStanding {
  const why =
    faults.length === 0
      ? `Each of ${scenarios} scenarios fails for an agent that does nothing, and passes for its reference run.`
      : `${faults.length} faults in ${scenarios} scenarios, the first: ${faults[0]?.message.slice(0, 300)}`
  return { dataset, faults: faults.length, why }
}

/** Into the project's store, where the gate looks for it; what only a judge could tell is not recorded. */
async function record(
  context: CliContext,
  flags: Flags,
  { release, environment }: Pick<EvalKit, 'release' | 'environment'>,
  standing: LintStanding,
): Promise<void> {
  await recordEvidence(context, flags, 'eval-lint', lintEvidence(standing, { release, environment, atMs: Date.now() }))
}

type Told = Partial<LintReport> & {
  readonly scenarios: number
  /** The digest that a run of exactly these scenarios has in its plan. */
  readonly dataset?: string
  readonly faults: readonly Fault[]
}

function report(context: CliContext, flags: Flags, told: Told): number {
  const { scenarios, dataset, faults, alike = [], unproven = [], sources = {}, sequences = [] } = told
  const verdict = faults.length > 0 ? 'fail' : unproven.length > 0 ? 'none' : 'pass'
  if (flags.json) {
    printJson(context, {
      ok: verdict === 'pass',
      verdict,
      scenarios,
      dataset,
      sources,
      sequences,
      alike,
      unproven,
      faults,
    })
  } else {
    if (faults.length > 0) context.stderr.write(`${faults.map(renderFault).join('\n\n')}\n\n`)
    for (const { scenario, why } of unproven) context.stdout.write(`${scenario}: ${why}\n`)
    for (const ids of alike) context.stdout.write(`worded alike, with the same steps: ${ids.join(', ')}\n`)
    const mix = Object.entries(sources).map(([kind, count]) => `${count} ${kind}`)
    const most = sequences[0]?.scenarios ?? 0
    if (dataset !== undefined)
      context.stdout.write(
        `${scenarios} scenarios (${mix.join(', ')}); ${sequences.length} tool sequences, at most ${most} scenarios share one.\n`,
      )
    context.stdout.write(
      verdict === 'pass'
        ? 'Each fails for an agent that does nothing, and passes for its reference run.\n'
        : `${faults.length} ${faults.length === 1 ? 'fault' : 'faults'}${unproven.length > 0 ? `, ${unproven.length} that only a judge can tell` : ''}.\n`,
    )
  }
  return verdict === 'pass' ? exitCodes.pass : verdict === 'fail' ? exitCodes.fail : exitCodes.noVerdict
}

async function unresolvedSources(
  context: CliContext,
  flags: Flags,
  project: string,
  scenarios: readonly PlacedScenario[],
): Promise<ReadonlyMap<string, string>> {
  const traces = new Map<string, boolean | undefined>()
  const wanted = scenarios.flatMap(({ scenario: { source } }) => (source.kind === 'trace' ? [source.ref] : []))
  if (wanted.length > 0) for (const [id, has] of await tracesThere(context, flags, wanted)) traces.set(id, has)
  const unresolved = new Map<string, string>()
  for (const { scenario, file } of scenarios) {
    const folder = dirname(resolve(context.cwd, file))
    const ports: SourcePorts = {
      textOf: (path) => textInside([folder, project], path),
      hasTrace: async (id) => traces.get(id),
      listed: listedSources(folder),
    }
    const why = await whyUnresolved(scenario.source, ports)
    if (why !== undefined) unresolved.set(scenario.id, why)
  }
  return unresolved
}

const textBytesMax = 16 * 1024 * 1024

/** A file in one of the folders; what leads out of them is not read. */
function textInside(folders: readonly string[], path: string): string | undefined {
  for (const folder of folders) {
    const file = join(folder, path)
    if (!existsSync(file)) continue
    const inside = relative(realpathSync(folder), realpathSync(file))
    if (inside.startsWith(`..${sep}`) || inside === '..') continue
    const text = readFileSync(file)
    if (text.length <= textBytesMax) return text.toString('utf8')
  }
  return undefined
}

/** `sources.json`: tickets and incidents by number, each with the digest of its text or null. */
function listedSources(folder: string): ReadonlyMap<string, string | undefined> {
  const text = textInside([folder], 'sources.json')
  if (text === undefined) return new Map()
  const invalid = (why: string): AirworthyError =>
    new AirworthyError({
      code: 'DATASET_INVALID',
      message: `sources.json cannot be read: ${why}.`,
      mend: 'Write an object: the number of each ticket or incident, with the digest of its text or null.',
      file: relative(process.cwd(), join(folder, 'sources.json')),
    })
  let value: unknown
  try {
    value = valueOfJson(text)
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error))
  }
  if (!isJsonObject(value as never)) throw invalid('it is no object')
  return new Map(
    Object.entries(value as Record<string, unknown>).map(([ref, digest]) => [
      ref,
      typeof digest === 'string' ? digest : undefined,
    ]),
  )
}

/** Undefined for all of them where there is no store. */
async function tracesThere(
  context: CliContext,
  flags: Flags,
  ids: readonly string[],
): Promise<ReadonlyMap<string, boolean | undefined>> {
  const location = storeOf(context, flags)
  if (location.db === undefined && !existsSync(location.dir)) return new Map()
  const { openStore } = await import('../../store/open-store.ts')
  const store = await openStore(location, { mayCreate: false })
  try {
    const found = new Map<string, boolean>()
    for (const id of ids) {
      const isTask = (await store.guard.readTask(id)) !== undefined
      found.set(
        id,
        isTask || (await store.traces.spansOf(id)).length > 0 || (await store.traces.readRun(id)) !== undefined,
      )
    }
    return found
  } finally {
    await store.close()
  }
}
