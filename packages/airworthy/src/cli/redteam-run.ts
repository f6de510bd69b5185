/** `airworthy redteam run`: attacks planted in live worlds, under the real guard, judged by what reached the world. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { buildCommand } from '@stricli/core'
import { AirworthyError } from '../core/errors.ts'
import { usdMicrosOf, usdTextOf } from '../core/money.ts'
import type { Attack } from '../evals/attacks/attack.ts'
import { readAttacks } from '../evals/attacks/attack-file.ts'
import { generateAttacks } from '../evals/attacks/generate.ts'
import { attackReport, attackReportJson, attackReportText } from '../evals/reports/attack-report.ts'
import { attackCases } from '../evals/run/attack-cases.ts'
import { ridesOf } from '../evals/run/attack-rides.ts'
import type { EvalKit } from '../evals/run/eval-kit.ts'
import { latestRuns } from '../evals/run/latest-runs.ts'
import { type Rehearsal, rehearse } from '../evals/run/rehearse.ts'
import { runSuite } from '../evals/run/run-suite.ts'
import { worldMaker } from '../evals/world/load-worlds.ts'
import { type CliContext, exitCodes, printJson, runBesideOthers } from './context.ts'
import { inEvalSession } from './evals/eval-session.ts'
import { loadDataset } from './evals/load-dataset.ts'
import { collectNowAndThen, keepMemorySmall } from './evals/memory-of-run.ts'
import { ciKeyWhere, giveOn, type PushFlags, pushFlags } from './evals/push-run.ts'
import { countFlag, seedOf } from './evals/run.ts'
import { dbFlag, dirFlag, environmentFlag, jsonFlag, optionalText, projectFlag } from './flags.ts'
import { foldersOf } from './kit-access.ts'

interface RedteamRunFlags extends PushFlags {
  readonly attacks?: string | undefined
  readonly count: number
  readonly seed: number
  readonly plan: boolean
  readonly maxCost?: string | undefined
  readonly concurrency?: number | undefined
  readonly resume?: string | undefined
  readonly mode: 'enforce' | 'observe'
  readonly environment?: string | undefined
  readonly json: boolean
  readonly verbose: boolean
  readonly dir?: string | undefined
  readonly db?: string | undefined
  readonly project?: string | undefined
}

const countDefault = 1_000
const timeoutMs = 60_000

export const redteamRunCommand = buildCommand<RedteamRunFlags, [], CliContext>({
  docs: {
    brief: 'Run attacks on the agent, in worlds, and judge them by their effects',
    fullDescription:
      "Attacks ride on scenarios of the dataset (evals/): the user's own job is scored beside the attack. Without --attacks they are generated from the manifest. Every attack that got what it wanted is category C, whatever the agent said. Exit codes: 0 none did, 1 some did, 2 some have no verdict, 3 called wrongly.",
  },
  parameters: {
    flags: {
      attacks: optionalText('Attacks as JSON lines; default: generated', 'FILE'),
      count: { ...countOf('How many are generated', String(countDefault)) },
      seed: { kind: 'parsed', parse: seedOf, brief: 'Seed of attacks and worlds', default: '1', placeholder: 'N' },
      plan: {
        kind: 'boolean',
        brief: 'Print how many calls, tokens and dollars it may take, and run nothing',
        default: false,
      },
      maxCost: optionalText('Stop when the model has cost so many US dollars', 'USD'),
      concurrency: countFlag('Trials at once; default 4'),
      resume: optionalText('Go on with this run', 'RUN'),
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
  async func(flags) {
    await runBesideOthers(this, flags.json, () => redteamRun(this, flags))
  },
})

async function redteamRun(context: CliContext, flags: RedteamRunFlags): Promise<number> {
  keepMemorySmall()
  const { project } = foldersOf(context, flags)
  const maxCostMicros = flags.maxCost === undefined ? undefined : usdMicrosOf(flags.maxCost)
  if (flags.maxCost !== undefined && maxCostMicros === undefined) {
    throw new AirworthyError({ code: 'USAGE_INVALID', message: '--max-cost is no amount.', mend: 'Write it as 2.50.' })
  }
  const ciKey = ciKeyWhere(context, flags)
  const scenarios = loadDataset(context.cwd, project, []).map(({ scenario }) => scenario)
  return await inEvalSession(context, flags, async ({ kit, concurrency, stop, startAgent }) => {
    const maker = await worldMaker(kit.manifest, project, scenarios, kit.sandboxAddresses)
    const nowMs = kit.clock()
    const rehearsal = await rehearse(scenarios, { manifest: kit.manifest, maker, seed: flags.seed, nowMs })
    const attacks = attacksOf(context, flags, kit, rehearsal)
    if (flags.plan) return plan(context, flags, kit, attacks)
    const earlier = flags.resume === undefined ? undefined : await kit.store.readPlan(flags.resume)
    const rides = ridesOf(rehearsal.jobs, await latestRuns(kit, earlier?.createdMs ?? nowMs))
    const agent = await startAgent()
    const collect = collectNowAndThen()
    let done = 0
    // What the run has cost before it was interrupted counts too.
    let costMicros =
      flags.resume === undefined
        ? 0
        : (await kit.store.readRows(flags.resume)).reduce((sum, { row }) => sum + row.used.costUsdMicros, 0)
    const isTooDear = (): boolean => maxCostMicros !== undefined && costMicros > maxCostMicros
    if (isTooDear()) stop.abort()
    const planned = await runSuite(kit, agent, {
      kind: 'attacks',
      cases: attackCases(attacks, {
        manifest: kit.manifest,
        mode: kit.mode,
        maker,
        prompt: promptOf(project, kit),
        rides,
        home: rehearsal.home,
        seed: flags.seed,
        timeoutMs,
      }),
      seed: flags.seed,
      judges: [],
      concurrency,
      ...(flags.resume === undefined ? {} : { resume: flags.resume }),
      signal: stop.signal,
      onPlan: (plan, known) =>
        context.stderr.write(
          `run ${plan.run}: ${plan.cells.length} attacks planned${known === 0 ? '' : `, ${known} on record`}\n`,
        ),
      onRow(row) {
        done++
        collect()
        costMicros += row.used.costUsdMicros
        if (row.state !== 'passed') {
          const said = row.why ?? row.failures.map(({ why }) => why).join(' ')
          context.stderr.write(`${row.state.padEnd(12)} ${row.case}  ${said.slice(0, 300)}\n`)
        } else if (done % 100 === 0) context.stderr.write(`${done} attacks done\n`)
        if (isTooDear()) stop.abort()
      },
    })
    const rows = (await kit.store.readRows(planned.run)).map(({ row }) => row)
    const report = attackReport(planned, rows)
    if (flags.json) printJson(context, attackReportJson(report))
    else context.stdout.write(`${attackReportText(report)}\n`)
    if (isTooDear()) {
      context.stderr.write(
        `Stopped: the model has cost $${usdTextOf(costMicros)}, and --max-cost is $${flags.maxCost}.\n`,
      )
    }
    if (ciKey !== undefined) await giveOn(context, flags, kit.store, planned.run, ciKey)
    return { pass: exitCodes.pass, fail: exitCodes.fail, none: exitCodes.noVerdict }[report.verdict]
  })
}

function attacksOf(context: CliContext, flags: RedteamRunFlags, kit: EvalKit, { known }: Rehearsal): readonly Attack[] {
  if (flags.attacks === undefined) {
    const { attacks } = generateAttacks({ manifest: kit.manifest, seed: flags.seed, count: flags.count, known })
    context.stderr.write(
      `${attacks.length} attacks generated, which name what the worlds hold; \`redteam generate\` without --values makes others\n`,
    )
    return attacks
  }
  const file = resolve(context.cwd, flags.attacks)
  try {
    return readAttacks(readFileSync(file, 'utf8'), flags.attacks)
  } catch (error) {
    if (error instanceof AirworthyError) throw error
    throw new AirworthyError({
      code: 'USAGE_INVALID',
      message: `The attacks ${flags.attacks} cannot be read.`,
      mend: 'Name a file of JSON lines, such as `airworthy redteam generate` writes.',
    })
  }
}

/** The most that it can use: every task up to its own budgets. */
function plan(
  context: CliContext,
  { json }: RedteamRunFlags,
  { manifest }: EvalKit,
  attacks: readonly Attack[],
): number {
  const { maxSteps, maxTokens, maxCostUsdMicros } = manifest.budgets
  const most = {
    attacks: attacks.length,
    model_calls_max: attacks.length * maxSteps.limit,
    tokens_max: attacks.length * maxTokens.limit,
    cost_usd_max: ((attacks.length * maxCostUsdMicros.limit) / 1_000_000).toFixed(2),
  }
  if (json) printJson(context, most)
  else
    context.stdout.write(
      `${most.attacks} attacks; at most ${most.model_calls_max} model calls, ${most.tokens_max} tokens and $${most.cost_usd_max} (the tasks' own budgets). Nothing was run.\n`,
    )
  return exitCodes.pass
}

function promptOf(project: string, { manifest }: EvalKit): string | undefined {
  return manifest.prompt === undefined ? undefined : readFileSync(resolve(project, manifest.prompt.file), 'utf8')
}

function countOf(brief: string, standard: string) {
  const { parse, placeholder } = countFlag(brief)
  return {
    kind: 'parsed',
    parse: (text: string) => (Number(text) > 1_000 ? large(text) : parse(text)),
    brief,
    default: standard,
    placeholder,
  } as const
}
function large(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count > 50_000) throw new Error('a whole number from 1 to 50000')
  return count
}
