/** `examples/python`: the client in one standard-library file, by its own tests and by its example, against a real kit. */
import { execFile, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createKit, type Kit } from '../../src/kit.ts'
import { type Serving, serve } from '../../src/server/serve.ts'

const project = fileURLToPath(new URL('../../../../examples/python', import.meta.url))
const testsMin = 15

function hasPython(): boolean {
  try {
    execFileSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 9))'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

describe.skipIf(!hasPython())('the Python client (skipped where there is no python3 from 3.9 on)', () => {
  let dir: string
  let kit: Kit
  let http: Serving
  let env: NodeJS.ProcessEnv
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'airworthy-python-'))
    kit = await createKit({ project, dir, env: {} })
    await kit.start()
    http = await serve(kit, { port: 0 })
    const actor = { kind: 'operator', id: 'op', verifiedBy: 'operator_key' } as const
    const agent = await kit.createKey({ kind: 'agent', name: 'notes', roles: [], agent: 'notes' }, actor)
    const person = await kit.createKey({ kind: 'person', name: 'kim', roles: ['note-keeper'] }, actor)
    env = {
      PATH: process.env.PATH,
      PYTHONDONTWRITEBYTECODE: '1',
      no_proxy: '127.0.0.1',
      AIRWORTHY_URL: http.url,
      AIRWORTHY_KEY: agent.key,
      APPROVER_KEY: person.key,
    }
  })
  afterAll(async () => {
    await http?.close()
    await kit?.close()
    rmSync(dir, { recursive: true, force: true })
  })

  it('passes its own tests', async () => {
    const { stderr } = await promisify(execFile)('python3', ['-W', 'error', '-m', 'unittest', '-v', 'test_airworthy'], {
      cwd: project,
      env,
    })
    expect(Number(/Ran (\d+) tests/.exec(stderr)?.[1])).toBeGreaterThanOrEqual(testsMin)
    expect(stderr).toMatch(/\nOK\n$/)
  })

  it('imports nothing but the standard library', async () => {
    const list =
      'import ast,sys; tree=ast.parse(open("airworthy.py").read()); names={(n.module if isinstance(n, ast.ImportFrom) else a.name).split(".")[0] for n in ast.walk(tree) if isinstance(n,(ast.Import,ast.ImportFrom)) for a in n.names}; print(sorted(names))'
    const { stdout } = await promisify(execFile)('python3', ['-c', list], { cwd: project })
    expect(stdout.trim()).toBe("['__future__', 'dataclasses', 'json', 'time', 'typing', 'urllib']")
  })

  it.each(['approved', 'rejected'] as const)(
    'the example runs to its end when its deletion is %s',
    async (decision) => {
      const child = spawn('python3', ['notes.py'], { cwd: project, env })
      let out = ''
      let decided: Promise<unknown> | undefined
      child.stderr.on('data', (text: Buffer) => {
        out += text.toString()
      })
      child.stdout.on('data', (text: Buffer) => {
        out += text.toString()
        const id = /approvals\/(apr_\S+)/.exec(out)?.[1]
        const approver = { name: 'kim', roles: ['note-keeper'], credentialId: 'key_kim', verifiedBy: 'simulated' }
        if (id !== undefined) decided ??= kit.decideApproval({ id, decision, approver })
      })
      const code = await new Promise((resolve) => child.on('close', resolve))
      await decided
      expect(out).toContain('rob may not write: POLICY_NO_PERMIT')
      expect(out).toContain("ana writes: {'kept': 1}")
      expect(out).toMatch(/ana reads: Call Ana at (?!ana@example\.com)/)
      expect(out).toContain('CONFIRMATION REQUIRED: a note-keeper decides at http://127.0.0.1:')
      if (decision === 'approved') expect(out).toMatch(/ana deletes: \{'deleted': True\}\nnotes left: 0\n$/)
      else expect(out).toMatch(/the note stays: CONFIRMATION_REJECTED\nnotes left: 1\n$/)
      expect(code).toBe(0)
    },
  )
})
