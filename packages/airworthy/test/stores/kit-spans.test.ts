/** The kit's own spans: what each passage leaves, on each store. */
import { expect, it } from 'vitest'
import { erasureDraft, sealEntry } from '../../src/audit/seal-entry.ts'
import type { JsonObject } from '../../src/core/json.ts'
import type { PassageEnd } from '../../src/guard/guard.ts'
import { reportOutcome } from '../../src/operate/actions/report-outcome.ts'
import { idleTaskSweep } from '../../src/operate/tasks/close-idle.ts'
import { handedOverMax, type KitSpans, kitSpans } from '../../src/operate/traces/kit-spans.ts'
import type { SpanRecord } from '../../src/telemetry/span.ts'
import { type TestGuardOptions, testGuard, testTool } from '../fixtures/test-guard.ts'
import { exportOf, protoOf } from '../otlp/encode-export.ts'

const confirm = { by: 'approver', notRequester: true, withinMs: 60_000 }
const secretRule = {
  detect: ['credentials'],
  notBuilt: [],
  beforeRetrieval: 'allow',
  beforeModel: 'allow',
  beforeExport: 'allow',
} as const
const emailRule = { ...secretRule, detect: ['email'], beforeModel: 'redact' } as const

async function traced(options: TestGuardOptions = {}, more: { readonly recordSpans?: () => Promise<void> } = {}) {
  const holder: { spans?: KitSpans } = {}
  const ends: PassageEnd[] = []
  const t = await testGuard({
    ...options,
    onPassage: (end) => {
      ends.push(end)
      holder.spans?.passed(end)
    },
  })
  const lines: string[] = []
  const recorder = () =>
    kitSpans({
      guard: t.guard,
      guardStore: t.store.guard,
      sources: t.store.spanSources,
      traces: more.recordSpans === undefined ? t.store.traces : { recordSpans: more.recordSpans },
      log: (line) => lines.push(line),
    })
  holder.spans = recorder()
  const { spans } = holder
  const spansOf = async (task: string): Promise<readonly SpanRecord[]> => {
    await spans.flush()
    return await t.store.traces.spansOf((await t.store.guard.readTask(task))?.traceId ?? '')
  }
  const one = (all: readonly SpanRecord[], name: string): SpanRecord => {
    const found = all.filter((span) => span.name === name)
    expect(found.length, `${name} in ${all.map((span) => span.name).join(', ')}`).toBe(1)
    return found[0] as SpanRecord
  }
  return { ...t, spans, spansOf, one, lines, ends, holder, recorder }
}

it('no span that an agent sends takes the place of what the kit says of an action or a task', async () => {
  const t = await traced({ tools: [testTool('erase', { effect: 'irreversible', confirm })] })
  const task = await t.task()
  const { action, approval } = await t.act(task, 'erase', { id: 'a' })
  const traceId = (await t.store.guard.readTask(task))?.traceId as string
  const claimed = [action, task].map((id) => ({ traceId, spanId: `${id}`.slice(-16), name: 'nothing happened' }))
  const body = Uint8Array.from(protoOf(exportOf(claimed)))
  await t.store.traces.receiveSpans({ encoding: 'protobuf', body, agent: 'desk-agent', atMs: 1 })
  await t.decide(approval?.id as string)
  await t.resume(action as string)
  await t.spansOf(task)
  await t.store.traces.receiveSpans({ encoding: 'protobuf', body, agent: 'desk-agent', atMs: 2 })
  const bounds = { spansMax: 100, charactersMax: 1e6 }
  const own = (await t.store.traces.readTrace(traceId, bounds)).spans.find(({ span }) => action?.endsWith(span.spanId))
  expect(own).toMatchObject({ source: 'kit', span: { name: 'execute_tool erase' } })
  const by = { kind: 'agent', id: 'a', verifiedBy: 'task_token' } as const
  const entry = { id: 'ent_closed', timeMs: t.time.nowMs, kind: 'task-closed', actor: by } as const
  await t.store.tasks.closeTask({ task, atMs: t.time.nowMs, entry })
  t.spans.taskClosed(task)
  await t.spansOf(task)
  const root = (await t.store.traces.readTrace(traceId, bounds)).spans.find(({ span }) => task.endsWith(span.spanId))
  expect(root).toMatchObject({ source: 'kit', span: { name: 'invoke_agent desk-agent' } })
})

