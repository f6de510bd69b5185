/** `airworthy eval import`: scenarios out of other tools' files. What is taken over and what is not is told line by line. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { buildCommand } from '@stricli/core'
import { stringify } from 'yaml'
import { digestOfText } from '../../core/digest.ts'
import { AirworthyError } from '../../core/errors.ts'
import {
  type ImportedDataset,
  type ImportedVerdict,
  type ImportLine,
  importedMark,
} from '../../evals/import/import-report.ts'
import { importJsonLines } from '../../evals/import/json-lines.ts'
import { importPromptfooConfig } from '../../evals/import/promptfoo-config.ts'
import { importPromptfooResults, isPromptfooResults, resultsBytesMax } from '../../evals/import/promptfoo-results.ts'
import { type CliContext, exitCodes, printJson, runCommand } from '../context.ts'
import { dbFlag, dirFlag, environmentFlag, jsonFlag, optionalText, projectFlag } from '../flags.ts'
import { foldersOf, type KitFlags } from '../kit-access.ts'
import { replaceFile } from '../write-file.ts'
import { recordEvidence } from './record-evidence.ts'

interface Flags extends KitFlags {
  readonly from: 'promptfoo' | 'jsonl'
  readonly out: string | undefined
  readonly principal: string
  readonly environment: string | undefined
  readonly json: boolean
}

export const evalImportCommand = buildCommand<Flags, [string], CliContext>({
  docs: {
    brief: 'Scenarios out of the files of other tools',
    fullDescription:
      'Reads a promptfooconfig, the JSON results of a promptfoo run, or JSON lines. Scenarios are printed as YAML, or written to --out; verdicts of another tool are printed as JSON lines that say so, and go on record beside a manifest as evidence that counts nowhere. What was taken over and what was not is told line by line on stderr. Exit codes: 0 everything that judges was taken over, 1 something of it was not, 3 called wrongly.',
  },
  parameters: {
    positional: { kind: 'tuple', parameters: [{ brief: 'The file', parse: String, placeholder: 'FILE' }] },
    flags: {
      from: { kind: 'enum', values: ['promptfoo', 'jsonl'], brief: 'What the file is' },
      out: optionalText('Write here instead of printing', 'FILE'),
      principal: {
        kind: 'parsed',
        parse: String,
        brief: 'Who the user of each scenario is',
        default: 'imported',
        placeholder: 'ID',
      },
      environment: environmentFlag,
      json: jsonFlag,
      dir: dirFlag,
      db: dbFlag,
      project: projectFlag,
    },
  },
  async func(flags, file) {
    await runCommand(this, flags.json, () => evalImport(this, flags, file))
  },
})

type Imported = Partial<Pick<ImportedDataset, 'scenarios'>> &
  Pick<ImportedDataset, 'lines'> & { readonly verdicts?: readonly ImportedVerdict[] }

async function evalImport(context: CliContext, flags: Flags, file: string): Promise<number> {
  const path = resolve(context.cwd, file)
  const shown = relative(context.cwd, path)
  const imported = read(context, flags, path, shown)
  const { scenarios = [], verdicts = [], lines } = imported
  const text = verdicts.length > 0 ? verdicts.map((row) => `${JSON.stringify(row)}\n`).join('') : yamlOf(scenarios)
  if (flags.out !== undefined) replaceFile(resolve(context.cwd, flags.out), text)
  const isRecorded = verdicts.length > 0 && (await record(context, flags, path, shown, verdicts))
  if (flags.json) printJson(context, { file: shown, out: flags.out, recorded: isRecorded, scenarios, verdicts, lines })
  else {
    if (flags.out === undefined) context.stdout.write(text)
    for (const { line, path: at, imported: taken, why } of lines)
      context.stderr.write(`${shown}:${line}  ${taken ? 'imported    ' : 'not imported'}  ${at}  ${why}\n`)
    const count = lines.filter((one) => !one.imported).length
    const what = verdicts.length > 0 ? `${verdicts.length} verdicts, ${importedMark}` : `${scenarios.length} scenarios`
    context.stderr.write(`${what}; ${count} places of the file were not imported.\n`)
    if (verdicts.length > 0)
      context.stderr.write(
        isRecorded
          ? 'On record for this release as evidence that proves nothing by itself; `airworthy check` says so.\n'
          : 'Not on record: there is no airworthy.yaml in the folder of the project.\n',
      )
    if (scenarios.length > 0)
      context.stderr.write('None has a reference run yet: `airworthy eval lint` says what each still needs.\n')
  }
  return lines.some(isLoss) ? exitCodes.fail : exitCodes.pass
}

/** As evidence about the release of the folder. @returns false: there is no release here. */
async function record(
  context: CliContext,
  flags: Flags,
  path: string,
  file: string,
  verdicts: readonly ImportedVerdict[],
): Promise<boolean> {
  const { project } = foldersOf(context, flags)
  if (!existsSync(join(project, 'airworthy.yaml'))) return false
  const [{ releaseOfFolder }, { importedEvidence }] = await Promise.all([
    import('./release-of-folder.ts'),
    import('../../evals/gate/imported-verdicts.ts'),
  ])
  const { release } = releaseOfFolder(project)
  const digest = digestOfText(readFileSync(path, 'utf8'))
  const of = { release: release.digest, environment: flags.environment ?? 'dev', atMs: Date.now() }
  await recordEvidence(context, flags, 'eval-import', importedEvidence({ file, digest, verdicts }, of))
  return true
}

/** Of what judges: the name of a provider, or the file's description, is none. */
function isLoss({ imported, path }: ImportLine): boolean {
  return !imported && !/^(?:description|providers|targets|tracing)\b/.test(path)
}

function read(context: CliContext, flags: Flags, path: string, shown: string): Imported {
  if (!existsSync(path) || !statSync(path).isFile() || statSync(path).size > resultsBytesMax) {
    throw new AirworthyError({
      code: 'DATASET_INVALID',
      message: `${shown} is no file, or larger than ${resultsBytesMax} bytes.`,
      mend: 'Name another file.',
    })
  }
  const text = readFileSync(path, 'utf8')
  if (flags.from === 'jsonl') return importJsonLines(text, shown)
  if (isPromptfooResults(text)) return importPromptfooResults(text, shown)
  // A source resolves beside the dataset: where that will stand is known only with --out.
  const source = flags.out === undefined ? basename(path) : relative(dirname(resolve(context.cwd, flags.out)), path)
  return importPromptfooConfig(text, { file: source, principal: flags.principal })
}

function yamlOf(scenarios: ImportedDataset['scenarios']): string {
  return stringify(scenarios, { lineWidth: 0, aliasDuplicateObjects: false })
}
