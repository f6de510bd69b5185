/** A gateway's copies of task states, so that a long task's facts are not read at every call. The store's list is the truth. */
import type { TaskRecord } from './port.ts'
import { type TaskState, taskStateOf, withFacts } from './task-state.ts'

export interface TaskStates {
  /** The copy to read on from; undefined: there is none, read all. Whoever reads holds it: it may be forgotten meanwhile. */
  copyOf(task: string): TaskState | undefined
  /** The state after the facts of a task that was read behind `copy`. */
  advance(task: TaskRecord, copy: TaskState | undefined): TaskState
}

export interface TaskStatesLimits {
  readonly tasksMax: number
  /** Fingerprints and pseudonyms of all tasks together. */
  readonly valuesMax: number
}

/** Bounds memory; the task that was not used for longest is forgotten. */
const limitsOfGateway: TaskStatesLimits = { tasksMax: 1_000, valuesMax: 200_000 }

export function taskStates({ tasksMax, valuesMax }: TaskStatesLimits = limitsOfGateway): TaskStates {
  const known = new Map<string, { readonly state: TaskState; readonly size: number }>()
  let size = 0
  const forget = (task: string): void => {
    size -= known.get(task)?.size ?? 0
    known.delete(task)
  }
  return {
    copyOf: (task) => known.get(task)?.state,
    advance(task, copy) {
      // Another call of the same task may have moved the copy on while the store was asked.
      const current = known.get(task.id)?.state
      const begun = newerOf(current, copy) ?? taskStateOf([])
      const state = withFacts(
        begun,
        task.facts.filter(({ n }) => n > begun.lastFact),
      )
      forget(task.id)
      const added = { state, size: sizeOf(state) }
      known.set(task.id, added)
      size += added.size
      // A task that is too big alone is not kept at all.
      while (known.size > tasksMax || size > valuesMax) forget(known.keys().next().value as string)
      return state
    },
  }
}

function newerOf(a: TaskState | undefined, b: TaskState | undefined): TaskState | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return a.lastFact >= b.lastFact ? a : b
}

function sizeOf(state: TaskState): number {
  return state.provenance.origins.size + state.pseudonyms.length
}
