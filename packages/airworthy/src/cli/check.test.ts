import { buildApplication, buildRouteMap, run } from '@stricli/core'
import { beforeEach, expect, test } from 'vitest'
import { AirworthyError } from '../core/errors.ts'
import type { Control } from '../readiness/controls.ts'
import { decide } from '../readiness/decide.ts'
import type { Evidence } from '../readiness/evidence.ts'
import type { Verdict } from '../readiness/verdict.ts'
import { checkCommandBy } from './check.ts'
import type { CliContext } from './context.ts'

const asked = {
  requests: [] as unknown[],
  flags: [] as unknown[],
  answer: (): Verdict => go,
}
const checkCommand = checkCommandBy(async (_context, flags, request) => {
  asked.flags.push(flags)
  asked.requests.push(request)
  return asked.answer()
})
beforeEach(() => {
  asked.requests = []
  asked.flags = []
})

const release = `sha256:${'a'.repeat(64)}` as const
const now = Date.parse('2026-03-01T12:00:00Z')
function verdict(
  control: Partial<Control>,
  exceptions: { control: string; by: string; reason: string; expires: string }[] = [],
): Verdict {
  const one: Control = {
    id: 'SCOPE-1',
    title: 'Every tool is listed',
    demands: 'One.',
    judged: 'everywhere',
    holdsFor: 'environment',
    freshMs: 1_000,
    mend: 'Mend it.',
    ...control,
  }
  const evidence: Evidence = {
    control: 'SCOPE-1',
    release,
    environment: 'dev',
    producer: 'probe 0',
    atMs: now,
    simulated: false,
    outcome: 'pass',
    summary: 'Seen.',
  }
  const demands = { exceptions, lowered: [], retrievals: 0, externalTools: 0, usesJudge: false }
  return decide({ controls: [one], evidence: [evidence], demands, release, environment: 'dev', now })
}
const go = verdict({})
const noGo = verdict({ judged: 'nowhere' })
const excepted = verdict({ judged: 'nowhere' }, [
  { control: 'SCOPE-1', by: 'ana', reason: 'Later.', expires: '2026-04-01' },
])

async function call(...args: readonly string[]): Promise<{ out: string; error: string; code: unknown }> {
  const out: string[] = []
  const error: string[] = []
  const stdout = { write: (text: string) => void out.push(text) }
  const stderr = { write: (text: string) => void error.push(text) }
  const context: CliContext = {
    process: { stdout, stderr, exitCode: undefined } as unknown as CliContext['process'],
    stdout,
    stderr,
    cwd: '/',
    env: {},
    isTty: false,
  }
  const routes = buildRouteMap({ routes: { check: checkCommand }, docs: { brief: 'test' } })
  await run(buildApplication<CliContext>(routes, { name: 'airworthy' }), ['check', ...args], context as never)
  return { out: out.join(''), error: error.join(''), code: context.process.exitCode }
}

test.each([
  ['GO', go, 0],
  ['NO-GO', noGo, 1],
  ['GO WITH EXCEPTIONS', excepted, 0],
] as const)('%s sets its exit code, and is the last line', async (word, answer, code) => {
  asked.answer = () => answer
  const called = await call()
  expect(called.code).toBe(code)
  expect(called.out.trimEnd().split('\n').at(-1)).toBe(word)
  expect(called.error).toBe('')
})

test('--json prints the verdict and nothing else', async () => {
  asked.answer = () => noGo
  const { out, code } = await call('--json', '--environment', 'production', '--dir', 'kit')
  expect(JSON.parse(out)).toEqual(JSON.parse(JSON.stringify(noGo)))
  expect(code).toBe(1)
  expect(asked.flags).toEqual([expect.objectContaining({ environment: 'production', dir: 'kit' })])
})

test('--at asks about that time, and without it about now', async () => {
  asked.answer = () => go
  await call('--at', '2026-03-01T12:00:00Z')
  await call('--at', '2026-03-01')
  await call()
  expect(asked.requests).toEqual([{ atMs: now }, { atMs: Date.parse('2026-03-01') }, {}])
})

test.each(['yesterday', '12', '2026-13-01', '2026-03-01 12:00'])('--at %s is called wrongly', async (at) => {
  const { code, error } = await call('--at', at)
  expect(code).toBe(3)
  expect(error).toContain('USAGE_INVALID')
  expect(asked.requests).toEqual([])
})

test('when no verdict can be computed the exit code is 2, with the fault and its mend', async () => {
  asked.answer = () => {
    throw new AirworthyError({ code: 'STORE_UNAVAILABLE', message: 'The disk is full.', mend: 'Make room.' })
  }
  const { code, error, out } = await call()
  expect([code, out]).toEqual([2, ''])
  expect(error).toContain('Mend: Make room.')
  const json = await call('--json')
  expect([json.code, JSON.parse(json.out).faults[0].code]).toEqual([2, 'STORE_UNAVAILABLE'])
})
