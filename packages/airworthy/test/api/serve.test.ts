/** The socket: taken ports, what listens where, and a stop that lets running requests end. */
import { connect as connectSocket } from 'node:net'
import { expect, it } from 'vitest'
import { serve } from '../../src/server/serve.ts'
import { lockedTools } from './project.ts'
import { startServing } from './serving.ts'

it('a taken port is an error with a mend', async () => {
  const one = await startServing()
  try {
    await expect(serve(one.kit, { port: one.serving.port })).rejects.toMatchObject({
      code: 'PORT_TAKEN',
      mend: expect.stringContaining('--port'),
    })
  } finally {
    await one.stop()
  }
})

it('a public address must be a URL', async () => {
  const one = await startServing()
  try {
    for (const publicUrl of ['kit.example.com', 'ftp://kit.example.com']) {
      await expect(serve(one.kit, { port: 0, publicUrl })).rejects.toMatchObject({ code: 'USAGE_INVALID' })
    }
  } finally {
    await one.stop()
  }
})

it('agents are given the public address, and commands on this machine the local one', async () => {
  const one = await startServing()
  try {
    const serving = await serve(one.kit, { port: 0, publicUrl: 'http://kit.internal:4747/' })
    expect([serving.url, serving.localUrl]).toEqual(['http://kit.internal:4747', `http://127.0.0.1:${serving.port}`])
    await serving.close()
  } finally {
    await one.stop()
  }
})

it('a stop answers those who wait, ends streams, and then nothing listens any more', async () => {
  const one = await startServing()
  const { task, token } = await one.openTask()
  const held = await one.call('POST', `/api/v1/tasks/${task}/actions`, {
    key: token,
    json: { tool: 'send_letter', arguments: { to: 'x' } },
  })
  const waiting = one.call('GET', `/api/v1/actions/${held.json.action}?wait=60000`, { key: token })
  const stream = await fetch(`${one.url}/api/v1/events`, { headers: { authorization: `Bearer ${one.keys.operator}` } })
  const streamed = stream.text()
  await new Promise((resolve) => setTimeout(resolve, 100))
  await one.stop()
  expect((await waiting).json).toMatchObject({ state: 'held' })
  expect(await streamed).toContain('airworthy events')
  await expect(fetch(`${one.url}/healthz`)).rejects.toThrow()
})

it('a call that runs is finished before the kit is gone, and then nobody waits for a connection that is kept', async () => {
  let finish = (): void => {}
  const running = new Promise<void>((resolve) => {
    finish = resolve
  })
  const started = Promise.withResolvers<void>()
  const one = await startServing({
    upstream: {
      offeredDigest: async (_server, name) => ({
        kind: 'offered',
        definitionDigest: lockedTools[name]?.digest ?? 'sha256:none',
      }),
      call: async () => {
        started.resolve()
        await running
        return { kind: 'answered', result: { content: [] }, isError: false }
      },
      reconcile: async () => ({ state: 'unknown' }),
    },
  })
  const { task, token } = await one.openTask()
  const call = one.call('POST', `/api/v1/tasks/${task}/actions`, {
    key: token,
    json: { tool: 'stamp', arguments: { to: 'x' } },
  })
  await started.promise
  const stopped = one.stop()
  finish()
  expect((await call).json).toMatchObject({ state: 'succeeded' })
  const answeredMs = performance.now()
  await stopped
  expect(performance.now() - answeredMs).toBeLessThan(2_500)
})

it('a client that leaves does not put its action in doubt: the same call again finds the result', async () => {
  const finish = Promise.withResolvers<void>()
  const started = Promise.withResolvers<void>()
  let calls = 0
  const one = await startServing({
    upstream: {
      offeredDigest: async (_server, name) => ({
        kind: 'offered',
        definitionDigest: lockedTools[name]?.digest ?? 'sha256:none',
      }),
      call: async ({ signal }) => {
        calls += 1
        started.resolve()
        await finish.promise
        return signal.aborted
          ? { kind: 'unknown', why: 'it was cut off' }
          : { kind: 'answered', result: { content: [] }, isError: false }
      },
      reconcile: async () => ({ state: 'unknown' }),
    },
  })
  try {
    const { task, token } = await one.openTask()
    const leave = new AbortController()
    const path = `/api/v1/tasks/${task}/actions`
    const json = { tool: 'stamp', arguments: { to: 'x' }, idempotency_key: 'k' }
    const left = one.call('POST', path, { key: token, json, signal: leave.signal })
    await started.promise
    leave.abort()
    await expect(left).rejects.toThrow()
    const again = await one.call('POST', path, { key: token, json })
    expect(again.json).toMatchObject({ state: 'intended', next: 'wait' })
    finish.resolve()
    const { json: found } = await one.call('GET', `/api/v1/actions/${again.json.action}?wait=30000`, { key: token })
    expect(found).toMatchObject({ state: 'succeeded' })
    expect(calls).toBe(1)
  } finally {
    finish.resolve()
    await one.stop()
  }
})

it('a client that leaves in the middle of its body harms nobody', async () => {
  const one = await startServing()
  try {
    const { task, token } = await one.openTask()
    const socket = connectSocket(one.serving.port, '127.0.0.1')
    await new Promise((resolve) => socket.once('connect', resolve))
    socket.write(
      `POST /api/v1/tasks/${task}/actions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n` +
        'Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"tool":',
    )
    socket.destroy()
    const good = await one.call('POST', `/api/v1/tasks/${task}/actions`, {
      key: token,
      json: { tool: 'stamp', arguments: { to: 'x' } },
    })
    expect(good.json).toMatchObject({ state: 'succeeded' })
    expect(one.received).toHaveLength(1)
  } finally {
    await one.stop()
  }
})
