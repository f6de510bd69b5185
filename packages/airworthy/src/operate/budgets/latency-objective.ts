/**
 * `p95_latency_slo`: while tasks take longer than their objective, new ones begin on the cheaper model, or get the fallback. The p95
 * is read from rollups once a minute at most, when a task begins; what was decided stands on the task, so every gateway knows it.
 */
import type { BudgetRule } from '../../core/manifest/effective.ts'
import { exhaust } from '../../guard/exhaust.ts'
import { fallbackOf } from '../../guard/fallback.ts'
import type { Guard } from '../../guard/guard.ts'
import type { TaskRecord } from '../../guard/port.ts'
import { quantileOf } from '../../telemetry/rollups/histogram.ts'
import type { MetricsStore } from '../metrics/port.ts'

export interface TaskLatency {
  /** Tasks that were closed in the window; probes are none. */
  readonly tasks: number
  /** Without waiting for people; undefined: no task was closed. */
  readonly p95Ms: number | undefined
}

export interface LatencyObjective {
  /** Marks a task that has just begun, where the objective is missed. @returns it as it is now. */
  begin(task: TaskRecord): Promise<TaskRecord>
}

/** Fewer say nothing of a 95th percentile. */
export const tasksMin = 50
const latencyWindowMs = 3_600_000
const readEveryMs = 60_000

/** True when enough tasks were closed and their p95 is over the objective. Pure. */
export function isMissed({ limit }: BudgetRule, { tasks, p95Ms }: TaskLatency): boolean {
  return tasks >= tasksMin && p95Ms !== undefined && p95Ms > limit
}

/** @param read  the last hour's tasks; when it fails, what was known before counts. */
export function latencyObjective(guard: Guard, read: () => Promise<TaskLatency>): LatencyObjective {
  const rule = guard.manifest.budgets.p95LatencySloMs
  let latest: TaskLatency = { tasks: 0, p95Ms: undefined }
  let readAtMs = Number.NEGATIVE_INFINITY
  let reading: Promise<void> | undefined

  async function refresh(): Promise<void> {
    try {
      latest = await read()
    } catch (error) {
      guard.onFault?.(error)
    } finally {
      readAtMs = guard.ports.clock()
      reading = undefined
    }
  }

  return {
    async begin(task) {
      if (guard.mode !== 'enforce' || task.probe) return task
      // Of either sign: a clock that was set back must not keep what was read.
      if (Math.abs(guard.ports.clock() - readAtMs) >= readEveryMs) {
        reading ??= refresh()
        await reading
      }
      return isMissed(rule, latest) ? await beginSlow(guard, task, Math.round(latest.p95Ms as number)) : task
    },
  }
}

/** What a task that begins while the objective is missed is marked with. @throws STORE_UNAVAILABLE */
export async function beginSlow(guard: Guard, task: TaskRecord, p95Ms: number): Promise<TaskRecord> {
  const fallback = fallbackOf(guard.manifest, 'p95_latency_slo', p95Ms)
  await exhaust(guard, task, fallback)
  return fallback.kind === 'switch_model'
    ? { ...task, cheaper: true }
    : { ...task, stopped: { budget: 'p95_latency_slo', used: p95Ms } }
}

/** Of the agent in its environment, over the last hour. */
export async function readTaskLatency(guard: Guard, metrics: Pick<MetricsStore, 'readRollups'>): Promise<TaskLatency> {
  const toMs = guard.ports.clock()
  const [row] = await metrics.readRollups({
    family: 'task',
    fromMs: toMs - latencyWindowMs,
    toMs,
    filter: { agent: guard.manifest.agent, environment: guard.environment },
  })
  if (row === undefined) return { tasks: 0, p95Ms: undefined }
  const { sums, histograms } = row.value
  const worked = histograms.get('worked_ms')
  return { tasks: sums.get('count') ?? 0, p95Ms: worked === undefined ? undefined : quantileOf(worked, 0.95) }
}
