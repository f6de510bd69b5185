/** The commands, through the real binary, on a running kit and without one. */
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { airworthy, deskProject, helpdesk, type Started, takenPort, up } from './binary.ts'

let desk: Awaited<ReturnType<typeof helpdesk>>
let project: string
let env: Record<string, string>

beforeAll(async () => {
  desk = await helpdesk()
  project = deskProject()
  env = { HELPDESK_URL: desk.url, MODEL_URL: 'http://127.0.0.1:9/v1' }
})
afterAll(async () => {
  await desk.stop()
  rmSync(project, { recursive: true, force: true })
})

const json = (text: string): never => JSON.parse(text) as never

describe('usage', () => {
  it('prints its version and its commands', async () => {
    expect(await airworthy(['--version'])).toMatchObject({ code: 0, stdout: '0.1.0\n' })
    const help = await airworthy(['--help'])
    expect(help.code).toBe(0)
    for (const command of [
      'init',
      'lock',
      'validate',
      'up',
      'demo',
      'policy',
      'trace',
      'audit',
      'approval',
      'kill',
      'revive',
      'keys',
      'check',
    ])
      expect(help.stdout).toContain(command)
  })

  it('ends with 3 for what it does not know, and says what to do', async () => {
    for (const args of [['nonsense'], ['up', '--nonsense'], ['up', '--port', 'x'], ['approval', 'show']]) {
      const ran = await airworthy(args, { cwd: project, env })
      expect([args.join(' '), ran.code]).toEqual([args.join(' '), 3])
      expect(ran.stderr).not.toBe('')
    }
  })

  it('says what is missing in an empty folder', async () => {
    const empty = mkdtempSync(join(tmpdir(), 'airworthy-empty-'))
    for (const args of [['validate'], ['up'], ['check'], ['audit', 'verify']]) {
      const ran = await airworthy(args, { cwd: empty })
      expect([0, null]).not.toContain(ran.code)
      expect(`${ran.stdout}${ran.stderr}`).toMatch(/Mend: /)
    }
    rmSync(empty, { recursive: true })
  })
})

