import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { actRoad, gatheredActs } from './gathered-acts.ts'

interface Item {
  readonly task: string
  readonly n?: number
}

/** A database that answers when it is told to. */
function database(answer: (item: Item, together: number) => string | undefined | Error, road = actRoad()) {
  const groups: string[][] = []
  const pending: (() => void)[] = []
  const act = gatheredActs<Item, string>(
    road,
    (_agent, items) =>
      new Promise((resolve, reject) => {
        groups.push(items.map(({ task }) => task))
        pending.push(() => {
          const answers = items.map((item) => answer(item, items.length))
          const error = answers.find((one) => one instanceof Error)
          if (error === undefined) resolve(answers as (string | undefined)[])
          else reject(error)
        })
      }),
    (error) => (error as Error).message === 'refused',
  )
  const reply = async (): Promise<void> => {
    for (const one of pending.splice(0)) one()
    await turn()
  }
  return { act, groups, reply }
}

const turn = () => sleep(5)

test('what comes in one turn of the loop, or while others are under way, goes together, in the order of tasks', async () => {
  const { act, groups, reply } = database(({ task }) => `of ${task}`)
  const first = Promise.all(['b', 'd', 'a'].map((task) => act('agent', { task })))
  expect(groups).toEqual([])
  await turn()
  const second = Promise.all(['f', 'e'].map((task) => act('agent', { task })))
  await turn()
  expect(groups).toEqual([['a', 'b', 'd']])
  await reply()
  expect(await first).toEqual(['of b', 'of d', 'of a'])
  expect(groups).toEqual([
    ['a', 'b', 'd'],
    ['e', 'f'],
  ])
  await reply()
  expect(await second).toEqual(['of f', 'of e'])
})

test('a second act of a task does not wait in line behind the first', async () => {
  const { act, groups, reply } = database(({ n }) => `of ${n}`)
  const answers = Promise.all([1, 2, 3].map((n) => act('agent', { task: 'a', n })))
  await turn()
  expect(groups).toEqual([['a'], ['a'], ['a']])
  await reply()
  expect(await answers).toEqual(['of 1', 'of 2', 'of 3'])
})

test('acts of two kinds, or of two agents, take turns on one road, but those of a large group', async () => {
  const road = actRoad()
  const [intend, settle] = [database(() => 'done', road), database(() => 'done', road)]
  intend.act('one', { task: 'a' })
  intend.act('other', { task: 'b' })
  settle.act('one', { task: 'c' })
  await turn()
  expect([intend.groups, settle.groups]).toEqual([[['a']], []])
  await intend.reply()
  await turn()
  expect([intend.groups, settle.groups]).toEqual([[['a'], ['b']], []])
  for (const task of ['d', 'e', 'f', 'g', 'h', 'i', 'j']) settle.act('one', { task })
  await turn()
  expect(settle.groups).toEqual([['c', 'd', 'e', 'f', 'g', 'h', 'i', 'j']])
})

test('what is left out of a group is done again alone', async () => {
  const { act, groups, reply } = database(({ task }, together) => (task === 'b' && together > 1 ? undefined : task))
  const answers = Promise.all(['b', 'a'].map((task) => act('agent', { task })))
  await turn()
  await reply()
  expect(groups).toEqual([['a', 'b'], ['b']])
  await reply()
  expect(await answers).toEqual(['b', 'a'])
})

test('what the database refuses of one is refused to that one alone', async () => {
  const { act, groups, reply } = database(({ task }) => (task === 'b' ? new Error('refused') : task))
  const answers = Promise.allSettled(['a', 'b'].map((task) => act('agent', { task })))
  await turn()
  await reply()
  expect(groups).toEqual([['a', 'b'], ['a'], ['b']])
  await reply()
  expect((await answers).map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
})

test('of what may have been committed nothing is done again', async () => {
  const { act, groups, reply } = database(() => new Error('cut'))
  const answers = Promise.allSettled(['a', 'b'].map((task) => act('agent', { task })))
  await turn()
  await reply()
  expect((await answers).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(groups).toEqual([['a', 'b']])
})

test('a group that is stuck does not hold up what comes after it', async () => {
  const { act, groups } = database(() => 'done')
  act('agent', { task: 'a' })
  await turn()
  for (const task of ['b', 'c']) act('agent', { task })
  await sleep(100)
  expect(groups).toEqual([['a'], ['b', 'c']])
})
