/**
 * The minute: whichever gateway wins the tick runs the schedules that are due and evaluates every alert; all of them deliver what
 * waits in the outbox. Nothing here stands in the way of an action.
 */
import { deliverNotifications, type NotificationDelivery } from '../notifications/deliver-notifications.ts'
import type { NotificationStore } from '../notifications/port.ts'
import { runDueSchedules, type Schedules } from '../schedules/run-schedules.ts'
import { type AlertEvaluation, evaluateAlerts } from './evaluate-alerts.ts'
import type { AlertStore } from './port.ts'

export interface WatchParts {
  readonly evaluation: AlertEvaluation
  readonly alerts: AlertStore
  readonly notifications: Pick<NotificationStore, 'forgetNotifications'>
  readonly delivery: NotificationDelivery
  readonly schedules: Schedules
  readonly clock: () => number
  readonly log: (line: string) => void
}

export interface Watch {
  start(): void
  /** Lets what runs end, bounded by the caller. */
  stop(): Promise<void>
  /** One minute's work, if nobody else has done it; true when it was done here. */
  tick(): Promise<boolean>
}

const minuteMs = 60_000
const roundMs = 5_000
/** Settled notifications are kept for so long. */
const keptMs = 30 * 24 * 60 * minuteMs
const forgetMax = 1_000

export function createWatch(parts: WatchParts): Watch {
  const { evaluation, alerts, delivery, clock, log } = parts
  const { agent, environment } = evaluation.scope
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  let round: Promise<void> = Promise.resolve()
  let schedule: Promise<unknown> = Promise.resolve()
  let isScheduleRunning = false
  let seenMinute = 0

  async function tick(): Promise<boolean> {
    const minute = Math.floor(clock() / minuteMs) * minuteMs
    // Asked of the store once a minute, not at each round; and when the clock was set back.
    if (minute === seenMinute) return false
    seenMinute = minute
    if (!(await alerts.claimTick({ name: `alerts ${agent} ${environment}`, atMs: minute }))) return false
    // A drill may take longer than a minute; the alerts do not wait for it.
    if (!isScheduleRunning) {
      isScheduleRunning = true
      schedule = attempt('schedules', () => runDueSchedules(parts.schedules)).finally(() => {
        isScheduleRunning = false
      })
    }
    await evaluateAlerts(evaluation, clock())
    await parts.notifications.forgetNotifications({ beforeMs: clock() - keptMs, limit: forgetMax })
    return true
  }

  async function attempt(what: string, run: () => Promise<unknown>): Promise<void> {
    try {
      await run()
    } catch (error) {
      log(`${what} failed and are tried again: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  async function work(): Promise<void> {
    await attempt('alerts', tick)
    await attempt('notifications', () => deliverNotifications(delivery))
    if (isStopped) return
    timer = setTimeout(() => {
      round = work()
    }, roundMs)
    timer.unref()
  }

  return {
    start() {
      round = work()
    },
    async stop() {
      isStopped = true
      clearTimeout(timer)
      await round
      await schedule
    },
    tick,
  }
}
