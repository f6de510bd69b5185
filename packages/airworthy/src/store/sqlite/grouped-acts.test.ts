import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type GroupedActs, groupedActs } from './grouped-acts.ts'
import { openSqlite, type SqliteDatabase } from './open.ts'

let folder: string
let db: SqliteDatabase
let reader: SqliteDatabase
let grouped: GroupedActs
/** How many acts each commit held. */
let told: number[]
let nowMs: number

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'airworthy-grouped-'))
  db = openSqlite(folder)
  db.exec('CREATE TABLE acts (name TEXT PRIMARY KEY)')
  reader = openSqlite(folder)
  told = []
  nowMs = 1_000
  grouped = groupedActs(db, { mayCommit: () => {}, onCommit: (acts) => told.push(acts), clock: () => nowMs })
})
afterEach(() => {
  for (const one of [db, reader]) one.close()
  rmSync(folder, { recursive: true, force: true })
})

const put = (name: string) => (): string => {
  db.prepare('INSERT INTO acts VALUES (?)').run(name)
  return name
}
const putAndRefuse = (name: string) => (): never => {
  put(name)()
  throw new Error(`${name} is refused`)
}
/** As another process finds it: what is committed. */
const committed = (): string[] => reader.prepare<[], string>('SELECT name FROM acts ORDER BY rowid').pluck().all()

/** Five tasks that take turns from now on. */
async function crowd(): Promise<void> {
  for (const n of [1, 2, 3, 4, 5]) await grouped.add(`tsk_${n}`, () => {})
  told = []
}

it('one task that acts alone waits for no turn', async () => {
  const answers = [grouped.add('tsk_1', put('a'))]
  expect(committed()).toEqual(['a'])
  answers.push(grouped.add('tsk_1', put('b')))
  expect(committed()).toEqual(['a', 'b'])
  // Nor does one that only follows it.
  answers.push(grouped.add('tsk_2', put('c')), grouped.add('tsk_2', put('d')))
  expect(committed()).toEqual(['a', 'b', 'c', 'd'])
  expect(await Promise.all(answers)).toEqual(['a', 'b', 'c', 'd'])
  expect(told).toEqual([1, 1, 1, 1])
})

it('tasks that act at once share a commit, and nobody has an answer before it', async () => {
  await crowd()
  const answered: string[] = []
  const rest = ['b', 'c', 'd'].map(async (name, n) => {
    answered.push(await grouped.add(`tsk_${n + 2}`, put(name)))
    expect(committed()).toEqual(['b', 'c', 'd'])
  })
  // Somebody new joins those who wait.
  const seen = grouped.add('tsk_9', () => committed().length)
  await Promise.resolve()
  expect([committed(), answered, told]).toEqual([[], [], []])
  await Promise.all(rest)
  expect(answered).toEqual(['b', 'c', 'd'])
  // Inside the group the others are there already, for its own connection; for all others they are not.
  expect(await seen).toBe(0)
  expect(told).toEqual([4])
})

it('company is over after a while', async () => {
  await crowd()
  nowMs += 101
  const alone = grouped.add('tsk_1', put('a'))
  expect(committed()).toEqual(['a'])
  await alone
})

it('what one of a group does and then refuses is gone, and the others are kept', async () => {
  await grouped.add('tsk_1', put('a'))
  await crowd()
  const answers = await Promise.allSettled([
    grouped.add('tsk_2', put('b')),
    grouped.add('tsk_3', putAndRefuse('c')),
    grouped.add('tsk_4', put('a')),
    grouped.add('tsk_5', put('e')),
  ])
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled'])
  expect(answers[1]).toMatchObject({ reason: { message: 'c is refused' } })
  expect(answers[2]).toMatchObject({ reason: { code: 'STORE_UNAVAILABLE' } })
  expect(committed()).toEqual(['a', 'b', 'e'])
})

it('alone, too, what is refused is gone', async () => {
  await expect(grouped.add('tsk_1', putAndRefuse('a'))).rejects.toThrow('a is refused')
  expect(committed()).toEqual([])
})

it('a commit that fails is each one’s failure, and the next one works', async () => {
  await crowd()
  db.pragma('query_only = ON')
  const answers = await Promise.allSettled([grouped.add('tsk_2', put('b')), grouped.add('tsk_3', put('c'))])
  for (const answer of answers) expect(answer).toMatchObject({ reason: { code: 'STORE_UNAVAILABLE' } })
  db.pragma('query_only = OFF')
  expect(await grouped.add('tsk_2', put('d'))).toBe('d')
  expect(committed()).toEqual(['d'])
})

it('what is late goes first with the next act of a task, alone or in company', async () => {
  await grouped.add('tsk_2', () => {})
  const late = [grouped.addLate(put('late'))]
  const alone = grouped.add('tsk_1', put('a'))
  expect(committed()).toEqual(['late', 'a'])
  late.push(grouped.addLate(put('later')))
  const company = grouped.add('tsk_2', put('b'))
  expect(committed()).toEqual(['late', 'a'])
  await company
  expect(committed()).toEqual(['late', 'a', 'later', 'b'])
  expect(await Promise.all([...late, alone])).toEqual(['late', 'later', 'a'])
  expect(told).toEqual([1, 2, 2])
})

it('what goes ahead leaves behind what is late, unless one beside it does not', async () => {
  await grouped.add('tsk_2', () => {})
  const late = grouped.addLate(put('late'))
  const ahead = grouped.addAhead('tsk_1', put('a'))
  expect(committed()).toEqual(['a'])
  const beside = [grouped.addAhead('tsk_2', put('b')), grouped.add('tsk_3', put('c'))]
  await Promise.all(beside)
  expect(committed()).toEqual(['a', 'late', 'b', 'c'])
  expect(await Promise.all([late, ahead])).toEqual(['late', 'a'])
})

it('what is late is committed by itself when nobody else acts', async () => {
  await Promise.all([grouped.addLate(put('late')), grouped.addLate(put('later'))])
  expect([committed(), told]).toEqual([['late', 'later'], [2]])
})

it('all that waits is committed on demand', async () => {
  await crowd()
  await grouped.add('tsk_5', put('a'))
  const answers = [grouped.addLate(put('late')), grouped.add('tsk_2', put('now'))]
  expect(committed()).toEqual(['a'])
  grouped.flush()
  expect(committed()).toEqual(['a', 'late', 'now'])
  expect(await Promise.all(answers)).toEqual(['late', 'now'])
})
