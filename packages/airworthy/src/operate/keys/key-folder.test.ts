import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readKitKeys } from './key-folder.ts'

let project: string
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'airworthy-keys-'))
})
afterEach(() => rmSync(project, { recursive: true }))

test('keys and store are kept out of git, and nothing else of a project is', () => {
  readKitKeys(join(project, '.airworthy'), {})
  expect(readFileSync(join(project, '.airworthy/.gitignore'), 'utf8')).toBe('*\n')
  readKitKeys(project, {})
  expect(existsSync(join(project, '.gitignore'))).toBe(false)
})

test('what somebody wrote there stays', () => {
  readKitKeys(join(project, '.airworthy'), {})
  writeFileSync(join(project, '.airworthy/.gitignore'), '# ours\n')
  rmSync(join(project, '.airworthy/keys'), { recursive: true })
  readKitKeys(join(project, '.airworthy'), {})
  expect(readFileSync(join(project, '.airworthy/.gitignore'), 'utf8')).toBe('# ours\n')
})
