/** A task that is forgotten stays forgotten, whatever of it this process has not written yet. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startRecording } from '../../src/cli/start-recording.ts'
import type { ExchangeRecorder } from '../../src/server/replay/record-exchanges.ts'
import { startServing, support, type TestServing } from './serving.ts'

let dir: string
let serving: TestServing
let stopRecording: () => Promise<void>
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'airworthy-forget-'))
  // It needs the kit, which `startServing` makes.
  let recorder: Required<ExchangeRecorder> | undefined
  serving = await startServing({
    dir,
    serve: {
      recorder: {
        begin: (token) => recorder?.begin(token),
        closed: (task, body) => recorder?.closed(task, body),
        forget: async (task) => await recorder?.forget(task),
      },
    },
  })
  const recording = await startRecording(serving.kit, true, () => {})
  if (recording === undefined) throw new Error('it was asked for')
  recorder = recording.recorder
  stopRecording = recording.stop
})
afterAll(async () => {
  await stopRecording()
  await serving.stop()
  rmSync(dir, { recursive: true, force: true })
})

const rows = () => serving.kit.store.recordings
const ask = async (path: string, key: string, json: unknown) =>
  await serving.call('POST', `/api/v1${path}`, { key, json })

it('forgotten at once after its end, nothing of it is written later: no recording, no span that shows it', async () => {
  const { agent, operator } = serving.keys
  const opened = await ask('/tasks', agent, { principal: { id: 'ana', attributes: support }, input: 'about zebra' })
  const { task, token, trace_id: trace } = opened.json as unknown as Record<string, string>
  await ask(`/tasks/${task}/actions`, token as string, { tool: 'stamp', arguments: { to: 'zebra' } })
  await ask(`/tasks/${task}/close`, agent, { reply: 'done with zebra' })
  const forgotten = await ask(`/tasks/${task}/forget`, operator, { reason: 'asked for' })
  expect([forgotten.status, forgotten.json]).toMatchObject([200, { recording_deleted: true }])
  // A token that is left over is no reason to keep what it brings.
  expect(
    (await ask(`/tasks/${task}/actions`, token as string, { tool: 'stamp', arguments: { to: 'zebra' } })).status,
  ).toBe(401)
  await sleep(1_000)
  expect(await rows().readRecording(task as string)).toBeUndefined()
  const spans = await serving.call('GET', `/api/v1/traces/${trace}`, { key: operator })
  expect(spans.text).toContain('[erased]')
  expect(spans.text).not.toContain('zebra')
})

it('and no byte of it stands in the files, however often rows were moved in them', async () => {
  const { agent, operator } = serving.keys
  const opened = await ask('/tasks', agent, { principal: { id: 'ana', attributes: support }, input: 'about quagga' })
  const { task, token } = opened.json as unknown as Record<string, string>
  for (let n = 0; n < 15; n++) {
    await ask(`/tasks/${task}/actions`, token as string, {
      tool: 'stamp',
      arguments: { to: `quagga ${'x'.repeat(n)}` },
    })
    await ask(`/tasks/${task}/actions`, token as string, { tool: 'unheard_of', arguments: { to: 'quagga'.repeat(n) } })
    if (n % 5 === 0) await sleep(150)
  }
  await ask(`/tasks/${task}/close`, agent, { reply: 'done with quagga' })
  expect((await ask(`/tasks/${task}/forget`, operator, { reason: 'asked for' })).status).toBe(200)
  await sleep(500)
  const holding = readdirSync(dir).filter(
    (name) => name.includes('.db') && readFileSync(join(dir, name)).includes('quagga'),
  )
  expect(holding).toEqual([])
})

it('what is refused to be forgotten is recorded on', async () => {
  const { task, token } = await serving.openTask()
  await ask(`/tasks/${task}/actions`, token, { tool: 'stamp', arguments: { to: 'a' } })
  expect((await ask(`/tasks/${task}/forget`, serving.keys.operator, { reason: 'too soon' })).status).toBe(409)
  await ask(`/tasks/${task}/actions`, token, { tool: 'stamp', arguments: { to: 'b' } })
  await sleep(600)
  expect((await rows().readRecording(task))?.pieces).toHaveLength(2)
})
