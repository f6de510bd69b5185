/** A server of a test stage in place of a world: what may stand there, what reaches it, and what of it is on record. */
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../core/json.ts'
import type { EffectiveManifest } from '../../core/manifest/effective.ts'
import { buildLock } from '../../core/manifest/lock.ts'
import { parseManifest } from '../../core/manifest/parse-manifest.ts'
import type { AuthAnswer, UpstreamCall, UpstreamOutcome } from '../../guard/port.ts'
import type { WorldCall } from '../trial.ts'
import { worldMaker } from './load-worlds.ts'
import { worldRouter } from './router.ts'
import { sandboxServersOf } from './sandbox-servers.ts'

const stage = 'https://notes.staging.acme.dev'
const inputSchema = { type: 'object', properties: { id: { type: 'string', maxLength: 64 } }, required: ['id'] }
const lock = buildLock({
  servers: { notes: { server: { name: 'notes', version: '1' }, tools: [{ name: 'read_note', inputSchema }] } },
} as never)
function manifestOf(sandbox: string): EffectiveManifest {
  const text = `version: 1
agent: note-agent
owner: tests@example.com
principal: { asserted_by_agent: true }
mcpServers:
  notes: { url: "http://127.0.0.1:9/mcp", headers: { authorization: "the real key" } }
auth_checks:
  owns_note: { url: "http://127.0.0.1:9/owns", headers: { authorization: "the real key" } }
  is_open: { url: "http://127.0.0.1:9/open" }
sandboxes: { notes: ${sandbox} }
tools:
  read_note: { server: notes, effect: read, reach: internal, auth_checks: [owns_note, is_open], permit: {} }
`
  const { effective, faults } = parseManifest({ text, lock, env: {} })
  if (effective === undefined) throw new Error(faults.map(({ message }) => message).join('; '))
  return effective
}
const whole = `{ url: "${stage}/mcp", headers: { x: "$\{STAGE_KEY}" }, auth_checks: { owns_note: "${stage}/owns" } }`
const env = { STAGE_KEY: 'k' }

describe('is refused before anything runs', () => {
  test.each([
    ['the address of the server itself', '{ url: "http://127.0.0.1:9/mcp" }', /the address of the server "notes"/],
    ['in another spelling', '{ url: "http://127.0.0.1:09/a/../mcp" }', /the address of the server "notes"/],
    [
      'the address of an auth check',
      `{ url: "${stage}", auth_checks: { owns_note: "http://127.0.0.1:9/owns" } }`,
      /the address of the auth check "owns_note"/,
    ],
    ['a variable that is not set', `{ url: "$\{STAGE_URL}/mcp" }`, /STAGE_URL, and that is not set/],
    ['no http', '{ url: "file:///etc/passwd" }', /no http or https address/],
  ])('%s', (_what, sandbox, why) => {
    expect(() => sandboxServersOf(manifestOf(sandbox), env)).toThrow(why)
  })
})

test('it keeps nothing of the real server but its name: headers are its own', () => {
  const { servers, authChecks } = sandboxServersOf(manifestOf(whole), env)
  expect(servers).toMatchObject([{ name: 'notes', url: `${stage}/mcp` }])
  expect(servers[0]?.headers).toEqual({ x: 'k' })
  expect(authChecks.get('notes')?.get('owns_note')).toMatchObject({ url: `${stage}/owns` })
  expect(authChecks.get('notes')?.get('owns_note')?.headers).toEqual({ x: 'k' })
})

test('a trial there is simulated exactly when something of it answers from this machine', async () => {
  const simulated = async (sandbox: string, world?: object): Promise<boolean> => {
    const manifest = manifestOf(sandbox)
    const { servers } = sandboxServersOf(manifest, env)
    const addresses = new Map(servers.map(({ name, url }) => [name, url ?? '']))
    const maker = await worldMaker(manifest, '.', [], addresses)
    return maker.isSimulated(world === undefined ? {} : { world })
  }
  expect(await simulated(whole)).toBe(false)
  expect(await simulated(whole, { results: { read_note: [{}] } })).toBe(true)
  expect(await simulated('{ url: "http://127.0.0.1:7/mcp" }')).toBe(true)
})

describe('the way there', () => {
  const traceId = 'a'.repeat(32)
  const call = (more: Partial<UpstreamCall> = {}): UpstreamCall => ({
    server: 'notes',
    upstreamName: 'read_note',
    definitionDigest: `sha256:${'0'.repeat(64)}`,
    arguments: { id: 'n-1' },
    idempotencyKey: 'k',
    traceparent: `00-${traceId}-${'b'.repeat(16)}-01`,
    timeoutMs: 1_000,
    signal: AbortSignal.timeout(1_000),
    ...more,
  })
  function opened(outcome: UpstreamOutcome, change?: (tool: string, result: JsonObject) => JsonObject) {
    const manifest = manifestOf(whole)
    const asked: string[] = []
    const router = worldRouter(manifest, {
      sandboxes: sandboxServersOf(manifest, env),
      upstream: {
        offeredDigest: async () => ({ kind: 'missing' }),
        async call(one) {
          asked.push(one.server)
          return outcome
        },
      },
      authChecks: {
        async ask({ url }): Promise<AuthAnswer> {
          asked.push(url)
          return { kind: 'allowed' }
        },
      },
    })
    const effects: WorldCall[] = []
    const principal = { id: 'ana', attributes: {} }
    router.enter(traceId, { principal, worlds: new Map(), effects, ...(change === undefined ? {} : { change }) })
    return { router, asked, effects, manifest }
  }
  const answered = { kind: 'answered', result: { content: [], structuredContent: { a: 1 } }, isError: false } as const

  test('what was answered is an effect, and what an attack plants is put over it afterwards', async () => {
    const planted = { content: [{ type: 'text', text: 'obey' }] }
    const { router, effects } = opened(answered, () => planted)
    expect(await router.upstream.call(call())).toEqual({ kind: 'answered', result: planted, isError: false })
    expect(effects).toMatchObject([{ tool: 'read_note', arguments: { id: 'n-1' }, result: answered.result }])
  })

  test('a call that may have arrived counts as one that did, one that did not counts as none', async () => {
    const unknown = opened({ kind: 'unknown', why: 'cut' })
    expect(await unknown.router.upstream.call(call())).toMatchObject({ kind: 'unknown' })
    expect(unknown.effects).toMatchObject([{ isError: false }])
    const none = opened({ kind: 'not-executed', why: 'down' })
    await none.router.upstream.call(call())
    expect(none.effects).toEqual([])
  })

  test('no trial, no call', async () => {
    const { router, asked } = opened(answered)
    router.leave(traceId)
    expect(await router.upstream.call(call())).toMatchObject({ kind: 'not-executed' })
    expect(asked).toEqual([])
  })

  test('auth checks are asked there, definitions are those of the stage, and what has no address there is never a yes', async () => {
    const { router, asked, manifest } = opened(answered)
    const [owns, other] = ['owns_note', 'is_open'].map((name) => manifest.authChecks[name])
    if (owns === undefined || other === undefined) throw new Error('the fixture has both')
    const question = { trace_id: traceId, tool: 'read_note', arguments: {} } as never
    expect(await router.authChecks.ask(owns, question, AbortSignal.timeout(1_000))).toEqual({ kind: 'allowed' })
    expect(await router.authChecks.ask(other, question, AbortSignal.timeout(1_000))).toMatchObject({
      kind: 'unavailable',
    })
    expect(asked).toEqual([`${stage}/owns`])
    expect(await router.upstream.offeredDigest('notes', 'read_note')).toEqual({ kind: 'missing' })
  })
})
