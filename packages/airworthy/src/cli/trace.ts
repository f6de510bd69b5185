/**
 * `airworthy trace import | ls | show`: runs that somebody else recorded. They are kept in the folder's store apart from the ledger:
 * nothing of them was governed. Beside a running kit the store is written directly; the kit gives the entry its place in the log.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { buildCommand, buildRouteMap } from '@stricli/core'
import { AirworthyError } from '../core/errors.ts'
import { newId } from '../core/ids.ts'
import { printable } from '../core/printable.ts'
import { manifestFile } from '../operate/onboard/read-project.ts'
import type { ImportReport } from '../operate/traces/import-runs.ts'
import type { RunSummary } from '../operate/traces/port.ts'
import type { Store } from '../store/store.ts'
import type { RunFormat } from '../telemetry/recorded-run.ts'
import { type CliContext, exitCodes, printJson, runCommand } from './context.ts'
import { dbFlag, dirFlag, jsonFlag, optionalText, projectFlag } from './flags.ts'
import { foldersOf, type KitFlags, storeOf } from './kit-access.ts'
import { printUnread, type UnreadPart, unreadJson } from './print-unread.ts'
import { table } from './table.ts'
import { traceForgetCommand } from './trace-forget.ts'
import { traceReplayCommand } from './trace-replay.ts'
import { taskJson, tasksText } from './trace-tasks-text.ts'
import { runJson, runText, summaryJson } from './trace-text.ts'
import { traceToScenarioCommand } from './trace-to-scenario.ts'

interface Flags extends KitFlags {
  readonly json: boolean
}
const flags = { json: jsonFlag, dir: dirFlag, db: dbFlag, project: projectFlag }
const formatFlag = optionalText('agentdojo, tau-bench, openai-messages or otlp-json; default: guessed', 'FORMAT')

const importCommand = buildCommand<Flags & { format: string | undefined }, string[], CliContext>({
  docs: {
    brief: 'Import recorded runs',
    fullDescription:
      'Reads files, folders or stdin (-). What is known already changes nothing. Each file is imported whole or not at all; a run that cannot be read is named and left out, and the command then ends with 1.',
  },
  parameters: {
    flags: { ...flags, format: formatFlag },
    positional: {
      kind: 'array',
      minimum: 1,
      parameter: { brief: 'Files or folders', placeholder: 'FILE', parse: String },
    },
  },
  async func(given, ...paths) {
    await runCommand(this, given.json, async () => {
      const [{ readRunFiles, runFormatOf }, { importRuns }] = await Promise.all([
        import('../operate/traces/read-run-files.ts'),
        import('../operate/traces/import-runs.ts'),
      ])
      const files = readRunFiles({ paths, cwd: this.cwd, format: runFormatOf(given.format) })
      const reports: ImportReport[] = []
      const unread: UnreadPart[] = []
      await withTraces(this, given, 'may-create', async (open) => {
        for (const one of files) {
          if ('why' in one) {
            unread.push({ file: one.file, where: 'the file', why: one.why })
            continue
          }
          const report = await importRuns((await open()).traces, {
            ...one,
            actor: { kind: 'operator', id: 'cli', verifiedBy: 'folder_access' },
            atMs: Date.now(),
            newId: (prefix) => newId(prefix, Date.now()),
          })
          reports.push(report)
          unread.push(...report.unread.map((part) => ({ file: one.file, ...part })))
          if (!given.json) this.stdout.write(oneLine(report))
        }
      })
      const totals = totalsOf(reports)
      if (given.json) printJson(this, { files: reports.map(fileJson), ...totals, ...unreadJson(unread) })
      else {
        this.stdout.write(
          `${totals.runs_new} runs new, ${totals.runs_known} known; ${totals.actions_new} actions; ${totals.spans_new} spans new, ${totals.spans_known} known\n`,
        )
        printUnread(this, unread)
      }
      return unread.length === 0 ? exitCodes.pass : exitCodes.fail
    })
  },
})

function totalsOf(reports: readonly ImportReport[]) {
  const sum = (count: (report: ImportReport) => number): number => reports.reduce((all, one) => all + count(one), 0)
  return {
    runs_new: sum((one) => one.runsNew),
    runs_known: sum((one) => one.runsKnown),
    actions_new: sum((one) => one.actionsNew),
    spans_new: sum((one) => one.spansNew),
    spans_known: sum((one) => one.spansKnown),
  }
}

function fileJson(report: ImportReport) {
  return { file: report.file, format: report.format, ...totalsOf([report]), unread: report.unread.length }
}

function oneLine(report: ImportReport): string {
  const { runsNew, runsKnown, unread } = report
  return `${printable(report.file)} (${report.format}): ${runsNew} new, ${runsKnown} known, ${unread.length} unread\n`
}

const limitMax = 10_000

const lsCommand = buildCommand<Flags & { format: string | undefined; limit: number; probes: boolean }, [], CliContext>({
  docs: { brief: 'List the traces of tasks, and imported runs, the newest first' },
  parameters: {
    flags: {
      ...flags,
      format: formatFlag,
      limit: { kind: 'parsed', parse: limitOf, brief: 'How many at most', default: '50', placeholder: 'N' },
      probes: { kind: 'boolean', brief: 'Those of probes, drills and evals too', default: false },
    },
  },
  async func(given) {
    await runCommand(this, given.json, async () => {
      const { runFormatOf } = await import('../operate/traces/read-run-files.ts')
      const format: RunFormat | undefined = runFormatOf(given.format)
      const { limit } = given
      const { tasks, runs, all } = await withTraces(this, given, 'must-exist', async (open) => {
        const { traces, spanSources } = await open()
        return {
          // A format is one of imported runs.
          tasks: format === undefined ? await spanSources.listTasks({ limit, withProbes: given.probes }) : [],
          runs: await traces.listRuns({ limit, ...(format === undefined ? {} : { format }) }),
          all: await traces.countRuns(),
        }
      })
      if (given.json) printJson(this, { tasks: tasks.map(taskJson), runs: runs.map(summaryJson), imported: all })
      else {
        if (tasks.length > 0) this.stdout.write(tasksText(tasks))
        if (tasks.length > 0 && runs.length > 0) this.stdout.write('\n')
        if (runs.length > 0) {
          this.stdout.write(table(['run', 'calls', 'reward', 'attack', 'for', 'model'], runs.map(rowOf)))
          this.stdout.write(`${runs.length} of ${all} imported runs\n`)
        }
        if (tasks.length + runs.length === 0) this.stdout.write('No task was opened and no runs were imported.\n')
      }
      return exitCodes.pass
    })
  },
})

function limitOf(text: string): number {
  const limit = Number(text)
  if (Number.isInteger(limit) && limit >= 1 && limit <= limitMax) return limit
  throw new RangeError(`--limit is a number from 1 to ${limitMax}`)
}

function rowOf(run: RunSummary): readonly string[] {
  const { outcome } = run
  const attack = outcome?.attack === undefined ? '' : outcome.attackSucceeded === true ? 'SUCCEEDED' : 'failed'
  return [
    run.id,
    `${run.actions}`,
    outcome?.reward === undefined ? '' : `${outcome.reward}`,
    attack,
    run.principalId ?? '',
    run.model ?? '',
  ].map((cell) => printable(cell))
}

const showCommand = buildCommand<Flags & { full: boolean }, [string], CliContext>({
  docs: { brief: 'Show the spans of a task or of a trace, or an imported run' },
  parameters: {
    flags: { ...flags, full: { kind: 'boolean', brief: 'Cut no text', default: false } },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'The task, the trace or the run', placeholder: 'ID', parse: String }],
    },
  },
  async func(given, id) {
    await runCommand(this, given.json, async () => {
      const found = await withTraces(this, given, 'must-exist', async (open) => {
        const { guard, traces } = await open()
        const task = id.startsWith('tsk_') ? await guard.readTask(id) : undefined
        const traceId = task?.traceId ?? id.toLowerCase()
        if (task !== undefined || /^[0-9a-f]{32}$/.test(traceId)) {
          const trace = await traces.readTrace(traceId, traceBounds)
          if (trace.spans.length === 0) throw traceUnknown()
          return { trace: { id: traceId, stored: trace } }
        }
        const imported = await traces.readRun(id)
        if (imported === undefined) throw runUnknown()
        return { imported, spans: await traces.spansOf(imported.run.traceId) }
      })
      if ('trace' in found) {
        const [{ traceText }, { wireTrace }] = await Promise.all([
          import('./trace-tree-text.ts'),
          import('../server/wire/trace.ts'),
        ])
        if (given.json) printJson(this, wireTrace(found.trace.id, found.trace.stored))
        else this.stdout.write(traceText(found.trace.id, found.trace.stored))
      } else if (given.json) printJson(this, runJson(found.imported, found.spans))
      else this.stdout.write(runText(found.imported, found.spans, given.full))
      return exitCodes.pass
    })
  },
})

export const traceCommands = buildRouteMap({
  routes: {
    import: importCommand,
    ls: lsCommand,
    show: showCommand,
    replay: traceReplayCommand,
    'to-scenario': traceToScenarioCommand,
    forget: traceForgetCommand,
  },
  docs: { brief: 'Traces and recorded runs: import, ls, show, replay, to-scenario, forget' },
})

const traceBounds = { spansMax: 10_000, charactersMax: 256 * 1024 * 1024 }

function traceUnknown(): AirworthyError {
  return new AirworthyError({
    code: 'TRACE_UNKNOWN',
    message: 'No span of this trace is in this store.',
    mend: 'Give the trace id of a task, as the answers of the kit have it, or of a span that was sent to it.',
  })
}

function runUnknown(): AirworthyError {
  return new AirworthyError({
    code: 'RUN_UNKNOWN',
    message: 'This store has no task, trace or imported run of this id.',
    mend: 'Take an id that `airworthy trace ls` lists.',
  })
}

/**
 * A typing error in --dir must not make a new, empty store; a project's first command may. @param use  opens the store when it has
 * something to do there: a command that fails before leaves no store behind.
 */
async function withTraces<T>(
  context: CliContext,
  given: KitFlags,
  existence: 'may-create' | 'must-exist',
  use: (open: () => Promise<Store>) => Promise<T>,
): Promise<T> {
  const { project } = foldersOf(context, given)
  const [{ noStoreIn, openStore }, { databaseFile }] = await Promise.all([
    import('../store/open-store.ts'),
    import('../store/sqlite/open.ts'),
  ])
  const location = storeOf(context, given)
  const isNew = location.db === undefined && !existsSync(join(location.dir, databaseFile))
  const mayCreate = isNew && existence === 'may-create' && existsSync(join(project, manifestFile))
  if (isNew && !mayCreate) throw noStoreIn(location.dir)
  let store: Store | undefined
  try {
    return await use(async () => {
      store ??= await openStore(location, { mayCreate })
      return store
    })
  } finally {
    await store?.close()
  }
}
