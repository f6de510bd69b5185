/** The gate, the comparison and the calibration of a judge, through the commands, on runs that are on record. */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { releaseOfFolder } from '../../src/cli/evals/release-of-folder.ts'
import { type Digest, digestOf } from '../../src/core/digest.ts'
import { newId } from '../../src/core/ids.ts'
import type { EvalRow } from '../../src/evals/eval-row.ts'
import { lintEvidence } from '../../src/evals/gate/lint-standing.ts'
import type { RunRecord } from '../../src/evals/gate/recount.ts'
import { createCredential } from '../../src/operate/keys/credentials.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/store.ts'
import { compileCache } from '../fixtures/compile-cache.ts'
import { aRun, evalDataset, failing, type RunWish } from '../fixtures/eval-runs.ts'

const bin = fileURLToPath(new URL('../../src/cli/bin.ts', import.meta.url))
const judge = digestOf('judge')
const nowMs = Date.now()
const actor = { kind: 'kit', id: 'test', verifiedBy: 'kit' } as const
let folder: string
let release: Digest
let personKey: string

interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}
function airworthy(args: readonly string[], { stdin = '', key = '' } = {}): Promise<Ran> {
  const child = spawn(process.execPath, [bin, ...args], {
    cwd: folder,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: folder,
      NO_COLOR: '1',
      ...compileCache,
      ...(key === '' ? {} : { AIRWORTHY_KEY: key }),
    },
  })
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => {
    said.stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    said.stderr += chunk
  })
  child.stdin.end(stdin)
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, ...said })))
}
const json = (ran: Ran) => JSON.parse(ran.stdout)

async function withStore<T>(use: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore({ dir: join(folder, '.airworthy') })
  try {
    return await use(store)
  } finally {
    await store.close()
  }
}

async function record(run: RunRecord, rows: readonly EvalRow[] = run.rows.map(({ row }) => row)): Promise<void> {
  await withStore(async ({ evals }) => {
    const entry = (kind: 'eval-planned' | 'eval-judged', details: Record<string, string>) => ({
      id: newId('ent', nowMs),
      timeMs: nowMs,
      kind,
      actor,
      object: run.plan.run,
      details,
    })
    await evals.writePlan({ plan: run.plan, entry: entry('eval-planned', { plan: digestOf(run.plan) }) })
    await evals.appendRows({ rows, entries: rows.map((row) => entry('eval-judged', { row: digestOf(row) })) })
  })
}

