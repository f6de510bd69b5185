import { expect, it } from 'vitest'
import type { Fact, TaskRecord } from './port.ts'
import { taskStates } from './task-states.ts'

const factOf = (n: number, count = 1): Fact => ({
  n,
  body: {
    kind: 'source',
    source: 'look',
    trusted: false,
    values: Array.from({ length: count }, (_, at) => `${n}-${at}`),
  },
})
const recordOf = (id: string, ...facts: Fact[]): TaskRecord => ({ id, facts }) as unknown as TaskRecord

it('reads on from a copy, also when it was forgotten meanwhile', () => {
  const states = taskStates({ tasksMax: 1, valuesMax: 100 })
  states.advance(recordOf('a', factOf(1)), undefined)
  const copy = states.copyOf('a')?.state
  states.advance(recordOf('b', factOf(1)), undefined)
  expect(states.copyOf('a')).toBeUndefined()
  const state = states.advance(recordOf('a', factOf(2)), copy)
  expect(state.lastFact).toBe(2)
  expect([...state.provenance.origins.keys()]).toEqual(['1-0', '2-0'])
})

it('a copy that somebody moved on is not moved back', () => {
  const states = taskStates()
  const copy = states.advance(recordOf('a', factOf(1)), undefined)
  states.advance(recordOf('a', factOf(2), factOf(3)), copy)
  expect(states.advance(recordOf('a', factOf(2)), copy).lastFact).toBe(3)
})

it('forgets the task that was not used for longest when there are too many values', () => {
  const states = taskStates({ tasksMax: 10, valuesMax: 10 })
  for (const task of ['a', 'b', 'c']) states.advance(recordOf(task, factOf(1, 3)), undefined)
  states.advance(recordOf('a'), states.copyOf('a')?.state)
  states.advance(recordOf('d', factOf(1, 3)), undefined)
  expect(['a', 'b', 'c', 'd'].filter((task) => states.copyOf(task) !== undefined)).toEqual(['a', 'c', 'd'])
  // A copy that grew counts as big as it is now.
  states.advance(recordOf('a', factOf(2, 5)), states.copyOf('a')?.state)
  expect(['a', 'b', 'c', 'd'].filter((task) => states.copyOf(task) !== undefined)).toEqual(['a'])
})

it('a task that is too big alone is not kept, and does not crowd out for ever', () => {
  const states = taskStates({ tasksMax: 10, valuesMax: 10 })
  expect(states.advance(recordOf('a', factOf(1, 11)), undefined).provenance.origins.size).toBe(11)
  expect(states.copyOf('a')).toBeUndefined()
  states.advance(recordOf('b', factOf(1, 10)), undefined)
  expect(states.copyOf('b')).toBeDefined()
})
