/** Recording on every store: which tasks, how much of them, by one gateway or two; and a store that is away costs a recording, no call. */
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { dataActsDefault } from '../../src/core/manifest/defaults.ts'
import { detectorsByClass } from '../../src/core/manifest/detectors.ts'
import type { EffectiveManifest, RecordingRule } from '../../src/core/manifest/effective.ts'
import type { Exchange } from '../../src/evals/cassette/cassette.ts'
import { cassettePlayer } from '../../src/evals/cassette/player.ts'
import type { TaskRecord } from '../../src/guard/port.ts'
import { expireRecordings } from '../../src/operate/recordings/expire-recordings.ts'
import { forgetTask } from '../../src/operate/recordings/forget-task.ts'
import { readCassette } from '../../src/operate/recordings/read-cassette.ts'
import { type RecorderParts, type TaskRecorder, taskRecorder } from '../../src/operate/recordings/task-recorder.ts'
import type { Store } from '../../src/store/store.ts'
import { entry, holdAct, intendAct, openedTask, settleAct, startMs } from '../fixtures/store-acts.ts'
import { openTestStore } from '../fixtures/test-store.ts'

let store: Store
let nowMs: number
const recorders: TaskRecorder[] = []
const logged: string[] = []
beforeEach(async () => {
  store = await openTestStore()
  nowMs = startMs
  logged.length = 0
})
afterEach(async () => {
  for (const one of recorders.splice(0)) await one.close()
  await store.close()
})

const every: RecordingRule = { share: 1, failed: true, storeBytesMax: 1_000_000 }
const rule = (name: 'pii' | 'secret' | 'regulated') => ({
  detect: [...detectorsByClass[name]],
  ...dataActsDefault[name],
  notBuilt: [],
})
const data: EffectiveManifest['data'] = { pii: rule('pii'), secret: rule('secret'), regulated: rule('regulated') }
/** Tokens of tests are the ids of their tasks. */
function recorder(more: Partial<RecorderParts> = {}): TaskRecorder {
  const made = taskRecorder({
    store: store.recordings,
    taskOfToken: (token) => store.guard.readTask(token),
    readTask: (task) => store.guard.readTask(task),
    rule: every,
    data,
    gateway: `gateway-${recorders.length}`,
    clock: () => ++nowMs,
    log: (line) => logged.push(line),
    ...more,
    bounds: { delayMs: 1, ...more.bounds },
  })
  recorders.push(made)
  return made
}
const model = (request: string, more: Partial<Exchange> = {}): Exchange => ({
  method: 'POST',
  path: '/openai/v1/chat/completions',
  requestHeaders: {},
  request,
  status: 200,
  answerHeaders: {},
  answer: `answer to ${request}`,
  ...more,
})
const opened = async (more: Partial<TaskRecord> = {}): Promise<TaskRecord> => (await openedTask(store, more)).task
async function close(task: TaskRecord): Promise<void> {
  await store.tasks.closeTask({ task: task.id, atMs: startMs, entry: entry({ kind: 'task-closed', task: task.id }) })
}
const requestsOf = async ({ id }: TaskRecord): Promise<readonly string[] | undefined> =>
  (await readCassette(store, id))?.exchanges.map(({ request, lost }) => lost?.why ?? request)

