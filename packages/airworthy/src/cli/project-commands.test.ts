/** `init`, `lock` and `validate` as somebody would use them, one after another, against a server that changes in between. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildApplication, buildRouteMap, run } from '@stricli/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CliContext } from './context.ts'
import { initCommand } from './init.ts'
import { lockCommand } from './lock.ts'
import { validateCommand } from './validate.ts'

const application = buildApplication<CliContext>(
  buildRouteMap({
    routes: { init: initCommand, lock: lockCommand, validate: validateCommand },
    docs: { brief: 'test' },
  }),
  { name: 'airworthy', scanner: { caseStyle: 'allow-kebab-for-camel' } },
)

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'airworthy-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

interface Answer {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

async function call(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const out: string[] = []
  const err: string[] = []
  const stdout = { write: (text: string) => out.push(text) }
  const stderr = { write: (text: string) => err.push(text) }
  const process: { stdout: typeof stdout; stderr: typeof stderr; exitCode: number | string | null } = {
    stdout,
    stderr,
    exitCode: 0,
  }
  const context = {
    process,
    stdout,
    stderr,
    cwd: folder,
    env: { PATH: globalThis.process.env.PATH ?? '', ...env },
    isTty: false,
  }
  await run(application, args, context as never)
  return { code: Number(context.process.exitCode), stdout: out.join(''), stderr: err.join('') }
}
const json = async (args: readonly string[], env = {}) => {
  const answer = await call([...args, '--json'], env)
  return { ...answer, document: JSON.parse(answer.stdout) }
}
const read = (name: string): string => readFileSync(join(folder, name), 'utf8')
const edit = (name: string, change: (text: string) => string): void =>
  writeFileSync(join(folder, name), change(read(name)))

/** A server on stdio, in as few lines as MCP allows; its tools stand in a file, so that a test can change them. */
const serverProgram = `
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
const answer = (id, result) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, ...result }) + '\\n')
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line)
  if (id === undefined) return
  if (method === 'initialize') answer(id, { result: { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'desk', version: '1.0.0' } } })
  else if (method === 'tools/list') answer(id, { result: { tools: JSON.parse(readFileSync('tools-list.json', 'utf8')) } })
  else answer(id, { error: { code: -32601, message: 'Method not found' } })
})
`
const tools = [
  {
    name: 'refund',
    description: 'Pays back.',
    inputSchema: {
      type: 'object',
      properties: { amount: { type: 'number', minimum: 0, maximum: 100 } },
      required: ['amount'],
    },
  },
  {
    name: 'get_order',
    inputSchema: { type: 'object', properties: { order: { type: 'string' } } },
    annotations: { readOnlyHint: true },
  },
]
function serverWith(list: readonly object[]): void {
  writeFileSync(join(folder, 'server.mjs'), serverProgram)
  writeFileSync(join(folder, 'tools-list.json'), JSON.stringify(list))
  writeFileSync(
    join(folder, '.mcp.json'),
    JSON.stringify({ mcpServers: { desk: { command: process.execPath, args: ['server.mjs'], cwd: folder } } }),
  )
}

