/**
 * From one reading to the next state of an alert: ok, rising, firing, resolved, and no data, which is never taken for ok. Pure.
 *
 *     ok -> rising     above as seen, and not certain yet or not for long enough
 *     rising -> ok     back at nine tenths of the threshold, so that a value beside it does not flicker
 *     any -> firing    above, certainly, for as long as the rule says
 *     firing -> resolved    at nine tenths or below for five minutes, or for as long as the rule waits
 *     any but firing -> no_data    a window has too few tasks; what fires goes on firing: silence is no recovery
 */
import type { JsonObject } from '../../core/json.ts'
import type { AlertRule } from '../../core/manifest/alert-rules.ts'

export type AlertState = 'ok' | 'rising' | 'firing' | 'resolved' | 'no_data'

export type Reading =
  | { readonly kind: 'no-data'; readonly why: string }
  | {
      readonly kind: 'value'
      readonly value: number
      /** `uncertain`: above as seen, and the guard is not sure enough. */
      readonly verdict: 'below' | 'uncertain' | 'above'
      /** One sentence for people. */
      readonly why: string
      readonly details?: JsonObject
    }

export interface AlertRecord {
  readonly name: string
  readonly revision: number
  readonly state: AlertState
  /** Since when it is in this state. */
  readonly sinceMs: number
  readonly evaluatedMs: number
  readonly value?: number
  readonly why: string
  readonly details?: JsonObject
  readonly aboveSinceMs?: number
  readonly clearSinceMs?: number
  /** When people were last told that it fires. */
  readonly notifiedMs?: number
  /** People were told of this firing. */
  readonly isTold?: boolean
  readonly silence?: { readonly untilMs: number; readonly by: string; readonly reason: string }
}

export interface AlertStep {
  readonly record: AlertRecord
  readonly isChanged: boolean
  /** What people are told now. */
  readonly tell?: 'firing' | 'resolved' | 'no_data'
}

/** Part of the threshold at which it counts as over. */
const clearShare = 0.9
const clearForMsMin = 5 * 60_000
/** After a notification nothing new of the same alert is sent for so long. */
const quietMs = 15 * 60_000
const resolvedShownMs = 24 * 60 * 60_000

export function advanceAlert(
  earlier: AlertRecord | undefined,
  rule: AlertRule,
  reading: Reading,
  nowMs: number,
): AlertStep {
  const previous = earlier && notLaterThan(earlier, nowMs)
  const isAbove = reading.kind === 'value' && reading.verdict === 'above'
  const isClear = reading.kind === 'value' && reading.verdict === 'below' && reading.value <= clearShare * rule.above
  const aboveSinceMs = isAbove ? (previous?.aboveSinceMs ?? nowMs) : undefined
  const clearSinceMs = isClear ? (previous?.clearSinceMs ?? nowMs) : undefined
  const state = nextState()
  const isFirst = previous === undefined && (state === 'ok' || state === 'no_data')
  const isChanged = state !== previous?.state && !isFirst
  const wasTold = previous?.isTold === true
  const isSilent = previous?.silence !== undefined && nowMs < previous.silence.untilMs
  const tell = isSilent ? undefined : toTell()
  const isTold = state === 'firing' && (tell === 'firing' || (previous?.state === 'firing' && wasTold))
  const record: AlertRecord = {
    name: rule.name,
    revision: (previous?.revision ?? 0) + 1,
    state,
    sinceMs: state === previous?.state ? previous.sinceMs : nowMs,
    evaluatedMs: nowMs,
    why: reading.why,
    ...(reading.kind === 'value' && { value: reading.value }),
    ...(reading.kind === 'value' && reading.details !== undefined && { details: reading.details }),
    ...(aboveSinceMs !== undefined && { aboveSinceMs }),
    ...(clearSinceMs !== undefined && { clearSinceMs }),
    ...(tell === 'firing'
      ? { notifiedMs: nowMs }
      : previous?.notifiedMs !== undefined && { notifiedMs: previous.notifiedMs }),
    ...(isTold && { isTold }),
    ...(isSilent && previous?.silence !== undefined && { silence: previous.silence }),
  }
  return { record, isChanged, ...(tell !== undefined && { tell }) }

  function nextState(): AlertState {
    if (previous?.state === 'firing') {
      const isOver = clearSinceMs !== undefined && nowMs - clearSinceMs >= Math.max(rule.forMs, clearForMsMin)
      return isOver ? 'resolved' : 'firing'
    }
    if (reading.kind === 'no-data') return 'no_data'
    if (aboveSinceMs !== undefined && nowMs - aboveSinceMs >= rule.forMs) return 'firing'
    if (reading.verdict !== 'below') return 'rising'
    if (previous?.state === 'rising') return isClear ? 'ok' : 'rising'
    if (previous?.state === 'resolved' && nowMs - previous.sinceMs < resolvedShownMs) return 'resolved'
    return 'ok'
  }

  function toTell(): AlertStep['tell'] {
    const lastMs = previous?.notifiedMs ?? Number.NEGATIVE_INFINITY
    if (state === 'firing') {
      const isTheSame = previous?.state === 'firing' && wasTold
      return nowMs - lastMs >= (isTheSame ? rule.repeatMs : quietMs) ? 'firing' : undefined
    }
    if (state === 'resolved' && isChanged && wasTold) return 'resolved'
    const hadData = previous !== undefined && previous.state !== 'no_data'
    return state === 'no_data' && hadData && rule.noData === 'notify' ? 'no_data' : undefined
  }
}

/** A clock that was ahead and was set right again must not keep an alert as it is until that time has come. */
function notLaterThan(record: AlertRecord, nowMs: number): AlertRecord {
  const { sinceMs, aboveSinceMs, clearSinceMs, notifiedMs } = record
  return {
    ...record,
    sinceMs: Math.min(sinceMs, nowMs),
    ...(aboveSinceMs !== undefined && { aboveSinceMs: Math.min(aboveSinceMs, nowMs) }),
    ...(clearSinceMs !== undefined && { clearSinceMs: Math.min(clearSinceMs, nowMs) }),
    ...(notifiedMs !== undefined && { notifiedMs: Math.min(notifiedMs, nowMs) }),
  }
}
