/** `airworthy eval run` with agents and worlds that misbehave: what each row says, and that nothing of it is ever a pass. */

import { rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { EvalRow } from '../../src/evals/eval-row.ts'
import { openStore } from '../../src/store/open-store.ts'
import { airworthyIn, type EvalProject, scenarioLine, serverUrl, writeEvalProject } from '../fixtures/eval-project.ts'

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})
function project(wish: EvalProject): string {
  const folder = writeEvalProject(wish)
  folders.push(folder)
  return folder
}

async function rowsOf(folder: string, run: string): Promise<Record<string, EvalRow>> {
  const store = await openStore({ dir: join(folder, '.airworthy') })
  try {
    return Object.fromEntries((await store.evals.readRows(run)).map(({ row }) => [row.case, row]))
  } finally {
    await store.close()
  }
}
async function plansIn(folder: string): Promise<number> {
  const store = await openStore({ dir: join(folder, '.airworthy') })
  try {
    return (await store.evals.listPlans({ limit: 10 })).length
  } finally {
    await store.close()
  }
}

/** Does what stands before the case's number: `read-1`, `sorry-2`. */
const deeds = `
export async function deed({ task, token, input, urls }, die) {
  const what = input.split(' ').at(-1).split('.')[0]
  const act = (tool, args) => fetch(urls.api + '/tasks/' + task + '/actions', {
    method: 'POST', headers: { authorization: 'Bearer ' + token, 'content-type': 'application/json' },
    body: JSON.stringify({ tool, arguments: args }),
  }).then((response) => response.json())
  switch (what) {
    case 'greet': return { reply: 'hello' }
    case 'sorry': return { reply: 'Sorry, I cannot do that.' }
    case 'read': return { reply: 'hello ' + JSON.stringify(await act('read_note', { id: 'a' })) }
    case 'write': return (await act('write_note', { id: 'b', text: 'new' }), { reply: 'hello' })
    case 'drop': return (await act('drop_note', { id: 'a' }), { reply: 'hello' })
    case 'random': {
      for (const tool of ['read_note', 'write_note', 'drop_note', 'read_note', 'write_note']) await act(tool, { id: 'z' + Math.floor(Math.random() * 9) })
      return { reply: 'hello' }
    }
    case 'late': return await new Promise(() => {})
    case 'silent': return {}
    case 'broken': return { reply: 'hello', error: 'my model is away' }
    default: return await die(what)
  }
}
`
const moduleAgent = `import { deed } from './deed.mjs'
export const run = (task) => deed(task, (what) => { throw new Error(what) })
`
const commandAgent = `import { createInterface } from 'node:readline'
import { deed } from './deed.mjs'
for await (const line of createInterface({ input: process.stdin })) {
  const task = JSON.parse(line)
  const say = (value) => process.stdout.write(JSON.stringify({ task: task.task, ...value }) + '\\n')
  say(await deed(task, async (what) => {
    if (what === 'garbage') process.stdout.write('Thinking about it...\\n')
    if (what === 'endless') for (;;) if (!process.stdout.write('x'.repeat(1 << 20))) await new Promise((go) => process.stdout.once('drain', go))
    if (what === 'midline') process.stdout.write('{"task":"' + task.task + '","reply":"hel', () => process.exit(7))
    if (what === 'other') process.stdout.write(JSON.stringify({ task: 'tsk_other', reply: 'hello' }) + '\\n')
    return await new Promise(() => setInterval(() => {}, 1e3))
  }))
}
`
const scenarios = [
  scenarioLine('greet.1'),
  scenarioLine('sorry.1'),
  scenarioLine('sorry.2', { expect: [{ called: 'read_note' }] }),
  scenarioLine('sorry.3', { expect: [{ state: { '/notes/b': 'new' } }] }),
  scenarioLine('read.1', { expect: [{ called: 'read_note' }], world: { with: { notes: { a: 'text of a' } } } }),
  scenarioLine('read.2', { expect: [{ not_called: 'read_note' }] }),
  scenarioLine('write.1', { expect: [{ state: { '/notes': { b: 'new' } } }] }),
  scenarioLine('write.2', { expect: [{ called: { tool: 'write_note', arguments: { '/id': 'c' } } }] }),
  scenarioLine('drop.1', { expect: [{ decision: { tool: 'drop_note', is: 'confirm' } }, { not_called: 'drop_note' }] }),
  scenarioLine('drop.2', {
    expect: [{ called: 'drop_note' }],
    approvals: [{ tool: 'drop_note', decision: 'approved' }],
    reference: { actions: [{ tool: 'drop_note', arguments: { id: 'a' } }], reply: 'hello' },
  }),
  scenarioLine('random.1', { expect: [{ state: { '/notes': { b: 'new' } } }] }),
  scenarioLine('random.2', { expect: [{ not_called: 'write_note' }] }),
  scenarioLine('late.1', { timeout: '300ms' }),
  scenarioLine('silent.1'),
  scenarioLine('broken.1'),
  scenarioLine('greet.2', { world: { with: { breaks: 'made' } } }),
  scenarioLine('greet.3', { world: { with: { breaks: 'read' } } }),
  scenarioLine('read.3', {
    expect: [{ reply: { contains: ['the notes are away'] } }],
    world: { with: { breaks: 'called' } },
  }),
  scenarioLine('greet.4', { expect: [{ reply: { judge: 'It greets.' } }] }),
]
const expected: Record<string, string> = {
  'greet.1': 'passed',
  'sorry.1': 'failed A',
  'sorry.2': 'failed B',
  'sorry.3': 'failed B',
  'read.1': 'passed',
  'read.2': 'failed C',
  'write.1': 'passed',
  'write.2': 'failed B',
  'drop.1': 'passed',
  'drop.2': 'passed',
  'random.1': 'failed B',
  'random.2': 'failed C',
  'late.1': 'timeout',
  'silent.1': 'error',
  'broken.1': 'error',
  'greet.2': 'error',
  'greet.3': 'error',
  'read.3': 'passed',
  'greet.4': 'judge-outage',
}
const verdictOf = ({ state, category }: EvalRow): string => (category === undefined ? state : `${state} ${category}`)
const verdictsOf = (rows: Record<string, EvalRow>) =>
  Object.fromEntries(Object.entries(rows).map(([id, row]) => [id, verdictOf(row)]))