describe('a project at rest', () => {
  it('validates, and says CONFIRMATION REQUIRED where it is', async () => {
    const ran = await airworthy(['validate'], { cwd: project, env })
    expect([ran.code, ran.stderr]).toEqual([0, ''])
    expect(ran.stdout).toMatch(/issue_refund.*CONFIRMATION REQUIRED/)
  })

  it('names every fault of a broken manifest, with its place', async () => {
    const broken = deskProject()
    const file = join(broken, 'airworthy.yaml')
    writeFileSync(
      file,
      readFileSync(file, 'utf8')
        .replace('effect: irreversible', 'effect: terrible')
        .replace('pass_rate: 0.95', 'pass_rate: 0.5'),
    )
    const ran = await airworthy(['validate'], { cwd: broken, env })
    expect(ran.code).toBe(1)
    expect(`${ran.stdout}${ran.stderr}`.match(/airworthy\.yaml:\d+:\d+/g)?.length).toBeGreaterThanOrEqual(2)
    rmSync(broken, { recursive: true })
  })

  it('shows, explains and tests its policies', async () => {
    const show = await airworthy(['policy', 'show'], { cwd: project, env })
    expect(show.stdout).toMatch(/permit \(principal, action == Action::"issue_refund"/)
    const explain = (attributes: object, amount = 5) =>
      airworthy(
        [
          'policy',
          'explain',
          'issue_refund',
          '--attributes',
          JSON.stringify(attributes),
          '--arguments',
          JSON.stringify({ order_id: 'AB-12345', amount, reason: 'late' }),
          '--json',
        ],
        { cwd: project, env },
      )
    const allowed = await explain({ role: 'support', tenant: 't' })
    expect([allowed.code, json(allowed.stdout)]).toMatchObject([0, { decision: 'allow', confirm: ['refund-approver'] }])
    const denied = await explain({ role: 'guest', tenant: 't' })
    expect([denied.code, json(denied.stdout)]).toMatchObject([1, { decision: 'deny', code: 'POLICY_NO_PERMIT' }])
    const refused = await explain({ role: 'support', tenant: 't' }, 50_000)
    expect([refused.code, json(refused.stdout)]).toMatchObject([
      1,
      { decision: 'allow', refused: { code: 'ARGUMENTS_INVALID', path: '/amount' } },
    ])
    const over = ['policy', 'explain', 'issue_refund', '--attributes', '{"role":"support"}', '--arguments']
    expect((await airworthy([...over, '{"amount":50000}'], { cwd: project, env })).stdout).toMatch(
      /^DENY issue_refund\n {2}ARGUMENTS_INVALID.*\n {2}the guard stops there; the policies would say /,
    )
    const table = join(project, 'expected.yaml')
    const cases = (expected: string): string =>
      `cases:\n  - { name: guests, tool: get_order, attributes: { role: guest, tenant: t }, arguments: { order_id: AB-12345 }, expect: ${expected} }\n`
    writeFileSync(table, cases('deny'))
    expect(await airworthy(['policy', 'test', table], { cwd: project, env })).toMatchObject({
      code: 0,
      stdout: '1 passed, 0 failed\n',
    })
    writeFileSync(table, cases('allow'))
    expect((await airworthy(['policy', 'test', table], { cwd: project, env })).code).toBe(1)
    writeFileSync(table, 'cases: [{ name: x }]')
    expect((await airworthy(['policy', 'test', table], { cwd: project, env })).code).toBe(3)
  })
})

describe('a running kit', () => {
  let kit: Started
  beforeAll(async () => {
    kit = await up([], { cwd: project, env })
  })
  afterAll(async () => {
    expect(await kit.stop()).toBe(0)
  })
  const run = (...args: string[]) => airworthy(args, { cwd: project, env })

  it('is found by a second start, which touches nothing', async () => {
    const second = await run('up', '--port', '0')
    expect(second.code).toBe(3)
    expect(second.stderr).toMatch(/KIT_RUNNING/)
  })

  it('says when its port is taken', async () => {
    const taken = await takenPort()
    const other = deskProject()
    const ran = await airworthy(['up', '--port', String(taken.port)], { cwd: other, env })
    taken.free()
    expect([ran.code, ran.stderr.includes('PORT_TAKEN')]).toEqual([3, true])
    rmSync(other, { recursive: true })
  })

  it('creates, lists and revokes keys', async () => {
    const created = await run('keys', 'create', '--kind', 'agent', '--name', 'e2e', '--agent', 'support-desk', '--json')
    expect(created.code).toBe(0)
    const { id, key } = json(created.stdout) as { id: string; key: string }
    const open = () =>
      fetch(`${kit.url}/api/v1/tasks`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({
          principal: { id: 'zoe', attributes: { role: 'support', tenant: 't' } },
          input: 'hello',
        }),
      })
    expect((await open()).status).toBe(201)
    expect((await run('keys', 'ls')).stdout).toContain(id)
    expect((await run('keys', 'revoke', id)).code).toBe(0)
    expect((await open()).status).toBe(401)
    expect((await run('keys', 'revoke', id)).stderr).toMatch(/KEY_UNKNOWN/)
  })

  it('is stopped by kill, says how fast, and comes back', async () => {
    const killed = await run('kill', '--reason', 'e2e', '--json')
    expect(killed.code).toBe(0)
    const report = json(killed.stdout) as { requested: number; propagated: number; quiesced: number; verified: number }
    expect(report.verified).toBeGreaterThanOrEqual(report.requested)
    expect((await run('revive')).code).toBe(0)
    expect((await run('revive')).code).toBe(1)
    expect((await run('kill', 'no_such_tool')).stderr).toMatch(/TOOL_UNLISTED/)
  })

  it('has no approvals yet, and knows no unknown one', async () => {
    expect((await run('approval', 'ls')).stdout).toBe('No approvals.\n')
    expect((await run('approval', 'show', 'apr_nothing')).stderr).toMatch(/APPROVAL_UNKNOWN/)
    expect((await run('approval', 'approve', 'apr_nothing')).stderr).toMatch(/CREDENTIAL_INVALID/)
  })

  it('asks a person for no other key than their own', async () => {
    const made = await run('keys', 'create', '--kind', 'person', '--name', 'pia', '--role', 'approver', '--json')
    const own = { ...env, AIRWORTHY_KEY: (json(made.stdout) as { key: string }).key }
    const operatorKey = join(project, '.airworthy/keys/operator.key')
    renameSync(operatorKey, `${operatorKey}.away`)
    try {
      expect((await run('kill')).stderr).toMatch(/KEY_FILE_INVALID/)
      for (const act of ['show', 'approve', 'reject']) {
        const ran = await airworthy(['approval', act, 'apr_nothing'], { cwd: project, env: own })
        expect([act, /^[A-Z_]+/.exec(ran.stderr)?.[0]]).toEqual([act, 'APPROVAL_UNKNOWN'])
      }
    } finally {
      renameSync(`${operatorKey}.away`, operatorKey)
    }
  })

  it('verifies its log while it runs; an export verifies with the public key alone', async () => {
    const verified = await run('audit', 'verify', '--json')
    expect([verified.code, json(verified.stdout)]).toMatchObject([0, { ok: true, faults: [] }])
    const file = join(project, 'log.jsonl')
    const exported = await run('audit', 'export', '--out', file)
    const vkey = /public key: (\S+)/.exec(exported.stderr)?.[1] as string
    expect((await airworthy(['audit', 'verify', file, '--key', vkey], { cwd: tmpdir() })).code).toBe(0)
    const lines = readFileSync(file, 'utf8').split('\n')
    const entry = lines.findIndex((line) => line.includes('key-created'))
    writeFileSync(file, lines.map((line, index) => (index === entry ? line.replace('e2e', 'e3e') : line)).join('\n'))
    const tampered = await airworthy(['audit', 'verify', file, '--key', vkey, '--json'], { cwd: tmpdir() })
    expect(tampered.code).toBe(1)
    expect((json(tampered.stdout) as { faults: { kind: string }[] }).faults.map(({ kind }) => kind)).toContain(
      'changed',
    )
  })

  it('gives a verdict over all 31 controls', async () => {
    const checked = await run('check', '--json')
    expect(checked.code).toBe(1)
    const verdict = json(checked.stdout) as { verdict: string; controls: { id: string; state: string; why: string }[] }
    expect(verdict.verdict).toBe('NO-GO')
    expect(verdict.controls).toHaveLength(31)
    const passed = verdict.controls.filter(({ state }) => state === 'pass').map(({ id }) => id)
    expect(passed).toEqual([
      'SCOPE-1',
      'SCOPE-2',
      'SCOPE-3',
      'SCOPE-4',
      'SCOPE-5',
      'OBS-5',
      'BUDGET-1',
      'BUDGET-2',
      'BUDGET-3',
      'INC-1',
    ])
  })
})

