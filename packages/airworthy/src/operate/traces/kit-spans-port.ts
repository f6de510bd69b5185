/** What the kit's own spans ask of a store: the ledger, where no passage is at hand, and what has no span yet. */
import type { ActionState } from '../../core/action.ts'
import type { JsonObject } from '../../core/json.ts'
import type { ActionRecord, TaskRecord } from '../../guard/port.ts'

export interface SpanSourceStore {
  /** Undefined when there is no such task. */
  taskTotals(taskId: string): Promise<TaskTotals | undefined>
  /** The action with the entries that say what was decided and what became of it. */
  recordedAction(actionId: string): Promise<RecordedAction | undefined>
  /** Actions that ended within this time and have no span, the latest first; only so many of the latest are looked at. */
  untracedActions(window: TraceWindow): Promise<readonly string[]>
  /** Tasks that were closed within this time and have no span, likewise. */
  untracedTasks(window: TraceWindow): Promise<readonly string[]>
  /** Model calls that succeeded or failed within this time and have no span, likewise. */
  untracedModelCalls(window: TraceWindow): Promise<readonly RecordedModelCall[]>
  /** Open tasks that were opened before, whose last action or model call was before, and in which nothing waits or runs. */
  idleTasks(filter: { readonly beforeMs: number; readonly limit: number }): Promise<readonly string[]>
  /** The latest actions of a release that ended since then, probes left out. */
  endedActions(filter: {
    readonly release: string
    readonly sinceMs: number
    readonly limit: number
  }): Promise<readonly EndedAction[]>
  /** Attributes of spans that the kit wrote, in the order asked; undefined for one that is not there. */
  kitSpans(ids: readonly SpanId[]): Promise<readonly (JsonObject | undefined)[]>
  /** The traces of tasks, the latest first. */
  listTasks(page: { readonly limit: number; readonly withProbes: boolean }): Promise<readonly TaskSummary[]>
}

export interface TraceWindow {
  readonly fromMs: number
  readonly untilMs: number
  readonly limit: number
}

export interface TaskTotals {
  readonly task: TaskRecord
  readonly steps: number
  /** Model tokens, those that are reserved now included. */
  readonly tokens: number
  /** Some call had no price. */
  readonly isUnpriced: boolean
  /** The one that cost most; absent where none was called. */
  readonly model?: string
  /** Budgets that it ran out of, in the order in which it did, each with what it fell back to. */
  readonly exhaustions: readonly { readonly budget: string; readonly fallback: string }[]
  /** When its last action or model call ended, or began; when it was opened where it had none. */
  readonly lastActMs: number
}

export interface RecordedAction {
  readonly action: ActionRecord
  readonly costUsdMicros: number
  /** As the tool gave it; undefined when there was none, or it was erased. */
  readonly result?: JsonObject | undefined
  /** Entry of the arguments and of the decision. */
  readonly askedEntry: { readonly id: string; readonly text: string }
  readonly settledEntry?: { readonly id: string; readonly text: string }
}

export interface RecordedModelCall {
  readonly id: string
  readonly taskId: string
  readonly model: string
  readonly state: 'succeeded' | 'failed'
  readonly beganMs: number
  readonly endedMs: number
  /** What was noted of the answer and of settling it. */
  readonly details: JsonObject
}

export interface EndedAction {
  readonly id: string
  readonly tool: string
  readonly state: ActionState
  /** It may have reached its tool. */
  readonly isExecuted: boolean
  readonly traceId: string
  readonly endedMs: number
}

export interface SpanId {
  readonly traceId: string
  readonly spanId: string
}

export interface TaskSummary {
  readonly id: string
  readonly agent: string
  readonly type?: string
  readonly principalId: string
  readonly traceId: string
  readonly createdMs: number
  readonly closedMs?: number
  readonly toolCalls: number
  readonly costUsdMicros: number
  readonly probe: boolean
}