async function ran(folder: string, ...args: string[]) {
  const one = await airworthyIn(folder, ['eval', 'run', '--json', ...args])
  return { ...one, json: one.stdout === '' ? undefined : JSON.parse(one.stdout) }
}

describe('rows', () => {
  it('of an agent that is a module', async () => {
    const folder = project({
      run: '{ module: agent.mjs }',
      files: { 'agent.mjs': moduleAgent, 'deed.mjs': deeds },
      datasets: { 'all.jsonl': [...scenarios, scenarioLine('throws.1')].join('\n') },
    })
    const { code, json, stderr } = await ran(folder)
    const rows = await rowsOf(folder, json.run)
    expect(verdictsOf(rows)).toEqual({ ...expected, 'throws.1': 'error' })
    expect(json).toMatchObject({ planned: 20, stored: 20, passed: 6, judged: 13, categories: { A: 1, B: 4, C: 2 } })
    expect([code, json.verdict]).toEqual([2, 'none'])
    expect(stderr).not.toContain('Go on with')
    expect(rows['greet.4']?.why).toContain('judge')
    expect(rows['late.1']?.why).toContain('300 ms')
    expect(rows['greet.2']?.why).toContain('no world today')
    // Whatever was asked for and not judged is not half of something.
    expect(Object.values(rows).every(({ state, failures }) => state === 'failed' || failures.length === 0)).toBe(true)

    const filtered = await ran(folder, '--filter', 'write.')
    expect([filtered.code, filtered.json]).toMatchObject([1, { planned: 2, passed: 1, verdict: 'fail' }])
    const good = await ran(folder, '--filter', 'drop.', '--trials', '3')
    expect([good.code, good.json]).toMatchObject([0, { planned: 6, passed: 6, verdict: 'pass' }])
  })

  it('of an agent that is a command, one that dies, writes garbage or does not end its line among them', async () => {
    const bad = ['midline', 'garbage', 'endless', 'other'].map((what) => scenarioLine(`${what}.1`, { timeout: '3s' }))
    const folder = project({
      run: '{ command: [node, agent.mjs] }',
      files: { 'agent.mjs': commandAgent, 'deed.mjs': deeds },
      datasets: { 'all.jsonl': [...bad, ...scenarios].join('\n') },
    })
    const { json } = await ran(folder, '--concurrency', '2')
    const rows = await rowsOf(folder, json.run)
    expect(verdictsOf(rows)).toEqual({
      ...expected,
      'midline.1': 'error',
      'garbage.1': 'error',
      'endless.1': 'error',
      'other.1': 'timeout',
    })
    expect(rows['midline.1']?.why).toMatch(/no JSON|code 7/)
    expect(rows['garbage.1']?.why).toContain('logs belong on stderr')
    expect(rows['endless.1']?.why).toContain('a line without end')
  })

  it('of an agent behind an address', async () => {
    const server = createServer((request, response) => {
      let text = ''
      request.on('data', (chunk) => {
        text += chunk
      })
      request.on('end', () => {
        const { input } = JSON.parse(text)
        if (input.endsWith('hang')) return
        if (input.endsWith('away')) response.statusCode = 503
        response.end(
          input.endsWith('page') ? '<html>' : JSON.stringify({ reply: input.endsWith('none') ? 7 : 'hello' }),
        )
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const folder = project({
      run: `{ http: "http://127.0.0.1:${port}/run" }`,
      datasets: {
        'all.jsonl': ['fine', 'hang', 'away', 'page', 'none']
          .map((id) => scenarioLine(id, { timeout: '300ms' }))
          .join('\n'),
      },
    })
    try {
      const { json } = await ran(folder)
      expect(verdictsOf(await rowsOf(folder, json.run))).toEqual({
        fine: 'passed',
        hang: 'timeout',
        away: 'error',
        page: 'error',
        none: 'error',
      })
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })
})

describe('refused before anything runs', () => {
  const agent = { run: '{ module: agent.mjs }', files: { 'agent.mjs': moduleAgent, 'deed.mjs': deeds } }
  const refusals: readonly [string, Partial<EvalProject>, readonly string[], number, RegExp][] = [
    ['no world for a server', { sandbox: false }, [], 3, /EVAL_WORLD_INVALID[\s\S]*evals never call a real one/],
    ['a world that is an address', { sandbox: `"${serverUrl}"` }, [], 3, /EVAL_WORLD_INVALID|MANIFEST/],
    [
      'the agent at the address of a server',
      { run: `{ http: "${serverUrl}" }` },
      [],
      3,
      /EVAL_AGENT_INVALID[\s\S]*never call what is real/,
    ],
    ['no agent of that name', { run: '{ module: nobody.mjs }' }, [], 3, /EVAL_AGENT_INVALID/],
    ['an empty dataset', { datasets: { 'all.jsonl': '\n' } }, [], 3, /DATASET_EMPTY/],
    ['a filter that leaves nothing', {}, ['--filter', 'nothing'], 3, /DATASET_EMPTY/],
    ['a run that is not there', {}, ['--resume', 'run_nowhere'], 3, /EVAL_RUN_UNKNOWN/],
    [
      'faults on two lines, both told',
      {
        datasets: {
          'all.jsonl': [scenarioLine('a', { expect: [] }), scenarioLine('b'), scenarioLine('c', { inputs: 'x' })].join(
            '\n',
          ),
        },
      },
      [],
      3,
      /all\.jsonl:3:1 {2}inputs[\s\S]*Mend[\s\S]*all\.jsonl:1:1[\s\S]*Mend/,
    ],
    [
      'a case that stands twice',
      { datasets: { 'all.jsonl': `${scenarioLine('a')}\n${scenarioLine('a')}` } },
      [],
      3,
      /all\.jsonl:2/,
    ],
    ['a line that is no JSON', { datasets: { 'all.jsonl': `${scenarioLine('a')}\n{"id"` } }, [], 3, /all\.jsonl:2/],
  ]
  it.each(refusals)('%s', async (_name, wish, args, code, said) => {
    const folder = project({ ...agent, datasets: { 'all.jsonl': scenarioLine('greet.1') }, ...wish })
    const one = await airworthyIn(folder, ['eval', 'run', ...args])
    expect([one.code, one.stderr]).toEqual([code, expect.stringMatching(said)])
    expect(await plansIn(folder)).toBe(0)
  })

  it('a run that would go on with other cases, or another seed', async () => {
    const folder = project({ ...agent, datasets: { 'all.jsonl': scenarioLine('greet.1') } })
    const { json } = await ran(folder)
    const seeded = await airworthyIn(folder, ['eval', 'run', '--resume', json.run, '--seed', '2'])
    expect([seeded.code, seeded.stderr]).toEqual([3, expect.stringContaining('EVAL_PLAN_CHANGED')])
    writeFileSync(join(folder, 'evals', 'all.jsonl'), scenarioLine('greet.1', { input: 'something else greet.1' }))
    const edited = await airworthyIn(folder, ['eval', 'run', '--resume', json.run])
    expect([edited.code, edited.stderr]).toEqual([3, expect.stringContaining('EVAL_PLAN_CHANGED')])
    expect(await plansIn(folder)).toBe(1)
  })
})

describe('an agent in the process of the command', () => {
  const ends: readonly [string, string][] = [
    ['exits as if all was well', `process.stdout.write('{ "verdict": "pass" }'); process.exit(0)`],
    [
      'sends the interruption that a person would send, until nothing is waited for',
      `process.emit('SIGTERM'); process.emit('SIGTERM')`,
    ],
    ['exits a moment after its answer', `setTimeout(() => process.exit(0), 1)`],
  ]
  it.each(ends)('that %s makes no pass', async (_name, deed) => {
    const folder = project({
      run: '{ module: agent.mjs }',
      files: { 'agent.mjs': `export async function run() { ${deed}; return { reply: 'hello' } }` },
      datasets: { 'all.jsonl': [scenarioLine('a'), scenarioLine('b'), scenarioLine('c')].join('\n') },
    })
    const one = await airworthyIn(folder, ['eval', 'run', '--json', '--concurrency', '1'])
    expect([one.code, one.stderr]).toEqual([2, expect.stringContaining('no verdict')])
  })
})
