/**
 * One check: the probes and the drill run, their evidence is recorded, and the verdict is decided over everything on record
 * about this release, signed and entered into the log. A check of another time only decides: it runs and records nothing.
 */
import { randomBytes } from 'node:crypto'
import { type EntryDraft, saltBytes, sealEntry } from '../../audit/seal-entry.ts'
import { digestOf } from '../../core/digest.ts'
import { AirworthyError } from '../../core/errors.ts'
import { decide } from '../../readiness/decide.ts'
import { demandsOf } from '../../readiness/demands.ts'
import type { Evidence } from '../../readiness/evidence.ts'
import type { Verdict } from '../../readiness/verdict.ts'
import { drills } from '../drills/drills.ts'
import { evidenceOfProbe } from '../probes/evidence-of-probe.ts'
import type { ProbeContext, ProbeResult } from '../probes/probe-context.ts'
import { probes } from '../probes/probes.ts'
import type { CheckContext } from './port.ts'
import { type DsseEnvelope, dsseEnvelope, verdictStatement } from './report.ts'

export interface CheckResult {
  readonly verdict: Verdict
  /** Absent for a check of another time. */
  readonly report?: DsseEnvelope
}

/**
 * @param request.atMs judges the evidence on record as of then, milliseconds since 1970; nothing is run, recorded or signed.
 * @throws STORE_UNAVAILABLE, and what the audit log throws; a probe that throws is an `unknown`, never a pass.
 */
export async function runCheck(context: CheckContext, request: { readonly atMs?: number } = {}): Promise<CheckResult> {
  const { guard, nowMs } = context.probes
  const judge = async (now: number): Promise<Verdict> =>
    decide({
      evidence: await context.evidence.evidenceOf(guard.release),
      demands: demandsOf(guard.manifest),
      release: guard.release,
      environment: guard.environment,
      now,
    })
  if (request.atMs !== undefined) return { verdict: await judge(request.atMs) }

  const evidence = await gatherEvidence(context)
  await context.evidence.recordEvidence({ evidence, entry: evidenceEntry(context.probes, evidence) })
  const verdict = await judge(nowMs())
  const report = dsseEnvelope(verdictStatement(guard.manifest.agent, verdict), context.key)
  const body = { name: 'report', salt: randomBytes(saltBytes), content: JSON.stringify(report) }
  await context.append(sealEntry(verdictEntry(context.probes, verdict), [body]))
  return { verdict, report }
}

/**
 * Runs the drills of these names, or all of them, and records their evidence; what it says of the release counts in the next verdict.
 * @throws DRILL_UNKNOWN, STORE_UNAVAILABLE; a drill that throws is an `unknown`.
 */
export async function runDrills(context: CheckContext, names?: readonly string[]): Promise<readonly Evidence[]> {
  const unknown = names?.find((name) => drills.every((drill) => drill.name !== name))
  if (unknown !== undefined) {
    throw new AirworthyError({
      code: 'DRILL_UNKNOWN',
      message: `There is no drill ${unknown.slice(0, 64)}.`,
      mend: `Name one of ${[...new Set(drills.map(({ name }) => name))].join(', ')}.`,
    })
  }
  const wanted = drills.filter(({ name }) => names === undefined || names.includes(name))
  const evidence = await evidenceOf(context, wanted.map(drillRun(context)))
  await context.evidence.recordEvidence({ evidence, entry: evidenceEntry(context.probes, evidence) })
  return evidence
}

interface EvidenceRun {
  readonly control: string
  readonly kind: 'probe' | 'drill'
  readonly run: () => Promise<ProbeResult>
}

const drillRun =
  (context: CheckContext) =>
  ({ control, run }: (typeof drills)[number]): EvidenceRun => ({ control, kind: 'drill', run: () => run(context) })

/** The drills come before the last probe, which reads the log that all of them wrote. */
async function gatherEvidence(context: CheckContext): Promise<readonly Evidence[]> {
  const runs = probes.map(
    ({ control, probe }): EvidenceRun => ({ control, kind: 'probe', run: () => probe(context.probes) }),
  )
  return await evidenceOf(context, [...runs.slice(0, -1), ...drills.map(drillRun(context)), ...runs.slice(-1)])
}

async function evidenceOf(
  { probes: { guard, nowMs }, version }: CheckContext,
  runs: readonly EvidenceRun[],
): Promise<readonly Evidence[]> {
  const evidence: Evidence[] = []
  for (const { control, kind, run } of runs) {
    const result = await run().catch(unclearResult)
    evidence.push(evidenceOfProbe(guard, { control, producer: `${kind} ${version}`, atMs: nowMs() }, result))
  }
  return evidence
}

function unclearResult(error: unknown): ProbeResult {
  const why = error instanceof Error ? error.message : String(error)
  return {
    failures: [],
    unclear: [{ what: `It could not be tried: ${why}`, mend: 'Mend the cause, and run `airworthy check` again.' }],
    seen: '',
  }
}

function evidenceEntry({ guard, nowMs }: ProbeContext, evidence: readonly Evidence[]): EntryDraft {
  return {
    ...base({ guard, nowMs }),
    kind: 'evidence-recorded',
    details: { outcomes: Object.fromEntries(evidence.map(({ control, outcome }) => [control, outcome])) },
  }
}

function verdictEntry({ guard, nowMs }: ProbeContext, verdict: Verdict): EntryDraft {
  const { pass, fail, unknown, not_applicable: inapplicable } = verdict.summary
  return {
    ...base({ guard, nowMs }),
    kind: 'verdict-given',
    details: {
      verdict: verdict.verdict,
      digest: digestOf(verdict),
      counts: { pass, fail, unknown, not_applicable: inapplicable },
      exceptions: verdict.exceptions.map(({ control }) => control),
    },
  }
}

function base({ guard, nowMs }: Pick<ProbeContext, 'guard' | 'nowMs'>): Omit<EntryDraft, 'kind'> {
  return {
    id: guard.ports.newId('ent'),
    timeMs: nowMs(),
    actor: { kind: 'kit', id: guard.owner, verifiedBy: 'kit' },
    agent: guard.manifest.agent,
    release: guard.release,
    environment: guard.environment,
    mode: guard.mode,
    object: guard.release,
  }
}
