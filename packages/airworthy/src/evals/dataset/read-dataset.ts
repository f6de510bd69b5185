/** Reads scenarios from a YAML list or from JSON lines. All faults at once, each with file, line and mend; a file with a fault gives none. */
import type { z } from 'zod'
import type { Fault } from '../../core/errors.ts'
import { isJsonObject, type JsonValue } from '../../core/json.ts'
import { type Path, pathText, readYaml, valueAt } from '../../core/manifest/read-yaml.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import { expectationShapes, type Scenario, scenarioShape } from './scenario-shape.ts'

const scenariosMax = 50_000
const lineBytesMax = 1024 * 1024
/** More are not looked for: a file of the wrong kind has one in every line. */
const faultsMax = 1_000

export interface PlacedScenario {
  readonly scenario: Scenario
  readonly file: string
  readonly line: number
}

export interface DatasetReading {
  readonly scenarios: readonly PlacedScenario[]
  readonly faults: readonly Fault[]
}

interface Place {
  readonly line: number
  readonly column: number
}
type PlaceOf = (path: Path, part?: 'key' | 'value') => Place

/**
 * @param files  names (shown in faults; `.jsonl` means JSON lines, everything else YAML) and their texts.
 * @returns scenarios in the order of the files, and DATASET_* faults: what is malformed, stands twice, or demands nothing. Pure.
 */
export function readDataset(files: readonly { readonly file: string; readonly text: string }[]): DatasetReading {
  const faults: Fault[] = []
  const scenarios = files.flatMap(({ file, text }) =>
    file.endsWith('.jsonl') ? readLines(file, text, faults) : readList(file, text, faults),
  )
  const first = new Map<string, PlacedScenario>()
  for (const placed of scenarios) {
    if (faults.length >= faultsMax) break
    const { scenario, file, line } = placed
    const known = first.get(scenario.id)
    if (known === undefined) first.set(scenario.id, placed)
    else {
      faults.push({
        code: 'DATASET_INVALID',
        message: `The id "${scenario.id}" stands twice; the first is at ${known.file}:${known.line}.`,
        mend: 'Give each scenario an id of its own.',
        file,
        line,
        column: 1,
      })
    }
    if (scenario.expect.length === 0) {
      faults.push({
        code: 'DATASET_INVALID',
        message: `The scenario "${scenario.id}" expects nothing, so nothing could make it fail.`,
        mend: 'Add what must have happened under `expect`.',
        file,
        line,
        column: 1,
      })
    }
  }
  if (scenarios.length === 0 && faults.length === 0) {
    faults.push({
      code: 'DATASET_EMPTY',
      message: 'The dataset holds no scenario.',
      mend: 'Name files with scenarios; docs/evals.md shows one.',
      ...(files[0] === undefined ? {} : { file: files[0].file, line: 1, column: 1 }),
    })
  }
  if (scenarios.length > scenariosMax) {
    faults.push({
      code: 'DATASET_INVALID',
      message: `The dataset holds ${scenarios.length} scenarios; the limit is ${scenariosMax}.`,
      mend: 'Split it.',
    })
  }
  if (faults.length >= faultsMax) {
    faults.push({
      code: 'DATASET_INVALID',
      message: `These are the first ${faultsMax} faults, and no more were looked for.`,
      mend: 'Correct these first, or name other files.',
    })
  }
  return { scenarios: faults.length === 0 ? scenarios : [], faults }
}

function readList(file: string, text: string, faults: Fault[]): PlacedScenario[] {
  const reading = readYaml(text, file)
  if (reading.faults.length > 0) {
    faults.push(...reading.faults.map((fault) => ({ ...fault, code: 'DATASET_INVALID' as const })))
    return []
  }
  const root: Path = isJsonObject(reading.value) && Array.isArray(reading.value.scenarios) ? ['scenarios'] : []
  const list = valueAt(reading.value, root)
  if (!Array.isArray(list)) {
    faults.push({
      code: 'DATASET_INVALID',
      message: 'The file is no list of scenarios.',
      mend: 'Begin each scenario with "- id: ...", or put the list under `scenarios:`.',
      file,
      line: 1,
      column: 1,
    })
    return []
  }
  return list.flatMap((value, index) => {
    const placeOf: PlaceOf = (path, part) => reading.placeOf([...root, index, ...path], part)
    return checkScenario(value as JsonValue, file, placeOf, faults)
  })
}