describe('a recorded task', () => {
  test('is read back in the order in which its exchanges began, not in which they ended', async () => {
    const task = await opened()
    const one = recorder()
    const [slow, quick] = [one.begin(task.id), one.begin(task.id)]
    quick?.end(model('second'))
    slow?.end(model('first'))
    await one.flush()
    const cassette = await readCassette(store, task.id)
    expect(cassette).toMatchObject({
      task: task.id,
      agent: task.agent,
      release: task.release,
      recorded: { missing: [] },
    })
    expect(await requestsOf(task)).toEqual(['first', 'second'])
    expect(one.status()).toEqual({ written: 2, lost: 0, waitingBytes: 0 })
  })

  test('of two gateways is one', async () => {
    const task = await opened()
    const [here, there] = [recorder(), recorder()]
    here.begin(task.id)?.end(model('a'))
    there.begin(task.id)?.end(model('b'))
    here.begin(task.id)?.end(model('c'))
    there.closed(task.id, JSON.stringify({ reply: 'done, ana@example.com' }))
    await Promise.all([here.flush(), there.flush()])
    expect(await requestsOf(task)).toEqual(['a', 'b', 'c'])
    const cassette = (await readCassette(store, task.id))!
    expect(cassette.reply).toBe('done, [redacted:email]')
    const player = cassettePlayer(cassette)
    for (const request of ['a', 'b', 'c']) {
      expect(player.answer({ method: 'POST', path: '/openai/v1/chat/completions', request })).toHaveProperty('exchange')
    }
    expect(player.finish('done, ana@example.com')).toBeUndefined()
  })

  test('has on disk nothing that the manifest hides', async () => {
    const task = await opened()
    const one = recorder()
    const secret = 'ghp_16C7e42F292c6912E7710c838347Ae178B4a'
    one.begin(task.id)?.end(model(`{"a":"ana@example.com"}`, { answer: secret, path: `/mcp/x?${secret}` }))
    await one.flush()
    const { pieces } = (await store.recordings.readRecording(task.id))!
    const text = gunzipSync(pieces[0]!.body).toString()
    expect(text).toContain('[redacted:email]')
    expect(text).not.toMatch(/ana@|ghp_/)
  })

  test('whose gateway ended in the middle says so, and a replay stops there', async () => {
    const task = await opened()
    const one = recorder()
    one.begin(task.id)?.end(model('a'))
    one.begin(task.id)
    await one.flush()
    const cassette = (await readCassette(store, task.id))!
    expect(cassette.recorded?.missing).toHaveLength(1)
    const player = cassettePlayer(cassette)
    player.answer({ method: 'POST', path: '/openai/v1/chat/completions', request: 'a' })
    const next = player.answer({ method: 'POST', path: '/openai/v1/chat/completions', request: 'b' })
    expect(next).toMatchObject({ difference: { step: 2, kind: 'missing' } })
  })

  test('that went on at a gateway which does not record lacks what the ledger has', async () => {
    const task = await opened()
    const one = recorder()
    one.begin(task.id)?.end(model('a'))
    await one.flush()
    await store.guard.intend(intendAct(task))
    expect((await readCassette(store, task.id))?.recorded?.missing).toEqual([expect.stringContaining('a tool call')])
  })
})

describe('what is chosen', () => {
  test('is the same on every gateway, about as much as was asked for, and no probe', async () => {
    const tasks = await Promise.all(Array.from({ length: 40 }, () => opened()))
    const probe = await opened({ probe: true })
    const half: RecordingRule = { ...every, share: 0.5, failed: false }
    const gateways = [recorder({ rule: half }), recorder({ rule: half })]
    for (const one of gateways) {
      for (const { id } of [...tasks, probe]) one.begin(id)?.end(model('a'))
      await one.flush()
    }
    const recorded = await Promise.all([...tasks, probe].map(({ id }) => store.recordings.readRecording(id)))
    const kept = recorded.filter((one) => one !== undefined)
    expect(kept.every(({ parts }) => parts.length === 2)).toBe(true)
    // Of 40 at one half; beyond this by chance once in some hundred thousand runs.
    expect(kept.length).toBeGreaterThan(5)
    expect(kept.length).toBeLessThan(35)
    expect(recorded.at(-1)).toBeUndefined()
    // Who was left out is not asked for again.
    const leftOut = tasks.find((_task, at) => recorded[at] === undefined)!
    expect(gateways[0]?.begin(leftOut.id)).toBeUndefined()
  })

  test('in case it fails is deleted when it did not, and kept where somebody says that it did', async () => {
    const failures: RecordingRule = { ...every, share: 0 }
    const one = recorder({ rule: failures })
    const [fine, said, failed, open] = [await opened(), await opened(), await opened(), await opened()]
    const intended = intendAct(failed)
    await store.guard.intend(intended)
    await store.guard.settle({ ...settleAct(intended.actionId), state: 'failed' })
    for (const { id } of [fine, said, failed, open]) one.begin(id)?.end(model('a'))
    one.closed(said.id, JSON.stringify({ failed: 'the customer wrote again' }))
    for (const task of [fine, said, failed]) await close(task)
    await one.flush()
    expect(await expireRecordings(store.recordings, nowMs + 120_000, undefined, failures)).toBe(1)
    expect(await requestsOf(fine)).toBeUndefined()
    for (const task of [said, failed, open]) expect(await store.recordings.readRecording(task.id)).toBeDefined()
  })

  test('is nothing for a token of no task', async () => {
    const one = recorder()
    one.begin('awt_nobody')?.end(model('a'))
    await one.flush()
    expect([one.status().written, one.begin('awt_nobody')]).toEqual([0, undefined])
  })
})

