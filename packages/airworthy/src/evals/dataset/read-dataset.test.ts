import { expect, test } from 'vitest'
import { readDataset } from './read-dataset.ts'

const good = `- id: order-status
  source: { kind: synthetic, ref: "workflows#1" }
  principal: { id: ana, attributes: { role: support } }
  input: Where is my order?
  expect:
    - called: get_order
    - reply: { contains: [shipped] }
`

test('a YAML list and JSON lines are read alike', () => {
  const yaml = readDataset([{ file: 'a.yaml', text: good }])
  expect(yaml.faults).toEqual([])
  const line = JSON.stringify(yaml.scenarios[0]?.scenario)
  const json = readDataset([{ file: 'a.jsonl', text: `\n${line}\n` }])
  expect(json.faults).toEqual([])
  expect(json.scenarios[0]).toEqual({ ...yaml.scenarios[0], file: 'a.jsonl', line: 2 })
})

/** Break this, expect that: the first fault's line and a part of its message. */
const faults: readonly [name: string, text: string, line: number, said: RegExp][] = [
  ['nothing', '', 1, /no list of scenarios|holds no scenario/],
  ['an empty list', '[]', 1, /holds no scenario/],
  ['no expectation', good.replace(/ {2}expect:[\s\S]*$/, '  expect: []\n'), 1, /expects nothing/],
  ['expect left out', good.replace(/ {2}expect:[\s\S]*$/, ''), 1, /"expect" does not fit/],
  ['a key that does not exist', good.replace('input:', 'inptu:'), 4, /does not exist: "inptu"/],
  ['an expectation of no kind', good.replace('called:', 'calls:'), 6, /exactly one of called/],
  ['two kinds in one', good.replace('- called: get_order', '- { called: a, not_called: b }'), 6, /exactly one of/],
  ['an empty reply', good.replace('{ contains: [shipped] }', '{}'), 7, /must demand something/],
  [
    'a category that does not exist',
    good.replace('called: get_order', 'called: get_order\n      category: D'),
    7,
    /category/,
  ],
  ['input and turns', good.replace('  expect:', '  turns: [a]\n  expect:'), 1, /exactly one of input and turns/],
  ['the same id twice', good + good, 8, /stands twice; the first is at a.yaml:1/],
  ['broken YAML', `${good}  : [`, 8, /./],
]
test.each(faults)('%s is refused where it stands', (_name, text, line, said) => {
  const { scenarios, faults: found } = readDataset([{ file: 'a.yaml', text }])
  expect(scenarios).toEqual([])
  expect(found[0]?.message).toMatch(said)
  expect([found[0]?.file, found[0]?.line]).toEqual(['a.yaml', line])
  expect(found[0]?.mend).toBeTruthy()
})

test('faults of all files come at once, and nothing is half read', () => {
  const { scenarios, faults: found } = readDataset([
    { file: 'a.yaml', text: good },
    { file: 'b.jsonl', text: '{"id":1}\nnope' },
  ])
  expect(scenarios).toEqual([])
  expect(new Set(found.map(({ file, line }) => `${file}:${line}`))).toEqual(new Set(['b.jsonl:1', 'b.jsonl:2']))
})

test.each([
  ['that are no scenarios', '{"id":1}\n'],
  [
    'that are one scenario again and again',
    `${JSON.stringify({ id: 'a', source: { kind: 'synthetic', ref: 'x' }, principal: { id: 'u' }, input: 'hi', expect: [{ called: 'get_order' }] })}\n`,
  ],
])('a file of 100,000 lines %s is told by its first thousand faults', (_name, line) => {
  const { scenarios, faults: found } = readDataset([{ file: 'a.jsonl', text: line.repeat(100_000) }])
  expect([scenarios, found.length <= 1_010]).toEqual([[], true])
  expect(found.some(({ message }) => message.includes('no more were looked for'))).toBe(true)
})
