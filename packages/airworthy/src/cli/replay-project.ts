/**
 * Joins a project folder, a store in memory and recorded runs into a replay or a suggestion: what `policy replay` and `policy suggest`
 * call, and tests of a project.
 */
import { basename, dirname } from 'node:path'
import { invariant, throwFaults } from '../core/errors.ts'
import type { EffectiveManifest } from '../core/manifest/effective.ts'
import { loadPolicies } from '../guard/build-guard.ts'
import { manifestFile, readProject } from '../operate/onboard/read-project.ts'
import type { Replay } from '../operate/replay/replay.ts'
import { type ReplayRequest, replayRuns } from '../operate/replay/replay-runs.ts'
import { type Suggestion, suggest } from '../operate/replay/suggest.ts'
import type { LoadedPolicies } from '../policy/guard-policies.ts'
import { openSqliteStore } from '../store/sqlite/store.ts'

export interface ReplayProject extends Pick<ReplayRequest, 'runs' | 'principal' | 'answerCheck'> {
  /** Folder with airworthy.yaml, airworthy.lock and policies/, or the path of that airworthy.yaml. */
  readonly manifest: string
  /** Default: none; addresses are not resolved, for nobody is called. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/** @throws the manifest's and policies' faults, all at once. */
export async function replayProject(project: ReplayProject): Promise<Replay> {
  return await replayRuns(requestOf(project))
}

/** @throws the manifest's and policies' faults, all at once. */
export async function suggestForProject(
  project: ReplayProject & { readonly isJudgedOnly: boolean },
): Promise<Suggestion> {
  return await suggest({ ...requestOf(project), isJudgedOnly: project.isJudgedOnly })
}

function requestOf({ manifest, env = {}, ...request }: ReplayProject): ReplayRequest {
  return { ...loadProject(manifest, env), ...request, openStore: () => openSqliteStore(':memory:', () => {}) }
}

function loadProject(
  path: string,
  env: Readonly<Record<string, string | undefined>>,
): { readonly manifest: EffectiveManifest; readonly policies: LoadedPolicies } {
  const folder = basename(path) === manifestFile ? dirname(path) : path
  const { effective, faults } = readProject(folder, { env, resolve: false })
  throwFaults(faults)
  invariant(effective !== undefined, 'a project without faults has a manifest')
  return { manifest: effective, policies: loadPolicies(effective) }
}
