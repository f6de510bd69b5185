/** The manifest's `alerts`, with every default filled in: those that it names, and those that no kit goes without. */

import { durationMsOf } from '../duration.ts'
import type { JsonObject } from '../json.ts'
import { weekOverWeekDefault } from './defaults.ts'
import type { WrittenManifest } from './manifest-shape.ts'
import type { Report } from './report.ts'

export const alertRuleNames = ['week_over_week', 'threshold', 'burn_rate'] as const

/** What can be watched, and the rules that can watch it. `cost_per_task` in US dollars, `p95_latency` in milliseconds, rates as shares of one. */
export const alertMetrics = {
  cost_per_task: { rules: ['week_over_week', 'threshold'], minTasks: 100 },
  tokens_per_task: { rules: ['week_over_week', 'threshold'], minTasks: 100 },
  p95_latency: { rules: ['threshold'], minTasks: 50 },
  slow_tasks: { rules: ['threshold', 'burn_rate'], minTasks: 20 },
  unpriced_rate: { rules: ['threshold'], minTasks: 20 },
  overrun_rate: { rules: ['threshold'], minTasks: 20 },
  tool_error_rate: { rules: ['threshold'], minTasks: 20 },
  policy_block_rate: { rules: ['threshold'], minTasks: 20 },
  held_rate: { rules: ['threshold'], minTasks: 20 },
  dropped_spans: { rules: ['threshold'], minTasks: 0 },
  missed_schedules: { rules: ['threshold'], minTasks: 0 },
  overdue_escalations: { rules: ['threshold'], minTasks: 0 },
  uncovered_entries: { rules: ['threshold'], minTasks: 0 },
} as const satisfies Record<string, { rules: readonly (typeof alertRuleNames)[number][]; minTasks: number }>

export type AlertMetric = keyof typeof alertMetrics
export const alertMetricNames = Object.keys(alertMetrics) as [AlertMetric, ...AlertMetric[]]

export interface AlertRule extends JsonObject {
  readonly name: string
  readonly rule: (typeof alertRuleNames)[number]
  readonly metric: AlertMetric
  readonly above: number
  /** `lower_bound`: it fires when the sample makes it certain; `observed`: at the number as it is seen. */
  readonly guard: 'lower_bound' | 'observed'
  /** Tasks (or actions) that a window must have; with fewer there is no data. */
  readonly minTasks: number
  /** Of `threshold` and `burn_rate`; week over week compares seven days with the seven before. */
  readonly windowMs: number
  /** `burn_rate` fires when this window is above the threshold too, so that it ends soon after the cause. */
  readonly shortWindowMs: number
  /** How long it must stay above before it fires. */
  readonly forMs: number
  /** While it fires, it is told again after this. */
  readonly repeatMs: number
  readonly noData: 'ignore' | 'notify'
  /** Names of channels. */
  readonly notify: readonly string[]
}

const minute = 60_000
const hour = 60 * minute
const repeatMsDefault = 24 * hour

export function alertsOf(manifest: WrittenManifest, report: Report): readonly AlertRule[] {
  const channels = notifiable(manifest)
  const written = (manifest.alerts ?? []).map((alert, index) => ruleOf(alert, index, report))
  const names = new Set<string>()
  for (const [index, { name }] of written.entries()) {
    if (names.has(name)) {
      const message = `Two alerts are named "${name}"; their states could not be told apart.`
      report.add('MANIFEST_VALUE_INVALID', ['alerts', index, 'name'], 'value', message, 'Give each a name of its own.')
    }
    names.add(name)
  }
  const added: AlertRule[] = []
  const addUnless = (isThere: boolean, alert: WrittenAlert, why: string): void => {
    if (isThere) return
    const rule = withDefaults({ ...alert, name: freeName(alert.name, names) })
    names.add(rule.name)
    // In the manifest's own words, to be taken over from `validate`.
    const { metric, above, notify } = alert
    report.filled(['alerts'], { name: rule.name, rule: rule.rule, metric, above, notify }, why)
    added.push(rule)
  }
  if (manifest.alerts === undefined) {
    const cost = { name: 'cost-per-task', rule: 'week_over_week', metric: 'cost_per_task' } as const
    addUnless(false, { ...cost, above: weekOverWeekDefault, notify: channels }, 'the checklist demands this alert')
  }
  for (const [metric, why] of Object.entries(neverUnwatched) as [AlertMetric, string][]) {
    const alert = { name: metric.replaceAll('_', '-'), rule: 'threshold', metric, above: 0, notify: channels } as const
    addUnless(
      written.some((own) => own.metric === metric),
      alert,
      why,
    )
  }
  return [...written, ...added]
}

