import { expect, it } from 'vitest'
import { type EntryReader, listEntries } from './list-entries.ts'
import type { StoredEntry } from './port.ts'

/** Every 400th entry is a kill, and the one at 401 is no JSON any more. */
const entries = Array.from({ length: 1_234 }, (_, index): StoredEntry => {
  const kind = index % 400 === 0 ? 'kill-engaged' : 'task-opened'
  return { index, id: `ent_${index}`, text: index === 401 ? '{"kind":"kill-eng' : JSON.stringify({ kind }) }
})
let pages = 0
const log: EntryReader = {
  indexedSize: async () => entries.length,
  async readEntries(first, limit) {
    pages += 1
    return entries.slice(first, first + limit)
  },
  readUnsequenced: async () => [],
  entriesOfTask: async (_task, limit) => entries.slice(0, limit),
}

it.each<[string, Parameters<typeof listEntries>[1], readonly number[], number]>([
  ['the newest ones take one page', { limit: 2 }, [1_232, 1_233], 1],
  ['a rare kind is looked for through the whole log', { kind: 'kill-engaged', limit: 9 }, [0, 400, 800, 1_200], 3],
  ['and no further than needed', { kind: 'kill-engaged', limit: 2 }, [800, 1_200], 1],
  ['a task has its newest ones', { task: 'tsk_1', kind: 'kill-engaged', limit: 1 }, [1_200], 0],
])('%s', async (_name, question, found, read) => {
  pages = 0
  const listed = await listEntries(log, question)
  expect([listed.entries.map(({ index }) => index), pages]).toEqual([found, read])
})