it('an executed action leaves itself and its decision, below its task', async () => {
  const t = await traced({ tools: [testTool('look', { authChecks: ['owns'], costUsdMicros: 7 })] })
  const task = await t.task()
  const { action } = await t.act(task, 'look', { id: 'a' })
  const spans = await t.spansOf(task)
  expect(spans.map(({ name }) => name).toSorted()).toEqual(['auth_check owns', 'execute_tool look', 'policy look'])
  const span = t.one(spans, 'execute_tool look')
  expect(span).toMatchObject({
    spanId: action?.slice(-16),
    parentSpanId: task.slice(-16),
    kind: 'internal',
    status: 'ok',
    attributes: {
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'look',
      'gen_ai.tool.call.id': action,
      'gen_ai.tool.call.arguments': { id: 'a' },
      'gen_ai.tool.call.result': { structuredContent: { ok: true } },
      'gen_ai.agent.name': 'desk-agent',
      'airworthy.task': task,
      'airworthy.release': t.guard.release,
      'airworthy.environment': 'dev',
      'airworthy.mode': 'enforce',
      'airworthy.action.state': 'succeeded',
      'airworthy.action.effect': 'read',
      'airworthy.action.reach': 'internal',
      'airworthy.action.door': 'api',
      'airworthy.action.cost_usd_micros': 7,
    },
    resource: { 'service.name': 'desk-agent' },
  })
  expect(t.one(spans, 'policy look')).toMatchObject({
    parentSpanId: span.spanId,
    attributes: {
      'airworthy.policy.decision': 'allow',
      'airworthy.policy.digest': t.guard.policies.digest,
      'airworthy.policy.enforced': true,
    },
  })
  expect(t.one(spans, 'auth_check owns')).toMatchObject({
    parentSpanId: span.spanId,
    kind: 'client',
    attributes: { 'airworthy.auth_check.name': 'owns', 'airworthy.auth_check.answer': 'yes' },
  })
  // The entries that it names hold the bodies.
  const { 'airworthy.action.arguments_entry': asked, 'airworthy.action.result_entry': answered } = span.attributes
  const entries = await t.store.audit.entriesOfTask(task, 10)
  const bodies = entries.map(({ text }) => JSON.parse(text)).map(({ id, kind }) => [id, kind])
  expect(bodies).toContainEqual([asked, 'action-intended'])
  expect(bodies).toContainEqual([answered, 'action-settled'])
  await t.close()
})

it.each<[string, TestGuardOptions, string, JsonObject, JsonObject]>([
  ['a tool that nobody listed', {}, 'nuke', {}, { 'airworthy.reasons': ['TOOL_UNKNOWN'] }],
  ['arguments', {}, 'look', { wrong: 1 }, { 'airworthy.reasons': ['ARGUMENTS_INVALID'] }],
  [
    'a policy',
    { policies: 'forbid (principal, action, resource);' },
    'look',
    { id: 'a' },
    { 'airworthy.reasons': ['POLICY_FORBID'], 'airworthy.policy.step': 'check-policy' },
  ],
  [
    'an auth check',
    {
      tools: [testTool('look', { authChecks: ['owns'] })],
      authCheck: () => ({ kind: 'denied', why: 'no' }),
    },
    'look',
    { id: 'a' },
    { 'airworthy.reasons': ['CHECK_DENIED'], 'airworthy.policy.step': 'check-authorization' },
  ],
])('a denial by %s leaves both too', async (_name, options, tool, args, expected) => {
  const t = await traced(options)
  const task = await t.task()
  const { state } = await t.act(task, tool, args)
  expect(state).toBe('denied')
  const spans = await t.spansOf(task)
  expect(t.one(spans, `execute_tool ${tool}`).attributes).toMatchObject({
    'airworthy.action.state': 'denied',
    'airworthy.reasons': expected['airworthy.reasons'],
    'gen_ai.tool.call.arguments': args,
  })
  expect(t.one(spans, `policy ${tool}`).attributes).toMatchObject({
    'airworthy.policy.decision': 'deny',
    'airworthy.policy.enforced': true,
    ...expected,
  })
  await t.close()
})