const neverUnwatched: Readonly<Partial<Record<AlertMetric, string>>> = {
  missed_schedules: 'what is due and does not run must be noticed',
  uncovered_entries: 'an audit log that no checkpoint covers must be noticed',
}

type WrittenAlert = Omit<NonNullable<WrittenManifest['alerts']>[number], 'notify'> & {
  readonly notify: readonly string[]
}

function ruleOf(alert: WrittenAlert, index: number, report: Report): AlertRule {
  const { rule, metric } = alert
  const allowed: readonly string[] = alertMetrics[metric].rules
  if (!allowed.includes(rule)) {
    const message = `The rule ${rule} cannot watch ${metric}.`
    report.add('MANIFEST_VALUE_INVALID', ['alerts', index, 'rule'], 'value', message, `Write ${allowed.join(' or ')}.`)
  }
  const bounded = (
    key: 'window' | 'short_window' | 'for' | 'repeat',
    min: number,
    max: number,
    shown: string,
  ): void => {
    const ms = alert[key] === undefined ? undefined : durationMsOf(alert[key])
    if (ms === undefined || (ms >= min && ms <= max)) return
    const message = `${alert[key]} is not between ${shown}.`
    report.add('MANIFEST_VALUE_INVALID', ['alerts', index, key], 'value', message, 'Write a time within these.')
  }
  bounded('window', 5 * minute, 31 * 24 * hour, '5m and 31d')
  bounded('short_window', minute, 24 * hour, '1m and 24h')
  bounded('for', 0, 24 * hour, '0s and 24h')
  bounded('repeat', 5 * minute, 31 * 24 * hour, '5m and 31d')
  return withDefaults(alert)
}

function withDefaults(alert: WrittenAlert): AlertRule {
  const { name, rule, metric, above, notify } = alert
  const ms = (written: string | undefined, otherwise: number): number =>
    written === undefined ? otherwise : durationMsOf(written)!
  const minTasks = rule === 'week_over_week' ? 100 : Math.min(50, alertMetrics[metric].minTasks)
  return {
    name,
    rule,
    metric,
    above,
    guard: alert.guard ?? 'lower_bound',
    minTasks: alert.min_tasks ?? minTasks,
    windowMs: ms(alert.window, hour),
    shortWindowMs: ms(alert.short_window, 5 * minute),
    forMs: ms(alert.for, 0),
    repeatMs: ms(alert.repeat, repeatMsDefault),
    noData: alert.no_data ?? 'ignore',
    notify,
  }
}

/** Channels that people read; a witness takes checkpoints alone, and an anchor's file holds nothing else. */
function notifiable(manifest: WrittenManifest): readonly string[] {
  return Object.entries(manifest.channels ?? {})
    .filter(([name, channel]) => unnotifiable(manifest, name, channel) === undefined)
    .map(([name]) => name)
}

/** Why alerts cannot be sent there, one sentence; undefined: they can. */
export function unnotifiable(
  manifest: WrittenManifest,
  name: string,
  channel: NonNullable<WrittenManifest['channels']>[string],
): string | undefined {
  if (channel.witness !== undefined) return `The channel "${name}" is a witness, which takes checkpoints alone.`
  const isAnchor = manifest.audit?.anchors?.includes(name) === true
  return channel.file !== undefined && isAnchor
    ? `The channel "${name}" is the file of an anchor, which holds checkpoints alone.`
    : undefined
}

function freeName(wanted: string, taken: ReadonlySet<string>): string {
  let name = wanted
  for (let n = 2; taken.has(name); n++) name = `${wanted}-${n}`
  return name
}
