import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { unifiedDiff } from './unified-diff.ts'

const names = { before: 'a.cedar', after: 'a.cedar' }

describe('unifiedDiff', () => {
  it.each([
    ['equal texts', 'a\nb\n', 'a\nb\n', ''],
    ['a new file', '', 'a\nb\n', '@@ -0,0 +1,2 @@\n+a\n+b\n'],
    ['an emptied file', 'a\n', '', '@@ -1 +0,0 @@\n-a\n'],
    ['one line', '1\n2\n3\n4\n5\n6\n', '1\n2\n3\n4\nX\n6\n', '@@ -2,5 +2,5 @@\n 2\n 3\n 4\n-5\n+X\n 6\n'],
    ['a missing line feed', 'a', 'a\n', '@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n'],
  ])('%s', (_, before, after, hunks) => {
    const diff = unifiedDiff(before, after, names)
    expect(diff).toBe(hunks === '' ? '' : `--- a.cedar\n+++ a.cedar\n${hunks}`)
  })

  it('whoever applies it to the old text gets the new one', () => {
    const folder = mkdtempSync(join(tmpdir(), 'airworthy-diff-'))
    const hasGit = spawnSync('git', ['--version']).status === 0
    const text = fc
      .array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 40 })
      .map((lines) => `${lines.join('\n')}\n`)
    fc.assert(
      fc.property(text, text, (before, after) => {
        const diff = unifiedDiff(before, after, names)
        expect(applied(before, diff)).toBe(after)
        if (!hasGit || diff === '') return
        writeFileSync(join(folder, 'a.cedar'), before)
        const git = spawnSync('git', ['apply', '-p0', '--whitespace=nowarn', '-'], { cwd: folder, input: diff })
        expect(`${git.stderr}`).toBe('')
        expect(readFileSync(join(folder, 'a.cedar'), 'utf8')).toBe(after)
      }),
      { numRuns: hasGit ? 60 : 300 },
    )
    rmSync(folder, { recursive: true })
  })
})

/** A reader of the format that shares nothing with its writer. */
function applied(before: string, diff: string): string {
  const old = before.split('\n')
  const result: string[] = []
  let position = 0
  for (const line of diff.split('\n').slice(2)) {
    const hunk = /^@@ -(\d+)(?:,(\d+))? /.exec(line)
    if (hunk !== null) {
      const first = Number(hunk[1]) - (hunk[2] === '0' ? 0 : 1)
      result.push(...old.slice(position, first))
      position = first
    } else if (line.startsWith('+')) result.push(line.slice(1))
    else if (line.startsWith(' ') || line.startsWith('-')) {
      expect(old[position]).toBe(line.slice(1))
      if (line.startsWith(' ')) result.push(line.slice(1))
      position++
    }
  }
  return [...result, ...old.slice(position)].join('\n')
}
