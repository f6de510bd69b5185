/** The files that somebody names as recorded runs: files, folders with files in them, or `-` for what comes on stdin. Sizes are bounded. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { AirworthyError } from '../../core/errors.ts'
import { guessRunFormat } from '../../telemetry/read-runs.ts'
import { type RunFormat, runFileBytesMax, runFormats } from '../../telemetry/recorded-run.ts'

export interface RunFile {
  /** As named, or its path below the folder that was named. */
  readonly file: string
  readonly text: string
  readonly format: RunFormat
}

export interface UnreadableFile {
  readonly file: string
  readonly why: string
}

export interface RunFilesRequest {
  readonly paths: readonly string[]
  readonly cwd: string
  /** Undefined: each file's is guessed. */
  readonly format?: RunFormat | undefined
}

/** More files than this in one folder are not a recording but a disk. */
const filesMax = 20_000
const stdinPath = '-'

/**
 * One file at a time, folders in name order, so that memory holds one text. A file within a folder that cannot be read is an
 * `UnreadableFile`; one that was named is an error, before anything is read. @throws RUNS_INVALID
 */
export function readRunFiles(request: RunFilesRequest): Iterable<RunFile | UnreadableFile> {
  const { paths, cwd, format } = request
  const files = paths.flatMap((path) => (path === stdinPath ? [{ file: path, path: 0 as const }] : filesAt(path, cwd)))
  if (files.length > filesMax) {
    throw runsInvalid(`There are ${files.length} files; the limit is ${filesMax}.`, 'Name fewer folders.')
  }
  return readEach(files, format)
}

/** @throws USAGE_INVALID */
export function runFormatOf(given: string | undefined): RunFormat | undefined {
  if (given === undefined) return undefined
  const known = runFormats.find((format) => format === given)
  if (known !== undefined) return known
  throw new AirworthyError({
    code: 'USAGE_INVALID',
    message: 'There is no such format of recorded runs.',
    mend: `Give --format one of: ${runFormats.join(', ')}.`,
  })
}

interface Found {
  readonly file: string
  /** 0: stdin. */
  readonly path: string | 0
}

function filesAt(path: string, cwd: string): readonly Found[] {
  const full = resolve(cwd, path)
  let isFolder: boolean
  try {
    isFolder = statSync(full).isDirectory()
  } catch {
    throw runsInvalid(`${path} cannot be read.`, 'Name a file or a folder with recorded runs.')
  }
  if (!isFolder) return [{ file: path, path: full }]
  const found = readdirSync(full, { recursive: true, withFileTypes: true })
    // No links are followed: a folder that links to itself has no end.
    .filter((entry) => entry.isFile() && /\.(json|jsonl|ndjson)$/i.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
  if (found.length === 0) throw runsInvalid(`${path} has no .json or .jsonl file in it.`, 'Name another folder.')
  return found.map((one) => ({ file: join(path, one.slice(full.length)), path: one }))
}

function* readEach(files: readonly Found[], format: RunFormat | undefined): Generator<RunFile | UnreadableFile> {
  for (const { file, path } of files) {
    const read = textOf(path)
    if ('why' in read) {
      if (files.length === 1)
        throw runsInvalid(`${file} cannot be read: ${read.why}.`, 'Name another file, or split it.')
      yield { file, why: read.why }
      continue
    }
    const guessed = format ?? guessRunFormat(read.text)
    if (guessed !== undefined) yield { file, text: read.text, format: guessed }
    else if (files.length > 1) yield { file, why: 'it looks like none of the formats' }
    else throw runsInvalid(`${file} looks like none of the formats.`, `Give --format one of: ${runFormats.join(', ')}.`)
  }
}

function textOf(path: string | 0): { readonly text: string } | { readonly why: string } {
  const tooLarge = { why: `it is larger than ${runFileBytesMax / 1024 / 1024} MiB` }
  try {
    if (path !== 0 && statSync(path).size > runFileBytesMax) return tooLarge
    const bytes = readFileSync(path)
    if (bytes.length > runFileBytesMax) return tooLarge
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }
  } catch (error) {
    return { why: (error as NodeJS.ErrnoException).code ?? 'it is not UTF-8' }
  }
}

function runsInvalid(message: string, mend: string): AirworthyError {
  return new AirworthyError({ code: 'RUNS_INVALID', message, mend })
}
