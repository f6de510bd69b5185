/** Migrations are told by number: the file's number is its place in the list, so that nobody has to look where one stands. */
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const folder = fileURLToPath(new URL('../../src/store', import.meta.url))

test.each([
  ['sqlite/migrate.ts', 'sqlite/migrations'],
  ['sqlite/migrate-traces.ts', 'sqlite/traces-migrations'],
  ['postgres/migrate.ts', 'postgres/migrations'],
])('%s: each migration stands at its number', (list, files) => {
  const source = readFileSync(`${folder}/${list}`, 'utf8')
  const fileOf = new Map(
    [...source.matchAll(/import \{ (\w+) \} from '\.\/[\w-]*migrations\/([\w.-]+)'/g)].map(([, name, file]) => [
      name,
      file,
    ]),
  )
  const listed = /const \w*[mM]igrations[^=]*= \[([\s\S]*?)\]/.exec(source)?.[1]?.match(/\w+/g) ?? []
  const numbers = listed.map((name) => fileOf.get(name)?.slice(0, 3))
  expect(numbers).toEqual(listed.map((_name, at) => String(at + 1).padStart(3, '0')))
  expect(globSync('*.ts', { cwd: `${folder}/${files}` })).toHaveLength(listed.length)
})
