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

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | boolean
  readonly items?: Schema
}

/** Names of keys down to the third level; below that a page of its own tells, which the manifest's page links. */
function keysOf(schema: Schema, depth: number): readonly string[] {
  const below = Object.entries(schema.properties ?? {}).flatMap(([key, value]) => [
    key,
    ...(depth === 0 ? [] : keysOf(value, depth - 1)),
  ])
  const named = typeof schema.additionalProperties === 'object' ? keysOf(schema.additionalProperties, depth) : []
  return [...below, ...named]
}

test('docs/manifest.md names every key of the manifest that a person may write', () => {
  const told = readFileSync(new URL('../../../docs/manifest.md', import.meta.url), 'utf8')
  const schema = JSON.parse(readFileSync(new URL('../schema/airworthy.schema.json', import.meta.url), 'utf8')) as Schema
  const missing = [...new Set(keysOf(schema, 1))].filter((key) => !new RegExp(`\\b${key}\\b`).test(told))
  expect(missing).toEqual([])
})
