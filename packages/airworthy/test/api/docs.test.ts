/** docs/api.md shows the routes that there are, and who may open them. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { routes } from '../../src/server/routes.ts'

const page = readFileSync(fileURLToPath(new URL('../../../../docs/api.md', import.meta.url)), 'utf8')

it('the table of docs/api.md is the route list', () => {
  const rows = page.split('\n').filter((line) => /^\| `(GET|POST|DELETE) /.test(line))
  const expected = routes.map(({ method, path, credentials, summary }) => {
    const opened = credentials === 'open' ? 'anybody' : credentials.join(', ')
    return `| \`${method} ${path}\` | ${opened} | ${summary} |`
  })
  expect(rows).toEqual(expected)
})
