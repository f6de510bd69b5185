/** From evidence to go or no-go. No evidence is NO-GO; unknown counts as NO-GO; stale, missing or foreign evidence never passes. */
import type { Digest } from '../core/digest.ts'
import type { ManifestException } from '../core/manifest/effective.ts'
import { controls as allControls, type Control, notBuilt } from './controls.ts'
import type { Demands } from './demands.ts'
import type { Evidence } from './evidence.ts'
import { judgeControl } from './judge-control.ts'
import type { ControlState, ControlVerdict, UsedException, Verdict, VerdictSummary } from './verdict.ts'

export interface DecideInput {
  /** The kit's own list when left out. */
  readonly controls?: readonly Control[]
  /** All that is on record, in any order; duplicates and what belongs to other releases change nothing. */
  readonly evidence: readonly Evidence[]
  /** From the manifest: `demandsOf`. */
  readonly demands: Demands
  readonly release: Digest
  readonly environment: string
  /** Milliseconds since 1970. */
  readonly now: number
}

const mendsMax = 3

/**
 * The verdict about a release in an environment at a time. Equal evidence, in whatever order and however often, gives the
 * byte-identical verdict. Pure: no clock, no disk, no network; never throws for well-typed input.
 * @example decide({ evidence: [], demands, release, environment: 'dev', now: Date.now() }).verdict // 'NO-GO'
 */
export function decide(input: DecideInput): Verdict {
  const { controls = allControls, evidence, demands, release, environment, now } = input
  const byControl = Map.groupBy(evidence, ({ control }) => control)
  const judged = controls.map((control) => {
    const question = { demands, release, environment, nowMs: now }
    return excused(judgeControl(control, byControl.get(control.id) ?? [], question), demands, now)
  })
  const isGo = judged.every(({ isClear, exception }) => isClear || exception !== undefined)
  const used = judged.flatMap(({ isClear, exception }) => (isClear || exception === undefined ? [] : [exception]))
  const listed = judged.map((each) => each.verdict)
  const open = judged.filter(({ isClear, exception }) => !isClear && exception === undefined)
  const verdict = !isGo ? 'NO-GO' : used.length > 0 ? 'GO WITH EXCEPTIONS' : 'GO'
  return {
    verdict,
    environment,
    release,
    at: new Date(now).toISOString(),
    controls: listed,
    exceptions: isGo ? used : [],
    summary: summaryOf(
      verdict,
      listed,
      open.map((each) => each.verdict),
      isGo ? used : [],
    ),
  }
}

interface Excused {
  readonly verdict: ControlVerdict
  /** Needs no exception. */
  readonly isClear: boolean
  readonly exception?: UsedException
}

/** Whether the control stands by itself, or by an exception that a named person gave with a reason and an end. */
function excused(verdict: ControlVerdict, demands: Demands, nowMs: number): Excused {
  const lowered = demands.lowered.filter(({ control }) => control === verdict.id).map(({ what }) => what)
  const isGood = verdict.state === 'pass' || verdict.state === 'not_applicable'
  if (isGood && lowered.length === 0) return { verdict, isClear: true }
  const own = demands.exceptions.filter(({ control }) => control === verdict.id).sort(byText)
  const valid = own.find((exception) => isValid(exception, nowMs))
  const notes =
    lowered.length === 0 ? [] : [`The manifest lowers its floor: ${[...new Set(lowered)].sort().join('; ')}.`]
  if (valid !== undefined) {
    const { control, by, reason, expires } = valid
    notes.push(`Excepted by ${by} until ${expires}: ${reason}`)
    return { verdict: withNotes(verdict, notes), isClear: false, exception: { control, by, reason, expires } }
  }
  const [ended] = own
  if (ended !== undefined) notes.push(`The exception by ${ended.by} (${ended.expires}) has ended or is incomplete.`)
  const noted = withNotes(verdict, notes)
  return { verdict: isGood ? { ...noted, state: 'fail', mend: raiseFloor } : noted, isClear: false }
}

const raiseFloor = 'Raise the value to the floor, or add an exception with by, reason and expires.'

function withNotes(verdict: ControlVerdict, notes: readonly string[]): ControlVerdict {
  return notes.length === 0 ? verdict : { ...verdict, why: [verdict.why, ...notes].join(' ') }
}

function isValid({ by, reason, expires }: ManifestException, nowMs: number): boolean {
  if (by.trim() === '' || reason.trim() === '') return false
  // A day ends with its last millisecond, in UTC. A text that is no time compares as false: the exception does not hold.
  const endMs = Date.parse(expires.includes('T') ? expires : `${expires}T23:59:59.999Z`)
  return endMs > nowMs
}

/** The longest lasting first, then by text: the choice must not depend on the order in which they are listed. */
function byText(left: ManifestException, right: ManifestException): number {
  const key = ({ expires, by, reason }: ManifestException): string => JSON.stringify([expires, by, reason])
  return key(left) < key(right) ? 1 : -1
}

function summaryOf(
  verdict: Verdict['verdict'],
  controls: readonly ControlVerdict[],
  open: readonly ControlVerdict[],
  used: readonly UsedException[],
): VerdictSummary {
  const count = (state: ControlState): number => controls.filter((control) => control.state === state).length
  const counts = {
    pass: count('pass'),
    fail: count('fail'),
    unknown: count('unknown'),
    not_applicable: count('not_applicable'),
  }
  const excepted = used.length === 0 ? '' : `; excepted: ${used.map(({ control }) => control).join(', ')}`
  const text = `${verdict}: ${counts.pass} pass, ${counts.fail} fail, ${counts.unknown} unknown, ${counts.not_applicable} not applicable${excepted}`
  return { ...counts, mends: firstMends(open), text }
}

/** What failed comes before what is unknown, and what nobody can mend yet comes last. One mend for several controls stands once. */
function firstMends(open: readonly ControlVerdict[]): readonly string[] {
  const urgency = ({ state, mend }: ControlVerdict): number => (state === 'fail' ? 0 : mend === notBuilt() ? 2 : 1)
  const ordered = open.toSorted((left, right) => urgency(left) - urgency(right))
  const byMend = Map.groupBy(ordered, ({ mend }) => mend)
  return [...byMend].slice(0, mendsMax).map(([mend, mended]) => `${mended.map(({ id }) => id).join(', ')}: ${mend}`)
}