it('what a tool says of its failure is told apart', async () => {
  const outcomes = {
    error: { kind: 'answered', isError: true, result: { isError: true, content: [] } },
    away: { kind: 'unknown', why: 'cut' },
    unsent: { kind: 'not-executed', why: 'refused' },
  } as const
  const t = await traced({
    tools: Object.keys(outcomes).map((name) => testTool(name, { effect: 'write' })),
    call: ({ upstreamName }) => outcomes[upstreamName as keyof typeof outcomes],
  })
  const task = await t.task()
  for (const name of Object.keys(outcomes)) await t.act(task, name, { id: name })
  const spans = await t.spansOf(task)
  const seen = (name: string) => {
    const { attributes, status } = t.one(spans, `execute_tool ${name}`)
    return [attributes['airworthy.action.state'], attributes['error.type'], status]
  }
  expect(seen('error')).toEqual(['failed', 'tool_error', 'error'])
  expect(seen('away')).toEqual(['ambiguous', 'no_answer', 'error'])
  expect(seen('unsent')).toEqual(['failed', 'not_executed', 'error'])
  await t.close()
})

it('a held action is one action: asked, confirmed, decided again, executed', async () => {
  const t = await traced({ tools: [testTool('erase', { effect: 'irreversible', confirm })] })
  const task = await t.task()
  const held = await t.act(task, 'erase', { id: 'a' })
  expect((await t.spansOf(task)).map(({ name }) => name)).toEqual(['policy erase'])
  t.time.nowMs += 5_000
  await t.decide(held.approval?.id as string)
  t.time.nowMs += 1_000
  await t.resume(held.action as string)
  const spans = await t.spansOf(task)
  const span = t.one(spans, 'execute_tool erase')
  expect(span.attributes).toMatchObject({ 'airworthy.action.state': 'succeeded', 'airworthy.action.held': true })
  expect(Number((span.endNs ?? 0n) - (span.startNs ?? 0n))).toBe(6_000 * 1e6)
  const confirmation = t.one(spans, 'confirmation erase')
  expect(confirmation).toMatchObject({
    spanId: held.approval?.id.slice(-16),
    parentSpanId: span.spanId,
    attributes: { 'airworthy.approval': held.approval?.id, 'airworthy.approval.outcome': 'used' },
  })
  expect(Number((confirmation.endNs ?? 0n) - (confirmation.startNs ?? 0n))).toBe(5_000 * 1e6)
  expect(
    spans
      .filter(({ name }) => name === 'policy erase')
      .map(({ attributes }) => attributes['airworthy.policy.decision'])
      .toSorted(),
  ).toEqual(['allow', 'confirm'])
  await t.close()
})

it('a rejected one ends denied, from the ledger', async () => {
  const t = await traced({ tools: [testTool('erase', { effect: 'irreversible', confirm })] })
  const task = await t.task()
  const held = await t.act(task, 'erase', { id: 'a' })
  await t.decide(held.approval?.id as string, 'rejected')
  t.spans.actionEnded(held.action as string)
  const spans = await t.spansOf(task)
  expect(t.one(spans, 'execute_tool erase').attributes).toMatchObject({
    'airworthy.action.state': 'denied',
    'airworthy.action.held': true,
    'airworthy.reasons': ['CONFIRMATION_REJECTED'],
    'gen_ai.tool.call.arguments': { id: 'a' },
  })
  expect(t.one(spans, 'confirmation erase').attributes['airworthy.approval.outcome']).toBe('rejected')
  expect(t.one(spans, 'policy erase').attributes['airworthy.policy.decision']).toBe('confirm')
  await t.close()
})

it('a tool that its caller runs ends with the report', async () => {
  const { server: _, ...own } = testTool('own', { effect: 'write' })
  const t = await traced({ tools: [own] })
  const task = await t.task()
  const { action = '' } = await t.act(task, 'own', { id: 'a' })
  expect((await t.spansOf(task)).map(({ name }) => name)).toEqual(['policy own'])
  t.time.nowMs += 40
  await reportOutcome(t.guard, action, {
    state: 'succeeded',
    result: { structuredContent: { value: 1 } },
    by: 'caller',
  })
  t.spans.actionEnded(action)
  const spans = await t.spansOf(task)
  expect(t.one(spans, 'execute_tool own').attributes).toMatchObject({
    'airworthy.action.state': 'succeeded',
    'airworthy.action.executed_ms': 40,
    'gen_ai.tool.call.result': { structuredContent: { value: 1 } },
  })
  t.one(spans, 'policy own')
  await t.close()
})

