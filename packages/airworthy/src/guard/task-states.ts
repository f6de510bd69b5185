/**
 * A gateway's copies of tasks and their states, so that neither is read at every call. The store is the truth: step 11's act says
 * when a decision was made on a copy that others have overtaken.
 */
import type { FactBody, TaskAfter, TaskRecord } from './port.ts'
import { type TaskState, taskStateOf, withFacts } from './task-state.ts'

export interface TaskStates {
  /** The copy to read on from; undefined: there is none, read all. Whoever reads holds it: it may be forgotten meanwhile. */
  copyOf(task: string): TaskCopy | undefined
  /** The state after the facts of a task that was read behind `copy`. */
  advance(task: TaskRecord, copy: TaskState | undefined): TaskState
  /** An act of this gateway's own: its facts, and the task's numbers after it. */
  note(task: string, facts: readonly FactBody[], after: TaskAfter): void
  /** Something happened to the task that no copy knows. */
  outdate(task: string): void
}

export interface TaskCopy {
  readonly state: TaskState
  /** As it was after this gateway's last act, without facts; undefined: it must be read. */
  readonly task: TaskRecord | undefined
}

export interface TaskStatesLimits {
  readonly tasksMax: number
  /** Fingerprints and pseudonyms of all tasks together. */
  readonly valuesMax: number
}

/** Bounds memory; the task that was not used for longest is forgotten. */
const limitsOfGateway: TaskStatesLimits = { tasksMax: 1_000, valuesMax: 200_000 }

export function taskStates({ tasksMax, valuesMax }: TaskStatesLimits = limitsOfGateway): TaskStates {
  const known = new Map<string, TaskCopy & { readonly size: number }>()
  let size = 0
  const forget = (task: string): void => {
    size -= known.get(task)?.size ?? 0
    known.delete(task)
  }
  const keep = (id: string, state: TaskState, task: TaskRecord | undefined): void => {
    forget(id)
    const added = { state, task, size: sizeOf(state) }
    known.set(id, added)
    size += added.size
    // A task that is too big alone is not kept at all.
    while (known.size > tasksMax || size > valuesMax) forget(known.keys().next().value as string)
  }
  return {
    copyOf: (task) => known.get(task),
    advance(task, copy) {
      // Another call of the same task may have moved the copy on while the store was asked.
      const current = known.get(task.id)?.state
      const begun = newerOf(current, copy) ?? taskStateOf([])
      const state = withFacts(
        begun,
        task.facts.filter(({ n }) => n > begun.lastFact),
      )
      keep(task.id, state, { ...task, facts: [] })
      return state
    },
    note(id, facts, { counters, lastFact }) {
      const copy = known.get(id)
      if (copy === undefined) return
      const { state, task } = copy
      // Numbered as the store numbered them; when others came between, the next passage reads what is missing.
      if (state.lastFact + facts.length !== lastFact) return keep(id, state, undefined)
      const numbered = facts.map((body, at) => ({ n: state.lastFact + at + 1, body }))
      keep(id, withFacts(state, numbered), task === undefined ? undefined : { ...task, counters })
    },
    outdate(id) {
      const copy = known.get(id)
      if (copy !== undefined) keep(id, copy.state, undefined)
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
