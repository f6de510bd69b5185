/** Recordings on every store: pieces of several gateways, what is deleted when, and what is forgotten for good. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { StoredPart, StoredPiece } from '../../src/operate/recordings/port.ts'
import type { Store } from '../../src/store/store.ts'
import { entry, intendAct, openedTask, release, settleAct, startMs } from '../fixtures/store-acts.ts'
import { openTestStore } from '../fixtures/test-store.ts'

let store: Store
beforeEach(async () => {
  store = await openTestStore()
})
afterEach(() => store.close())

const dayMs = 86_400_000
const part = (task: string, more: Partial<StoredPart> = {}): StoredPart => ({
  task,
  part: 'one',
  begun: 1,
  isOpen: false,
  atMs: startMs,
  bytes: 100,
  isWanted: true,
  hasFailed: false,
  about: '{}',
  ...more,
})
const piece = (task: string, n = 1, more: Partial<StoredPiece> = {}): StoredPiece => ({
  task,
  part: 'one',
  n,
  body: new Uint8Array([0, n, 254, 255]),
  ...more,
})
/** A task that is closed, and recorded. */
async function recorded(more: Partial<StoredPart> = {}, failing = false): Promise<string> {
  const { task } = await openedTask(store)
  if (failing) {
    const intended = intendAct(task)
    await store.guard.intend(intended)
    await store.guard.settle({ ...settleAct(intended.actionId), state: 'failed' })
  }
  await store.tasks.closeTask({ task: task.id, atMs: startMs, entry: entry({ kind: 'task-closed', task: task.id }) })
  await store.recordings.keepRecording({ parts: [part(task.id, more)], pieces: [piece(task.id)] })
  return task.id
}
const bounds = {
  beforeMs: startMs - 30 * dayMs,
  keptBeforeMs: startMs - 400 * dayMs,
  decidedBeforeMs: startMs - 60_000,
  bytesMax: 10_000,
  limit: 100,
}
const isThere = async (task: string): Promise<boolean> => (await store.recordings.readRecording(task)) !== undefined

test('parts are as they stand now, pieces as they came, and the ledger tells what else there should be', async () => {
  const { task } = await openedTask(store)
  const intended = intendAct(task)
  await store.guard.intend(intended)
  await store.recordings.keepRecording({ parts: [part(task.id, { isOpen: true })], pieces: [piece(task.id, 2)] })
  await store.recordings.keepRecording({
    parts: [part(task.id, { begun: 2, bytes: 200, about: '{"x":"é\\u0000"}' }), part(task.id, { part: 'two' })],
    pieces: [piece(task.id, 1), piece(task.id, 2, { body: new Uint8Array([9]) }), piece(task.id, 1, { part: 'two' })],
  })
  expect(await store.recordings.readRecording(task.id)).toEqual({
    parts: [part(task.id, { begun: 2, bytes: 200, about: '{"x":"é\\u0000"}' }), part(task.id, { part: 'two' })],
    pieces: [piece(task.id, 1), piece(task.id, 2), piece(task.id, 1, { part: 'two' })],
    acts: [{ kind: 'tool', id: intended.actionId, atMs: startMs + 1_000 }],
  })
  expect(await store.recordings.recordedBytes()).toBe(300)
  expect(await store.recordings.readRecording('tsk_nowhere')).toBeUndefined()
})

test('what is old goes, later where the task failed; what was kept in case of a failure goes when there was none', async () => {
  const atMs = startMs - 31 * dayMs
  const old = await recorded({ atMs })
  const oldAndFailed = await recorded({ atMs }, true)
  const ancient = await recorded({ atMs: startMs - 401 * dayMs }, true)
  const saidToHaveFailed = await recorded({ atMs: startMs - dayMs, isWanted: false, hasFailed: true })
  const inCase = await recorded({ atMs: startMs - dayMs, isWanted: false })
  const justWritten = await recorded({ isWanted: false })
  const fresh = await recorded()
  await store.evals.keepCassettes([{ task: 'tsk_trial', body: new Uint8Array([1]), atMs: startMs - 401 * dayMs }])
  const tell = { ...bounds, decidedBeforeMs: startMs + 1 }
  expect(await store.recordings.expireRecordings({ ...tell, limit: 1 })).toMatchObject({ deleted: 1 })
  expect(await isThere(ancient)).toBe(false)
  expect(await store.recordings.expireRecordings({ ...bounds, decidedBeforeMs: startMs })).toEqual({
    deleted: 1,
    bytes: 500,
  })
  expect(await isThere(old)).toBe(false)
  expect(await store.recordings.expireRecordings(tell)).toEqual({ deleted: 2, bytes: 300 })
  for (const [task, is] of [
    [oldAndFailed, true],
    [saidToHaveFailed, true],
    [inCase, false],
    [justWritten, false],
    [fresh, true],
  ] as const) {
    expect([task, await isThere(task)]).toEqual([task, is])
  }
  expect(await store.evals.readCassette('tsk_trial')).toBeUndefined()
})

test('what is too much goes, the oldest that did not fail first', async () => {
  const failed = await recorded({ atMs: startMs - 5_000 }, true)
  const older = await recorded({ atMs: startMs - 4_000 })
  const newer = await recorded({ atMs: startMs - 3_000 })
  expect(await store.recordings.expireRecordings({ ...bounds, bytesMax: 200 })).toEqual({ deleted: 1, bytes: 200 })
  expect([await isThere(failed), await isThere(older), await isThere(newer)]).toEqual([true, false, true])
  expect(await store.recordings.expireRecordings({ ...bounds, bytesMax: 50 })).toEqual({ deleted: 2, bytes: 0 })
})

test('recordings of a release in an environment are listed, the newest first, those that failed by themselves', async () => {
  const first = await recorded()
  const failed = await recorded({}, true)
  const said = await recorded({ hasFailed: true })
  const { task: open } = await openedTask(store)
  await store.recordings.keepRecording({ parts: [part(open.id)], pieces: [] })
  const filter = { release, environment: 'dev', hasFailed: false, limit: 10 }
  expect(await store.recordings.listRecordings(filter)).toEqual([said, failed, first])
  expect(await store.recordings.listRecordings({ ...filter, hasFailed: true, limit: 1 })).toEqual([said])
  expect(await store.recordings.listRecordings({ ...filter, hasFailed: true })).toEqual([said, failed])
  expect(await store.recordings.listRecordings({ ...filter, environment: 'production' })).toEqual([])
})

test('a recording that is forgotten is gone with its cassette, once, and the log says so', async () => {
  const task = await recorded()
  await store.evals.keepCassettes([{ task, body: new Uint8Array([1]), atMs: startMs }])
  const forgetting = entry({ kind: 'recording-forgotten', object: task, task })
  expect(await store.recordings.forgetRecording({ task, entry: forgetting })).toBe(true)
  expect([await isThere(task), await store.evals.readCassette(task)]).toEqual([false, undefined])
  const again = entry({ kind: 'recording-forgotten', object: task, task })
  expect(await store.recordings.forgetRecording({ task, entry: again })).toBe(false)
  const kinds = (await store.audit.entriesOfTask(task, 100)).map(({ text }) => JSON.parse(text).kind)
  expect(kinds.filter((kind) => kind === 'recording-forgotten')).toHaveLength(1)
})