it('secrets are never on a span, other classes as before_model says, and long bodies are cut', async () => {
  const key = `ghp_${'a1B2'.repeat(9)}`
  const t = await traced({
    data: { secret: secretRule, pii: emailRule },
    call: ({ arguments: { note } }) => ({
      kind: 'answered',
      isError: false,
      result: {
        structuredContent: { said: note === undefined ? 'x'.repeat(20_000) : `${note as string} bo@example.com` },
      },
    }),
  })
  const task = await t.task()
  const shown = await t.act(task, 'look', { note: `${key} ana@example.com` })
  // The rules let the model see the secret; a trace is read by others.
  expect(JSON.stringify(shown.result)).toContain(key)
  t.time.nowMs += 1
  await t.act(task, 'look', {})
  const [first, second] = (await t.spansOf(task)).filter(({ name }) => name === 'execute_tool look')
  const text = JSON.stringify(first?.attributes)
  expect(text).not.toContain(key)
  expect(text).not.toContain('@example.com')
  expect(first?.attributes['gen_ai.tool.call.arguments']).toEqual({
    note: '[redacted:credentials] [redacted:email]',
  })
  const long = second?.attributes['gen_ai.tool.call.result']
  expect(typeof long === 'string' && Buffer.byteLength(long)).toBe(8_192)
  expect(second?.attributes['gen_ai.tool.call.result.cut_bytes']).toBeGreaterThan(20_000)
  await t.close()
})

it('observe mode withholds nothing, and its spans say what would have been', async () => {
  const t = await traced({
    mode: 'observe',
    policies: 'forbid (principal, action, resource);',
    data: { pii: emailRule },
  })
  const task = await t.task()
  expect((await t.act(task, 'look', { note: 'ana@example.com' })).state).toBe('succeeded')
  const spans = await t.spansOf(task)
  expect(t.one(spans, 'policy look').attributes).toMatchObject({
    'airworthy.policy.decision': 'deny',
    'airworthy.policy.enforced': false,
    'airworthy.mode': 'observe',
  })
  expect(JSON.stringify(t.one(spans, 'execute_tool look').attributes)).not.toContain('@example.com')
  await t.close()
})

it('a probe says that it is one', async () => {
  const t = await traced()
  const task = await t.task()
  await t.act(task, 'look', {})
  const end = t.ends[0] as PassageEnd
  const probing = { ...end, passage: { ...end.passage, task: { ...end.passage.task, probe: true } } }
  t.spans.passed({ ...probing, passage: { ...probing.passage, actionId: `act_${'0'.repeat(12)}${'b'.repeat(16)}` } })
  const probed = (await t.spansOf(task)).filter(({ attributes }) => attributes['airworthy.probe'] === true)
  expect(probed.map(({ name }) => name).toSorted()).toEqual(['execute_tool look', 'policy look'])
  await t.close()
})

it('a retrieval names its documents, those of others too, and shows these to nobody', async () => {
  const hit = (tenant: string, more: JsonObject = {}): JsonObject => ({
    uri: `kb://${tenant}`,
    version: '3',
    text: `of ${tenant}`,
    chunk: 0,
    index_revision: 'r1',
    score: 0.75,
    tenant,
    ...more,
  })
  const t = await traced({
    tools: [testTool('search', { inputSchema: { type: 'object' } })],
    manifest: {
      principal: { assertedByAgent: true, attributes: { role: 'string' } },
      retrieval: { search: { acl: { argument: 'tenant', from: 'principal.role' } } },
    },
    call: () => ({
      kind: 'answered',
      isError: false,
      result: { content: [], structuredContent: { hits: [hit('support'), hit('others')] } },
    }),
  })
  const task = await t.task()
  const answer = await t.act(task, 'search', { query: 'x', tenant: 'others' })
  expect(JSON.stringify(answer.result)).not.toContain('others')
  const spans = await t.spansOf(task)
  const { attributes, kind } = t.one(spans, 'retrieval search')
  expect(kind).toBe('client')
  expect(attributes).toMatchObject({
    'gen_ai.operation.name': 'retrieval',
    'gen_ai.data_source.id': 'search',
    'gen_ai.retrieval.documents': [
      { id: 'kb://support', score: 0.75 },
      { id: 'kb://others', score: 0.75 },
    ],
    'airworthy.retrieval.documents': [
      { uri: 'kb://support', version: '3', chunk: '0', index_revision: 'r1', score: 0.75, access: 'allowed' },
      { uri: 'kb://others', access: 'dropped' },
    ],
  })
  const entries = (await t.store.audit.entriesOfTask(task, 10)).map(({ text }) => JSON.parse(text))
  expect(entries.find(({ kind: one }) => one === 'action-settled').details).toEqual({
    dropped_documents: ['kb://others'],
  })
  await t.close()
})

