/** `eval import` as a process: the dataset on stdout or in a file, what became of each line on stderr or in the JSON. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { scenarioLine, writeEvalProject } from '../../../test/fixtures/eval-project.ts'
import { runCommand } from '../../../test/fixtures/run-command.ts'
import { readDataset } from '../../evals/dataset/read-dataset.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'airworthy-import-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const whole = `description: greetings
prompts: ['Greet {{who}}']
tests:
  - vars: { who: Ana }
    assert: [{ type: icontains, value: ana }]
`
const partly = `${whole}  - vars: { who: Bo }
    assert: [{ type: javascript, value: 'true' }]
`

test('the dataset goes to stdout, and what became of each line to stderr', async () => {
  writeFileSync(join(folder, 'p.yaml'), partly)
  const { code, stdout, stderr } = await runCommand(['eval', 'import', '--from', 'promptfoo', 'p.yaml'], {
    cwd: folder,
  })
  expect(readDataset([{ file: 'out.yaml', text: stdout }])).toMatchObject({
    faults: [],
    scenarios: [{ scenario: { id: 'p-1', input: 'Greet Ana', source: { kind: 'synthetic', ref: 'p.yaml' } } }],
  })
  expect(stderr).toMatch(/p\.yaml:5 {2}imported {6}tests\.0\.assert\.0/)
  expect(stderr).toMatch(/p\.yaml:7 {2}not imported {2}tests\.1\.assert\.0 {2}javascript: it is code/)
  expect(code).toBe(1)
})

test('with --out and --json the file is written and one document printed; a file taken over whole ends with 0', async () => {
  writeFileSync(join(folder, 'p.yaml'), whole)
  const args = ['eval', 'import', '--from', 'promptfoo', 'p.yaml', '--out', 'out.yaml', '--principal', 'ana', '--json']
  const { code, stdout, stderr } = await runCommand(args, { cwd: folder })
  const told = JSON.parse(stdout)
  expect(told.scenarios).toMatchObject([{ principal: { id: 'ana' } }])
  expect(told.lines.find(({ path }: { path: string }) => path === 'description')).toMatchObject({
    imported: false,
    line: 1,
  })
  expect(readDataset([{ file: 'out.yaml', text: readFileSync(join(folder, 'out.yaml'), 'utf8') }]).faults).toEqual([])
  expect([stderr, code]).toEqual(['', 0])
})

test.each([
  ['a file that is not there', ['eval', 'import', '--from', 'promptfoo', 'none.yaml'], /DATASET_INVALID/],
  ['an unknown tool', ['eval', 'import', '--from', 'rumour', 'p.yaml'], /rumour/],
])('%s: exit code 3', async (_what, args, said) => {
  const { code, stderr } = await runCommand(args, { cwd: folder })
  expect(stderr).toMatch(said)
  expect(code).toBe(3)
})

test('results of a run go on record beside a manifest, and the gate says that they prove nothing', async () => {
  const project = writeEvalProject({ run: '{ module: agent.mjs }', datasets: { 'all.jsonl': scenarioLine('one') } })
  const rows = [true, true, false].map((success, testIdx) => ({ success, testIdx, gradingResult: { pass: success } }))
  const results = JSON.stringify({ results: { version: 3, results: rows } })
  for (const cwd of [project, folder]) writeFileSync(join(cwd, 'results.json'), results)
  try {
    const args = ['eval', 'import', '--from', 'promptfoo', 'results.json']
    const without = await runCommand(args, { cwd: folder })
    expect([without.code, without.stderr]).toEqual([0, expect.stringMatching(/3 verdicts.*\nNot on record/)])
    // Twice the same file is no more than once.
    for (const _time of [1, 2]) {
      const { code, stdout } = await runCommand([...args, '--json'], { cwd: project })
      expect([code, JSON.parse(stdout).recorded]).toEqual([0, true])
    }
    const gated = JSON.parse((await runCommand(['eval', 'gate', '--json'], { cwd: project })).stdout)
    expect(gated.verdict).toBe('none')
    const third = gated.controls.find(({ id }: { id: string }) => id === 'EVAL-3')
    expect(third).toMatchObject({ state: 'unknown' })
    expect(third.why).toMatch(
      /There is no run of scenarios.*3 verdicts of another tool \(2 pass\), imported, not re-judged: they prove nothing/,
    )
  } finally {
    rmSync(project, { recursive: true })
  }
})
