/** What a newcomer types first, and what the disk refuses, through the program itself. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'

const program = fileURLToPath(new URL('bin.ts', import.meta.url))
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'airworthy-usage-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** @param readsOut  false: whoever reads the output went away before the first byte. */
function airworthy(args: readonly string[], readsOut = true): Promise<Ran> {
  const env = { PATH: process.env.PATH ?? '', HOME: folder, NO_COLOR: '1' }
  const child = spawn(process.execPath, [program, ...args], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  if (readsOut) child.stdout.on('data', (chunk: Buffer) => (stdout += chunk))
  else child.stdout.destroy()
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk))
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })))
}

it.each<[readonly string[], number, string]>([
  [['help'], 0, 'airworthy init'],
  [['help', 'eval', 'run'], 0, 'airworthy eval run --help'],
  [['version'], 0, '0.1.0'],
  [['evl'], 3, 'did you mean `eval`?\nMend: `airworthy --help` lists the commands.'],
  [['keys', 'revoke'], 3, 'Mend: see `airworthy keys revoke --help`.'],
  [['up', '--port', 'x'], 3, 'Mend: see `airworthy up --help`.'],
])('airworthy %j ends with %i', async (args, code, words) => {
  const ran = await airworthy(args)
  expect([ran.code, ran.stdout + ran.stderr]).toEqual([code, expect.stringContaining(words)])
})

it('names a file that is not there, and a folder that cannot be made, without a stack trace', async () => {
  writeFileSync(join(folder, 'plain'), '')
  for (const [args, code] of [
    [['audit', 'verify', 'missing.jsonl'], 'AUDIT_EXPORT_INVALID'],
    [['init', '--project', 'missing'], 'FILE_UNAVAILABLE'],
    [['eval', 'run'], 'MANIFEST_MISSING'],
    [['init', '--project', 'plain/below'], 'FILE_UNAVAILABLE'],
  ] as const) {
    const ran = await airworthy(args)
    expect([ran.code, ran.stderr.startsWith(code), ran.stderr.includes('    at ')], args.join(' ')).toEqual([
      3,
      true,
      false,
    ])
  }
})

it('ends in silence when nobody reads its output', async () => {
  const ran = await airworthy(['help'], false)
  expect(ran).toEqual({ code: 141, stdout: '', stderr: '' })
})
