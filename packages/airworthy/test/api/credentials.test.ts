/** Every route against every kind of credential, from the route list itself: a new route is in this table on the day it is written. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sha256Hex } from '../../src/core/hash.ts'
import type { CallerKind } from '../../src/server/caller.ts'
import type { Route } from '../../src/server/route.ts'
import { routes } from '../../src/server/routes.ts'
import { startServing, type TestServing } from './serving.ts'

let serving: TestServing
beforeAll(async () => {
  serving = await startServing()
})
afterAll(() => serving.stop())

const keyKinds = ['agent', 'operator', 'person', 'auditor'] as const
const kinds: readonly CallerKind[] = [...keyKinds, 'ci', 'task']
const guarded = routes.filter((route) => route.credentials !== 'open')
const actor = { kind: 'operator', id: 'tests', verifiedBy: 'in_process' } as const

/** A task with one action that waits for its outcome, so that every `{id}` has something to name. */
async function taskWithAction(): Promise<{ task: string; token: string; action: string }> {
  const { task, token } = await serving.openTask()
  const { action } = await serving.kit.act({ task, tool: 'read_note', arguments: { id: '1' }, door: 'api' })
  return { task, token, action: action as string }
}

function pathOf(route: Route, ids: { readonly task: string; readonly action: string }): string {
  const id = route.path.startsWith('/api/v1/tasks/') ? ids.task : ids.action
  return route.path
    .replace('{agent}', 'desk')
    .replace('{server}', 'office')
    .replace('*', '0/000.p/1')
    .replace('{id}', id)
}

/** Whose task it is shows only once the body is one that the route takes. */
function bodyOf(route: Route): string {
  if (route.path.endsWith('/actions')) return '{"tool":"read_note"}'
  if (route.path.startsWith('/api/v1/tasks/') && route.path.endsWith('/escalations')) return '{"reason":"help"}'
  return route.path.endsWith('/outcome') ? '{"state":"failed"}' : '{}'
}

/** The status alone; a stream that was let in is left again. */
async function statusOf(route: Route, path: string, key: string | undefined, headers = {}): Promise<number> {
  const response = await fetch(`${serving.url}${path}`, {
    method: route.method,
    headers: {
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(route.method === 'POST' ? { 'content-type': 'application/json' } : {}),
      ...headers,
    },
    ...(route.method === 'POST' ? { body: bodyOf(route) } : {}),
  })
  await response.body?.cancel()
  return response.status
}

const table = guarded.map((route) => [`${route.method} ${route.path}`, route] as const)

it('only /healthz is open, and no route is open to nobody', () => {
  expect(routes.filter((route) => route.credentials === 'open').map(({ path }) => path)).toEqual(['/healthz'])
  expect(guarded.filter(({ credentials }) => credentials.length === 0)).toEqual([])
})

it('CI opens one route, with the public half of its key: the private one is no credential', async () => {
  expect(guarded.filter(({ credentials }) => credentials.includes('ci')).map(({ path }) => path)).toEqual([
    '/api/v1/evals/pushes',
  ])
  const { key } = await serving.kit.createKey({ kind: 'ci', name: 'other', roles: [] }, actor)
  expect((await serving.call('POST', '/api/v1/evals/pushes', { key, json: {} })).status).toBe(401)
})

it('an auditor opens /audit/* and nothing else', () => {
  const opened = guarded.filter(({ credentials }) => credentials.includes('auditor')).map(({ path }) => path)
  expect(opened.filter((path) => !path.startsWith('/audit/'))).toEqual([])
  expect(opened).toHaveLength(routes.filter(({ path }) => path.startsWith('/audit/')).length)
})

