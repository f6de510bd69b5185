/** `airworthy trace replay`: the real agent once more, against the record, with model and tools out of reach. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { buildCommand } from '@stricli/core'
import { AirworthyError, throwFaults } from '../core/errors.ts'
import type { JsonValue } from '../core/json.ts'
import type { EffectiveManifest } from '../core/manifest/effective.ts'
import { valueOfJson } from '../core/value-of-json.ts'
import { type Cassette, kindOfExchange, withResult } from '../evals/cassette/cassette.ts'
import { readProject } from '../operate/onboard/read-project.ts'
import type { Store } from '../store/store.ts'
import { type CliContext, exitCodes, printJson, runBesideOthers } from './context.ts'
import { recordedTask } from './evals/recorded-task.ts'
import { type RedecidedTask, redecideTask } from './evals/redecide-task.ts'
import { releaseOfFolder } from './evals/release-of-folder.ts'
import { cassetteOf, type FailedReplays, replayFailed } from './evals/replay-failed.ts'
import { type ReplayedTask, type Replayer, startReplayer } from './evals/replay-task.ts'
import { countFlag } from './evals/run.ts'
import { sandboxed } from './evals/sandboxed-environment.ts'
import { dbFlag, dirFlag, environmentFlag, jsonFlag, optionalText, projectFlag } from './flags.ts'
import { foldersOf, storeOf } from './kit-access.ts'

interface ReplayFlags {
  readonly failed: boolean
  readonly limit?: number | undefined
  readonly with?: string | undefined
  readonly policy?: string | undefined
  readonly environment?: string | undefined
  readonly json: boolean
  readonly verbose: boolean
  readonly dir?: string | undefined
  readonly db?: string | undefined
  readonly project?: string | undefined
}

const limitDefault = 20
const timeoutMs = 120_000

export const traceReplayCommand = buildCommand<ReplayFlags, string[], CliContext>({
  docs: {
    brief: 'Run the agent again against a recorded task, and find the first difference',
    fullDescription:
      'The agent is started as the manifest says and can reach nothing but the record: a request that is not the recorded one, byte for byte, stops it and is shown. Names are ids of tasks: trials of evals, and tasks that were recorded (`airworthy up --record`). --failed takes the latest that failed: outside of dev recorded tasks of that environment, in dev those and trials (with none, the latest ones and a planted failure), and records evidence for RULE-1. Exit codes: 0 identical, 1 not, 2 nothing to replay or a step that is not on record, 3 called wrongly.',
  },
  parameters: {
    positional: { kind: 'array', parameter: { brief: 'Ids of tasks', parse: String, placeholder: 'TASK' } },
    flags: {
      failed: { kind: 'boolean', brief: 'Replay the latest tasks that failed', default: false },
      limit: countFlag('With --failed: how many at most; default 20'),
      with: optionalText(
        'tool=JSON or tool=@FILE: another result of this tool, plain or as a CallToolResult, to see from where the run departs',
        'TOOL=RESULT',
      ),
      policy: optionalText(
        'Decide the recorded actions again with the manifest and policies of this folder, without running the agent',
        'FOLDER',
      ),
      environment: environmentFlag,
      json: jsonFlag,
      verbose: { kind: 'boolean', brief: 'Show what the agent logs', default: false },
      dir: dirFlag,
      db: dbFlag,
      project: projectFlag,
    },
  },
  async func(flags, ...tasks) {
    await runBesideOthers(this, flags.json, () => traceReplay(this, flags, tasks))
  },
})

async function traceReplay(context: CliContext, flags: ReplayFlags, tasks: readonly string[]): Promise<number> {
  if (flags.failed === tasks.length > 0) {
    throw new AirworthyError({
      code: 'USAGE_INVALID',
      message: 'Nothing was named to replay, or both tasks and --failed were.',
      mend: 'Give ids of tasks, or --failed.',
    })
  }
  if (flags.policy !== undefined && (flags.failed || flags.with !== undefined)) {
    throw new AirworthyError({
      code: 'USAGE_INVALID',
      message: '--policy goes with ids of tasks alone.',
      mend: 'Leave out --failed and --with.',
    })
  }
  const { project } = foldersOf(context, flags)
  const { effective, faults } = readProject(project, { env: sandboxed(context.env) })
  throwFaults(faults)
  if (effective === undefined) throw new Error('a project without faults has a manifest')
  const { openStore } = await import('../store/open-store.ts')
  const store = await openStore(storeOf(context, flags), { mayCreate: false })
  try {
    if (flags.policy !== undefined) {
      return await redecide(context, flags, { store, manifest: effective, tasks, policy: flags.policy })
    }
    const replayer = await startReplayer({
      manifest: effective,
      project,
      env: context.env,
      timeoutMs,
      log: (line: string): void => void (flags.verbose ? context.stderr.write(`${line}\n`) : undefined),
    })
    try {
      const onReplay = (one: ReplayedTask): void => void (flags.json ? undefined : context.stdout.write(textOf(one)))
      const { replayed, planted } = flags.failed
        ? await replayFailed(store, replayer, {
            limit: flags.limit ?? limitDefault,
            release: releaseOfFolder(project).release.digest,
            environment: flags.environment ?? 'dev',
            onReplay,
          })
        : await replayNamed(store, replayer, tasks, (cassette) => changed(cassette, flags.with, context.cwd), onReplay)
      return report(context, flags, replayed, planted)
    } finally {
      await replayer.close()
    }
  } finally {
    await store.close()
  }
}

async function redecide(
  context: CliContext,
  flags: ReplayFlags,
  {
    store,
    manifest,
    tasks,
    policy,
  }: {
    readonly store: Store
    readonly manifest: EffectiveManifest
    readonly tasks: readonly string[]
    readonly policy: string
  },
): Promise<number> {
  const redecided: RedecidedTask[] = []
  for (const task of tasks) {
    const recorded = await recordedTask(store, task, manifest)
    redecided.push(await redecideTask(recorded, resolve(context.cwd, policy), sandboxed(context.env)))
  }
  if (flags.json) {
    const [first] = redecided
    printJson(context, { ...(redecided.length === 1 ? first : {}), redecided })
  } else {
    for (const one of redecided) context.stdout.write(redecidedText(one))
  }
  if (redecided.every(({ actions }) => actions.length === 0)) return exitCodes.noVerdict
  return redecided.every(({ identical }) => identical) ? exitCodes.pass : exitCodes.fail
}

function redecidedText({ task, identical, step, tool, path, want, got, actions }: RedecidedTask): string {
  const lines = actions.map(
    ({ tool: name, want: was, got: is, policies }, index) =>
      `  ${index + 1}. ${name}  ${was === is ? was : `${was} -> ${is}`}${policies.length === 0 ? '' : `  (${policies.join(', ')})`}\n`,
  )
  const said = identical
    ? `${task}  decided the same, ${actions.length} actions\n`
    : `${task}  departs at step ${step} (${tool}) at ${path}: ${want} then, ${got} now\n`
  return said + lines.join('')
}

async function replayNamed(
  store: Store,
  replayer: Replayer,
  tasks: readonly string[],
  change: (cassette: Cassette) => Cassette,
  onReplay: (one: ReplayedTask) => void,
): Promise<FailedReplays> {
  const replayed: ReplayedTask[] = []
  for (const task of tasks) {
    const one = await replayer.replay(change(await cassetteOf(store, task)))
    replayed.push(one)
    onReplay(one)
  }
  return { replayed, planted: undefined }
}

function report(
  context: CliContext,
  flags: ReplayFlags,
  replayed: readonly ReplayedTask[],
  planted: boolean | undefined,
): number {
  if (flags.json) {
    const [first] = replayed
    const alone = replayed.length === 1 && first !== undefined ? jsonOf(first) : {}
    printJson(context, { ...alone, replayed: replayed.map(jsonOf), ...(planted === undefined ? {} : { planted }) })
  } else if (replayed.length === 0) {
    context.stdout.write('Nothing is on record that could be replayed. Run `airworthy eval run`, or record tasks.\n')
  } else if (planted !== undefined) {
    context.stdout.write(`A planted failure was ${planted ? 'found' : 'NOT FOUND'}.\n`)
  }
  if (replayed.length === 0) return exitCodes.noVerdict
  if (replayed.every(({ identical }) => identical) && planted !== false) return exitCodes.pass
  // Of a task that departs nowhere but where its record has a gap, nobody knows whether it is the same.
  const isUnknown = replayed.every(({ identical, difference }) => identical || difference?.kind === 'missing')
  return isUnknown && planted !== false ? exitCodes.noVerdict : exitCodes.fail
}

function changed(cassette: Cassette, wish: string | undefined, cwd: string): Cassette {
  if (wish === undefined) return cassette
  const at = wish.indexOf('=')
  const [tool, text] = [wish.slice(0, Math.max(0, at)), wish.slice(at + 1)]
  let result: JsonValue
  try {
    result = valueOfJson(text.startsWith('@') ? readFileSync(resolve(cwd, text.slice(1)), 'utf8') : text) as JsonValue
  } catch (error) {
    const why = (error instanceof Error ? error.message : String(error)).slice(0, 300)
    throw new AirworthyError({
      code: 'USAGE_INVALID',
      message: `--with is not of the form tool=JSON: ${why}.`,
      mend: `Write it as get_order={"status":"lost"}, get_order={"content":[...]}, or get_order=@result.json.`,
    })
  }
  if (!cassette.exchanges.some((exchange) => kindOfExchange(exchange).tool === tool)) {
    throw new AirworthyError({
      code: 'USAGE_INVALID',
      message: `The record holds no call of "${tool.slice(0, 64)}".`,
      mend: 'Name a tool that the task called.',
    })
  }
  const exchanges = cassette.exchanges.map((exchange) =>
    kindOfExchange(exchange).tool === tool ? withResult(exchange, result) : exchange,
  )
  return { ...cassette, exchanges }
}

function jsonOf({ task, identical, difference, exchanges, answered, exempted, redacted, missing }: ReplayedTask) {
  return {
    task,
    identical,
    ...(difference === undefined ? {} : { ...difference }),
    exchanges,
    answered,
    exempted,
    ...(redacted === 0 ? {} : { redacted }),
    ...(missing.length === 0 ? {} : { missing }),
  }
}

function textOf({ task, identical, difference, exchanges, exempted, redacted, missing }: ReplayedTask): string {
  const hidden =
    redacted === 0
      ? ''
      : `  ${redacted} exchanges are redacted, as the manifest says of their data: what stood there nobody compares, and an agent that works with it departs.\n`
  if (identical || difference === undefined) {
    const exempt = exempted.length === 0 ? '' : ` (exempt: ${exempted.join(', ')})`
    return `${task}  identical, ${exchanges} exchanges${exempt}\n${hidden}`
  }
  const { step, kind, path, want, got } = difference
  const gaps = missing.map((one) => `  missing  ${one}\n`).join('')
  if (kind === 'missing') {
    return `${task}  stops at step ${step} of ${exchanges}: ${want}\n  now      ${JSON.stringify(got)}\n${gaps}${hidden}`
  }
  return `${task}  departs at step ${step} of ${exchanges} (${kind})${path === '' ? '' : ` at ${path}`}\n  recorded ${JSON.stringify(want)}\n  now      ${JSON.stringify(got)}\n${gaps}${hidden}`
}
