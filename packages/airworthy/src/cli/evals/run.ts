/** `airworthy eval run`: the scenarios of a dataset through the real agent, under the real guard, in worlds of their own. */
import { buildCommand } from '@stricli/core'
import { AirworthyError } from '../../core/errors.ts'
import type { EvalRow } from '../../evals/eval-row.ts'
import { judgesOfManifest } from '../../evals/judge/judges-of-manifest.ts'
import type { RowTally } from '../../evals/port.ts'
import { runSuite } from '../../evals/run/run-suite.ts'
import { scenarioCases } from '../../evals/run/scenario-cases.ts'
import { worldMaker } from '../../evals/world/load-worlds.ts'
import { type CliContext, exitCodes, printJson, runBesideOthers } from '../context.ts'
import { dbFlag, dirFlag, environmentFlag, jsonFlag, optionalText, projectFlag } from '../flags.ts'
import { foldersOf } from '../kit-access.ts'
import { callToGoOn, seedDefault } from './call-to-go-on.ts'
import { inEvalSession } from './eval-session.ts'
import { loadDataset } from './load-dataset.ts'
import { collectNowAndThen, keepMemorySmall } from './memory-of-run.ts'
import { ciKeyWhere, giveOn, type PushFlags, pushFlags } from './push-run.ts'

export interface EvalRunFlags extends PushFlags {
  readonly filter?: string | undefined
  readonly trials?: number | undefined
  readonly concurrency?: number | undefined
  readonly seed: number
  readonly resume?: string | undefined
  readonly model: 'pinned' | 'cheaper'
  readonly mode: 'enforce' | 'observe'
  readonly environment?: string | undefined
  readonly json: boolean
  readonly verbose: boolean
  readonly dir?: string | undefined
  readonly db?: string | undefined
  readonly project?: string | undefined
}

export const evalRunCommand = buildCommand<EvalRunFlags, string[], CliContext>({
  docs: {
    brief: 'Run the scenarios of a dataset',
    fullDescription:
      'Each trial is a task of its own, through the guard, in a world of its own; no real server is called. The plan is written before the first case and each row is durable: a run that was killed goes on with --resume. Without FILES the dataset is evals/ beside the manifest. Exit codes: 0 every trial passed, 1 some failed, 2 some have no verdict, 3 called wrongly.',
  },
  parameters: {
    positional: { kind: 'array', parameter: { brief: 'Files of scenarios', parse: String, placeholder: 'FILES' } },
    flags: {
      filter: optionalText('Only scenarios whose id or tag holds this text', 'TEXT'),
      trials: countFlag('How often each runs, where it does not say itself'),
      concurrency: countFlag('Trials at once; default 4'),
      seed: {
        kind: 'parsed',
        parse: seedOf,
        brief: 'Seed of the worlds',
        default: String(seedDefault),
        placeholder: 'N',
      },
      resume: optionalText('Go on with this run', 'RUN'),
      model: {
        kind: 'enum',
        values: ['pinned', 'cheaper'],
        brief: "Which of the release's models; EVAL-3 wants a run on each",
        default: 'pinned',
      },
      mode: { kind: 'enum', values: ['enforce', 'observe'], brief: 'Of the guard', default: 'enforce' },
      environment: environmentFlag,
      ...pushFlags,
      json: jsonFlag,
      verbose: { kind: 'boolean', brief: 'Show what the agent logs', default: false },
      dir: dirFlag,
      db: dbFlag,
      project: projectFlag,
    },
  },
  async func(flags, ...files) {
    await runBesideOthers(this, flags.json, () => evalRun(this, flags, files))
  },
})

