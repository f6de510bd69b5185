import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type TestGuardOptions, testManifest, testTool } from '../../../test/fixtures/test-guard.ts'
import type { JsonObject } from '../../core/json.ts'
import { loadPolicies } from '../../guard/build-guard.ts'
import { openSqliteStore } from '../../store/sqlite/store.ts'
import { readRuns } from '../../telemetry/read-runs.ts'
import type { RecordedOutcome, RecordedRun } from '../../telemetry/recorded-run.ts'
import { replayRuns } from './replay-runs.ts'
import { requireEvidence, type Suggestion, suggest } from './suggest.ts'

interface Call {
  readonly tool: string
  readonly args?: JsonObject
  readonly result?: string
}

function run(
  id: string,
  calls: readonly Call[],
  more: { readonly attributes?: JsonObject; readonly outcome?: RecordedOutcome } = {},
): RecordedRun {
  const messages = calls.flatMap(({ tool, args = {}, result = 'ok' }, index) => [
    {
      role: 'assistant',
      tool_calls: [{ id: `c${index}`, function: { name: tool, arguments: JSON.stringify(args) } }],
    },
    { role: 'tool', tool_call_id: `c${index}`, content: result },
  ])
  const record = { id, principal: { id, attributes: more.attributes ?? { role: 'support' } }, messages }
  const { runs } = readRuns(JSON.stringify([record]), 'openai-messages')
  return { ...(runs[0] as RecordedRun), outcome: more.outcome ?? { reward: 1 } }
}

const times = (count: number, make: (index: number) => RecordedRun): RecordedRun[] =>
  Array.from({ length: count }, (_, index) => make(index))

async function suggested(
  runs: readonly RecordedRun[],
  options: TestGuardOptions = {},
  isJudgedOnly = false,
): Promise<Suggestion> {
  const manifest = testManifest(options)
  return await suggest({
    manifest,
    policies: loadPolicies(manifest),
    runs,
    openStore: () => openSqliteStore(':memory:', () => {}),
    isJudgedOnly,
  })
}

async function conditionsOf(runs: readonly RecordedRun[], options: TestGuardOptions = {}): Promise<readonly string[]> {
  const { policies } = await suggested(runs, options)
  expect(policies).toHaveLength(1)
  return policies[0]?.conditions.map(({ cedar, calls }) => `${cedar} // ${calls}`) ?? []
}

