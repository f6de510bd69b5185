/** What the examples' READMEs tell a reader to type works as it stands, offline, and their tables of expected decisions hold. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { exampleFolder } from './example-folder.ts'

const workspace = fileURLToPath(new URL('../../../..', import.meta.url))
const binary = join(workspace, 'packages/airworthy/src/cli/bin.ts')

describe.each(['airline', 'dailylife', 'code-change'])('examples/%s/README.md', (name) => {
  const readme = readFileSync(join(exampleFolder(name), 'README.md'), 'utf8')
  const commands = [...readme.matchAll(/^npx airworthy (.+)$/gm)].map((match) => match[1] ?? '')

  it('gives two commands', () => expect(commands).toHaveLength(2))

  it('the table of expected decisions holds', () => {
    const { status, stdout } = run(commands[0] ?? '')
    expect(stdout).toMatch(/^[1-9]\d* passed, 0 failed$/m)
    expect(status).toBe(0)
  })

  it('the decision is taken apart', () => {
    const { status, stdout } = run(commands[1] ?? '')
    expect(stdout).toMatch(/^(DENY|CONFIRM) \w+$/m)
    expect(stdout).toMatch(/determined by [\w/.#-]+:\d+/)
    expect(status).toBe(stdout.startsWith('DENY') ? 1 : 0)
  })
})

/** As a POSIX shell would, as far as these lines need it: words, and words in single quotes. */
function run(command: string): { readonly status: number | null; readonly stdout: string } {
  const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '')
  const { status, stdout } = spawnSync(process.execPath, [binary, ...words], { cwd: workspace, encoding: 'utf8' })
  return { status, stdout }
}