describe.each(table)('%s', (_name, route) => {
  const accepted = route.credentials as readonly CallerKind[]

  it('without a credential: 401', async () => {
    const ids = await taskWithAction()
    expect(await statusOf(route, pathOf(route, ids), undefined)).toBe(401)
    expect(await statusOf(route, pathOf(route, ids), undefined, { authorization: 'Basic YTpi' })).toBe(401)
  })

  it('unknown and revoked credentials of every kind: 401', async () => {
    const ids = await taskWithAction()
    const path = pathOf(route, ids)
    for (const prefix of ['awa_', 'awo_', 'awp_', 'awu_', 'awt_', '']) {
      expect(await statusOf(route, path, `${prefix}${'x'.repeat(32)}`)).toBe(401)
    }
    for (const kind of keyKinds) {
      const { record, key } = await serving.kit.createKey({ kind, name: 'gone', roles: [], agent: 'desk' }, actor)
      await serving.kit.revokeKey(record.id, actor)
      expect(await statusOf(route, path, key)).toBe(401)
    }
    const ended = await taskWithAction()
    await serving.kit.closeTask(ended.task, 'tests')
    expect(await statusOf(route, pathOf(route, ended), ended.token)).toBe(401)
    expect(await statusOf(route, pathOf(route, ended), undefined, { 'airworthy-task': ended.token })).toBe(401)
  })

  it('a credential beside a valid one must be valid too: 401', async () => {
    const ids = await taskWithAction()
    for (const kind of accepted.filter((each) => each !== 'task')) {
      const key = serving.keys[kind as keyof typeof serving.keys]
      expect(await statusOf(route, pathOf(route, ids), key, { 'airworthy-task': `awt_${'x'.repeat(32)}` })).toBe(401)
    }
  })

  it('credentials of another kind: 403', async () => {
    const ids = await taskWithAction()
    for (const kind of kinds.filter((each) => !accepted.includes(each))) {
      const key = kind === 'task' ? ids.token : serving.keys[kind]
      expect([kind, await statusOf(route, pathOf(route, ids), key)]).toEqual([kind, 403])
    }
  })

  it('credentials of another agent, or of another task: 403', async () => {
    const ids = await taskWithAction()
    if (accepted.includes('agent')) {
      const { key } = await serving.kit.createKey({ kind: 'agent', name: 'x', roles: [], agent: 'other' }, actor)
      expect(await statusOf(route, pathOf(route, ids), key)).toBe(403)
    }
    if (accepted.includes('task')) {
      expect(await statusOf(route, pathOf(route, ids), await tokenOfAnotherAgent(ids.task))).toBe(403)
      if (route.path.includes('{id}')) {
        const other = await taskWithAction()
        expect(await statusOf(route, pathOf(route, ids), other.token)).toBe(403)
        expect(await statusOf(route, pathOf(route, ids), undefined, { 'airworthy-task': other.token })).toBe(403)
      }
    }
  })

  it('each kind that it names is let in', async () => {
    for (const kind of accepted) {
      const ids = await taskWithAction()
      const key = kind === 'task' ? ids.token : serving.keys[kind]
      // An operator may report only what is in doubt, which is a matter of the action and not of the credential.
      if (kind === 'operator' && route.path.endsWith('/outcome')) continue
      expect([401, 403]).not.toContain(await statusOf(route, pathOf(route, ids), key))
    }
  })
})

it('two different tasks in one request are refused', async () => {
  const [one, two] = [await serving.openTask(), await serving.openTask()]
  const sent = { key: one.token, headers: { 'airworthy-task': two.token } }
  expect((await serving.call('GET', '/api/v1/status', sent)).status).toBe(401)
  expect((await serving.call('GET', '/api/v1/status', { ...sent, key: two.token })).status).toBe(200)
})

it("the operator's key of the folder is an operator's", async () => {
  expect((await serving.call('GET', '/api/v1/keys', { key: serving.kit.keys.operator })).status).toBe(200)
})

it('an agent that tells its own token to a tool outside tells a secret', async () => {
  const { task, token } = await serving.openTask()
  const told = await serving.call('POST', `/api/v1/tasks/${task}/actions`, {
    key: token,
    json: { tool: 'send_letter', arguments: { to: `key ${token}` } },
  })
  expect(told.json).toMatchObject({
    state: 'held',
    reasons: [{ code: 'DATA_BLOCKED' }, { code: 'CONFIRMATION_REQUIRED' }],
  })
})

it('a key that is revoked ends the event stream that it opened', async () => {
  const { record, key } = await serving.kit.createKey({ kind: 'operator', name: 'leaver', roles: [] }, actor)
  const streamOf = (bearer: string) =>
    fetch(`${serving.url}/api/v1/events`, { headers: { authorization: `Bearer ${bearer}` } })
  const [left, kept] = [await streamOf(key), await streamOf(serving.keys.operator)]
  await serving.kit.revokeKey(record.id, actor)
  const rest = left.text()
  await expect(rest).resolves.toBe(': airworthy events\n\n')
  const goesOn = await Promise.race([kept.text(), new Promise((resolve) => setTimeout(resolve, 100, 'goes on'))])
  expect(goesOn).toBe('goes on')
})

it('no credential and no argument is written to the log', async () => {
  await serving.call('GET', '/api/v1/status', { key: `awo_${'secret'.repeat(6)}` })
  const { task, token } = await serving.openTask()
  await serving.call('POST', `/api/v1/tasks/${task}/actions`, {
    key: token,
    json: { tool: 'x', arguments: { a: 'b' } },
  })
  expect(serving.log.join('\n')).not.toMatch(/aw[aoput]_/)
})

async function tokenOfAnotherAgent(like: string): Promise<string> {
  const task = await serving.kit.store.guard.readTask(like)
  if (task === undefined) throw new Error('the task is there')
  const token = `awt_${crypto.randomUUID()}`
  const id = `tsk_${crypto.randomUUID()}`
  await serving.kit.store.tasks.openTask({
    task: { ...task, id, agent: 'other' },
    tokenHash: sha256Hex(token),
    facts: [],
    entry: { id: `ent_${id}`, timeMs: 1, kind: 'task-opened', actor, object: id, task: id },
    bodies: {},
  })
  return token
}
