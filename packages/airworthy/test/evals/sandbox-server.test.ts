/** Evals against a server of a test stage: the support desk's own helpdesk, over its wire, in place of the real one. */
import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { airworthyIn } from '../fixtures/eval-project.ts'

const root = fileURLToPath(new URL('../../../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'airworthy-'))
const desk = join(folder, 'desk')
const manifest = join(desk, 'airworthy.yaml')
let helpdesk: ChildProcess
let url: string

beforeAll(async () => {
  cpSync(join(root, 'examples/support-desk'), desk, {
    recursive: true,
    filter: (path) => !/[\\/](?:node_modules|dist|\.airworthy|evals)(?:[\\/]|$)/.test(path.slice(root.length)),
  })
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  helpdesk = spawn(process.execPath, ['helpdesk/main.ts'], {
    cwd: desk,
    env: { PATH: process.env.PATH ?? '', DESK_SEED: '20260', HELPDESK_PERMITS: 'off' },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const lines = createInterface({ input: helpdesk.stdout as NodeJS.ReadableStream })
  const line = await new Promise<string>((resolve) => lines.once('line', resolve))
  url = (JSON.parse(line) as { url: string }).url
  const text = readFileSync(manifest, 'utf8')
  const checks = [...text.matchAll(/^ {2}(\w+): \{ url: "[^"]*\/authorize\/\w+"/gm)].map(
    ([, name]) => `      ${name}: "$\{STAGE_URL}/authorize/${name}"\n`,
  )
  const sandbox = `sandboxes:\n  helpdesk:\n    url: "$\{STAGE_URL}/mcp"\n    auth_checks:\n${checks.join('')}`
  writeFileSync(manifest, text.replace(/^run: .*$/m, 'run: { module: asks.mjs }').replace(/^sandboxes: .*\n/m, sandbox))
  writeFileSync(
    join(desk, 'asks.mjs'),
    `export async function run({ task, token, input, urls }) {
  const headers = { authorization: 'Bearer ' + token, 'content-type': 'application/json' }
  const body = JSON.stringify({ tool: 'get_order', arguments: { order_id: input } })
  const answer = await fetch(urls.api + '/tasks/' + task + '/actions', { method: 'POST', headers, body })
  return { reply: await answer.text() }
}
`,
  )
  const one = (id: string, input: string, expected: object[]): string =>
    JSON.stringify({
      id,
      source: { kind: 'synthetic', ref: 'made up' },
      principal: { id: 'gaegel.vuwosund', attributes: { role: 'support', tenant: 'haenofaek' } },
      input,
      expect: expected,
    })
  cpSync(join(root, 'examples/support-desk/evals/workflows.md'), join(desk, 'evals/workflows.md'))
  writeFileSync(
    join(desk, 'evals/all.jsonl'),
    [
      one('own-order', 'ZS-84540', [{ called: 'get_order' }, { reply: { contains: ['ZS-84540', 'succeeded'] } }]),
      one('no-order', 'QQ-00000', [{ not_called: 'get_order' }, { decision: { tool: 'get_order', is: 'deny' } }]),
    ].join('\n'),
  )
})
afterAll(() => {
  helpdesk?.kill()
  rmSync(folder, { recursive: true, force: true })
})

it('tools and auth checks are asked of it; on this machine it counts as simulated, and the gate says what would not', async () => {
  const env = { STAGE_URL: url }
  const ran = await airworthyIn(desk, ['eval', 'run', '--json'], { env })
  expect([ran.code, ran.stderr]).toEqual([0, expect.stringContaining('2 trials planned')])
  const gated = await airworthyIn(desk, ['eval', 'gate', '--environment', 'staging', '--json'])
  const { runs, controls } = JSON.parse(gated.stdout)
  expect(runs[0]?.simulated).toEqual(['world', 'model'])
  expect(controls.find(({ id }: { id: string }) => id === 'EVAL-3')).toMatchObject({
    state: 'unknown',
    why: expect.stringContaining('not real (world, model)'),
    mend: expect.stringContaining('servers of a test stage under `sandboxes`'),
  })
}, 60_000)

it.each([
  [
    'its address is that of the real server',
    (real: string) => ({ STAGE_URL: real, HELPDESK_URL: real }),
    /evals never call what is real/,
  ],
  ['its variable is not set', () => ({}), /STAGE_URL, and that is not set/],
])('nothing is run where %s', async (_what, env, why) => {
  const ran = await airworthyIn(desk, ['eval', 'run'], { env: env(url) as Record<string, string> })
  expect([ran.code, ran.stderr]).toEqual([3, expect.stringMatching(/EVAL_WORLD_INVALID/)])
  expect(ran.stderr).toMatch(why)
  expect(ran.stderr).not.toMatch(/planned/)
})
