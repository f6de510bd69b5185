import { expect, test } from 'vitest'
import type { EffectiveManifest } from '../../core/manifest/effective.ts'
import { isOfThisMachine, simulatedParts } from './simulated-parts.ts'

test.each([
  ['http://127.0.0.1:4000/v1', true],
  ['http://127.9.9.9', true],
  ['http://2130706433/', true],
  ['http://[::1]:80/', true],
  ['http://[::ffff:127.0.0.1]/', true],
  ['http://localhost.:80', true],
  ['http://a.localhost', true],
  ['http://0.0.0.0', true],
  ['http://sandbox.invalid/mcp', true],
  ['http://desk.test', true],
  ['$' + '{MODEL_URL}', true],
  ['', true],
  ['https://api.openai.com/v1', false],
  ['https://helpdesk.staging.example.com/mcp', false],
  ['http://10.0.0.7:8000', false],
  ['https://latest.dev', false],
])('%s answers from this machine: %s', (address, expected) => {
  expect(isOfThisMachine(address)).toBe(expected)
})

const manifest = (model: string | undefined, judge?: string) =>
  ({
    ...(model === undefined ? {} : { model: { baseUrl: model } }),
    judges: judge === undefined ? {} : { one: { baseUrl: judge } },
  }) as unknown as EffectiveManifest
const real = 'https://api.example.com/v1'
const local = 'http://127.0.0.1:1/v1'

test.each([
  ['everything is real', manifest(real), [[]], false, []],
  ['one case of many has a world', manifest(real), [[], ['world']], false, ['world']],
  ['the approver decides, and the model is local', manifest(local), [['approver']], false, ['approver', 'model']],
  ['a local judge that nobody asks', manifest(real, local), [[]], false, []],
  ['a local judge that is asked', manifest(real, local), [[]], true, ['judge']],
  ['a real judge', manifest(real, real), [[]], true, []],
] as const)('%s', (_what, given, cases, asksJudge, expected) => {
  expect(
    simulatedParts(
      given,
      cases.map((simulated) => ({ simulated })),
      asksJudge,
    ),
  ).toEqual(expected)
})