describe('what a suggestion says', () => {
  it('the roles that were seen, the most that was asked, the argument that was never sent', async () => {
    const runs = times(6, (index) =>
      run(`user-${index}`, [{ tool: 'change', args: { id: `x-${index}`, amount: 10 * index } }]),
    )
    expect(await conditionsOf(runs)).toEqual([
      'principal has "role" && principal["role"] == "support" // 6',
      '(context.args has "amount" && context.args["amount"] <= 50) // 6',
      '!(context.args has "note") // 6',
      'context.untrusted.isEmpty() // 6',
    ])
  })

  it('few values that came often are an enumeration; many, or few calls, are not', async () => {
    const of = (count: number, values: number) =>
      conditionsOf(
        times(count, (index) => run(`user-${index}`, [{ tool: 'look', args: { id: `v${index % values}` } }])),
      )
    expect(await of(6, 2)).toContain('(context.args has "id" && ["v0", "v1"].contains(context.args["id"])) // 6')
    expect((await of(6, 6)).join()).not.toContain('"id"')
    expect((await of(4, 1)).join()).not.toContain('"id"')
  })

  it("an argument that is always the principal's own must be", async () => {
    const manifest = { principal: { assertedByAgent: true, attributes: { tenant: 'string' as const } } }
    const runs = times(6, (index) =>
      run(`user-${index}`, [{ tool: 'look', args: { id: `tenant-${index % 3}` } }], {
        attributes: { tenant: `tenant-${index % 3}` },
      }),
    )
    expect(await conditionsOf(runs, { manifest })).toContain(
      '(context.args has "id" && principal has "tenant" && context.args["id"] == principal["tenant"]) // 6',
    )
  })

  it('a value that somebody else wrote makes no list, and no claim that none comes from there', async () => {
    const runs = times(6, (index) =>
      run(`user-${index}`, [
        { tool: 'look', result: 'write to acme-4711' },
        { tool: 'change', args: { id: 'acme-4711' } },
      ]),
    )
    const { policies } = await suggested(runs)
    const change = policies.find(({ tool }) => tool === 'change')
    expect(change?.conditions.map(({ cedar }) => cedar).join()).not.toMatch(/acme|untrusted/)
  })

  it('a destination that was never taken from untrusted text must not be', async () => {
    const tools = [testTool('look'), testTool('change', { effect: 'write', destinations: ['id'] })]
    const runs = times(6, (index) =>
      run(`user-${index}`, [
        { tool: 'look', result: 'the amount is 750' },
        { tool: 'change', args: { id: `own-${index}`, amount: 750 } },
      ]),
    )
    const { policies } = await suggested(runs, { tools })
    expect(policies.find(({ tool }) => tool === 'change')?.conditions.map(({ cedar }) => cedar)).toContain(
      '!context.untrusted.contains("/id")',
    )
  })

  it('a confirmation that a policy demands is not lost', async () => {
    const lookNoPermit = ({ permit: _, ...tool }: ReturnType<typeof testTool>) => tool
    const tools = [lookNoPermit(testTool('change', { effect: 'write' }))]
    const policies =
      '@confirm("lead") permit (principal, action, resource); @confirm("owner") permit (principal, action, resource) when { context.args has note };'
    const runs = [
      run('a', [{ tool: 'change', args: { id: 'x' } }]),
      run('b', [{ tool: 'change', args: { note: 'y' } }]),
    ]
    const { policies: suggestions, text, checked } = await suggested(runs, { tools, policies })
    expect(suggestions[0]?.confirm).toEqual(['lead', 'owner'])
    expect([...text.matchAll(/@confirm\("(\w+)"\)/g)].map(([, role]) => role)).toEqual(['lead', 'owner'])
    expect(checked).toEqual({ calls: 2, permitted: 2 })
  })

  it('numbers with a fraction, and switches', async () => {
    const inputSchema = {
      type: 'object',
      properties: { price: { type: 'number', minimum: 0, maximum: 100 }, express: { type: 'boolean' } },
      required: ['price'],
      additionalProperties: false,
    }
    const tools = [testTool('look', { inputSchema })]
    const runs = times(6, (index) =>
      run(`user-${index}`, [{ tool: 'look', args: { price: index + 0.25, express: false } }]),
    )
    expect((await conditionsOf(runs, { tools })).slice(1)).toEqual([
      'context.args["price"].lessThanOrEqual(decimal("5.2500")) // 6',
      '(context.args has "express" && context.args["express"] == false) // 6',
    ])
  })

  it('an argument that the guard itself sets is no matter of what was sent', async () => {
    const manifest = {
      principal: { assertedByAgent: true, attributes: { role: 'string' as const, tenant: 'string' as const } },
      retrieval: { look: { acl: { argument: 'id', from: 'principal.tenant' } } },
    }
    const runs = times(6, (index) =>
      run(`user-${index}`, [{ tool: 'look' }], { attributes: { role: 'support', tenant: `t${index % 2}` } }),
    )
    const { policies, checked } = await suggested(runs, { manifest })
    expect(policies[0]?.conditions.map(({ cedar }) => cedar).join()).not.toContain('"id"')
    expect(checked).toEqual({ calls: 6, permitted: 6 })
  })

  it('each line of the text carries a count', async () => {
    const { text } = await suggested(
      times(6, (index) => run(`user-${index}`, [{ tool: 'change', args: { amount: index } }])),
    )
    const lines = text.split('\n').filter((line) => !/^(|when \{|\};)$/.test(line))
    expect(lines.length).toBeGreaterThan(3)
    for (const line of lines) expect(line).toMatch(/\d+ calls?\b/)
  })
})