async function evalRun(context: CliContext, flags: EvalRunFlags, files: readonly string[]): Promise<number> {
  keepMemorySmall()
  const { project } = foldersOf(context, flags)
  const scenarios = loadDataset(context.cwd, project, files).filter(
    ({ scenario: { id, tags = [] } }) =>
      flags.filter === undefined || [id, ...tags].some((text) => text.includes(flags.filter as string)),
  )
  if (scenarios.length === 0) {
    throw new AirworthyError({
      code: 'DATASET_EMPTY',
      message: `No scenario has "${flags.filter}" in its id or tags.`,
      mend: 'Leave --filter out, or give another text.',
    })
  }
  const ciKey = ciKeyWhere(context, flags)
  return await inEvalSession(context, flags, async ({ kit, concurrency, stop, startAgent }) => {
    const maker = await worldMaker(
      kit.manifest,
      project,
      scenarios.map(({ scenario }) => scenario),
      kit.sandboxAddresses,
    )
    const agent = await startAgent()
    const judges = judgesOfManifest(kit.manifest, { env: context.env })
    const collect = collectNowAndThen()
    let total = 0
    let done = 0
    const plan = await runSuite(kit, agent, {
      kind: 'scenarios',
      ...(flags.model === 'cheaper' ? { model: 'cheaper' as const } : {}),
      cases: scenarioCases(scenarios, {
        maker,
        listed: new Set(kit.manifest.tools.map(({ name }) => name)),
        seed: flags.seed,
        ...(flags.trials === undefined ? {} : { trials: flags.trials }),
        askJudge: judges.ask,
      }),
      seed: flags.seed,
      judges: judges.identitiesOf(scenarios.map(({ scenario }) => scenario)),
      concurrency,
      ...(flags.resume === undefined ? {} : { resume: flags.resume }),
      signal: stop.signal,
      onPlan(plan, done) {
        total = plan.cells.length
        context.stderr.write(`run ${plan.run}: ${total} trials planned${done === 0 ? '' : `, ${done} on record`}\n`)
      },
      onRow(row) {
        progress(context, ++done, row)
        collect()
      },
    })
    const code = report(context, flags, files, plan.run, total, await kit.store.tallyRows(plan.run))
    if (ciKey !== undefined) await giveOn(context, flags, kit.store, plan.run, ciKey)
    return code
  })
}

function progress(context: CliContext, count: number, row: EvalRow): void {
  if (row.state !== 'passed') {
    const said = row.why ?? row.failures.map(({ category, why }) => `${category} ${why}`).join(' ')
    context.stderr.write(`${row.state.padEnd(12)} ${row.case}  ${said.slice(0, 400)}\n`)
  } else if (count % 100 === 0) context.stderr.write(`${count} trials done\n`)
}

function report(
  context: CliContext,
  flags: EvalRunFlags,
  files: readonly string[],
  run: string,
  planned: number,
  tally: readonly RowTally[],
): number {
  const sum = (wanted: (one: RowTally) => boolean): number =>
    tally.filter(wanted).reduce((total, { count }) => total + count, 0)
  const categories = Object.fromEntries(
    (['A', 'B', 'C'] as const).map((letter) => [letter, sum(({ category }) => category === letter)]),
  )
  const stored = sum(() => true)
  const passed = sum(({ state }) => state === 'passed')
  const judged = passed + sum(({ state }) => state === 'failed')
  const verdict = stored !== planned || judged !== planned ? 'none' : passed === planned ? 'pass' : 'fail'
  if (flags.json) printJson(context, { run, planned, stored, judged, passed, categories, verdict })
  else {
    const shares = `${passed} of ${planned} passed; failed A ${categories.A}, B ${categories.B}, C ${categories.C}`
    const rest = planned - judged === 0 ? '' : `; ${planned - judged} without a verdict`
    context.stdout.write(`${shares}${rest}\n`)
  }
  if (stored < planned) context.stderr.write(`Go on with: ${callToGoOn(flags, files, run)}\n`)
  return verdict === 'none' ? exitCodes.noVerdict : verdict === 'pass' ? exitCodes.pass : exitCodes.fail
}

export function countFlag(brief: string) {
  return {
    kind: 'parsed',
    parse: (text: string) => {
      const count = Number(text)
      if (!Number.isInteger(count) || count < 1 || count > 1_000) throw new Error('a whole number from 1 to 1000')
      return count
    },
    brief,
    optional: true,
    placeholder: 'N',
  } as const
}

export function seedOf(text: string): number {
  const seed = Number(text)
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffff_ffff) throw new Error('a whole number from 0 to 4294967295')
  return seed
}
