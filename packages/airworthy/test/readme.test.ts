/** What the README promises is there: its two commands, its links, its version, its commands. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { version } from '../src/core/version.ts'

const workspace = fileURLToPath(new URL('../../..', import.meta.url))
const read = (path: string): string => readFileSync(join(workspace, path), 'utf8')

it('names its two commands on a line each', () => {
  const lines = read('README.md').split('\n')
  expect(lines).toContain('npm ci && npm start')
  expect(lines).toContain('npm ci && npm test')
  expect(read('.ci/run')).toContain('npm ci && npm test')
})

it('links only to what is there', () => {
  const pages = [
    'README.md',
    'CHANGELOG.md',
    'examples/support-desk/README.md',
    ...globSync('docs/**/*.md', { cwd: workspace }),
  ]
  const broken = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\(([^)#\s]+)(#[^)]*)?\)/g)]
      .map((match) => match[1] as string)
      .filter((target) => !/^[a-z]+:/.test(target))
      .filter((target) => !existsSync(join(workspace, dirname(page), target)))
      .map((target) => `${page} -> ${target}`),
  )
  expect(broken).toEqual([])
})

it('has scripts for the commands that it lists', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  const named = [...read('README.md').matchAll(/`npm run (\w+)`/g)].map((match) => match[1] as string)
  expect(named.length).toBeGreaterThan(3)
  expect(named.filter((name) => scripts[name] === undefined)).toEqual([])
})

it('is of the version that the code says', () => {
  expect((JSON.parse(read('packages/airworthy/package.json')) as { version: string }).version).toBe(version)
})
