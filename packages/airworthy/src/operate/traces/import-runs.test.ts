import { describe, expect, it } from 'vitest'
import { digestOfText } from '../../core/digest.ts'
import { newId } from '../../core/ids.ts'
import { openSqliteStore } from '../../store/sqlite/store.ts'
import { readRuns } from '../../telemetry/read-runs.ts'
import type { RecordedRun, RunFormat } from '../../telemetry/recorded-run.ts'
import { importRuns } from './import-runs.ts'

const run = (id: string, more: object = {}) => ({
  id,
  agent: 'clerk',
  model: 'm-1',
  principal: { id: 'ana', attributes: { role: 'support' } },
  reward: 1,
  messages: [
    { role: 'user', content: 'Close invoice 4711.' },
    {
      role: 'assistant',
      content: 'Looking.',
      tool_calls: [{ id: 'c1', type: 'function', function: { name: 'find', arguments: '{"number": 4711}' } }],
    },
    { role: 'tool', tool_call_id: 'c1', content: '{"state": "open"}' },
    { role: 'assistant', content: 'It is open.' },
  ],
  ...more,
})
const lines = (...records: unknown[]): string =>
  records.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join('\n')

function opened() {
  const store = openSqliteStore(':memory:', () => {})
  const importText = (text: string, format: RunFormat = 'openai-messages') =>
    importRuns(store.traces, {
      file: '/somewhere/runs.jsonl',
      text,
      format,
      actor: { kind: 'operator', id: 'cli', verifiedBy: 'folder_access' },
      atMs: 1_800_000_000_000,
      newId: (prefix) => newId(prefix, 1_800_000_000_000),
    })
  const entries = async () => (await store.audit.readUnsequenced(10)).length
  return { store, importText, entries }
}

describe('importing recorded runs', () => {
  it('keeps a run as it was recorded, apart from the ledger', async () => {
    const { store, importText } = opened()
    expect(await importText(lines(run('a')))).toMatchObject({ runsNew: 1, runsKnown: 0, actionsNew: 1, unread: [] })
    const [summary] = await store.traces.listRuns({ limit: 10 })
    expect(summary).toMatchObject({ name: 'openai-messages/a', agent: 'clerk', principalId: 'ana', actions: 1 })
    const read = await store.traces.readRun(summary?.id ?? '')
    expect(read?.run).toMatchObject({
      input: 'Close invoice 4711.',
      outcome: { reward: 1 },
      principal: { id: 'ana', attributes: { role: 'support' } },
      calls: [{ index: 0, tool: 'find', arguments: { number: 4711 }, result: '{"state": "open"}', afterMessages: 2 }],
    })
    const spans = await store.traces.spansOf(read?.run.traceId ?? '')
    expect(spans.map(({ name }) => name)).toEqual(['invoke_agent clerk', 'chat m-1', 'execute_tool find', 'chat m-1'])
    expect(spans.every(({ startNs }) => startNs === undefined)).toBe(true)
    await store.close()
  })

  it('the same file again, and the same run in another file, change nothing', async () => {
    const { store, importText } = opened()
    await importText(lines(run('a'), run('b')))
    const again = await importText(lines(run('a'), run('b')))
    expect(again).toMatchObject({ runsNew: 0, runsKnown: 2, actionsNew: 0, spansNew: 0, spansKnown: 8 })
    expect(await importText(lines(run('b'), run('c')))).toMatchObject({ runsNew: 1, runsKnown: 1 })
    expect(await store.traces.countRuns()).toBe(3)
    await store.close()
  })

  it('a run of the same name with another content is another run: nothing is lost', async () => {
    const { store, importText } = opened()
    await importText(lines(run('a'), run('a', { reward: 0 })))
    expect((await store.traces.listRuns({ limit: 10 })).map(({ name }) => name)).toEqual([
      'openai-messages/a',
      'openai-messages/a',
    ])
    await store.close()
  })

  it('names what cannot be read, and reads the rest', async () => {
    const { store, importText } = opened()
    const report = await importText(
      lines(
        run('a'),
        '{"messages": [',
        run('b', { messages: [{ role: 'tool', tool_call_id: 'c9', content: 'x' }] }),
        '17',
        run('c'),
      ),
    )
    expect(report).toMatchObject({ runsNew: 2 })
    expect(report.unread.map(({ where }) => where)).toEqual(['line 2', 'line 4', 'line 3.messages[0]'])
    await store.close()
  })

  it('a file is imported whole or not at all', async () => {
    const { store, importText, entries } = opened()
    const { runs } = readRuns(lines(run('a'), run('b')), 'openai-messages')
    const [first, second] = runs as [RecordedRun, RecordedRun]
    const broken = { ...second, calls: [...second.calls, ...second.calls] }
    const act = { file: 'f', fileDigest: digestOfText(''), format: 'openai-messages' as const, spans: [], atMs: 1 }
    const entry = {
      id: 'ent_1',
      timeMs: 1,
      kind: 'runs-imported' as const,
      actor: { kind: 'operator' as const, id: 'cli', verifiedBy: 'x' },
    }
    await expect(store.traces.importRuns({ ...act, runs: [first, broken], entry })).rejects.toThrow()
    expect([await store.traces.countRuns(), await entries()]).toEqual([0, 0])
    expect(await importText(lines(run('a'), run('b')))).toMatchObject({ runsNew: 2 })
    await store.close()
  })

  it('leaves one audit entry for each import that brought something', async () => {
    const { store, importText, entries } = opened()
    await importText(lines(run('a')))
    expect(await entries()).toBe(1)
    await importText(lines(run('a')))
    expect(await entries()).toBe(1)
    await importText(lines(run('b')))
    expect(await entries()).toBe(2)
    await store.close()
  })

  it('spans come from OTLP as they are, exact to the nanosecond, and once', async () => {
    const { store, importText } = opened()
    const request = (spanId: string) => ({
      resourceSpans: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'desk' } }] },
          scopeSpans: [
            {
              spans: [
                {
                  traceId: '5B8EFFF798038103D269B633813FC60C',
                  spanId,
                  name: 'GET /',
                  kind: 2,
                  startTimeUnixNano: '1544712660123456789',
                  endTimeUnixNano: '1544712661000000001',
                },
              ],
            },
          ],
        },
      ],
    })
    const report = await importText(lines(request('EEE19B7EC3C1B174'), request('EEE19B7EC3C1B174')), 'otlp-json')
    expect(report).toMatchObject({ runsNew: 0, spansNew: 1, unread: [] })
    expect(await store.traces.spansOf('5b8efff798038103d269b633813fc60c')).toMatchObject([
      { spanId: 'eee19b7ec3c1b174', startNs: 1544712660123456789n, endNs: 1544712661000000001n, kind: 'server' },
    ])
    await store.close()
  })
})
