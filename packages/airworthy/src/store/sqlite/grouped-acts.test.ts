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
let commits: number

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'airworthy-grouped-'))
  db = openSqlite(folder)
  db.exec('CREATE TABLE acts (name TEXT PRIMARY KEY)')
  reader = openSqlite(folder)
  commits = 0
  grouped = groupedActs(db, { mayCommit: () => {}, onCommit: () => commits++ })
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

it('one task that acts alone waits for no turn', async () => {
  const answers = [grouped.addOf('tsk_1', put('a'))]
  expect(committed()).toEqual(['a'])
  answers.push(grouped.addOf('tsk_1', put('b')))
  expect(committed()).toEqual(['a', 'b'])
  expect(await Promise.all(answers)).toEqual(['a', 'b'])
  expect(commits).toBe(2)
})

it('tasks that act at once share a commit, and nobody has an answer before it', async () => {
  await grouped.addOf('tsk_1', put('a'))
  const answered: string[] = []
  const rest = ['b', 'c', 'd'].map(async (name, n) => {
    answered.push(await grouped.addOf(`tsk_${n + 2}`, put(name)))
    expect(committed()).toEqual(['a', 'b', 'c', 'd'])
  })
  // The first task again: it has company now.
  const again = grouped.addOf('tsk_1', () => committed().length)
  await Promise.resolve()
  expect([committed(), answered, commits]).toEqual([['a'], [], 1])
  await Promise.all(rest)
  expect(answered).toEqual(['b', 'c', 'd'])
  // Inside the group the others are there already, for its own connection; for all others they are not.
  expect(await again).toBe(1)
  expect(commits).toBe(2)
})

it('what one of a group does and then refuses is gone, and the others are kept', async () => {
  await grouped.addOf('tsk_1', put('a'))
  const answers = await Promise.allSettled([
    grouped.addOf('tsk_2', put('b')),
    grouped.addOf('tsk_3', putAndRefuse('c')),
    grouped.addOf('tsk_4', put('a')),
    grouped.addOf('tsk_5', put('e')),
  ])
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled'])
  expect(answers[1]).toMatchObject({ reason: { message: 'c is refused' } })
  expect(answers[2]).toMatchObject({ reason: { code: 'STORE_UNAVAILABLE' } })
  expect(committed()).toEqual(['a', 'b', 'e'])
})

it('alone, too, what is refused is gone', async () => {
  await expect(grouped.addOf('tsk_1', putAndRefuse('a'))).rejects.toThrow('a is refused')
  expect(committed()).toEqual([])
})

it('a commit that fails is each one’s failure, and the next one works', async () => {
  await grouped.addOf('tsk_1', put('a'))
  db.pragma('query_only = ON')
  const answers = await Promise.allSettled([grouped.addOf('tsk_2', put('b')), grouped.addOf('tsk_3', put('c'))])
  for (const answer of answers) expect(answer).toMatchObject({ reason: { code: 'STORE_UNAVAILABLE' } })
  db.pragma('query_only = OFF')
  expect(await grouped.addOf('tsk_2', put('d'))).toBe('d')
  expect(committed()).toEqual(['a', 'd'])
})

it('what is late goes first with the next act of a task, alone or in company', async () => {
  const late = [grouped.add(put('late'), 'late')]
  const alone = grouped.addOf('tsk_1', put('a'))
  expect(committed()).toEqual(['late', 'a'])
  late.push(grouped.add(put('later'), 'late'))
  const company = grouped.addOf('tsk_2', put('b'))
  expect(committed()).toEqual(['late', 'a'])
  await company
  expect(committed()).toEqual(['late', 'a', 'later', 'b'])
  expect(await Promise.all([...late, alone])).toEqual(['late', 'later', 'a'])
  expect(commits).toBe(2)
})

it('all that waits is committed on demand', async () => {
  const answers = [grouped.add(put('late'), 'late'), grouped.add(put('now'), 'now')]
  expect(committed()).toEqual([])
  grouped.flush()
  expect(committed()).toEqual(['late', 'now'])
  expect(await Promise.all(answers)).toEqual(['late', 'now'])
})