describe('init, lock, validate', () => {
  test('from a server to a manifest that denies everything, to one that permits', async () => {
    serverWith(tools)
    const first = await json(['init', '--agent', 'my-agent'])
    expect(first).toMatchObject({ code: 0, stderr: '' })
    expect(first.document.tools.map((tool: { name: string; effect: string }) => [tool.name, tool.effect])).toEqual([
      ['refund', 'irreversible'],
      ['get_order', 'read'],
    ])

    const denied = await call(['validate'])
    expect(denied).toMatchObject({ code: 0, stderr: '' })
    expect(denied.stdout).toMatch(/refund +desk +irreversible +external +CONFIRMATION REQUIRED/)
    expect(denied.stdout).toContain('everything is denied')

    edit('airworthy.yaml', (text) => text.replace('    effect: read', '    permit: true\n    effect: read'))
    const permitted = await json(['validate'])
    expect(permitted).toMatchObject({
      code: 0,
      document: { ok: true, faults: [], detectors_not_built: expect.arrayContaining(['person']) },
    })
    expect(permitted.document.notes.join()).not.toContain('everything is denied')
    expect(permitted.document.policies.digest).toMatch(/^sha256:/)
  })

  test('init does not overwrite what people decided', async () => {
    serverWith(tools)
    await call(['init'])
    edit('airworthy.yaml', (text) => `${text}# decided\n`)
    expect(await call(['init'])).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringContaining('PROJECT_EXISTS'),
    })
    expect(read('airworthy.yaml')).toContain('# decided')
    const printed = await call(['init', '--dry-run'])
    expect(printed).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing was written') })
    expect(printed.stdout).toMatch(/TOOL .*WHY/)
    expect(read('airworthy.yaml')).toContain('# decided')
    expect((await call(['init', '--force'])).code).toBe(0)
  })

  test('lock says what changed and what became wider, and validate sees what it took away', async () => {
    serverWith(tools)
    await call(['init'])
    expect(await call(['lock'])).toMatchObject({ code: 0, stdout: 'airworthy.lock is up to date.\n' })

    const wider = structuredClone(tools)
    wider[0]!.inputSchema.properties.amount!.maximum = 5000
    serverWith([wider[0]!, { name: 'wipe', inputSchema: { type: 'object' } }])
    expect((await call(['lock', '--check'])).code).toBe(1)
    const changed = await call(['lock'])
    expect(changed.stdout).toContain(
      'changed servers.desk.refund: inputSchema\n  WIDER  the maximum of "amount" went from 100 to 5000\n',
    )
    expect(changed.stdout).toContain('new     servers.desk.wipe\n')
    expect(changed.stdout).toContain('gone    servers.desk.get_order\n')

    const after = await json(['validate'])
    expect(after.code).toBe(1)
    expect(after.document.faults).toMatchObject([
      {
        code: 'MANIFEST_TOOL_UNKNOWN',
        file: 'airworthy.yaml',
        path: 'tools.get_order',
        line: expect.any(Number),
        column: 3,
      },
    ])
  })

  test('no name that a server chooses moves the cursor or begins a line', async () => {
    const hostile = '\u001b[2K\u001b[1A\nairworthy.lock is up to date.'
    serverWith([{ name: 'refund', inputSchema: { type: 'object' } }])
    expect((await call(['init'])).code).toBe(0)
    serverWith([
      { name: 'refund', inputSchema: { type: 'object', properties: { [hostile]: { type: 'number' } } } },
      { name: hostile.repeat(20), inputSchema: { type: 'object' } },
    ])
    const answers = [await call(['lock', '--check']), await call(['lock']), await call(['validate'])]
    expect(answers[0]?.stdout).toContain('WIDER')
    expect(answers[0]?.stderr).toContain('Left out')
    expect(answers[2]?.stdout).toContain('Without a bound')
    for (const { stdout, stderr } of answers) {
      expect(stdout + stderr).not.toContain('\u001b')
      expect(`${stdout}${stderr}`.split('\n')).not.toContain('airworthy.lock is up to date.')
    }
  })

  test('a server that does not start: nothing is written', async () => {
    serverWith(tools)
    await call(['init'])
    const before = read('airworthy.lock')
    writeFileSync(join(folder, 'server.mjs'), 'process.exit(1)')
    expect(await call(['lock'])).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringContaining('UPSTREAM_UNREACHABLE'),
    })
    expect(read('airworthy.lock')).toBe(before)
  })

  test("tools of the caller's own code", async () => {
    writeFileSync(join(folder, 'tools.mjs'), `export const tools = ${JSON.stringify(tools)}`)
    expect((await call(['init', '--from', 'tools.mjs'])).code).toBe(0)
    expect(read('airworthy.yaml')).not.toMatch(/^ +server:/m)
    expect((await call(['validate'])).code).toBe(0)
    // Looking again without naming them keeps them.
    expect((await call(['lock'])).stdout).toBe('airworthy.lock is up to date.\n')
  })

  test('validate reports faults of manifest and policies together, and needs no secret', async () => {
    serverWith(tools)
    await call(['init'])
    edit('airworthy.yaml', (text) => `${text}gates: { scenarios: 5 }\nmodel: { id: m, base_url: "\${MODEL_URL}" }\n`)
    mkdirSync(join(folder, 'policies'))
    writeFileSync(
      join(folder, 'policies/a.cedar'),
      'permit (principal, action == Action::"refund", resource) when { context.args.amuont < decimal("5.0") };\npermit (',
    )
    const { code, document, stdout } = await json(['validate', '--effective'])
    expect(code).toBe(1)
    const codes: string[] = document.faults.map((fault: { code: string }) => fault.code)
    expect(codes[0]).toBe('MANIFEST_BELOW_FLOOR')
    expect(codes.filter((each) => each === 'POLICY_INVALID').length).toBeGreaterThanOrEqual(1)
    expect(document.variables).toEqual([{ name: 'MODEL_URL', set: false }])
    expect(document.effective.model.baseUrl).toBe(`\${MODEL_URL}`)
    expect((await json(['validate', '--effective'], { MODEL_URL: 'http://hunter2.example.com' })).stdout).not.toContain(
      'hunter2',
    )
    expect(stdout.trim().startsWith('{')).toBe(true)
  })

  test('a server is started in the folder of its manifest, wherever the command was called', async () => {
    serverWith(tools)
    const config = { mcpServers: { desk: { command: process.execPath, args: ['server.mjs'] } } }
    writeFileSync(join(folder, '.mcp.json'), JSON.stringify(config))
    const called = folder
    try {
      folder = join(called, 'elsewhere')
      mkdirSync(folder)
      expect(await call(['init', '--project', called])).toMatchObject({ code: 0, stderr: '' })
      expect((await call(['lock', '--check', '--project', called])).stdout).toBe('airworthy.lock is up to date.\n')
    } finally {
      folder = called
    }
  })

  test('a server that does not start is heard: what it said stands before the fault', async () => {
    const config = {
      mcpServers: { desk: { command: process.execPath, args: ['-e', 'throw new Error("no licence")'] } },
    }
    writeFileSync(join(folder, '.mcp.json'), JSON.stringify(config))
    const { code, stderr } = await call(['init'])
    expect(code).toBe(3)
    expect(stderr).toMatch(/^\[desk\] Error: no licence$[\s\S]*^UPSTREAM_UNREACHABLE/m)
  })

  test('a fault of the dataset alone keeps no kit from starting, and validate says so', async () => {
    serverWith(tools)
    await call(['init'])
    mkdirSync(join(folder, 'evals'))
    writeFileSync(join(folder, 'evals/a.yaml'), '- id: a\n')
    const { code, stdout } = await call(['validate'])
    expect(code).toBe(1)
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^\d+ faults?\. No eval runs with this dataset\.$/)
  })

  test('no manifest at all', async () => {
    for (const command of ['validate', 'lock']) {
      expect(await call([command])).toMatchObject({ code: 3, stderr: expect.stringContaining('MANIFEST_MISSING') })
    }
    expect((await json(['validate'])).document).toMatchObject({ ok: false, faults: [{ code: 'MANIFEST_MISSING' }] })
  })
})
