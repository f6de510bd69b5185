/** From what a probe saw to evidence: a failure outweighs what could not be seen, and that outweighs a pass. */

import type { Guard } from '../../guard/guard.ts'
import type { Evidence } from '../../readiness/evidence.ts'
import type { Finding, ProbeResult } from './probe-context.ts'

/** Findings beyond this many are counted; evidence is read by people and kept for long. */
const findingsMax = 5

export function evidenceOfProbe(
  guard: Guard,
  made: { readonly control: string; readonly producer: string; readonly atMs: number },
  result: ProbeResult,
): Evidence {
  const { failures, unclear, seen, simulated = false, notJudged, details } = result
  const outcome = failures.length > 0 ? 'fail' : unclear.length > 0 ? 'unknown' : 'pass'
  const findings = failures.length > 0 ? failures : unclear
  return {
    ...made,
    release: guard.release,
    environment: guard.environment,
    simulated,
    outcome,
    summary: outcome === 'pass' ? seen : sentences(findings),
    ...(findings.length === 0
      ? {}
      : { mend: [...new Set(findings.slice(0, findingsMax).map(({ mend }) => mend))].join(' ') }),
    ...(notJudged === undefined || notJudged.length === 0 ? {} : { notJudged }),
    ...(details === undefined ? {} : { details }),
  }
}

function sentences(findings: readonly Finding[]): string {
  const rest = findings.length - findingsMax
  const first = findings.slice(0, findingsMax).map(({ what }) => what)
  return [...first, ...(rest > 0 ? [`There are ${rest} more such findings.`] : [])].join(' ')
}
