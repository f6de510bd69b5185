import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { editorSchemaText } from './editor-schema.ts'

const file = new URL('../../../schema/airworthy.schema.json', import.meta.url)

test('the shipped schema is the one that the parser uses (mend: node scripts/write-schema.ts)', () => {
  expect(readFileSync(file, 'utf8')).toBe(editorSchemaText())
})

const check = new Ajv({ strict: false }).compile(JSON.parse(editorSchemaText()))
test.each([
  [
    'a small manifest',
    'agent: x\nmcpServers: { a: { url: "http://127.0.0.1/" } }\ntools: { t: { server: a, permit: true } }',
    true,
  ],
  ['an unknown key', 'agent: x\nagnet: y', false],
  ['an unknown effect', 'agent: x\ntools: { t: { effect: readonly } }', false],
  ['no agent', 'version: 1', false],
])('an editor judges %s', (_, text, expected) => expect(check(parse(text))).toBe(expected))
