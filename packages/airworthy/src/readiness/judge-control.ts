/**
 * One control over its evidence. Of each producer only the newest observation is looked at; a fail among them outweighs
 * everything, then what could not be seen; nothing passes without a fresh pass that counts here.
 */
import { canonicalJson } from '../core/canonical.ts'
import type { Digest } from '../core/digest.ts'
import { type Control, notBuilt } from './controls.ts'
import type { Demands } from './demands.ts'
import type { Evidence } from './evidence.ts'
import type { ControlVerdict, CountedEvidence } from './verdict.ts'

export interface Question {
  readonly demands: Demands
  readonly release: Digest
  readonly environment: string
  readonly nowMs: number
}

/** @param evidence in any order, duplicates and evidence about other controls included. Pure. */
export function judgeControl(control: Control, evidence: readonly Evidence[], question: Question): ControlVerdict {
  const { id, title } = control
  const { environment } = question
  const unknown = (why: string, mend: string, shown: readonly Evidence[] = []): ControlVerdict => ({
    id,
    title,
    state: 'unknown',
    why,
    mend,
    evidence: shown.map(printed),
  })
  if (control.judged === 'nowhere') return unknown('This version does not judge this control.', notBuilt())
  const inapplicable = control.notApplicable?.(question.demands)
  if (inapplicable !== undefined) {
    return { id, title, state: 'not_applicable', why: inapplicable, mend: '', evidence: [] }
  }
  const own = evidence.filter((each) => each.control === id && each.release === question.release)
  const known = own.filter(({ atMs }) => atMs <= question.nowMs)
  if (control.judged === 'dev' && environment !== 'dev') {
    const seen = newestOfEachProducer(known).flatMap(({ notJudged = [] }) => notJudged)
    const open = seen.length === 0 ? '' : ` Not judged: ${[...new Set(seen)].join(' ')}`
    return unknown(`This version proves this control in dev alone.${open}`, notBuilt())
  }
  const local = control.holdsFor === 'release' ? known : known.filter((each) => each.environment === environment)
  const real = environment === 'dev' ? local : local.filter(({ simulated }) => !simulated)
  const newest = newestOfEachProducer(real)

  const failed = newest.filter(({ outcome }) => outcome === 'fail')
  if (failed.length > 0) {
    return {
      id,
      title,
      state: 'fail',
      why: sentences(failed),
      mend: mendOf(failed, control),
      evidence: newest.map(printed),
    }
  }
  const unseen = newest.filter(({ outcome }) => outcome === 'unknown')
  if (unseen.length > 0) return unknown(sentences(unseen), mendOf(unseen, control), newest)
  const fresh = newest.filter(({ atMs }) => question.nowMs - atMs <= control.freshMs)
  if (fresh.length > 0) {
    return { id, title, state: 'pass', why: sentences(fresh), mend: '', evidence: fresh.map(printed) }
  }
  return unknown(whyNothingCounts(), control.mend, newest)

  function whyNothingCounts(): string {
    if (newest.length > 0) {
      const lastMs = Math.max(...newest.map(({ atMs }) => atMs))
      const days = Math.round(control.freshMs / 86_400_000)
      return `The newest evidence is of ${new Date(lastMs).toISOString()} and counts for ${days} days.`
    }
    if (local.length > 0) return `All evidence was made with something simulated, which counts in dev alone.`
    if (known.length > 0) return `There is no evidence from the environment ${environment}.`
    if (own.length > 0) return 'All evidence is of a later time than the one asked about.'
    if (evidence.some((each) => each.control === id))
      return 'There is no evidence about this release, only about others.'
    return 'There is no evidence.'
  }
}

/** By producer without its version; of two at one time the worse counts, so that an order cannot decide. */
function newestOfEachProducer(evidence: readonly Evidence[]): readonly Evidence[] {
  const newest = new Map<string, Evidence>()
  for (const each of evidence) {
    const [name = ''] = each.producer.split(' ')
    const other = newest.get(name)
    if (other === undefined || compare(each, other) > 0) newest.set(name, each)
  }
  return [...newest.entries()].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, each]) => each)
}

const rank = { pass: 0, unknown: 1, fail: 2 } as const

function compare(left: Evidence, right: Evidence): number {
  if (left.atMs !== right.atMs) return left.atMs - right.atMs
  if (left.outcome !== right.outcome) return rank[left.outcome] - rank[right.outcome]
  const [leftText, rightText] = [canonicalJson(left), canonicalJson(right)]
  return leftText < rightText ? -1 : leftText > rightText ? 1 : 0
}

function sentences(evidence: readonly Evidence[]): string {
  const seen = [...new Set(evidence.map(({ summary }) => summary))]
  const open = [...new Set(evidence.flatMap(({ notJudged = [] }) => notJudged))]
  return [...seen, ...(open.length === 0 ? [] : [`Not judged: ${open.join(' ')}`])].join(' ')
}

function mendOf(evidence: readonly Evidence[], control: Control): string {
  const mends = [...new Set(evidence.flatMap(({ mend }) => (mend === undefined ? [] : [mend])))]
  return mends.length === 0 ? control.mend : mends.join(' ')
}

function printed(evidence: Evidence): CountedEvidence {
  const { producer, environment, atMs, outcome, simulated, summary, notJudged, details } = evidence
  return {
    producer,
    environment,
    at: new Date(atMs).toISOString(),
    outcome,
    simulated,
    summary,
    ...(notJudged === undefined || notJudged.length === 0 ? {} : { not_judged: notJudged }),
    ...(details === undefined ? {} : { details }),
  }
}