describe('what a suggestion rests on', () => {
  const call: Call = { tool: 'look', args: { id: 'a' } }

  it('never on runs that failed or held an attack, and it says so', async () => {
    const runs = [
      run('good', [call]),
      run('failed', [{ tool: 'change' }], { outcome: { reward: 0 } }),
      run('attacked', [{ tool: 'erase' }], { outcome: { reward: 1, attack: 'x', attackSucceeded: false } }),
    ]
    const { policies, observations } = await suggested(runs)
    expect(policies.map(({ tool, calls }) => [tool, calls])).toEqual([['look', 1]])
    expect(observations.leftOut).toMatchObject({ failed: 1, attacked: 1 })
  })

  it('runs that nobody judged count, are told apart, and can be left out', async () => {
    const runs = [run('judged', [call]), { ...run('unjudged', [call]), outcome: {} }]
    const all = await suggested(runs)
    expect(all.policies[0]).toMatchObject({ calls: 2, unjudgedCalls: 1 })
    expect(all.text).toContain('1 of the calls in runs that nobody judged')
    expect((await suggested(runs, {}, true)).policies[0]).toMatchObject({ calls: 1, unjudgedCalls: 0 })
  })

  it('not on calls that a forbid or a schema refuses, nor on tools that the manifest does not list', async () => {
    const runs = [
      run('r', [call, { tool: 'change', args: { amount: 5000 } }, { tool: 'erase' }, { tool: 'unheard_of' }]),
    ]
    const { policies, observations } = await suggested(runs, {
      policies: 'forbid (principal, action == Action::"erase", resource);',
    })
    expect(policies.map(({ tool }) => tool)).toEqual(['look'])
    expect(observations.leftOut).toMatchObject({ refused: 2, unlisted: 1 })
  })

  it('with no evidence there is no suggestion', async () => {
    const none = await suggested([run('failed', [call], { outcome: { reward: 0 } })])
    expect(() => requireEvidence(none)).toThrow(/failed 1/)
  })

  it('names the permits that stand beside it', async () => {
    const { policies } = await suggested([run('r', [call])])
    expect(policies[0]?.widerPermits).toEqual(['airworthy.yaml#tools.look.permit:1'])
  })
})

describe('theorems', () => {
  const calls = fc.array(
    fc.record({
      tool: fc.constantFrom('look', 'change', 'erase'),
      args: fc.record(
        {
          id: fc.oneof(fc.constantFrom('a"b', 'user-1', 'x\\'), fc.string({ maxLength: 12, unit: 'grapheme' })),
          amount: fc.integer({ min: 0, max: 1000 }),
        },
        { requiredKeys: [] },
      ),
      result: fc.constantFrom('ok', 'see user-1 and 750'),
    }),
    { minLength: 1, maxLength: 12 },
  )
  const runs = fc
    .array(fc.tuple(calls, fc.constantFrom('support', 'lead')), { minLength: 1, maxLength: 6 })
    .map((made) => made.map(([one, role], index) => run(`user-${index}`, one as Call[], { attributes: { role } })))

  it('alone, it permits every call that it rests on; and no tool that was not seen', async () => {
    await fc.assert(
      fc.asyncProperty(runs, async (recorded) => {
        const suggestion = await suggested(recorded)
        expect(suggestion.checked.permitted).toBe(suggestion.checked.calls)
        const seen = new Set(recorded.flatMap((one) => one.calls.map(({ tool }) => tool)))
        for (const { tool } of suggestion.policies) expect(seen).toContain(tool)
        const named = [...suggestion.text.matchAll(/Action::"([^"]+)"/g)].map((match) => match[1])
        expect(named).toEqual(suggestion.policies.map(({ tool }) => tool))
      }),
      { numRuns: 25 },
    )
  }, 60_000)

  it('what goes beyond what was seen is denied', async () => {
    const seen = times(6, (index) => run(`user-${index}`, [{ tool: 'change', args: { amount: index } }]))
    const { text } = await suggested(seen)
    const tools = [testTool('look'), testTool('change', { effect: 'write' })].map(({ permit: _, ...tool }) => tool)
    const manifest = testManifest({ tools, policies: text })
    const beyond = [
      run('more', [{ tool: 'change', args: { amount: 6 } }]),
      run('other', [{ tool: 'change', args: { amount: 1, note: 'x' } }]),
      run('guest', [{ tool: 'change', args: { amount: 1 } }], { attributes: { role: 'guest' } }),
      run('unseen', [{ tool: 'look' }]),
      run('within', [{ tool: 'change', args: { amount: 5 } }]),
    ]
    const replay = await replayRuns({
      manifest,
      policies: loadPolicies(manifest),
      runs: beyond,
      openStore: () => openSqliteStore(':memory:', () => {}),
    })
    expect(replay.runs.map(({ calls: [call] }) => call?.decision)).toEqual(['deny', 'deny', 'deny', 'deny', 'allow'])
  })
})
