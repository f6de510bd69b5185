/**
 * The recorder of the kit's own spans: a third reader, beside ledger and log, of what the guard did. The guard hands over references
 * and goes on; spans are built and written afterwards, in batches. What cannot be written in time is dropped and counted, never
 * waited for: the ledger has it, and the next start makes up for it.
 */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import type { Guard, PassageEnd } from '../../guard/guard.ts'
import type { GuardStore } from '../../guard/port.ts'
import type { SpanRecord } from '../../telemetry/span.ts'
import type { RecordedModelCall, SpanSourceStore } from './kit-spans-port.ts'
import { modelSpan } from './model-span.ts'
import { spansOfPassage } from './passage-spans.ts'
import type { TraceStore } from './port.ts'
import { spansOfRecord } from './recorded-spans.ts'
import { spanOfTask } from './task-span.ts'

export interface KitSpans {
  /** A passage came to something. Takes no time: it is looked at later. */
  passed(end: PassageEnd): void
  /** An action ended outside a passage (rejected, expired, reported, in doubt). Those that go on are left alone. */
  actionEnded(actionId: string): void
  taskClosed(taskId: string): void
  /**
   * Makes up for actions, model calls and tasks that ended and have no span, because the process that ran them died: at first of the last day, then of
   * what ended since. Those of the last half minute are left for a later round. @returns how many there were
   */
  rebuild(): Promise<number>
  /** Returns when all that was handed over before is written or given up, at most after the time. */
  flush(timeoutMs?: number): Promise<void>
  status(): KitSpansStatus
  /** Writes what is left, at most so long. */
  close(timeoutMs: number): Promise<void>
}

export interface KitSpansStatus {
  /** Handed over and not written yet. */
  readonly waiting: number
  readonly written: number
  /** Lost: the store did not keep up, or did not answer for long. */
  readonly dropped: number
}

export interface KitSpansOptions {
  readonly guard: Guard
  readonly guardStore: Pick<GuardStore, 'readTask' | 'readApproval'>
  readonly sources: SpanSourceStore
  readonly traces: Pick<TraceStore, 'recordSpans'>
  readonly log: (line: string) => void
  /** Told of spans once they are written. */
  readonly onWritten?: (spans: readonly SpanRecord[]) => void
}

/** What was handed over and not built yet; a passage holds its arguments and result by reference. */
export const handedOverMax = 5_000
/** Built and not written: their content is bounded, so this bounds the memory. */
const unwrittenMax = 10_000
const batchMax = 500
/** How long spans wait for others to share their transaction. */
const gatherMs = 100
const retryMs = 1_000
/** How long spans are built in one turn of the loop: for so long an action may have to wait; longer when so many passages wait. */
const turnMsMax = 0.3
const backloggedTurnMsMax = 4
const backlog = 500
const rebuiltMax = 5_000
const rebuiltWithinMs = 24 * 3_600_000
/** What ended just now may still be on its way through another gateway's recorder. */
const settlingMs = 30_000

type Item =
  | { readonly kind: 'passage'; readonly end: PassageEnd }
  | { readonly kind: 'action' | 'task'; readonly id: string; readonly isLost: boolean }
  | { readonly kind: 'lost-call'; readonly call: RecordedModelCall }

