/** `airworthy check`: go or no-go for the release of this folder. */
import { buildCommand } from '@stricli/core'
import { AirworthyError } from '../core/errors.ts'
import { renderVerdict } from '../operate/verdict/render-verdict.ts'
import type { Verdict } from '../readiness/verdict.ts'
import { type CliContext, exitCodes, printFaults, printJson, runCommand } from './context.ts'
import { dbFlag, dirFlag, environmentFlag, jsonFlag, optionalText, projectFlag } from './flags.ts'
import { checkKit } from './kit-access.ts'
import { staleReleaseNote } from './stale-release.ts'

interface CheckFlags {
  readonly environment?: string | undefined
  readonly at?: string | undefined
  readonly json: boolean
  readonly dir?: string | undefined
  readonly db?: string | undefined
  readonly project?: string | undefined
}

/** @param ask  how the verdict is had; a test gives one that is made up. */
export const checkCommandBy = (ask: typeof checkKit) =>
  buildCommand<CheckFlags, [], CliContext>({
    docs: {
      brief: 'Go or no-go for a release',
      fullDescription:
        'Runs the probes and the kill drill on the kit of this folder, records their evidence, and prints every control with why and how to mend it, then GO or NO-GO. Exit codes: 0 GO (with exceptions too), 1 NO-GO, 2 no verdict could be computed, 3 called wrongly.',
    },
    parameters: {
      flags: {
        environment: environmentFlag,
        at: optionalText('Judge what is on record as of this time (RFC 3339); runs and records nothing', 'TIME'),
        json: jsonFlag,
        dir: dirFlag,
        db: dbFlag,
        project: projectFlag,
      },
    },
    async func(flags) {
      await runCommand(this, flags.json, () => check(this, flags, ask))
    },
  })

export const checkCommand = checkCommandBy(checkKit)

async function check(context: CliContext, flags: CheckFlags, ask: typeof checkKit): Promise<number> {
  const atMs = flags.at === undefined ? undefined : timeOf(flags.at)
  let verdict: Verdict
  try {
    verdict = await ask(context, flags, atMs === undefined ? {} : { atMs })
  } catch (error) {
    if (!(error instanceof AirworthyError)) throw error
    printFaults(context, error.faults, flags.json)
    return exitCodes.noVerdict
  }
  const stale = await staleReleaseNote(context, flags)
  if (stale !== undefined) context.stderr.write(`${stale}\n`)
  if (flags.json) printJson(context, verdict)
  else context.stdout.write(renderVerdict(verdict, { color: context.isTty && context.env.NO_COLOR === undefined }))
  return verdict.verdict === 'NO-GO' ? exitCodes.fail : exitCodes.pass
}

const rfc3339 = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/

function timeOf(text: string): number {
  const ms = rfc3339.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(ms)) return ms
  throw new AirworthyError({
    code: 'USAGE_INVALID',
    message: `"${text.slice(0, 64)}" is not a time.`,
    mend: 'Write it as 2026-03-01 or 2026-03-01T12:00:00Z.',
  })
}
