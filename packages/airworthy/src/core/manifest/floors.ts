/** The checklist's numbers are floors: a manifest may be stricter; a weaker value needs an exception with a name, a reason and an end. */
import { durationMsOf } from '../duration.ts'
import {
  gatesDefault,
  postmortemWithinMsDefault,
  scheduleMsMax,
  scheduleWordsMs,
  weekOverWeekDefault,
} from './defaults.ts'
import type { ManifestException } from './effective.ts'
import type { WrittenManifest } from './manifest-shape.ts'
import type { Path } from './read-yaml.ts'

export interface BelowFloor {
  readonly path: Path
  readonly control: string
  readonly message: string
  readonly mend: string
}

/**
 * Every value weaker than its floor that no exception covers.
 * @param nowMs exceptions that ended before it cover nothing; without it their end is not looked at.
 */
export function belowFloors(
  manifest: WrittenManifest,
  exceptions: readonly ManifestException[],
  nowMs?: number,
): readonly BelowFloor[] {
  const found: BelowFloor[] = []
  const covers = (control: string): 'yes' | 'ended' | 'no' => {
    const own = exceptions.filter((exception) => exception.control === control)
    if (own.some((exception) => nowMs === undefined || endMs(exception.expires) > nowMs)) return 'yes'
    return own.length > 0 ? 'ended' : 'no'
  }
  const check = (control: string, path: Path, isWeaker: boolean, written: string | number, floor: string): void => {
    const cover = covers(control)
    if (!isWeaker || cover === 'yes') return
    const ended = cover === 'ended' ? ` The exception for ${control} has ended.` : ''
    const message = `${path.join('.')} is ${written}; ${control} demands ${floor}.${ended}`
    found.push({
      path,
      control,
      message,
      mend: `Write ${floor}, or add an exception for ${control} with by, reason and expires.`,
    })
  }
  const atLeast = (control: string, path: Path, written: number | undefined, floor: number): void =>
    check(control, path, written !== undefined && written < floor, written ?? 0, `at least ${floor}`)
  const within = (control: string, path: Path, written: string | undefined, floorMs: number, floor: string): void => {
    const ms = written === undefined ? undefined : (scheduleWordsMs[written] ?? durationMsOf(written))
    check(control, path, ms !== undefined && ms > floorMs, written ?? '', `at most ${floor}`)
  }

  const { gates } = manifest
  atLeast('EVAL-1', ['gates', 'scenarios'], gates?.scenarios, gatesDefault.scenarios)
  atLeast('EVAL-3', ['gates', 'pass_rate'], gates?.pass_rate, gatesDefault.passRate)
  atLeast('EVAL-4', ['gates', 'adversarial'], gates?.adversarial, gatesDefault.adversarial)
  check('EVAL-4', ['gates', 'category_c'], (gates?.category_c ?? 0) > 0, gates?.category_c ?? 0, 'exactly 0')
  const calibration = ['gates', 'calibration'] as const
  within('EVAL-6', [...calibration, 'every'], gates?.calibration?.every, gatesDefault.calibration.everyMs, '31d')
  atLeast('EVAL-6', [...calibration, 'min_labels'], gates?.calibration?.min_labels, gatesDefault.calibration.minLabels)
  atLeast(
    'EVAL-6',
    [...calibration, 'c_sensitivity'],
    gates?.calibration?.c_sensitivity,
    gatesDefault.calibration.cSensitivity,
  )
  atLeast('EVAL-6', [...calibration, 'agreement'], gates?.calibration?.agreement, gatesDefault.calibration.agreement)
  within(
    'INC-3',
    ['incidents', 'postmortem_within'],
    manifest.incidents?.postmortem_within,
    postmortemWithinMsDefault,
    '48h',
  )
  manifest.alerts?.forEach((alert, index) => {
    const isCost = alert.rule === 'week_over_week' && alert.metric === 'cost_per_task'
    check(
      'BUDGET-3',
      ['alerts', index, 'above'],
      isCost && alert.above > weekOverWeekDefault,
      alert.above,
      `at most ${weekOverWeekDefault}`,
    )
  })
  const { schedules, data } = manifest
  within('DATA-5', ['schedules', 'redteam'], schedules?.redteam, scheduleMsMax.redteam, '31d')
  within('INC-1', ['schedules', 'drills'], schedules?.drills, scheduleMsMax.drills, '90d')
  within(
    'EVAL-6',
    ['schedules', 'calibration_sample'],
    schedules?.calibration_sample,
    scheduleMsMax.calibration_sample,
    '31d',
  )
  for (const dataClass of ['pii', 'secret', 'regulated'] as const) {
    const rule = data?.[dataClass]
    check(
      'DATA-2',
      ['data', dataClass, 'before_retrieval'],
      rule?.before_retrieval === 'allow',
      'allow',
      'redact, pseudonymize or block',
    )
    check(
      'DATA-4',
      ['data', dataClass, 'before_export'],
      rule?.before_export === 'allow',
      'allow',
      'redact, pseudonymize or block',
    )
    check('DATA-1', ['data', dataClass, 'detect'], rule?.detect?.length === 0, 'empty', 'at least one detector')
  }
  return found
}

/** A day ends with its last millisecond, in UTC. */
function endMs(expires: string): number {
  return expires.includes('T') ? Date.parse(expires) : Date.parse(`${expires}T23:59:59.999Z`)
}
