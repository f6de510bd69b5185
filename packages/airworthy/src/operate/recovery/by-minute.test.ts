import { expect, it } from 'vitest'
import { byMinute } from './by-minute.ts'

const hourMs = 3_600_000

it.each<[string, readonly number[], number]>([
  ['works at first', [0], 1],
  ['not again within the minute', [0, 1_000, 59_999], 1],
  ['again when it is over', [0, 60_000, 119_999, 120_000], 3],
  ['at once when the clock was set back, and then by the new one', [5 * hourMs, 0, 1_000, 60_000], 3],
])('%s', async (_name, times, expected) => {
  let nowMs = 0
  let worked = 0
  const work = byMinute(
    () => nowMs,
    async () => {
      worked++
    },
  )
  for (const at of times) {
    nowMs = at
    await work()
  }
  expect(worked).toBe(expected)
})
