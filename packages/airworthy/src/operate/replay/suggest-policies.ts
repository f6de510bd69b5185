/**
 * Least-privilege Cedar from observed calls: one permit for each tool that was seen, none for one that was not. A suggestion for a
 * person to read: nothing here is written or put in force.
 */
import type { EffectiveManifest, EffectiveTool } from '../../core/manifest/effective.ts'
import { printable } from '../../core/printable.ts'
import { cedarString } from '../../policy/shorthand-permit.ts'
import type { Observations, ObservedCall } from './observe-calls.ts'
import { type SuggestedCondition, suggestConditions } from './suggest-conditions.ts'

export interface SuggestedPolicy {
  readonly tool: string
  readonly calls: number
  readonly runs: number
  /** Of the calls: in runs of which nobody said how they ended. */
  readonly unjudgedCalls: number
  readonly conditions: readonly SuggestedCondition[]
  /** Roles that must confirm it, beyond what the tool itself demands: whoever held any of the calls holds all that this permits. */
  readonly confirm: readonly string[]
  readonly cedar: string
  /** Permits that allow these calls today; while they stand, this one narrows nothing. */
  readonly widerPermits: readonly string[]
}

/** In the order of tool names. Pure. */
export function suggestPolicies(manifest: EffectiveManifest, observations: Observations): SuggestedPolicy[] {
  return manifest.tools
    .flatMap((tool) => {
      const calls = observations.tools.get(tool.name)
      if (calls === undefined) return []
      const conditions = suggestConditions(manifest, tool, calls)
      const counts = {
        calls: calls.length,
        runs: new Set(calls.map(({ run }) => run)).size,
        unjudgedCalls: calls.filter(({ isUnjudged }) => isUnjudged).length,
      }
      const confirm = rolesOf(tool, calls)
      return [
        {
          tool: tool.name,
          ...counts,
          conditions,
          confirm,
          cedar: cedarOf(tool.name, counts, conditions, confirm),
          widerPermits: permitsOf(calls),
        },
      ]
    })
    .sort((a, b) => (a.tool < b.tool ? -1 : 1))
}

function permitsOf(calls: readonly ObservedCall[]): readonly string[] {
  return [...new Set(calls.flatMap(({ permits }) => permits))].sort()
}

/** A permit that holds for somebody must not be followed by one that does not, whoever removes which. */
function rolesOf(tool: EffectiveTool, calls: readonly ObservedCall[]): readonly string[] {
  const own = tool.confirm?.by ?? (tool.effect === 'irreversible' ? 'approver' : undefined)
  return [...new Set(calls.flatMap(({ roles }) => roles))].filter((role) => role !== own).sort()
}

/** Every line says how many calls it rests on. Several roles are several permits: each that is satisfied asks for its own. */
function cedarOf(
  tool: string,
  { calls, runs, unjudgedCalls }: { readonly calls: number; readonly runs: number; readonly unjudgedCalls: number },
  conditions: readonly SuggestedCondition[],
  confirm: readonly string[],
): string {
  const unjudged = unjudgedCalls === 0 ? '' : `; ${unjudgedCalls} of the calls in runs that nobody judged`
  const head = `// ${printable(tool)}: ${counted(calls, 'call')} in ${counted(runs, 'run')}${unjudged}.`
  const scope = `permit (principal, action == Action::${cedarString(printable(tool))}, resource)`
  const lines = conditions.map(
    ({ cedar, calls: shown }, index) => `  ${index === 0 ? '' : '&& '}${cedar} // ${counted(shown, 'call')}`,
  )
  const permit =
    lines.length === 0
      ? `${scope}; // ${counted(calls, 'call')}\n`
      : `${scope} // ${counted(calls, 'call')}\nwhen {\n${lines.join('\n')}\n};\n`
  const permits =
    confirm.length === 0
      ? [permit]
      : confirm.map(
          (role) => `@confirm(${cedarString(role)}) // held in recorded calls; ${counted(calls, 'call')}\n${permit}`,
        )
  return `${head}\n${permits.join('\n')}`
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

/** The text of a policy file that holds these alone. */
export function suggestedText(policies: readonly SuggestedPolicy[]): string {
  return policies.map(({ cedar }) => cedar).join('\n')
}
