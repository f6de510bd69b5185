import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { appendLine } from './append-line.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'airworthy-line-'))
  path = join(folder, 'lines')
})
afterEach(() => rmSync(folder, { recursive: true }))

it.each<[string, string, string]>([
  ['a new file', '', 'one\n'],
  ['whole lines', 'zero\n', 'zero\none\n'],
  ['half a line', 'zero\nhal', 'zero\nhal\none\n'],
])('stands on a line of its own behind %s', async (_name, before, after) => {
  if (before !== '') writeFileSync(path, before)
  await appendLine(path, 'one')
  expect(readFileSync(path, 'utf8')).toBe(after)
})

it.skipIf(process.platform === 'win32')(
  'a disk that takes only part of a line is an error, never a line that was written',
  () => {
    const source = `
    const { appendLine } = await import(${JSON.stringify(new URL('append-line.ts', import.meta.url).href)})
    console.log(await appendLine(process.argv[1], 'x'.repeat(2_000)).then(() => 'written', ({ code }) => code))`
    const script = 'ulimit -f 1 && exec "$0" --input-type=module -e "$1" "$2"'
    const { stdout, stderr } = spawnSync('sh', ['-c', script, process.execPath, source, path], { encoding: 'utf8' })
    expect(stdout.trim(), stderr).toBe('EFBIG')
  },
)
