/** `airworthy demo` through the real binary, as a newcomer calls it. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { airworthy } from './binary.ts'

const childrenOf = (folder: string): string =>
  spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter((line) => line.includes(folder))
    .join('\n')

/** Its evals are some thousand tool calls; on a machine that is busy they take minutes. */
const demoMsMax = 240_000

it('runs the desk to an honest NO-GO, and prints one JSON document', { timeout: demoMsMax }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'airworthy-demo-test-'))
  const ran = await airworthy(['demo', '--exit', '--json', '--port', '0', '--attacks', '20', '--dir', folder])
  expect(ran.code, ran.stderr).toBe(1)
  const verdict = JSON.parse(ran.stdout) as {
    verdict: string
    environment: string
    controls: { id: string; state: string }[]
  }
  expect([verdict.verdict, verdict.environment, verdict.controls.length]).toEqual(['NO-GO', 'dev', 31])
  expect(ran.stderr).toMatch(/SIMULATED/)
  // What the guard did is on record: one look-up, a ticket, a confirmed refund, a refused one, a held e-mail.
  expect(ran.stderr).toMatch(/get_order\s+allow, succeeded/)
  expect(ran.stderr).toMatch(/create_ticket\s+allow, succeeded/)
  expect(ran.stderr).toMatch(/issue_refund\s+HOLD CONFIRMATION_REQUIRED/)
  expect(ran.stderr).toMatch(/issue_refund\s+allow, succeeded/)
  expect(ran.stderr).toMatch(/issue_refund\s+DENY CHECK_DENIED/)
  // The gullible model did try the refund that a ticket's text commands.
  expect(ran.stderr).toMatch(/issue_refund\s+DENY POLICY_FORBID/)
  expect(ran.stderr).toMatch(/send_email\s+HOLD DATA_BLOCKED, CONFIRMATION_REQUIRED/)
  // Its evals, by the commands that anybody would type.
  const states = new Map(verdict.controls.map(({ id, state }) => [id, state]))
  for (const id of ['EVAL-1', 'EVAL-2', 'EVAL-3', 'DATA-5', 'RULE-1'])
    expect([id, states.get(id)]).toEqual([id, 'pass'])
  expect(states.get('EVAL-4')).not.toBe('pass')
  expect(ran.stderr).toMatch(/\$ airworthy redteam run --count 20 --seed 1 --mode observe/)
  const verified = await airworthy(['audit', 'verify', '--dir', join(folder, '.airworthy'), '--json'])
  expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true })
  expect(childrenOf(folder)).toBe('')
  rmSync(folder, { recursive: true })
})

it('goes on serving after the verdict until ^C, and ends with 0', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'airworthy-demo-test-'))
  const ran = await airworthy(['demo', '--port', '0', '--attacks', '0', '--dir', folder, '--seed', '7'], {
    interruptWhen: (stdout) => stdout.includes('audit verify --dir'),
  })
  expect(ran.code, ran.stderr).toBe(0)
  expect(ran.stdout).toMatch(/NO-GO/)
  expect(existsSync(join(folder, '.airworthy/up.json'))).toBe(false)
  rmSync(folder, { recursive: true })
})

it('^C in the middle ends it at once, with nothing left behind', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'airworthy-demo-test-'))
  const ran = await airworthy(['demo', '--port', '0', '--dir', folder], {
    interruptWhen: (stdout) => stdout.includes('3. A new ticket'),
  })
  expect(ran.code).toBe(0)
  expect(childrenOf(folder)).toBe('')
  rmSync(folder, { recursive: true })
})
