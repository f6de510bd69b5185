/** `airworthy evidence push`: rows that `eval run` or `redteam run` have written with `--evidence FILE`, brought to a kit. */
import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { buildCommand, buildRouteMap } from '@stricli/core'
import { AirworthyError } from '../core/errors.ts'
import { valueOfJson } from '../core/value-of-json.ts'
import { type EvalPush, isSigned, pushBytesMax } from '../evals/push/push-file.ts'
import { type CliContext, exitCodes, printJson, runCommand } from './context.ts'
import { pushTo } from './evals/push-run.ts'
import { dirFlag, jsonFlag, optionalText, projectFlag } from './flags.ts'
import { foldersOf, runningUrl } from './kit-access.ts'

interface PushFlags {
  readonly kit: string | undefined
  readonly json: boolean
  readonly dir: string | undefined
  readonly project: string | undefined
}

const pushCommand = buildCommand<PushFlags, [string], CliContext>({
  docs: {
    brief: 'Bring rows of evals from CI to a kit',
    fullDescription:
      'The file was signed where the evals ran, so no key is needed here. The kit takes it when it lists that CI key (`airworthy keys create --kind ci`), knows the release, and nothing was edited. The same file again changes nothing.',
  },
  parameters: {
    flags: {
      kit: optionalText('Address of the kit; default: the one that runs on this folder', 'URL'),
      json: jsonFlag,
      dir: dirFlag,
      project: projectFlag,
    },
    positional: {
      kind: 'tuple',
      parameters: [
        { brief: 'What `eval run` or `redteam run --evidence FILE` wrote', placeholder: 'FILE', parse: String },
      ],
    },
  },
  async func(flags, file) {
    await runCommand(this, flags.json, async () => {
      const push = readPush(resolve(this.cwd, file))
      const url = flags.kit ?? (await runningUrl(foldersOf(this, flags).dir))
      if (url === undefined) {
        throw new AirworthyError({
          code: 'KIT_UNREACHABLE',
          message: 'No kit runs on this folder.',
          mend: 'Give --kit URL.',
        })
      }
      const accepted = await pushTo(url, push)
      if (flags.json) printJson(this, accepted)
      else this.stdout.write(`${accepted.run}: ${accepted.rows} rows pushed, ${accepted.added} of them new\n`)
      return exitCodes.pass
    })
  },
})

export const evidenceCommands = buildRouteMap({
  routes: { push: pushCommand },
  docs: { brief: 'Evidence from elsewhere: push' },
})

function readPush(path: string): EvalPush {
  try {
    if (statSync(path).size > pushBytesMax) throw new Error(`it is larger than ${pushBytesMax} bytes`)
    const push = valueOfJson(readFileSync(path, 'utf8')) as EvalPush
    if (!isSigned(push)) throw new Error('the signature is not of what it holds')
    return push
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new AirworthyError(
      {
        code: 'EVAL_PUSH_REFUSED',
        message: `The file cannot be pushed: ${why}.`,
        mend: 'Name a file as `airworthy eval run --evidence FILE` or `airworthy redteam run --evidence FILE` wrote it.',
      },
      { cause },
    )
  }
}
