import { expect, it } from 'vitest'
import { onClosing } from './on-closing.ts'

it('what waits runs when the signal aborts, what was taken back does not, and what comes later runs at once', () => {
  const controller = new AbortController()
  const ran: string[] = []
  onClosing(controller.signal, () => ran.push('first'))
  const takeBack = onClosing(controller.signal, () => ran.push('taken back'))
  onClosing(controller.signal, () => ran.push('last'))
  takeBack()
  expect(ran).toEqual([])
  controller.abort()
  expect(ran).toEqual(['first', 'last'])
  onClosing(controller.signal, () => ran.push('late'))
  expect(ran).toEqual(['first', 'last', 'late'])
})