function readLines(file: string, text: string, faults: Fault[]): PlacedScenario[] {
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '' || faults.length >= faultsMax) return []
    const place = { line: index + 1, column: 1 }
    let value: JsonValue
    try {
      if (line.length > lineBytesMax) throw new Error(`it is longer than ${lineBytesMax} characters`)
      value = valueOfJson(line) as JsonValue
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      faults.push({
        code: 'DATASET_INVALID',
        message: `The line is no JSON: ${why}.`,
        mend: 'Write one JSON object a line.',
        file,
        ...place,
      })
      return []
    }
    return checkScenario(value, file, () => place, faults)
  })
}

function checkScenario(value: JsonValue, file: string, placeOf: PlaceOf, faults: Fault[]): PlacedScenario[] {
  if (faults.length >= faultsMax) return []
  const parsed = scenarioShape.safeParse(value)
  if (parsed.success) return [{ scenario: parsed.data, file, line: placeOf([]).line }]
  const id = isJsonObject(value) && typeof value.id === 'string' ? value.id : undefined
  for (const issue of parsed.error.issues.flatMap((found) => sharpen(found, value))) {
    faults.push(faultOf(issue, file, placeOf, id))
  }
  return []
}

interface Issue {
  readonly path: Path
  readonly message: string
  readonly keys?: readonly string[]
}

/** An entry of `expect` that fits none of the kinds is held against the one that its key names. */
function sharpen(issue: z.core.$ZodIssue, value: JsonValue): readonly Issue[] {
  const path = issue.path as Path
  if (issue.code === 'unrecognized_keys') return [{ path, message: issue.message, keys: issue.keys }]
  if (issue.code !== 'invalid_union' || path[0] !== 'expect' || path.length !== 2) {
    return [{ path, message: issue.message }]
  }
  const entry = valueAt(value, path)
  const kinds = Object.keys(expectationShapes)
  const named = isJsonObject(entry) ? Object.keys(entry).filter((key) => kinds.includes(key)) : []
  if (named.length !== 1) {
    return [{ path, message: `must have exactly one of ${kinds.join(', ')}` }]
  }
  const shape = expectationShapes[named[0] as keyof typeof expectationShapes]
  const again = shape.safeParse(entry)
  if (again.success) return [{ path, message: issue.message }]
  return again.error.issues.map((inner) => ({
    path: [...path, ...(inner.path as Path)],
    message: inner.message,
    ...(inner.code === 'unrecognized_keys' ? { keys: inner.keys } : {}),
  }))
}

function faultOf({ path, message, keys }: Issue, file: string, placeOf: PlaceOf, id: string | undefined): Fault {
  const unknown = keys !== undefined && keys[0] !== undefined ? [...path, keys[0]] : undefined
  const shown = pathText(unknown ?? path)
  return {
    code: 'DATASET_INVALID',
    message:
      unknown === undefined
        ? `${id === undefined ? 'A scenario' : `The scenario "${id}"`}: ${shown === '' ? 'it' : `"${shown}"`} ${said(message)}.`
        : `${id === undefined ? 'A scenario' : `The scenario "${id}"`} has a key that does not exist: "${shown}".`,
    mend: unknown === undefined ? 'Write it in the form that docs/evals.md shows.' : 'Correct or remove it.',
    file,
    ...placeOf(unknown ?? path, unknown === undefined ? 'value' : 'key'),
    ...(shown === '' ? {} : { path: shown }),
  }
}

/** zod's own sentences begin with a capital letter and stand alone; ours go on from the subject. */
function said(message: string): string {
  const text = message.replace(/\.$/, '')
  return /^(must|needs|is|has)\b/.test(text) ? text : `does not fit: ${text.charAt(0).toLowerCase()}${text.slice(1)}`
}
