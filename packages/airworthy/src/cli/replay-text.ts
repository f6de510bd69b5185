/** A replay for people and as JSON. Ids and tool names are other people's texts. */
import type { Reason } from '../core/decision.ts'
import { printable } from '../core/printable.ts'
import type { JudgedCall, ReplayComparison } from '../operate/replay/compare-replays.ts'
import type { Replay, ReplayedCall, ReplayTotals } from '../operate/replay/replay.ts'
import { table } from './table.ts'

const callsShownMax = 50

export function replayText({ runs, totals, notes, faults }: Replay): string {
  const denied = runs.flatMap(({ id, calls }) =>
    calls.filter(({ decision }) => decision === 'deny').map((call) => ({ id, call })),
  )
  const count = (number: number): string => number.toLocaleString('en-US')
  const lines = [
    `${count(totals.runs)} runs, ${count(totals.calls)} calls: ${count(totals.allowed)} allowed, ${count(totals.held)} held, ${count(totals.denied)} denied`,
    ...named('why', totals.reasons),
    ...named('auth checks that nobody answered', totals.unknownChecks),
    ...(totals.callsWithoutResult === 0 ? [] : [`calls whose result was not recorded: ${totals.callsWithoutResult}`]),
    '',
    table(
      ['tool', 'allowed', 'held', 'denied'],
      Object.entries(totals.tools)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([tool, sums]) => [printable(tool), `${sums.allowed}`, `${sums.held}`, `${sums.denied}`]),
    ),
    ...(denied.length === 0 ? [] : ['denied:']),
    ...denied.slice(0, callsShownMax).map(({ id, call }) => `  ${printable(id)} [${call.index}] ${callText(call)}`),
    ...(denied.length > callsShownMax ? [`  ... and ${denied.length - callsShownMax} more; --json lists all`] : []),
    ...faults.map((fault) => `THE GUARD FAILED: ${printable(fault)}`),
    ...notes.map((note) => `Note: ${note}`),
  ]
  return `${lines.join('\n')}\n`
}

function named(title: string, counts: Readonly<Record<string, number>>): readonly string[] {
  const parts = Object.entries(counts).sort(([, a], [, b]) => b - a)
  return parts.length === 0 ? [] : [`${title}: ${parts.map(([name, number]) => `${name} ${number}`).join(', ')}`]
}

function callText({ tool, decision, reasons, policies }: JudgedCall): string {
  const codes = [...new Set(reasons.map(({ code }) => code))].join(', ')
  const [first] = reasons
  // The first reason's sentence says which argument, which check, which budget; it holds no argument values.
  const why = first === undefined ? '' : `: ${first.path === undefined ? '' : `${first.path} `}${first.message}`
  const by = policies.length === 0 ? '' : ` (${policies.join(', ')})`
  return `${printable(tool)} ${decision}${codes === '' ? '' : ` ${codes}`}${decision === 'deny' ? printable(why) : ''}${by}`
}

export function comparisonText({ changes, counts }: ReplayComparison, against: string): string {
  if (changes.length === 0) return `\nNo decision differs from ${printable(against)}.\n`
  const lines = [
    '',
    `${changes.length} decisions differ from ${printable(against)}: ${Object.entries(counts)
      .map(([step, number]) => `${step} ${number}`)
      .join(', ')}`,
    ...changes
      .slice(0, callsShownMax)
      .map(
        ({ run, index, before, after }) => `  ${printable(run)} [${index}] ${callText(before)} -> ${callText(after)}`,
      ),
    ...(changes.length > callsShownMax ? [`  ... and ${changes.length - callsShownMax} more; --json lists all`] : []),
  ]
  return `${lines.join('\n')}\n`
}

/** The document that others rely on: `runs` and `totals`; `changes` with `--against`. */
export function replayJson({ runs, totals, notes, faults }: Replay, comparison: ReplayComparison | undefined) {
  return {
    runs: runs.map(({ id, name, calls }) => ({ id, name, calls: calls.map(callJson) })),
    totals: totalsJson(totals),
    ...(comparison === undefined
      ? {}
      : {
          changes: comparison.changes.map(({ run, index, before, after }) => ({
            run,
            index,
            before: judgedJson(before),
            after: judgedJson(after),
          })),
          change_counts: comparison.counts,
        }),
    notes,
    faults,
  }
}

function callJson(call: ReplayedCall) {
  return {
    index: call.index,
    ...judgedJson(call),
    roles: call.roles,
    labels: call.labels,
    untrusted: call.untrusted,
    unknown_checks: call.unknownChecks,
  }
}

function judgedJson({ tool, decision, reasons, policies }: JudgedCall): {
  readonly tool: string
  readonly decision: string
  readonly reasons: readonly Reason[]
  readonly policies: readonly string[]
} {
  return { tool, decision, reasons, policies }
}

function totalsJson(totals: ReplayTotals) {
  const { callsWithUnknownChecks, unknownChecks, callsWithoutResult, ...plain } = totals
  return {
    ...plain,
    calls_with_unknown_checks: callsWithUnknownChecks,
    unknown_checks: unknownChecks,
    calls_without_result: callsWithoutResult,
  }
}
