import { expect, it } from 'vitest'
import { checkBuilt } from './desk.ts'

it('a demo that is not built says what to run first', () => {
  expect(() => checkBuilt('/nowhere/dist/demo')).toThrow(
    expect.objectContaining({
      code: 'DEMO_FAILED',
      mend: 'Run `npm run build` in the workspace first; `npm start` does both.',
    }),
  )
})
