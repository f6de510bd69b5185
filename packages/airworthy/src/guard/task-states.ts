/** A gateway's copies of task states, so that a long task's facts are not read at every call. The store's list is the truth. */
import type { TaskRecord } from './port.ts'
import { type TaskState, taskStateOf, withFacts } from './task-state.ts'

export interface TaskStates {
  /** Number of the last fact in the copy; 0: there is none, read all. */
  lastFact(task: string): number
  /** The state after the facts of a task that was read behind `lastFact`. */
  advance(task: TaskRecord, readAfter: number): TaskState
}

/** Bounds memory; the task that was not used for longest is forgotten. */
const tasksMax = 1_000

export function taskStates(): TaskStates {
  const known = new Map<string, TaskState>()
  return {
    lastFact: (task) => known.get(task)?.lastFact ?? 0,
    advance(task, readAfter) {
      const copy = known.get(task.id)
      // Another call of the same task may have moved the copy on, or it was forgotten, while the store was asked.
      const begun = copy ?? (readAfter === 0 ? taskStateOf([]) : undefined)
      if (begun === undefined) throw new Error('Invariant broken: facts were read behind a copy that is gone')
      const state = withFacts(
        begun,
        task.facts.filter(({ n }) => n > begun.lastFact),
      )
      known.delete(task.id)
      known.set(task.id, state)
      if (known.size > tasksMax) known.delete(known.keys().next().value as string)
      return state
    },
  }
}
