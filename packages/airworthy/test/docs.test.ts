/** The pages that people are sent to by an error say what the code says. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { errorCodes } from '../src/core/error-codes.ts'

const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8')
const sections = page
  .split(/^## /m)
  .slice(1)
  .map((section) => {
    const [heading = '', ...rest] = section.split('\n')
    return { code: heading.trim(), body: rest.join('\n').trim() }
  })

test('docs/errors.md has the codes of core/error-codes.ts, in that order', () => {
  expect(sections.map(({ code }) => code)).toEqual(Object.keys(errorCodes))
})

test.each(sections)('$code: what happened, why, how to mend it', ({ code, body }) => {
  const [what = '', why = '', mend = ''] = body.split('\n\n')
  expect(what.replaceAll('\n', ' ')).toBe(errorCodes[code as keyof typeof errorCodes])
  expect(why).toMatch(/^Why: \S.{15,}/)
  expect(mend).toMatch(/^Mend: \S.{3,}/)
})
