/** Recorded runs for a command: all of the named files at once, and what of them could not be read. */
import { AirworthyError } from '../core/errors.ts'
import { isJsonObject, type JsonObject, parseJson } from '../core/json.ts'
import { readRunFiles, runFormatOf } from '../operate/traces/read-run-files.ts'
import { readRuns } from '../telemetry/read-runs.ts'
import type { RecordedRun } from '../telemetry/recorded-run.ts'
import type { CliContext } from './context.ts'
import { optionalText } from './flags.ts'
import type { UnreadPart } from './print-unread.ts'

export interface RunsFlags {
  readonly runs: string
  readonly format: string | undefined
  readonly principal: string | undefined
  readonly attributes: string | undefined
}

export const runsFlags = {
  runs: {
    kind: 'parsed',
    parse: String,
    brief: 'File or folder with recorded runs, or - for stdin',
    placeholder: 'FILE',
  },
  format: optionalText('agentdojo, tau-bench, openai-messages or otlp-json; default: guessed', 'FORMAT'),
  principal: optionalText('Id of the user of runs that do not say it', 'ID'),
  attributes: optionalText('Attributes of the principals, as JSON, where the record lacks them', 'JSON'),
} as const

/** @throws RUNS_INVALID, USAGE_INVALID */
export function loadRuns(
  context: CliContext,
  { runs: path, format }: RunsFlags,
): { readonly runs: readonly RecordedRun[]; readonly unread: readonly UnreadPart[] } {
  const runs: RecordedRun[] = []
  const unread: UnreadPart[] = []
  for (const one of readRunFiles({ paths: [path], cwd: context.cwd, format: runFormatOf(format) })) {
    const { file } = one
    if ('why' in one) {
      unread.push({ file, where: 'the file', why: one.why })
      continue
    }
    const read = readRuns(one.text, one.format)
    runs.push(...read.runs)
    unread.push(...read.unread.map((part) => ({ file, ...part })))
  }
  return { runs, unread }
}

/** @throws USAGE_INVALID */
export function principalOf({ principal, attributes }: RunsFlags): {
  readonly id?: string
  readonly attributes?: JsonObject
} {
  return {
    ...(principal === undefined ? {} : { id: principal }),
    ...(attributes === undefined ? {} : { attributes: attributesOf(attributes) }),
  }
}

function attributesOf(text: string): JsonObject {
  const value = parseJson(text)
  if (isJsonObject(value)) return value
  throw new AirworthyError({
    code: 'USAGE_INVALID',
    message: '--attributes is no JSON object.',
    mend: `Give --attributes '{"name": "value"}'.`,
  })
}
