/** `trace` and `policy replay | suggest` as somebody would use them, on files of their own. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildApplication, buildRouteMap, run } from '@stricli/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CliContext } from './context.ts'
import { policyCommands } from './policy.ts'
import { traceCommands } from './trace.ts'

const application = buildApplication<CliContext>(
  buildRouteMap({ routes: { trace: traceCommands, policy: policyCommands }, docs: { brief: 'test' } }),
  { name: 'airworthy', scanner: { caseStyle: 'allow-kebab-for-camel' } },
)

const manifest = (permits: { readonly add: boolean }): string => `
version: 1
agent: clerk
owner: tests@example.com
principal: { asserted_by_agent: true, attributes: { role: string } }
auth_checks: { owns: { url: "http://127.0.0.1:9/owns" } }
tools:
  read_note:
    description: Reads a note.
    input: { type: object, properties: { id: { type: string, maxLength: 64 } }, required: [id] }
    effect: read
    reach: internal
    data: { in: [], out: [], trusted: false }
    permit: { role: [support] }
  add_note:
    description: Adds a note.
    input: { type: object, properties: { text: { type: string, maxLength: 200 }, stars: { type: integer, minimum: 0, maximum: 9 } }, required: [text] }
    effect: write
    reach: internal
    auth_checks: [owns]
    data: { in: [], out: [], trusted: true }
    ${permits.add ? 'permit: { role: [support] }' : ''}
`

const message = (content: string) => ({ role: 'user', content })
const call = (name: string, args: object, content: string, id = `${name}${JSON.stringify(args)}`) => [
  { role: 'assistant', content: null, tool_calls: [{ id, function: { name, arguments: JSON.stringify(args) } }] },
  { role: 'tool', tool_call_id: id, content },
]
const recorded = (id: string, more: object = {}) =>
  JSON.stringify({
    id,
    principal: { id: 'ana', attributes: { role: 'support' } },
    reward: 1,
    messages: [
      message('Note it.'),
      ...call('read_note', { id: 'n1' }, 'A note.'),
      ...call('add_note', { text: 'done', stars: 3 }, 'ok'),
    ],
    ...more,
  })

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'airworthy-'))
  writeFileSync(join(folder, 'airworthy.yaml'), manifest({ add: true }))
})
afterEach(() => rmSync(folder, { recursive: true }))

interface Answer {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

async function airworthy(args: readonly string[]): Promise<Answer> {
  const out: string[] = []
  const err: string[] = []
  const stdout = { write: (text: string) => out.push(text) }
  const stderr = { write: (text: string) => err.push(text) }
  const process: { stdout: typeof stdout; stderr: typeof stderr; exitCode: number | string | null } = {
    stdout,
    stderr,
    exitCode: 0,
  }
  await run(application, args, { process, stdout, stderr, cwd: folder, env: {}, isTty: false } as never)
  return { code: Number(process.exitCode), stdout: out.join(''), stderr: err.join('') }
}

const write = (file: string, ...lines: string[]): void => writeFileSync(join(folder, file), lines.join('\n'))
const json = async (...args: string[]): Promise<Record<string, never>> =>
  JSON.parse((await airworthy([...args, '--json'])).stdout) as never

describe('trace', () => {
  test('imports once, lists, shows', async () => {
    write('runs.jsonl', recorded('a'), recorded('b'))
    expect(await airworthy(['trace', 'import', 'runs.jsonl'])).toMatchObject({
      code: 0,
      stdout:
        'runs.jsonl (openai-messages): 2 new, 0 known, 0 unread\n2 runs new, 0 known; 4 actions; 10 spans new, 0 known\n',
    })
    expect(await json('trace', 'import', 'runs.jsonl')).toMatchObject({ runs_new: 0, runs_known: 2, unread_count: 0 })
    const listed = await json('trace', 'ls')
    expect(listed).toMatchObject({
      imported: 2,
      runs: [{ name: 'openai-messages/a', actions: 2, principal: 'ana' }, {}],
    })
    const [first] = listed.runs as unknown as [{ id: string }]
    const shown = await airworthy(['trace', 'show', first.id])
    expect(shown.stdout).toContain('[0] read_note {"id":"n1"}\n    -> A note.')
    expect(shown.stdout).toContain('nothing of it was governed')
    expect(await json('trace', 'show', first.id)).toMatchObject({ actions: [{ index: 0 }, { index: 1 }], id: first.id })
    expect(await airworthy(['trace', 'show', 'nobody'])).toMatchObject({ code: 3 })
  })

  test('names every line that it cannot read, reads the rest, and ends with 1', async () => {
    write('runs.jsonl', recorded('a'), '{"messages": [{"role": "wizard"}]}', 'no json', recorded('b'))
    const { code, stdout, stderr } = await airworthy(['trace', 'import', 'runs.jsonl', '--format', 'openai-messages'])
    expect([code, stdout.split('\n')[0]]).toEqual([1, 'runs.jsonl (openai-messages): 2 new, 0 known, 2 unread'])
    expect(stderr).toContain('2 could not be read:')
    expect(stderr).toContain('runs.jsonl: line 3: it is not well-formed JSON')
    expect(stderr).toContain('runs.jsonl: line 2.messages[0]: its role is none of')
  })

  test('reads a folder, file by file', async () => {
    mkdirSync(join(folder, 'runs/deep'), { recursive: true })
    write('runs/a.json', recorded('a'))
    write('runs/deep/b.jsonl', recorded('b'))
    write('runs/notes.txt', 'not looked at')
    write('runs/broken.json', '"role"')
    const report = await json('trace', 'import', 'runs')
    expect(report).toMatchObject({ runs_new: 2, unread_count: 1, unread: [{ file: 'runs/broken.json' }] })
  })

  test('hostile text moves nothing on the screen', async () => {
    write('runs.jsonl', recorded('a\u001b[2J\u202e', { messages: [message('x\u001b]0;title\u0007\nrun: faked')] }))
    await airworthy(['trace', 'import', 'runs.jsonl'])
    const [first] = (await json('trace', 'ls')).runs as unknown as [{ id: string }]
    for (const { stdout } of [await airworthy(['trace', 'ls']), await airworthy(['trace', 'show', first.id])]) {
      expect(stdout).not.toMatch(/[\u001b\u0007\u202e]/)
      expect(stdout).not.toMatch(/^run: faked/m)
    }
  })

  test('a file beyond the limit is refused before it is read', async () => {
    write('large.jsonl', recorded('a'))
    // A hole: it has the size and takes no room.
    truncateSync(join(folder, 'large.jsonl'), 128 * 1024 * 1024 + 1)
    const { code, stderr } = await airworthy(['trace', 'import', 'large.jsonl'])
    expect([code, stderr.split('\n')[1]]).toEqual([3, 'large.jsonl cannot be read: it is larger than 128 MiB.'])
    mkdirSync(join(folder, 'runs'))
    write('runs/a.jsonl', recorded('a'))
    write('runs/b.jsonl', '')
    truncateSync(join(folder, 'runs/b.jsonl'), 128 * 1024 * 1024 + 1)
    expect(await json('trace', 'import', 'runs')).toMatchObject({ runs_new: 1, unread: [{ file: 'runs/b.jsonl' }] })
  })

  test('a file that is missing, a format that is none, a folder of no kit: an error, and nothing is written', async () => {
    for (const args of [
      ['trace', 'import', 'nothing.jsonl'],
      ['trace', 'import', 'airworthy.yaml'],
      ['trace', 'import', '--format', 'soup', 'airworthy.yaml'],
      ['trace', 'ls'],
      ['trace', 'import', '--dir', 'typo', '--project', 'typo', 'airworthy.yaml'],
    ]) {
      const { code, stderr } = await airworthy(args)
      expect([args.join(' '), code]).toEqual([args.join(' '), 3])
      expect(stderr).toMatch(/Mend: /)
    }
    expect(existsSync(join(folder, 'typo'))).toBe(false)
  })
})

describe('policy replay', () => {
  test('says what becomes of each call, and what rests on nobody', async () => {
    write('runs.jsonl', recorded('a'), recorded('b', { principal: { id: 'ben', attributes: { role: 'guest' } } }))
    const { code, stdout } = await airworthy(['policy', 'replay', '--runs', 'runs.jsonl'])
    expect(code).toBe(0)
    expect(stdout).toContain('2 runs, 4 calls: 2 allowed, 0 held, 2 denied')
    expect(stdout).toContain('auth checks that nobody answered: owns 1')
    expect(stdout).toContain('read_note deny POLICY_NO_PERMIT')
    const document = await json('policy', 'replay', '--runs', 'runs.jsonl')
    expect(document).toMatchObject({
      runs: [
        {
          calls: [
            {
              index: 0,
              tool: 'read_note',
              decision: 'allow',
              reasons: [],
              policies: ['airworthy.yaml#tools.read_note.permit:1'],
            },
            { index: 1, tool: 'add_note', decision: 'allow', unknown_checks: ['owns'] },
          ],
        },
        { calls: [{ decision: 'deny', reasons: [{ code: 'POLICY_NO_PERMIT' }] }, { decision: 'deny' }] },
      ],
      totals: { runs: 2, calls: 4, allowed: 2, held: 0, denied: 2, unknown_checks: { owns: 1 } },
      unread: [],
    })
  })

  test('against another manifest: each call whose decision changes, and exit 1', async () => {
    write('runs.jsonl', recorded('a'))
    mkdirSync(join(folder, 'older'))
    writeFileSync(join(folder, 'older/airworthy.yaml'), manifest({ add: false }))
    const replay = ['policy', 'replay', '--manifest', 'airworthy.yaml', '--runs', 'runs.jsonl', '--against']
    expect(await airworthy([...replay, '.'])).toMatchObject({ code: 0 })
    expect(await airworthy([...replay, 'older/airworthy.yaml'])).toMatchObject({ code: 1 })
    expect(await json(...replay, 'older')).toMatchObject({
      changes: [{ index: 1, before: { decision: 'deny' }, after: { decision: 'allow' } }],
      change_counts: { 'deny->allow': 1 },
    })
  })

  test('without a call there is no verdict', async () => {
    write('runs.jsonl', recorded('a', { messages: [message('hello')] }))
    expect(await airworthy(['policy', 'replay', '--runs', 'runs.jsonl'])).toMatchObject({ code: 2 })
  })
})

describe('policy suggest', () => {
  test('prints a diff that names what it rests on, and writes nothing', async () => {
    write('runs.jsonl', ...Array.from({ length: 6 }, (_, index) => recorded(`run-${index}`)))
    const before = readdirSync(folder)
    const { code, stdout, stderr } = await airworthy(['policy', 'suggest', '--runs', 'runs.jsonl'])
    expect(code).toBe(0)
    expect(stdout).toContain('--- /dev/null\n+++ policies/suggested.cedar\n')
    expect(stdout).toContain('+  && (context.args has "stars" && context.args["stars"] <= 3) // 6 calls\n')
    expect(stderr).toContain('it permits all 12 calls that it rests on')
    expect(stderr).toContain('add_note is permitted by airworthy.yaml#tools.add_note.permit:1 already')
    expect(readdirSync(folder)).toEqual(before)
  })

  test('what is applied changes nothing any more; the text of people stays', async () => {
    write('runs.jsonl', ...Array.from({ length: 6 }, (_, index) => recorded(`run-${index}`)))
    const { policies } = (await json('policy', 'suggest', '--runs', 'runs.jsonl')) as unknown as {
      policies: { cedar: string }[]
    }
    mkdirSync(join(folder, 'policies'))
    write('policies/suggested.cedar', policies.map(({ cedar }) => cedar).join('\n'))
    expect(await airworthy(['policy', 'suggest', '--runs', 'runs.jsonl'])).toMatchObject({ code: 0, stdout: '' })
    cpSync(join(folder, 'policies/suggested.cedar'), join(folder, 'policies/mine.cedar'))
    const added = await airworthy(['policy', 'suggest', '--runs', 'runs.jsonl', '--file', 'policies/mine.cedar'])
    expect(added.stdout).toMatch(/^--- policies\/mine\.cedar\n/)
    expect(added.stdout).not.toMatch(/^-[^-]/m)
    expect(readFileSync(join(folder, 'policies/mine.cedar'), 'utf8')).not.toContain('+')
  })

  test('runs that failed suggest nothing, and it says so', async () => {
    write('runs.jsonl', recorded('a', { reward: 0 }))
    const { code, stderr } = await airworthy(['policy', 'suggest', '--runs', 'runs.jsonl'])
    expect(code).toBe(3)
    expect(stderr).toContain('failed 2')
  })

  test('runs that nobody judged are named loudly', async () => {
    write('runs.jsonl', recorded('a', { reward: undefined }))
    expect((await airworthy(['policy', 'suggest', '--runs', 'runs.jsonl'])).stderr).toContain(
      'NOBODY JUDGED 1 of these runs',
    )
    expect(await airworthy(['policy', 'suggest', '--runs', 'runs.jsonl', '--judged-only'])).toMatchObject({ code: 3 })
  })
})
