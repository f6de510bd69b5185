/** Reads a project folder: `airworthy.yaml`, `airworthy.lock`, `policies/*.cedar` and the prompt file. All sizes are bounded. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { isAbsolute, join, resolve, sep } from 'node:path'
import type { Fault } from '../../core/errors.ts'
import type { EffectiveManifest, McpServer } from '../../core/manifest/effective.ts'
import { buildLock, type Lock, lockBytesMax, parseLock } from '../../core/manifest/lock.ts'
import { parseManifest } from '../../core/manifest/parse-manifest.ts'
import { manifestBytesMax } from '../../core/manifest/read-yaml.ts'

export const manifestFile = 'airworthy.yaml'
export const lockFile = 'airworthy.lock'
/** A folder of policies larger than this is a mistake: 4 MiB are beyond what a person reviews. */
const policyBytesMax = 4 * 1024 * 1024
const policyFilesMax = 1_000
const promptBytesMax = 1024 * 1024

export interface ProjectOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  /** false: variables stay as written and none is missing. Default: true. */
  readonly resolve?: boolean
  /** For the end of exceptions. */
  readonly nowMs?: number
}

export interface Project {
  /** Only without faults. */
  readonly effective?: EffectiveManifest
  /** What could be read in spite of faults: to be shown, never to be run. */
  readonly draft?: EffectiveManifest
  /** Only without faults; an empty one where no tool has a server and there is no file. */
  readonly lock?: Lock
  readonly faults: readonly Fault[]
  /** Environment variables that the manifest refers to. */
  readonly variables: readonly string[]
}

/** Never throws for what is in the folder: every fault is in the result. */
export function readProject(folder: string, options: ProjectOptions): Project {
  const manifest = readManifest(folder)
  if ('fault' in manifest) return { faults: [manifest.fault], variables: [] }
  const locked = readLock(folder)
  const policies = readPolicies(folder)
  const { env, resolve, nowMs } = options
  const reading = parseManifest({
    text: manifest.text,
    file: manifestFile,
    env,
    promptText: (prompt) => readPrompt(folder, prompt),
    policies: policies.sources,
    lock: locked.lock,
    ...(resolve !== undefined && { resolve }),
    ...(nowMs !== undefined && { nowMs }),
  })
  // A broken lock explains every tool that is missing from it.
  const own =
    locked.faults.length > 0 ? reading.faults.filter((fault) => fault.code !== 'LOCK_MISSING') : reading.faults
  const faults = [...own, ...locked.faults, ...policies.faults]
  const { effective, draft, variables } = reading
  return {
    ...(draft !== undefined && { draft }),
    ...(faults.length === 0 &&
      effective !== undefined && { effective, lock: locked.lock ?? buildLock({ servers: {} }) }),
    faults,
    variables,
  }
}

/**
 * The servers of a manifest, addresses resolved, whatever else is wrong with it: `lock` needs no more. Faults of form count in whole,
 * others only where they are about servers.
 */
export function serversOfText(
  text: string,
  options: Pick<ProjectOptions, 'env'>,
): { readonly servers: readonly McpServer[]; readonly faults: readonly Fault[] } {
  const { draft, faults } = parseManifest({ text, file: manifestFile, env: options.env })
  if (draft === undefined) return { servers: [], faults }
  return { servers: draft.servers, faults: faults.filter((fault) => fault.path?.startsWith('mcpServers') === true) }
}

/** As `serversOfText`, of the manifest in a folder. */
export function readServers(folder: string, options: Pick<ProjectOptions, 'env'>): ReturnType<typeof serversOfText> {
  const manifest = readManifest(folder)
  return 'fault' in manifest ? { servers: [], faults: [manifest.fault] } : serversOfText(manifest.text, options)
}

function readManifest(folder: string): { readonly text: string } | { readonly fault: Fault } {
  const found = readBounded(join(folder, manifestFile), manifestBytesMax)
  if (!('why' in found)) return found
  const code = found.isTooLarge ? 'MANIFEST_LIMIT_EXCEEDED' : 'MANIFEST_MISSING'
  const message = `${manifestFile} in ${folder} cannot be read: ${found.why}.`
  const mend = found.isTooLarge
    ? 'Make it smaller.'
    : found.isMissing
      ? 'Run `airworthy init` here, or name the folder with --project.'
      : 'Make it a file of UTF-8 text that this user may read.'
  return { fault: { code, message, mend, file: manifestFile } }
}

