import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { buildLock, lockText } from '../../core/manifest/lock.ts'
import { readProject } from './read-project.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'airworthy-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const lock = buildLock({ servers: { desk: { tools: [{ name: 'look', inputSchema: { type: 'object' } }] } } })
const manifest =
  'agent: a\nmcpServers: { desk: { url: "http://127.0.0.1:1" } }\ntools: { look: { server: desk, effect: read, permit: true } }\nprompt: prompts/system.md\n'
function write(files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
}
const whole = {
  'airworthy.yaml': manifest,
  'airworthy.lock': lockText(lock),
  'prompts/system.md': 'You help.',
  'policies/b.cedar': '// b',
  'policies/a.cedar': '// a',
  'policies/notes.txt': 'x',
}

const withoutPolicies = Object.fromEntries(Object.entries(whole).filter(([name]) => !name.startsWith('policies/')))

describe('readProject', () => {
  test('reads manifest, lock, prompt and policies in name order', () => {
    write(whole)
    const project = readProject(folder, { env: {} })
    expect(project.faults).toEqual([])
    expect(project.lock).toEqual(lock)
    expect(project.effective!.policies).toEqual([
      { file: 'policies/a.cedar', text: '// a' },
      { file: 'policies/b.cedar', text: '// b' },
    ])
    expect(project.effective!.prompt?.file).toBe('prompts/system.md')
  })

  test.each<[string, Record<string, string | Uint8Array>, string]>([
    ['no manifest', {}, 'MANIFEST_MISSING'],
    ['a large manifest', { ...whole, 'airworthy.yaml': '#'.repeat(1024 * 1024 + 1) }, 'MANIFEST_LIMIT_EXCEEDED'],
    ['a manifest that is not UTF-8', { ...whole, 'airworthy.yaml': Buffer.from([0x61, 0xff]) }, 'MANIFEST_MISSING'],
    ['no prompt file', { ...whole, 'airworthy.yaml': manifest.replace('system', 'other') }, 'MANIFEST_FILE_MISSING'],
    [
      'a prompt outside the folder',
      { ...whole, 'airworthy.yaml': manifest.replace('prompts/system.md', '../system.md') },
      'MANIFEST_FILE_MISSING',
    ],
    [
      'an absolute prompt',
      { ...whole, 'airworthy.yaml': manifest.replace('prompts/system.md', '/etc/hostname') },
      'MANIFEST_FILE_MISSING',
    ],
    ['a broken lock', { ...whole, 'airworthy.lock': '{' }, 'LOCK_INVALID'],
    [
      'a lock changed by hand',
      { ...whole, 'airworthy.lock': lockText(lock).replace('"object"', '"array"') },
      'LOCK_DIGEST_MISMATCH',
    ],
    ['a policy in a folder below', { ...whole, 'policies/refunds/c.cedar': '// c' }, 'MANIFEST_FILE_MISSING'],
    ['a policy whose name is written otherwise', { ...whole, 'policies/c.Cedar': '// c' }, 'MANIFEST_FILE_MISSING'],
    ['policies that are no folder', { ...withoutPolicies, policies: '// c' }, 'MANIFEST_FILE_MISSING'],
    ['a policy that is not UTF-8', { ...whole, 'policies/c.cedar': Buffer.from([0xff]) }, 'MANIFEST_FILE_MISSING'],
  ])('%s: one fault that says so', (_, files, code) => {
    write(files)
    const project = readProject(folder, { env: {} })
    expect(project.faults.map((fault) => fault.code)).toEqual([code])
    expect(project.effective).toBeUndefined()
    expect(project.lock).toBeUndefined()
  })

  test('without a lock file it says so once', () => {
    const { 'airworthy.lock': _, ...rest } = whole
    write(rest)
    expect(readProject(folder, { env: {} }).faults.map((fault) => fault.code)).toEqual(['LOCK_MISSING'])
  })

  test('a project of tools that the caller runs needs no lock', () => {
    write({ 'airworthy.yaml': 'agent: a\ntools: { own: { effect: read, input: { type: object } } }\n' })
    const project = readProject(folder, { env: {} })
    expect(project.faults).toEqual([])
    expect(project.lock?.servers).toEqual({})
  })
})