describe('bounds', () => {
  test.each([
    ['an exchange', { exchangeBytesMax: 10 }, 'too-large'],
    ['a task', { taskBytesMax: 4_000 }, 'task-too-large'],
    ['what waits', { waitingBytesMax: 4_000 }, 'too-fast'],
  ] as const)('of %s: what is beyond has its place, and nothing else', async (_name, bounds, why) => {
    const task = await opened()
    const one = recorder({ bounds })
    one.begin(task.id)?.end(model('short', { answer: 'short' }))
    one.begin(task.id)?.end(model('x'.repeat(5_000)))
    await one.flush()
    expect(await requestsOf(task)).toEqual(['short', why])
    expect(one.status()).toMatchObject({ lost: 1, waitingBytes: 0 })
  })

  test('of the exchanges of a task: those after it are missing', async () => {
    const task = await opened()
    const one = recorder({ bounds: { taskExchangesMax: 2 } })
    for (const request of ['a', 'b', 'c', 'd']) one.begin(task.id)?.end(model(request))
    await one.flush()
    expect(await requestsOf(task)).toEqual(['a', 'b', 'unwritten', 'unwritten'])
  })

  test('of the store: nothing more is recorded, and that is said once', async () => {
    const task = await opened()
    const full = await opened()
    const small: RecordingRule = { ...every, storeBytesMax: 100 }
    const one = recorder({ rule: small })
    one.begin(task.id)?.end(model('a'.repeat(2_000)))
    await one.flush()
    nowMs += 120_000
    await one.flush()
    one.begin(full.id)?.end(model('b'))
    await one.flush()
    expect(await requestsOf(full)).toEqual(['store-full'])
    expect(logged).toEqual(['Recordings use all the room that the manifest gives them; nothing more is recorded.'])
    expect(await expireRecordings(store.recordings, nowMs, undefined, small)).toBe(2)
  })
})

test('a store that is away costs what was to be written, counted, and no call', async () => {
  const task = await opened()
  let isAway = true
  const away: RecorderParts['store'] = {
    recordedBytes: () => store.recordings.recordedBytes(),
    keepRecording: (act) => (isAway ? Promise.reject(new Error('away')) : store.recordings.keepRecording(act)),
  }
  const one = recorder({ store: away })
  one.begin(task.id)?.end(model('a'))
  await one.flush()
  expect([one.status(), logged]).toEqual([
    { written: 0, lost: 1, waitingBytes: 0 },
    ['recordings could not be written: away'],
  ])
  isAway = false
  one.begin(task.id)?.end(model('b'))
  await one.flush()
  expect(await requestsOf(task)).toEqual(['unwritten', 'b'])
})

describe('forgetting', () => {
  const forgetting = (task: string) => ({
    task,
    reason: 'asked for',
    actor: { kind: 'operator', id: 'ops', verifiedBy: 'operator_key' } as const,
    clock: () => nowMs,
    newId: () => entry().id,
  })

  test.each([
    ['is open', async () => await opened(), 'TASK_OPEN'],
    [
      'has a held action',
      async () => {
        const task = await opened()
        await store.guard.hold(holdAct(task))
        await close(task)
        return task
      },
      'TASK_OPEN',
    ],
    ['is not there', async () => ({ id: 'tsk_nowhere' }), 'TASK_UNKNOWN'],
  ] as const)('is refused of a task that %s, and nothing is erased', async (_name, make, code) => {
    const task = await make()
    await expect(forgetTask(store, forgetting(task.id))).rejects.toMatchObject({ code })
    expect((await store.audit.entriesOfTask(task.id, 100)).some(({ text }) => text.includes('"body-erased"'))).toBe(
      false,
    )
  })

  test('stays so: what comes with the token long after the end, or a second closing, is not recorded', async () => {
    const task = await opened()
    await close(task)
    nowMs += 120_000
    const one = recorder()
    one.begin(task.id)?.end(model('again'))
    one.closed(task.id, JSON.stringify({ reply: 'again' }))
    await one.flush()
    expect(await store.recordings.readRecording(task.id)).toBeUndefined()
  })

  test('erases what was asked for, arguments and results, once', async () => {
    const task = await opened()
    const intended = intendAct(task)
    await store.guard.intend(intended)
    await store.guard.settle(settleAct(intended.actionId))
    await close(task)
    const first = await forgetTask(store, forgetting(task.id))
    expect(first).toMatchObject({ recordingDeleted: false })
    expect(first.bodiesErased).toBeGreaterThanOrEqual(2)
    expect(await forgetTask(store, forgetting(task.id))).toMatchObject({ bodiesErased: 0 })
  })
})