/** The lock of a folder; no file is no fault here, a tool that needs one says so. */
export function readLock(folder: string): { readonly lock?: Lock; readonly faults: readonly Fault[] } {
  const found = readBounded(join(folder, lockFile), lockBytesMax)
  if (!('why' in found)) return parseLock(found.text, lockFile)
  if (found.isMissing) return { faults: [] }
  const mend = 'Make the file readable, or run `airworthy lock` to write it anew.'
  return {
    faults: [{ code: 'LOCK_INVALID', message: `${lockFile} cannot be read: ${found.why}.`, mend, file: lockFile }],
  }
}

function readPolicies(folder: string): { sources: { file: string; text: string }[]; faults: readonly Fault[] } {
  const mend = 'Make the files readable and few.'
  let names: string[]
  let unread: string[]
  try {
    const found = readdirSync(join(folder, 'policies'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.toLowerCase().endsWith('.cedar'))
      .sort()
    names = found.filter((name) => name.endsWith('.cedar') && !name.includes(sep))
    unread = found.filter((name) => !names.includes(name))
  } catch (error) {
    const { code = 'unknown reason' } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return { sources: [], faults: [] }
    // As below: the rule that forbids may be in there.
    const message = `The folder policies/ cannot be read: ${whys[code] ?? code}.`
    return { sources: [], faults: [{ code: 'MANIFEST_FILE_MISSING', message, mend, file: 'policies/' }] }
  }
  if (unread.length > 0) {
    const message = `Policies are read from policies/*.cedar alone, so ${unread.slice(0, 5).join(', ')} would not be in force.`
    const move = 'Move it up into policies/, its name ending in .cedar, or take it away.'
    return { sources: [], faults: [{ code: 'MANIFEST_FILE_MISSING', message, mend: move, file: 'policies/' }] }
  }
  if (names.length > policyFilesMax) {
    const message = `policies/ has ${names.length} files; the limit is ${policyFilesMax}.`
    return { sources: [], faults: [{ code: 'MANIFEST_LIMIT_EXCEEDED', message, mend, file: 'policies/' }] }
  }
  const sources: { file: string; text: string }[] = []
  const faults: Fault[] = []
  let left = policyBytesMax
  for (const name of names) {
    const file = `policies/${name}`
    const found = readBounded(join(folder, 'policies', name), left)
    if ('why' in found) {
      // A rule that cannot be read may be the one that forbids, so the whole project is refused.
      const code = found.isTooLarge ? 'MANIFEST_LIMIT_EXCEEDED' : 'MANIFEST_FILE_MISSING'
      faults.push({ code, message: `The policies in ${file} cannot be read: ${found.why}.`, mend, file })
    } else {
      sources.push({ file, text: found.text })
      left -= Buffer.byteLength(found.text)
    }
  }
  return { sources, faults }
}

/** The prompt's text; undefined when it cannot be read or lies outside the folder. */
function readPrompt(folder: string, prompt: string): string | undefined {
  if (isAbsolute(prompt)) return undefined
  const path = resolve(folder, prompt)
  if (!path.startsWith(resolve(folder) + sep)) return undefined
  const found = readBounded(path, promptBytesMax)
  return 'why' in found ? undefined : found.text
}

type Found =
  | { readonly text: string }
  | { readonly why: string; readonly isMissing: boolean; readonly isTooLarge: boolean }

function readBounded(path: string, bytesMax: number): Found {
  try {
    const stats = statSync(path)
    if (!stats.isFile()) return { why: 'it is not a file', isMissing: false, isTooLarge: false }
    if (stats.size > bytesMax) {
      return {
        why: `it has ${stats.size} bytes, and the limit here is ${bytesMax}`,
        isMissing: false,
        isTooLarge: true,
      }
    }
    const text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path))
    return { text }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const isMissing = code === 'ENOENT'
    return { why: whys[code ?? ''] ?? code ?? 'it is not UTF-8', isMissing, isTooLarge: false }
  }
}

const whys: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user may not read it',
  EPERM: 'this user may not read it',
  ENOTDIR: 'it is no folder',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'it is not UTF-8',
}
