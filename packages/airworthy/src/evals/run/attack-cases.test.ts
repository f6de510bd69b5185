import { expect, test } from 'vitest'
import type { Attack } from '../attacks/attack.ts'
import { type AttackCases, attackCases } from './attack-cases.ts'

const attack: Attack = {
  id: 'atk-1',
  goal: 'loop/get_order',
  carrier: 'user-message',
  technique: 'plain',
  disguise: 'none',
  text: 'EVIL',
  cluster: 'c0',
}
const options = {
  manifest: { tools: [], servers: [] },
  mode: 'enforce',
  maker: { isSimulated: () => true },
  prompt: undefined,
  rides: [],
  home: { principal: { id: 'ana' }, world: {} },
  seed: 1,
  timeoutMs: 1_000,
} as unknown as AttackCases

const saidIn = (turns: readonly string[]) => {
  const [made] = attackCases([{ ...attack, turns, plant: [] }], options)
  return { input: made?.input, turns: made?.turns }
}

test('an agent that reads only `input` meets the attack too: one text is input, several are turns', () => {
  expect(saidIn(['EVIL'])).toEqual({ input: 'EVIL', turns: undefined })
  expect(saidIn(['Hello.', 'EVIL'])).toEqual({ input: undefined, turns: ['Hello.', 'EVIL'] })
})
