/** What every command gets: where to print and from where it was called. */
import type { CommandContext } from '@stricli/core'
import { AirworthyError, type Fault, renderFault } from '../core/errors.ts'

export interface CliContext extends CommandContext {
  readonly process: CommandContext['process'] & { exitCode?: number | string | null | undefined }
  readonly stdout: { write(text: string): unknown }
  readonly stderr: { write(text: string): unknown }
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly isTty: boolean
}

/** Exit codes of every command. */
export const exitCodes = { pass: 0, fail: 1, noVerdict: 2, usage: 3 } as const

/** Prints the one JSON document of `--json`. */
export function printJson(context: CliContext, value: unknown): void {
  context.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
}

/** Prints faults for people, or as JSON; returns the exit code 3. */
export function printFaults(context: CliContext, faults: readonly Fault[], json: boolean): number {
  if (json) printJson(context, { faults })
  else context.stderr.write(`${faults.map(renderFault).join('\n\n')}\n`)
  return exitCodes.usage
}

/** Runs a command's body: an expected error is printed with its mend, any other one is a bug and says so. Sets the exit code. */
export async function runCommand(context: CliContext, json: boolean, body: () => Promise<number>): Promise<void> {
  try {
    context.process.exitCode = await body()
  } catch (error) {
    if (error instanceof AirworthyError) {
      context.process.exitCode = printFaults(context, error.faults, json)
      return
    }
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
    const fault: Fault = fileFault(error) ?? {
      code: 'INTERNAL_ERROR',
      message,
      mend: 'Report this, with the command that caused it.',
    }
    context.process.exitCode = printFaults(context, [fault], json)
  }
}

/**
 * As `runCommand`, for a command in whose process code of others runs: an agent, a world. Whatever ends the process before the command
 * has come to its end (an agent that exits when its work is done, a second ^C) is no pass. Afterwards nothing keeps the process.
 */
export async function runBesideOthers(context: CliContext, json: boolean, body: () => Promise<number>): Promise<never> {
  const onExit = (code: number): void => {
    if (code !== exitCodes.pass) return
    context.process.exitCode = exitCodes.noVerdict
    context.stderr.write('The process was ended before the command came to its end: there is no verdict.\n')
  }
  process.on('exit', onExit)
  await runCommand(context, json, body)
  await outputIsOut()
  process.off('exit', onExit)
  process.exit()
}

/** To be waited for before the process is ended: a pipe takes 64 KiB, and what waits behind that would be lost. */
export async function outputIsOut(): Promise<void> {
  const streams = [process.stdout, process.stderr]
  await Promise.all(streams.map((stream) => new Promise<void>((resolve) => void stream.write('', () => resolve()))))
}

/** What the disk refused, which is nobody's bug; undefined for any other error. */
function fileFault(error: unknown): Fault | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return undefined
  const { code, syscall, path } = error as NodeJS.ErrnoException
  const why = code === undefined ? undefined : refusals[code]
  if (why === undefined) return undefined
  return {
    code: 'FILE_UNAVAILABLE',
    message: `${path ?? 'A file'} could not be used (${syscall}): ${why}.`,
    mend: 'Name another file or folder, or give this user the right to it.',
  }
}

const refusals: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'a part of the path is no folder',
  EISDIR: 'it is a folder',
  EEXIST: 'something stands there already',
  EROFS: 'the disk can only be read',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'its links go round in a circle',
  EMFILE: 'too many files are open',
}