it('a body that is erased is on no span any more', async () => {
  const t = await traced({
    call: () => ({ kind: 'answered', isError: false, result: { structuredContent: { said: 'the result' } } }),
  })
  const task = await t.task()
  const { action = '' } = await t.act(task, 'look', { note: 'the argument \u0000 of ana' })
  const [before] = (await t.spansOf(task)).filter(({ name }) => name === 'execute_tool look')
  const erase = async (entry: unknown, name: string): Promise<boolean> => {
    const draft = erasureDraft(
      { entryId: entry as string, body: name },
      {
        id: `ent_${name}`,
        timeMs: t.time.nowMs,
        actor: { kind: 'operator', id: 'op', verifiedBy: 'operator_key' },
        why: 'the user asked for it',
      },
    )
    return await t.store.audit.eraseBody({ entryId: entry as string, name, record: sealEntry(draft) })
  }
  expect(await erase(before?.attributes['airworthy.action.arguments_entry'], 'arguments')).toBe(true)
  expect(await erase(before?.attributes['airworthy.action.result_entry'], 'result')).toBe(true)
  const [after] = (await t.spansOf(task)).filter(({ spanId }) => spanId === action.slice(-16))
  expect(after?.attributes).toEqual({
    ...before?.attributes,
    'gen_ai.tool.call.arguments': '[erased]',
    'gen_ai.tool.call.result': '[erased]',
  })
  await t.close()
})

it('a task tells its totals once it is closed', async () => {
  const t = await traced({ tools: [testTool('look', { costUsdMicros: 500 })] })
  const task = await t.task()
  await t.act(task, 'look', { id: 'a' })
  t.time.nowMs += 3_000
  const close = () =>
    t.store.tasks.closeTask({
      task,
      atMs: t.time.nowMs,
      entry: {
        id: `ent_${task}`,
        timeMs: t.time.nowMs,
        kind: 'task-closed',
        actor: { kind: 'agent', id: 'a', verifiedBy: 'task_token' },
      },
    })
  t.spans.taskClosed(task)
  expect((await t.spansOf(task)).some(({ name }) => name.startsWith('invoke_agent'))).toBe(false)
  await close()
  t.spans.taskClosed(task)
  expect(t.one(await t.spansOf(task), 'invoke_agent desk-agent')).toMatchObject({
    spanId: task.slice(-16),
    attributes: {
      'gen_ai.operation.name': 'invoke_agent',
      'airworthy.task.worked_ms': 3_000,
      'airworthy.task.waited_ms': 0,
      'airworthy.task.steps': 0,
      'airworthy.task.tool_calls': 1,
      'airworthy.task.tokens': 0,
      'airworthy.task.cost_usd_micros': 500,
      'airworthy.task.unpriced': false,
      'airworthy.task.overrun': [],
    },
  })
  await t.close()
})

it('what lost its spans with the process gets them at the next start, once', async () => {
  const t = await traced()
  delete t.holder.spans
  const task = await t.task()
  const { action } = await t.act(task, 'look', { id: 'a' })
  await t.act(task, 'nuke', { id: 'b' })
  t.time.nowMs += 60_000
  const again = t.recorder()
  expect(await again.rebuild()).toBe(2)
  await again.flush()
  const spans = await t.spansOf(task)
  expect(t.one(spans, 'execute_tool look')).toMatchObject({
    spanId: action?.slice(-16),
    attributes: {
      'airworthy.rebuilt': true,
      'airworthy.action.state': 'succeeded',
      'gen_ai.tool.call.arguments': { id: 'a' },
      'gen_ai.tool.call.result': { structuredContent: { ok: true } },
    },
  })
  expect(t.one(spans, 'policy look').attributes['airworthy.policy.decision']).toBe('allow')
  expect(t.one(spans, 'policy nuke').attributes['airworthy.policy.decision']).toBe('deny')
  expect(await again.rebuild()).toBe(0)
  await t.close()
})

