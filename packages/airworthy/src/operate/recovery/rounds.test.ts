import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { rounds } from './rounds.ts'

it('a round that fails is told and comes again; after the stop the one that runs ends, and no other begins', async () => {
  const told: string[] = []
  let begun = 0
  let ended = 0
  let isThird = (): void => {}
  const third = new Promise<void>((resolve) => {
    isThird = resolve
  })
  const swept = rounds(
    async () => {
      begun++
      if (begun === 1) throw new Error('the store is away')
      if (begun === 3) isThird()
      await sleep(5)
      ended++
    },
    (line) => told.push(line),
    1,
  )
  swept.start()
  await third
  await swept.stop()
  expect([begun, ended, told]).toEqual([3, 2, ['the sweep failed and is tried again: the store is away']])
  await sleep(20)
  expect(begun).toBe(3)
})

it('the same failure is told once, until a round went well', async () => {
  const told: string[] = []
  const failures = ['away', 'away', 'full', undefined, 'full', 'full', undefined]
  const all = Promise.withResolvers<void>()
  const swept = rounds(
    async () => {
      if (failures.length === 0) all.resolve()
      const why = failures.shift()
      if (why !== undefined) throw new Error(why)
    },
    (line) => told.push(line.replace(/.*: /, '')),
    1,
  )
  swept.start()
  await all.promise
  await swept.stop()
  expect(told).toEqual(['away', 'full', 'full'])
})
