/** `airworthy policy suggest`: least-privilege Cedar from recorded calls, as a diff for a person to review. It writes no file. */
import { readFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { buildCommand } from '@stricli/core'
import { AirworthyError } from '../core/errors.ts'
import { printable } from '../core/printable.ts'
import { unifiedDiff } from '../core/unified-diff.ts'
import { manifestFile } from '../operate/onboard/read-project.ts'
import type { Suggestion } from '../operate/replay/suggest.ts'
import { type CliContext, exitCodes, printJson, runCommand } from './context.ts'
import { jsonFlag, optionalText } from './flags.ts'
import { loadRuns, principalOf, type RunsFlags, runsFlags } from './load-runs.ts'
import { printUnread, unreadJson } from './print-unread.ts'

interface Flags extends RunsFlags {
  readonly json: boolean
  readonly manifest: string | undefined
  readonly file: string | undefined
  readonly judgedOnly: boolean
}

const ownFile = 'policies/suggested.cedar'

export const suggestCommand = buildCommand<Flags, [], CliContext>({
  docs: {
    brief: 'Suggest least-privilege policies from recorded calls, as a diff to review',
    fullDescription:
      'Runs that failed or held an attack do not count. Every line says how many calls it rests on. Nothing is written: read the diff, then apply what you agree with.',
  },
  parameters: {
    flags: {
      ...runsFlags,
      json: jsonFlag,
      manifest: optionalText('The manifest, or its folder; default here', 'MANIFEST'),
      file: optionalText(`The policy file to compare with; default ${ownFile}`, 'FILE'),
      judgedOnly: { kind: 'boolean', brief: 'Leave out runs of which nobody said how they ended', default: false },
    },
  },
  async func(given) {
    await runCommand(this, given.json, async () => {
      const [{ suggestForProject }, { requireEvidence }] = await Promise.all([
        import('./replay-project.ts'),
        import('../operate/replay/suggest.ts'),
      ])
      const { runs, unread } = loadRuns(this, given)
      const manifest = resolve(this.cwd, given.manifest ?? '.')
      const folder = basename(manifest) === manifestFile ? dirname(manifest) : manifest
      const file = given.file ?? ownFile
      const suggestion = await suggestForProject({
        manifest,
        env: this.env,
        runs,
        principal: principalOf(given),
        isJudgedOnly: given.judgedOnly,
      })
      requireEvidence(suggestion)
      const before = readPolicy(join(folder, file))
      const diff = unifiedDiff(before ?? '', textAfter(before ?? '', file, suggestion.text), {
        before: before === undefined ? '/dev/null' : file,
        after: file,
      })
      const { checked } = suggestion
      if (given.json) printJson(this, { ...suggestionJson(suggestion), file, diff, ...unreadJson(unread) })
      else {
        this.stdout.write(diff)
        for (const note of notesOf(suggestion)) this.stderr.write(`${note}\n`)
        printUnread(this, unread)
      }
      return unread.length === 0 && checked.permitted === checked.calls ? exitCodes.pass : exitCodes.fail
    })
  },
})

/** A file of its own is replaced; to one that people wrote, the suggestion is added. */
function textAfter(before: string, file: string, suggested: string): string {
  if (file === ownFile || before === '') return suggested
  return `${before}${before.endsWith('\n') ? '' : '\n'}\n${suggested}`
}

function readPolicy(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new AirworthyError(
      {
        code: 'USAGE_INVALID',
        message: `The policy file ${path} cannot be read.`,
        mend: 'Name another one with --file.',
      },
      { cause },
    )
  }
}

function notesOf({ policies, observations, checked }: Suggestion): readonly string[] {
  const { leftOut, runs, unjudgedRuns, unlisted } = observations
  const out = Object.entries(leftOut).filter(([, calls]) => calls > 0)
  const wider = policies.filter(({ widerPermits }) => widerPermits.length > 0)
  return [
    'A suggestion for a person to read; nothing was written.',
    `It rests on ${checked.calls} calls of ${runs} runs.`,
    ...(unjudgedRuns === 0
      ? []
      : [`NOBODY JUDGED ${unjudgedRuns} of these runs: look at them first, or leave them out with --judged-only.`]),
    ...(out.length === 0
      ? []
      : [`Calls that do not count: ${out.map(([why, calls]) => `${why} ${calls}`).join(', ')}.`]),
    ...(unlisted.size === 0
      ? []
      : [
          `The manifest lists no such tool, and none is suggested: ${[...unlisted].map(([tool, calls]) => `${printable(tool)} (${calls})`).join(', ')}.`,
        ]),
    ...wider.map(
      ({ tool, widerPermits }) =>
        `${tool} is permitted by ${widerPermits.join(', ')} already; while that stands, this narrows nothing.`,
    ),
    checked.permitted === checked.calls
      ? `Tried alone, without any other policy, it permits all ${checked.calls} calls that it rests on.`
      : `TRIED ALONE IT PERMITS ONLY ${checked.permitted} of the ${checked.calls} calls that it rests on: do not use it as it is.`,
  ]
}

function suggestionJson(suggestion: Suggestion) {
  const { policies, observations, checked } = suggestion
  return {
    policies: policies.map(({ tool, calls, runs, unjudgedCalls, conditions, confirm, cedar, widerPermits }) => ({
      tool,
      calls,
      runs,
      unjudged_calls: unjudgedCalls,
      conditions,
      confirm,
      cedar,
      wider_permits: widerPermits,
    })),
    runs: observations.runs,
    unjudged_runs: observations.unjudgedRuns,
    left_out: observations.leftOut,
    unlisted: Object.fromEntries(observations.unlisted),
    checked,
    notes: notesOf(suggestion),
  }
}