it('a model call whose process ended before its span was written has one from the ledger', async () => {
  const t = await traced()
  const id = await t.task()
  const task = await t.store.guard.readTask(id)
  if (task === undefined) throw new Error('the task is there')
  const { models } = t.store
  const call = (callId: string) => ({
    callId,
    task,
    atMs: t.time.nowMs,
    doubtMs: t.time.nowMs + 60_000,
    owner: 'gone',
    model: 'desk-1',
    reserved: { tokens: 100, costUsdMicros: 50 },
    limits: { steps: 9, tokens: 1_000, costUsdMicros: 1_000, workedMs: 600_000 },
  })
  const [succeeded, lost] = ['mdl_00000000000000a1', 'mdl_00000000000000a2']
  for (const callId of [succeeded, lost]) {
    expect(await models.beginModelCall(call(callId))).toEqual({ kind: 'begun' })
  }
  const details = { operation: 'embeddings', provider: 'openai', input: 7, cost_usd_micros: 3, model: 'desk-1-0601' }
  const end = { atMs: t.time.nowMs + 20, tokens: 7, costUsdMicros: 3, details }
  await models.endModelCall({ ...end, callId: succeeded, state: 'succeeded' })
  await models.endModelCall({ ...end, callId: lost, state: 'lost' })
  t.time.nowMs += 60_000
  const again = t.recorder()
  expect(await again.rebuild()).toBe(1)
  await again.flush()
  expect(t.one(await t.spansOf(id), 'embeddings desk-1')).toMatchObject({
    spanId: succeeded.slice(-16),
    parentSpanId: id.slice(-16),
    status: 'ok',
    attributes: {
      'airworthy.rebuilt': true,
      'gen_ai.provider.name': 'openai',
      'gen_ai.response.model': 'desk-1-0601',
      'gen_ai.usage.input_tokens': 7,
      'airworthy.model.cost_usd_micros': 3,
    },
  })
  expect(await again.rebuild()).toBe(0)
  await t.close()
})

it('a store that takes nothing costs spans, which are counted, and never an action', async () => {
  let isAway = true
  const t = await traced(
    {},
    {
      recordSpans: async () => {
        if (isAway) throw new Error('the store is away')
      },
    },
  )
  const task = await t.task()
  await t.act(task, 'look', {})
  await t.spans.flush()
  expect(t.spans.status()).toMatchObject({ waiting: 2, dropped: 0 })
  const end = t.ends[0] as PassageEnd
  for (let n = 0; n < handedOverMax + 10; n++) t.spans.passed(end)
  expect(t.spans.status().dropped).toBe(10)
  await t.spans.flush()
  // Two spans a passage, and room for 10,000.
  expect(t.spans.status()).toMatchObject({ waiting: 10_000, dropped: 10 + 2 })
  isAway = false
  await t.spans.flush()
  expect(t.spans.status()).toMatchObject({ waiting: 0, written: 10_000 })
  expect(t.lines.some((line) => line.includes('dropped'))).toBe(true)
  await t.close()
})

it('a task that nobody closed is closed a day after its last act, unless it waits for a person', async () => {
  const t = await traced({
    tools: [testTool('look'), testTool('erase', { effect: 'irreversible', confirm })],
    budgets: { deadlineMs: { limit: 1e12, then: 'ask_clarifying_question' } },
  })
  const hourMs = 3_600_000
  const [forgotten, waiting, busy] = [await t.task(), await t.task(), await t.task()]
  t.time.nowMs += hourMs
  await t.act(forgotten, 'look', { id: 'a' })
  await t.act(waiting, 'erase', { id: 'b' })
  t.time.nowMs += 20 * hourMs
  await t.act(busy, 'look', { id: 'c' })
  const closed: string[] = []
  const sweep = idleTaskSweep(t.guard, t.store.tasks, t.store.spanSources, (task) => {
    closed.push(task)
    t.spans.taskClosed(task)
  })
  await sweep()
  expect(closed).toEqual([])
  t.time.nowMs += 5 * hourMs
  await sweep()
  expect(closed).toEqual([forgotten])
  await sweep()
  expect(closed).toEqual([forgotten])
  // A day in which nothing happened is no work.
  const { attributes } = t.one(await t.spansOf(forgotten), 'invoke_agent desk-agent')
  expect(attributes).toMatchObject({ 'airworthy.task.worked_ms': hourMs, 'airworthy.task.forgotten': true })
  const entries = (await t.store.audit.entriesOfTask(forgotten, 10)).map(({ text }) => JSON.parse(text))
  expect(entries.at(-1)).toMatchObject({ kind: 'task-closed', actor: { kind: 'kit' }, details: { idle: true } })
  await t.close()
})
