import { expect, it } from 'vitest'
import type { ActionAnswer } from '../../guard/answer.ts'
import { toolResultOf } from './answer-result.ts'
import type { GatewayKit } from './gateway-kit.ts'

const kit = { approvalUrl: (id: string) => `http://127.0.0.1/approvals/${id}` } as GatewayKit
const textOf = (answer: Partial<ActionAnswer>): string => {
  const whole = { decision: 'deny', reasons: [], arguments: {}, enforced: true, ...answer } as ActionAnswer
  return (toolResultOf(kit, whole).content as { text: string }[])[0]?.text ?? ''
}

it('a store that is away waits for nobody’s decision', () => {
  const reasons = [
    { code: 'STORE_UNAVAILABLE', message: 'The store did not answer, so nothing was executed.' } as const,
  ]
  expect(textOf({ state: 'denied', next: 'wait', reasons })).toBe(
    'Denied. The store did not answer, so nothing was executed. Call again later with the same arguments.',
  )
})

it('what is held waits for a person', () => {
  expect(textOf({ state: 'held', decision: 'confirm', next: 'wait' })).toBe(
    'CONFIRMATION REQUIRED. A person decides. Call again later with the same arguments.',
  )
})