/** 300 graded replies of which 50 are unsafe; what is true of each stands in its reply. */
function graded(wish: Partial<RunWish> = {}): RunRecord {
  return aRun({
    cases: 300,
    run: 'run_graded',
    plan: { release, createdMs: nowMs, judges: [judge] },
    row: (index) => {
      const isUnsafe = index < 50
      const verdict = {
        judge,
        rubric: 'It promises nothing.',
        verdict: isUnsafe ? ('fail' as const) : ('pass' as const),
        category: 'C' as const,
        why: 'SECRET-VERDICT',
      }
      return { verdicts: [verdict], reply: isUnsafe ? 'unsafe' : 'fine', ...(isUnsafe ? failing('C') : {}) }
    },
    ...wish,
  })
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'airworthy-gate-'))
  mkdirSync(join(folder, '.airworthy'), { mode: 0o700 })
  writeFileSync(
    join(folder, 'airworthy.yaml'),
    'version: 1\nagent: desk\nowner: tests@example.com\nprincipal: { asserted_by_agent: true }\ntools:\n  read_note:\n    description: Reads a note.\n    input: { type: object, properties: { id: { type: string, maxLength: 64 } } }\n    effect: read\n    reach: internal\n    permit: true\n',
  )
  release = releaseOfFolder(folder).release.digest
  personKey = await withStore(async ({ credentials }) => {
    const by = { actor, atMs: nowMs, newId: (prefix: 'key' | 'ent') => newId(prefix, nowMs) }
    return (await createCredential(credentials, { kind: 'person', name: 'ana', roles: [] }, by)).key
  })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('eval gate', () => {
  it('without a run there is no verdict', async () => {
    const ran = await airworthy(['eval', 'gate', '--json'])
    expect([ran.code, json(ran).verdict, json(ran).planned]).toEqual([2, 'none', 0])
  })

  it('a run that lacks a row has no verdict; one that lacks attacks is not enough evidence', async () => {
    const partial = aRun({ cases: 120, run: 'run_partial', plan: { release, createdMs: nowMs } })
    await record(
      partial,
      partial.rows.slice(1).map(({ row }) => row),
    )
    const none = await airworthy(['eval', 'gate', '--json'])
    expect([none.code, json(none).verdict, json(none).planned, json(none).stored]).toEqual([2, 'none', 120, 119])
    expect(json(none).why).toContain('case-0#0')

    await record(aRun({ cases: 120, run: 'run_whole', plan: { release, createdMs: nowMs } }))
    const unsure = await airworthy(['eval', 'gate'])
    expect([unsure.code, unsure.stdout.split('\n')[0]]).toEqual([1, expect.stringMatching(/^NOT ENOUGH EVIDENCE {2}/)])
    const named = await airworthy(['eval', 'gate', '--run', 'run_partial', '--json'])
    expect([named.code, json(named).verdict]).toEqual([2, 'none'])
    expect((await airworthy(['eval', 'gate', '--run', 'run_nowhere'])).code).toBe(3)
  })

  it('passes with everything on record, and writes reports', async () => {
    const attacks = (run: string, mode: 'enforce' | 'observe', failures: RunWish['failures'] = {}): RunRecord =>
      aRun({
        cases: 1000,
        kind: 'attacks',
        run,
        failures,
        plan: { release, createdMs: nowMs, mode, dataset: digestOf('attacks') },
      })
    await record(attacks('run_attacks', 'enforce'))
    await record(
      attacks('run_observed', 'observe', Object.fromEntries(Array.from({ length: 150 }, (_, n) => [n, 'C']))),
    )
    await withStore(({ evidence }) => {
      const standing = { dataset: evalDataset, faults: 0, why: 'Each can fail and can pass.' }
      const entry = { id: newId('ent', nowMs), timeMs: nowMs, kind: 'evidence-recorded' as const, actor }
      return evidence.recordEvidence({
        evidence: [lintEvidence(standing, { release, environment: 'dev', atMs: nowMs })],
        entry,
      })
    })
    const forms = ['text', 'json', 'junit', 'sarif', 'markdown', 'html']
    const ran = await airworthy([
      'eval',
      'gate',
      '--json',
      '--report',
      forms.map((form) => `${form}=out/${form}`).join(','),
    ])
    expect([ran.code, json(ran)]).toMatchObject([
      0,
      {
        verdict: 'pass',
        planned: 1120,
        stored: 1120,
        judged: 1120,
        passed: 1120,
        categories: { A: 0, B: 0, C: 0 },
        attacks: 1000,
        clusters: 200,
      },
    ])
    const written = forms.map((form) => readFileSync(join(folder, 'out', form), 'utf8').slice(0, 24))
    expect(written).toEqual([
      expect.stringMatching(/^PASS/),
      expect.stringMatching(/^\{/),
      expect.stringMatching(/^<\?xml/),
      expect.stringMatching(/^\{/),
      expect.stringMatching(/^# PASS/),
      expect.stringMatching(/^<!doctype html>/),
    ])
    expect((await airworthy(['eval', 'gate', '--report', 'pdf=x'])).code).toBe(3)
  })
})

it('eval compare: one that turned into C blocks', async () => {
  await record(aRun({ cases: 120, run: 'run_after', failures: { 5: 'C' }, plan: { release, createdMs: nowMs } }))
  const worse = await airworthy(['eval', 'compare', 'run_whole', 'run_after', '--json'])
  expect([worse.code, json(worse)]).toMatchObject([
    1,
    { verdict: 'worse', pairs: 120, broken: ['case-5'], turned_critical: ['case-5'] },
  ])
  const same = await airworthy(['eval', 'compare', 'run_whole', 'run_whole'])
  expect([same.code, same.stdout.split(' ')[0]]).toEqual([0, 'NO'])
  expect((await airworthy(['eval', 'compare', 'run_whole', 'run_partial'])).code).toBe(2)
})

it('SARIF points into a file, as code scanning demands: the scenario where it stands in one, else the manifest', async () => {
  await record(
    aRun({ cases: 120, run: 'run_placed', failures: { 5: 'C', 6: 'B' }, plan: { release, createdMs: nowMs } }),
  )
  const uris = async () => {
    const ran = await airworthy(['eval', 'gate', '--run', 'run_placed', '--report', 'sarif=out/placed'])
    expect(ran.code).toBe(1)
    interface Sarif {
      readonly runs: readonly {
        readonly results: readonly {
          readonly locations: readonly {
            readonly physicalLocation?: {
              readonly artifactLocation: { readonly uri: string }
              readonly region: { readonly startLine: number }
            }
          }[]
        }[]
      }[]
    }
    const { runs } = JSON.parse(readFileSync(join(folder, 'out', 'placed'), 'utf8')) as Sarif
    const places = runs[0]?.results.map(({ locations }) => locations[0]?.physicalLocation)
    return places?.map((place) => `${place?.artifactLocation.uri}:${place?.region.startLine}`)
  }
  expect(await uris()).toEqual(['airworthy.yaml:1', 'airworthy.yaml:1'])
  mkdirSync(join(folder, 'evals'))
  const dataset = join(folder, 'evals', 'a.yaml')
  const scenario = (id: string) =>
    `- id: ${id}\n  source: { kind: workflow, ref: a }\n  principal: { id: ana }\n  input: hello\n  expect: [{ called: read_note }]\n`
  writeFileSync(dataset, `${scenario('case-1')}${scenario('case-5')}`)
  try {
    expect(await uris()).toEqual(['evals/a.yaml:6', 'airworthy.yaml:1'])
    writeFileSync(dataset, '- id: [')
    expect(await uris()).toEqual(['airworthy.yaml:1', 'airworthy.yaml:1'])
  } finally {
    rmSync(join(folder, 'evals'), { recursive: true })
  }
})

it('eval recategorise: out of C needs a second person, and the row stays as it was', async () => {
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text)
    return name
  }
  const ben = await withStore(async ({ credentials }) => {
    const by = { actor, atMs: nowMs, newId: (prefix: 'key' | 'ent') => newId(prefix, nowMs) }
    return (await createCredential(credentials, { kind: 'person', name: 'ben', roles: [] }, by)).key
  })
  const [anas, bens] = [file('ana.key', personKey), file('ben.key', ben)]
  const change = (...more: string[]) =>
    airworthy(['eval', 'recategorise', 'run_after', 'case-5', '--to', 'B', '--reason', 'a test account', ...more])
  expect([
    (await change()).code,
    (await change('--key', anas)).code,
    (await change('--key', anas, '--second-key', anas)).code,
    (await change('--key', anas, '--second-key', bens)).code,
    (await airworthy(['eval', 'recategorise', 'run_after', 'case-1', '--to', 'A', '--reason', 'x', '--key', anas]))
      .code,
  ]).toEqual([3, 3, 3, 0, 3])
  const after = json(await airworthy(['eval', 'gate', '--run', 'run_after', '--json']))
  expect(after.runs[0]).toMatchObject({ run: 'run_after', categories: { A: 0, B: 1, C: 0 }, passed: 119, ignored: [] })
})

describe('calibrate', () => {
  it('a judge nobody calibrated is advisory; people label; then it is calibrated', async () => {
    await record(graded())
    const before = json(await airworthy(['eval', 'gate', '--run', 'run_graded', '--json']))
    expect(before.controls[5]).toMatchObject({ id: 'EVAL-6', state: 'unknown' })

    const drawn = await airworthy(['calibrate', 'sample', '--json'])
    expect([drawn.code, json(drawn)]).toMatchObject([0, { judge, cases: 200, repeats: 10, critical: 50 }])
    const { sample } = json(drawn)

    expect((await airworthy(['calibrate', 'label'])).code).toBe(3)
    expect((await airworthy(['calibrate', 'label'], { key: 'awp_wrong' })).code).toBe(3)

    const items = await withStore(async ({ calibrations }) => (await calibrations.readSample(sample))?.items ?? [])
    const keys = items.map(({ reply }) => (reply === 'unsafe' ? 'c' : 'p'))
    const some = await airworthy(['calibrate', 'label', '--json'], {
      key: personKey,
      stdin: `x${keys.slice(0, 20).join('')}q`,
    })
    expect([some.code, json(some)]).toMatchObject([0, { labeler: 'ana', labelled: 20, left: 190 }])
    expect(some.stderr + some.stdout).not.toMatch(/SECRET-VERDICT|judge/i)
    const rest = await airworthy(['calibrate', 'label', '--json'], { key: personKey, stdin: keys.slice(20).join('') })
    expect(json(rest)).toMatchObject({ labelled: 190, left: 0 })

    const report = await airworthy(['calibrate', 'report', '--json'])
    expect(report.code).toBe(0)
    expect(json(report).judges).toMatchObject([
      {
        judge,
        state: 'calibrated',
        labelled: 200,
        confusion: [
          [150, 0],
          [0, 50],
        ],
        sensitivity: { C: { k: 50, n: 50 } },
        people_consistency: { k: 10, n: 10 },
        agreement: { kappa: 1, ac1: 1 },
      },
    ])
    const shown = await airworthy(['calibrate', 'report'])
    expect([shown.code, shown.stdout]).toEqual([
      0,
      expect.stringContaining('finds true C      50 of 50 (100 %), 95 % interval 92.8 % to 100 %'),
    ])
    const after = json(await airworthy(['eval', 'gate', '--run', 'run_graded', '--json']))
    expect(after.controls[5]).toMatchObject({ id: 'EVAL-6', state: 'pass' })
  })
})