export function kitSpans({ guard, guardStore, sources, traces, log, onWritten }: KitSpansOptions): KitSpans {
  let items: Item[] = []
  let unwritten: SpanRecord[] = []
  let written = 0
  let dropped = 0
  let told = 0
  let timer: NodeJS.Timeout | undefined
  let round: Promise<void> = Promise.resolve()
  let isClosed = false
  let rebuiltUntilMs = 0

  function drop(count: number, why: string): void {
    dropped += count
    // Once for each tenfold: a store that is away for long must not fill the log.
    if (dropped < told * 10) return
    told = dropped
    log(`${dropped} spans of the kit were dropped: ${why}`)
  }

  function take(item: Item): void {
    if (isClosed) return
    if (items.length >= handedOverMax) drop(1, `more than ${handedOverMax} passages wait to be written`)
    else {
      items.push(item)
      wake(gatherMs)
    }
  }

  function wake(inMs: number): void {
    if (timer !== undefined) return
    timer = setTimeout(() => {
      timer = undefined
      round = round.then(() => drain(true))
    }, inMs)
    timer.unref()
  }

  /**
   * @param isPatient  what is handed over meanwhile waits for others again, unless it fills a batch: to a store that is busy, small
   * batches would be most of its work.
   */
  async function drain(isPatient: boolean): Promise<void> {
    while (items.length > 0) {
      const batch = items
      items = []
      const turnMs = batch.length > backlog ? backloggedTurnMsMax : turnMsMax
      let turnBeganMs = performance.now()
      for (const item of batch) {
        if (performance.now() - turnBeganMs > turnMs) {
          await nextTurn()
          turnBeganMs = performance.now()
        }
        try {
          const spans = item.kind === 'passage' ? spansOfPassage(guard, item.end) : await spansOfItem(item)
          if (unwritten.length + spans.length > unwrittenMax) drop(spans.length, 'the store does not take them')
          else unwritten.push(...spans)
        } catch (error) {
          drop(1, error instanceof Error ? error.message : String(error))
        }
      }
      if (!(await write())) return wake(retryMs)
      if (isPatient && items.length < batchMax) return
    }
    if (unwritten.length > 0 && !(await write())) wake(retryMs)
  }

  /** False when the store took no more. */
  async function write(): Promise<boolean> {
    while (unwritten.length > 0) {
      const batch = unwritten.slice(0, batchMax)
      try {
        await traces.recordSpans(batch)
      } catch (error) {
        log(`spans of the kit could not be written and wait: ${error instanceof Error ? error.message : String(error)}`)
        return false
      }
      unwritten = unwritten.slice(batch.length)
      written += batch.length
      onWritten?.(batch)
    }
    return true
  }

  async function spansOfItem(item: Exclude<Item, { kind: 'passage' }>): Promise<readonly SpanRecord[]> {
    if (item.kind === 'lost-call') {
      const { call } = item
      const task = await guardStore.readTask(call.taskId, Number.MAX_SAFE_INTEGER)
      return task === undefined ? [] : [modelSpan({ mode: guard.mode, task, call, isRebuilt: true })]
    }
    if (item.kind === 'task') {
      const totals = await sources.taskTotals(item.id)
      const span = totals === undefined ? undefined : spanOfTask(totals, guard.mode, item.isLost)
      return span === undefined ? [] : [span]
    }
    const recorded = await sources.recordedAction(item.id)
    if (recorded === undefined) return []
    const { approvalId, task: taskId } = recorded.action
    const task = await guardStore.readTask(taskId, Number.MAX_SAFE_INTEGER)
    if (task === undefined) return []
    const approval = approvalId === undefined ? undefined : await guardStore.readApproval(approvalId)
    return spansOfRecord(guard, { ...recorded, task, approval }, item.isLost)
  }

  async function settled(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    round = round.then(() => drain(false))
    await round
  }

  return {
    passed: (end) => take({ kind: 'passage', end }),
    actionEnded: (id) => take({ kind: 'action', id, isLost: false }),
    taskClosed: (id) => take({ kind: 'task', id, isLost: false }),
    async rebuild() {
      const nowMs = guard.ports.clock()
      const untilMs = nowMs - settlingMs
      const fromMs = Math.max(nowMs - rebuiltWithinMs, rebuiltUntilMs - settlingMs)
      const window = { fromMs, untilMs, limit: rebuiltMax }
      const actions = await sources.untracedActions(window)
      const tasks = await sources.untracedTasks(window)
      const calls = await sources.untracedModelCalls(window)
      for (const id of actions) take({ kind: 'action', id, isLost: true })
      for (const id of tasks) take({ kind: 'task', id, isLost: true })
      for (const call of calls) take({ kind: 'lost-call', call })
      rebuiltUntilMs = untilMs
      return actions.length + tasks.length + calls.length
    },
    async flush(timeoutMs = 10_000) {
      await Promise.race([settled(), sleep(timeoutMs, undefined, { ref: false })])
    },
    status: () => ({ waiting: items.length + unwritten.length, written, dropped }),
    async close(timeoutMs) {
      await Promise.race([settled(), sleep(timeoutMs, undefined, { ref: false })])
      isClosed = true
      clearTimeout(timer)
      const left = items.length + unwritten.length
      if (left > 0) drop(left, 'the kit stopped before they could be written')
    },
  }
}
