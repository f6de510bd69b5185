/** `airworthy validate`: every fault of manifest, lock, policies and datasets at once; what each tool may do; what was filled in. */
import { buildCommand } from '@stricli/core'
import { stringify } from 'yaml'
import { AirworthyError, type Fault, renderFault } from '../core/errors.ts'
import type { EffectiveManifest } from '../core/manifest/effective.ts'
import { printable } from '../core/printable.ts'
import { loadPolicies } from '../guard/build-guard.ts'
import { type Project, readProject } from '../operate/onboard/read-project.ts'
import type { LoadedPolicies } from '../policy/guard-policies.ts'
import { type CliContext, exitCodes, printJson, runCommand } from './context.ts'
import { datasetFiles, loadDataset } from './evals/load-dataset.ts'
import { jsonFlag, projectFlag } from './flags.ts'
import { foldersOf } from './kit-access.ts'
import { staleReleaseNote } from './stale-release.ts'
import { table } from './table.ts'

interface Flags {
  readonly json: boolean
  readonly project: string | undefined
  readonly effective: boolean
}

export const validateCommand = buildCommand<Flags, [], CliContext>({
  docs: { brief: 'All faults of manifest, lock, policies and datasets; what is in force' },
  parameters: {
    flags: {
      json: jsonFlag,
      project: projectFlag,
      effective: { kind: 'boolean', brief: 'Print the whole effective manifest, defaults included', default: false },
    },
  },
  async func(given) {
    await runCommand(this, given.json, async () => {
      const { project: folder } = foldersOf(this, given)
      // Nothing is resolved, so neither secrets nor addresses are needed or printed.
      const project = readProject(folder, { env: this.env, resolve: false, nowMs: Date.now() })
      const checked = checkPolicies(project)
      const datasets = datasetFaults(this.cwd, folder)
      const faults = [...project.faults, ...checked.faults, ...datasets]
      const view = viewOf(project, checked.policies, this.env)
      if (given.json) {
        printJson(this, {
          ok: faults.length === 0,
          faults,
          ...view,
          ...(given.effective && { effective: project.draft ?? null }),
        })
      } else {
        if (project.draft !== undefined) {
          if (given.effective) this.stdout.write(`${effectiveText(project.draft)}\n`)
          this.stdout.write(viewText(view))
        }
        // Last, so that a screen ends with them.
        if (faults.length > 0) this.stderr.write(`${faults.map(renderFault).join('\n\n')}\n\n`)
        const count = `${faults.length} ${faults.length === 1 ? 'fault' : 'faults'}`
        const isDatasetOnly = faults.length === datasets.length
        const what = isDatasetOnly ? 'No eval runs with this dataset.' : 'Nothing starts with this manifest.'
        this.stdout.write(faults.length === 0 ? 'No faults.\n' : `${count}. ${what}\n`)
      }
      const stale = faults.length === 0 ? await staleReleaseNote(this, given) : undefined
      if (stale !== undefined) this.stderr.write(`${stale}\n`)
      if (faults.some((fault) => fault.code === 'MANIFEST_MISSING')) return exitCodes.usage
      return faults.length === 0 ? exitCodes.pass : exitCodes.fail
    })
  },
})

/** Faults after which the tools are not all known; policies that name one of them would be blamed for it. */
const hideTools: ReadonlySet<string> = new Set([
  'MANIFEST_TOOL_UNKNOWN',
  'MANIFEST_KEY_MISSING',
  'MANIFEST_SCHEMA_INVALID',
  'LOCK_MISSING',
  'LOCK_INVALID',
  'LOCK_DIGEST_MISMATCH',
])

function checkPolicies(project: Project): { policies?: LoadedPolicies; faults: readonly Fault[] } {
  if (project.draft === undefined || project.faults.some((fault) => hideTools.has(fault.code))) return { faults: [] }
  try {
    return { policies: loadPolicies(project.draft), faults: [] }
  } catch (error) {
    if (error instanceof AirworthyError) return { faults: error.faults }
    throw error
  }
}

/** Of the form of `evals/`, where there is one; whether a scenario can fail and pass, `eval lint` tells. */
function datasetFaults(cwd: string, folder: string): readonly Fault[] {
  if (datasetFiles(folder).length === 0) return []
  try {
    loadDataset(cwd, folder, [])
    return []
  } catch (error) {
    if (error instanceof AirworthyError) return error.faults
    throw error
  }
}

interface View {
  readonly tools: readonly Readonly<Record<string, unknown>>[]
  readonly untyped: readonly { readonly tool: string; readonly path: string; readonly why: string }[]
  readonly unbounded: readonly { readonly tool: string; readonly path: string }[]
  readonly detectors_not_built: readonly string[]
  readonly variables: readonly { readonly name: string; readonly set: boolean }[]
  readonly defaulted: EffectiveManifest['defaulted']
  readonly notes: readonly string[]
  readonly policies: { readonly digest: string } | null
}

