/** Finds the files of a dataset and reads them: those that are named, else `evals/` beside the manifest. */
import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { AirworthyError, throwFaults } from '../../core/errors.ts'
import { type PlacedScenario, readDataset } from '../../evals/dataset/read-dataset.ts'
import { readProject } from '../../operate/onboard/read-project.ts'

const filesMax = 1_000
const fileBytesMax = 64 * 1024 * 1024

/** Files of scenarios that stand beside the manifest. */
export function datasetFiles(project: string): readonly string[] {
  return globSync('evals/**/*.{yaml,yml,jsonl}', { cwd: project })
    .sort()
    .map((name) => join(project, name))
}

/** @throws DATASET_EMPTY, DATASET_INVALID (all faults of all files at once) */
export function loadDataset(cwd: string, project: string, named: readonly string[]): readonly PlacedScenario[] {
  const paths = named.length > 0 ? named.map((name) => resolve(cwd, name)) : datasetFiles(project)
  if (paths.length === 0) {
    // Nothing can be beside a manifest that is not there: the wrong folder is the likelier slip.
    throwFaults(
      readProject(project, { env: {}, resolve: false }).faults.filter(({ code }) => code === 'MANIFEST_MISSING'),
    )
    throw new AirworthyError({
      code: 'DATASET_EMPTY',
      message: 'There are no scenarios: no file was named, and there is no evals/*.yaml beside the manifest.',
      mend: 'Write scenarios into evals/, or name their files; docs/evals.md shows one.',
    })
  }
  if (paths.length > filesMax) throw unreadable(`${paths.length} files are more than ${filesMax}`)
  const files = paths.map((path) => {
    if (!existsSync(path) || !statSync(path).isFile()) throw unreadable(`${relative(cwd, path)} is no file`)
    if (statSync(path).size > fileBytesMax)
      throw unreadable(`${relative(cwd, path)} is larger than ${fileBytesMax} bytes`)
    return { file: relative(cwd, path), text: readFileSync(path, 'utf8') }
  })
  const { scenarios, faults } = readDataset(files)
  throwFaults(faults)
  return scenarios
}

function unreadable(why: string): AirworthyError {
  return new AirworthyError({
    code: 'DATASET_INVALID',
    message: `The dataset cannot be read: ${why}.`,
    mend: 'Name other files.',
  })
}
