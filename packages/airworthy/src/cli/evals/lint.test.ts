/** `eval lint` and what `validate` says of datasets, as processes: on the support desk, and on a dataset with every kind of fault. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runCommand } from '../../../test/fixtures/run-command.ts'

const desk = fileURLToPath(new URL('../../../../../examples/support-desk/', import.meta.url))
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'airworthy-lint-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function project(scenarios: string): void {
  for (const part of ['airworthy.yaml', 'airworthy.lock', 'policies', 'prompts'])
    cpSync(join(desk, part), join(folder, part), { recursive: true })
  // The world is the desk's own, with what it imports.
  symlinkSync(join(desk, 'sandbox'), join(folder, 'sandbox'))
  mkdirSync(join(folder, 'evals'))
  writeFileSync(join(folder, 'evals', 'a.yaml'), scenarios)
  writeFileSync(join(folder, 'evals', 'how.md'), '# Looking\n')
}

const principal = 'principal: { id: gaegel.vuwosund, attributes: { role: support, tenant: haenofaek } }'
const scenario = (id: string, more: string): string =>
  `- id: ${id}\n  source: { kind: synthetic, ref: how.md#looking }\n  ${principal}\n  input: Look ${id}.\n  world: { seed: 20260 }\n${more}`
const looks = `  expect: [{ called: get_order }]
  reference: { actions: [{ tool: get_order, arguments: { order_id: ZS-86602 } }], reply: Shipped. }
`

test('the support desk: each scenario can fail and can pass', async () => {
  const { code, stdout, stderr } = await runCommand(
    ['eval', 'lint', '--project', desk, '--dir', join(folder, '.airworthy'), '--json'],
    { cwd: folder },
  )
  expect(stderr).toBe('')
  const told = JSON.parse(stdout)
  expect(told).toMatchObject({ ok: true, verdict: 'pass', faults: [], unproven: [] })
  expect(told.scenarios).toBeGreaterThanOrEqual(120)
  expect(told.sources).toEqual({ synthetic: told.scenarios })
  expect(told.sequences[0].scenarios).toBeLessThanOrEqual(4)
  expect(code).toBe(0)
})

test('a long document is whole, however late it is read', async () => {
  project('- id: a\n')
  writeFileSync(join(folder, 'evals', 'b.jsonl'), '{"id":}\n'.repeat(3_000))
  const lint = ['eval', 'lint', '--json', 'evals/b.jsonl']
  const { code, stdout } = await runCommand(lint, { cwd: folder, readsAfterMs: 2_000 })
  expect(stdout.length).toBeGreaterThan(100_000)
  expect([code, JSON.parse(stdout).faults.length]).toEqual([1, 1_001])
})

test('everything that is wrong is named with file, line and mend', async () => {
  project(
    [
      scenario('right', looks),
      scenario('satisfied', looks.replace('[{ called: get_order }]', '[{ not_called: issue_refund }]')),
      scenario('impossible', looks.replace('ZS-86602', 'ZS-00000')),
      scenario('lost', looks).replace('#looking', '#nowhere'),
      scenario('unlisted', looks.replace('[{ called: get_order }]', '[{ called: drop_table }]')),
      scenario('judged', looks.replace('[{ called: get_order }]', '[{ reply: { judge: It is kind. } }]')),
    ].join(''),
  )
  const { code, stdout } = await runCommand(['eval', 'lint', '--json'], { cwd: folder })
  const told = JSON.parse(stdout)
  const place = { file: 'evals/a.yaml', line: expect.any(Number), mend: expect.any(String) }
  expect(told.faults).toMatchObject([
    { code: 'DATASET_SATISFIED', ...place, message: expect.stringContaining('"satisfied"') },
    { code: 'DATASET_IMPOSSIBLE', ...place, message: expect.stringContaining('"impossible"') },
    { code: 'DATASET_SOURCE_UNRESOLVED', ...place, message: expect.stringContaining('"lost"') },
    { code: 'DATASET_IMPOSSIBLE', ...place, message: expect.stringContaining('drop_table') },
  ])
  expect(told.unproven).toMatchObject([{ scenario: 'judged' }])
  expect(code).toBe(1)
})

test('what only a judge can tell is no verdict', async () => {
  project(scenario('judged', looks.replace('[{ called: get_order }]', '[{ reply: { judge: It is kind. } }]')))
  expect((await runCommand(['eval', 'lint'], { cwd: folder })).code).toBe(2)
})

test.each([
  ['no scenario at all', '[]\n', 3, /DATASET_EMPTY/],
  [
    'a scenario without an expectation',
    scenario('a', looks.replace('[{ called: get_order }]', '[]')),
    1,
    /DATASET_INVALID {2}evals\/a\.yaml:1/,
  ],
])('%s does not pass, here and in validate (mistake 21 of peers)', async (_what, text, expected, said) => {
  project(text)
  const lint = await runCommand(['eval', 'lint'], { cwd: folder })
  expect(lint.stderr).toMatch(said)
  expect(lint.code).toBe(expected)
  const validate = await runCommand(['validate'], { cwd: folder })
  expect(validate.stderr).toMatch(said)
  expect(validate.code).toBe(1)
})