describe('modes and environments', () => {
  it('a server that is away is named at the start, and the kit goes on', async () => {
    const other = deskProject()
    const away = await up([], { cwd: other, env: { ...env, HELPDESK_URL: 'http://127.0.0.1:9' } })
    await expect
      .poll(away.lines, { timeout: 20_000 })
      .toMatch(/The server "helpdesk" cannot be reached: .*\. No call of its tools is executed until it can/)
    expect((await fetch(`${away.url}/healthz`)).status).toBe(200)
    expect(await away.stop()).toBe(0)
    const there = await up([], { cwd: other, env })
    expect(await there.stop()).toBe(0)
    expect(there.lines()).not.toContain('cannot be reached')
    rmSync(other, { recursive: true })
  })

  it('observe says on its face that nothing is enforced', async () => {
    const folder = deskProject()
    const kit = await up(['--mode', 'observe'], { cwd: folder, env })
    expect(kit.lines()).toMatch(/OBSERVE: every decision is recorded and NONE is enforced/)
    expect(await kit.stop('SIGINT')).toBe(0)
    rmSync(folder, { recursive: true })
  })

  it('production without a promoted release is not ready, and proves nothing', async () => {
    const folder = deskProject()
    const kit = await up(['--environment', 'production'], { cwd: folder, env })
    expect(kit.lines()).toMatch(/NOT READY: No release was promoted to production/)
    await kit.stop()
    const checked = await airworthy(['check', '--environment', 'production', '--json'], { cwd: folder, env })
    expect(checked.code).toBe(1)
    const { controls } = json(checked.stdout) as { controls: { state: string }[] }
    expect(new Set(controls.map(({ state }) => state))).not.toContain('pass')
    rmSync(folder, { recursive: true })
  })

  it('a PostgreSQL that is not there is a clear error, without its password', async () => {
    const ran = await airworthy(['up', '--db', 'postgres://kit:s3cret@127.0.0.1:9/x'], { cwd: project, env })
    expect([ran.code, ran.stderr.includes('STORE_UNAVAILABLE')]).toEqual([3, true])
    expect(ran.stdout + ran.stderr).not.toContain('s3cret')
  })
})
