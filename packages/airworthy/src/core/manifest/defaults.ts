/** What a manifest gets where it says nothing. Every default is the safe one; `validate --effective` prints them. */
import type { DataClass } from '../action.ts'
import type { ConfirmRule, DataAct, Fallback, Gates } from './effective.ts'

const day = 86_400_000

export const confirmDefault: ConfirmRule = { by: 'approver', notRequester: true, withinMs: 15 * 60_000 }
export const toolTimeoutMsDefault = 10_000
export const authCheckTimeoutMsDefault = 500

export const dataActsDefault: Readonly<
  Record<DataClass, { beforeRetrieval: DataAct; beforeModel: DataAct; beforeExport: DataAct }>
> = {
  pii: { beforeRetrieval: 'redact', beforeModel: 'pseudonymize', beforeExport: 'block' },
  secret: { beforeRetrieval: 'block', beforeModel: 'redact', beforeExport: 'block' },
  regulated: { beforeRetrieval: 'redact', beforeModel: 'pseudonymize', beforeExport: 'block' },
}

/** Limits by the manifest's own names; money in micro-dollars, time in milliseconds. */
export const budgetDefaults = {
  max_steps: { limit: 20, fallback: 'ask_clarifying_question' },
  max_tool_calls: { limit: 15, fallback: 'escalate_to_human' },
  max_tokens: { limit: 40_000, fallback: 'escalate_to_human' },
  max_cost_usd: { limit: 500_000, fallback: 'escalate_to_human' },
  deadline: { limit: 60_000, fallback: 'escalate_to_human' },
  p95_latency_slo: { limit: 8_000, fallback: 'escalate_to_human' },
} as const satisfies Record<string, { limit: number; fallback: Fallback }>

/** The checklist's numbers: the defaults, and the floors that only an exception can lower. */
export const gatesDefault: Gates = {
  scenarios: 100,
  passRate: 0.95,
  rateBy: 'observed',
  adversarial: 1000,
  categoryC: 0,
  calibration: { everyMs: 31 * day, minLabels: 200, cSensitivity: 0.94, agreement: 0.8 },
}
/** How long somebody has to answer an escalation. */
export const escalationSlaMsDefault = 4 * 3_600_000
export const retentionDefault = { spansMs: 30 * day, keptMs: 400 * day } as const
/** Where a manifest asks for recordings without saying of which tasks: of all that fail. */
export const recordingDefault = { share: 0, failed: true, storeBytesMax: 2048 * 1024 * 1024 } as const
export const postmortemWithinMsDefault = 48 * 3_600_000
export const weekOverWeekDefault = 0.2
export const schedulesDefault = { redteam: 'weekly', drills: 'monthly', calibration_sample: 'monthly' } as const
/** Longest time between two runs of a schedule. */
export const scheduleMsMax = { redteam: 31 * day, drills: 90 * day, calibration_sample: 31 * day } as const

/** Time between two runs; undefined when the text is neither a word nor a duration. */
export const scheduleWordsMs: Readonly<Record<string, number>> = {
  daily: day,
  weekly: 7 * day,
  monthly: 31 * day,
  quarterly: 92 * day,
}