function viewOf(project: Project, policies: LoadedPolicies | undefined, env: CliContext['env']): View {
  const { draft, variables } = project
  const tools = draft?.tools ?? []
  return {
    tools: tools.map((tool) => ({
      name: tool.name,
      server: tool.server ?? null,
      effect: tool.effect,
      reach: tool.reach,
      confirmation_required: tool.confirm !== undefined,
      confirm:
        tool.confirm === undefined
          ? null
          : { by: tool.confirm.by, not_requester: tool.confirm.notRequester, within_ms: tool.confirm.withinMs },
      auth_checks: tool.authChecks,
      permit: tool.permit ?? null,
      unbounded: tool.unbounded,
    })),
    untyped: policies?.untyped ?? [],
    unbounded: tools.flatMap((tool) => tool.unbounded.map((path) => ({ tool: tool.name, path }))),
    detectors_not_built: draft === undefined ? [] : Object.values(draft.data).flatMap((rule) => rule.notBuilt),
    variables: variables.map((name) => ({ name, set: (env[name] ?? '') !== '' })),
    defaulted: draft?.defaulted ?? [],
    notes: draft === undefined ? [] : notesOf(project, draft, policies),
    policies: policies === undefined ? null : { digest: policies.digest },
  }
}

function notesOf(project: Project, draft: EffectiveManifest, policies: LoadedPolicies | undefined): readonly string[] {
  const notes: string[] = []
  if (draft.principal.assertedByAgent) notes.push('The agent itself says who the user is; nobody verifies it.')
  if (draft.policies.length === 0 && draft.tools.every((tool) => tool.permit === undefined))
    notes.push('There is no permit and no policy: everything is denied.')
  const unchecked = draft.tools
    .filter((tool) => tool.effect !== 'read' && tool.authChecks.length === 0)
    .map((tool) => tool.name)
  if (unchecked.length > 0) notes.push(`These change state without an auth check (SCOPE-4): ${unchecked.join(', ')}.`)
  notes.push('max_steps and max_tokens bind the model calls that go through the kit.')
  for (const { control, by, reason, expires } of draft.exceptions)
    notes.push(`Exception for ${control} by ${by} until ${expires}: ${reason}`)
  if (policies === undefined && project.faults.some((fault) => hideTools.has(fault.code)))
    notes.push('The policies were not checked: first mend the faults of tools and lock.')
  return notes
}

function viewText(view: View): string {
  const sections: string[] = []
  const add = (title: string, body: string): void => {
    if (body !== '') sections.push(`${title}\n${body}`)
  }
  const rows = view.tools.map((tool) => [
    String(tool.name),
    String(tool.server ?? '(caller)'),
    String(tool.effect),
    String(tool.reach),
    confirmationText(tool),
  ])
  if (rows.length > 0) sections.push(table(['TOOL', 'SERVER', 'EFFECT', 'REACH', 'CONFIRMATION'], rows))
  add(
    'Without a bound (SCOPE-2 fails until somebody sets one under limits):',
    view.unbounded.map(({ tool, path }) => `  ${tool} ${printable(path || '/')}\n`).join(''),
  )
  add(
    'Arguments that policies cannot name:',
    view.untyped.map(({ tool, path, why }) => `  ${tool} ${printable(path || '/')}: ${printable(why)}\n`).join(''),
  )
  add(
    'Detectors not built in this version:',
    view.detectors_not_built.length === 0 ? '' : `  ${view.detectors_not_built.join(', ')}\n`,
  )
  add('Environment:', view.variables.map(({ name, set }) => `  ${name}${set ? '' : ' (not set)'}\n`).join(''))
  add(
    'Defaults:',
    view.defaulted
      .map(({ path, value, why }) => `  ${printable(`${path}: ${JSON.stringify(value)}`)}  (${why})\n`)
      .join(''),
  )
  add('Notes:', view.notes.map((note) => `  ${printable(note)}\n`).join(''))
  return sections.map((section) => `${section}\n`).join('')
}

function confirmationText(tool: Readonly<Record<string, unknown>>): string {
  const confirm = tool.confirm as { by: string } | null
  return confirm === null ? '' : `CONFIRMATION REQUIRED by ${confirm.by}`
}

/** The effective manifest as YAML; policies by file only, they have a command of their own. */
function effectiveText(draft: EffectiveManifest): string {
  const { defaulted: _shown, policies, ...rest } = draft
  return stringify(
    { ...rest, policies: policies.map(({ file }) => file) },
    { lineWidth: 0, aliasDuplicateObjects: false },
  )
}
