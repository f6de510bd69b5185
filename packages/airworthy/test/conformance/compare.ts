/** The suite twice, against the fixture alone and against the same fixture through the gateway, and what differs. */
import { readFile } from 'node:fs/promises'
import { startFixture } from './fixture-http.ts'
import { startGoverned } from './governed.ts'
import { requiredScenarios, runSuite, type Status, type Verdicts } from './suite.ts'

/** The two eras: the newest revision, and the last with `initialize` and sessions. */
export const revisions = ['2026-07-28', '2025-11-25'] as const
export type Revision = (typeof revisions)[number]

export interface Row {
  readonly scenario: string
  /** By the revision's frozen list; the others are run for what they show. */
  readonly isRequired: boolean
  readonly alone: Tally
  readonly gateway: Tally
  /** Checks that pass alone and not through the gateway, with the suite's own words. */
  readonly lost: readonly { readonly check: string; readonly why: string }[]
  /** Why a difference is expected; undefined where none is. */
  readonly expected: string | undefined
}

export interface Tally {
  readonly passed: number
  readonly failed: number
}

interface Expectation {
  readonly revision: string
  readonly scenarios: readonly string[]
  readonly why: string
}

export interface Comparison {
  readonly rows: readonly Row[]
  /** Entries in the audit log of the governed run. */
  readonly auditEntries: number
}

export async function compare(revision: Revision): Promise<Comparison> {
  const expectations = JSON.parse(
    await readFile(new URL('./expected-differences.json', import.meta.url), 'utf8'),
  ) as Expectation[]
  // In the older revision the gateway's own way to the server is of that era too.
  const eras = revision === '2026-07-28' ? 'both' : 'legacy'
  const fixture = await startFixture(eras)
  const alone = await runSuite(fixture.url, revision).finally(() => fixture.stop())
  const governed = await startGoverned({ eras })
  try {
    const gateway = await runSuite(governed.url, revision)
    const expectedOf = (scenario: string): string | undefined =>
      expectations.find((each) => each.revision === revision && each.scenarios.includes(scenario))?.why
    const required = await requiredScenarios(revision)
    const rows = [...alone]
      // An extension that the fixture does not offer: there is nothing to compare.
      .filter(([scenario]) => !scenario.startsWith('tasks-'))
      .map(([scenario, checks]) => ({
        ...rowOf(scenario, checks, gateway.get(scenario), expectedOf(scenario)),
        isRequired: required.has(scenario),
      }))
    return { rows, auditEntries: await governed.auditEntries() }
  } finally {
    await governed.stop()
  }
}

/** What must be mended: a loss that nobody expects, or an expectation that came true no more. */
export function faultsOf(rows: readonly Row[]): readonly string[] {
  return rows.flatMap(({ scenario, lost, expected }) => {
    if (expected !== undefined && lost.length === 0)
      return [`${scenario}: passes now; take it out of expected-differences.json`]
    return expected === undefined ? lost.map(({ check, why }) => `${scenario}: ${check}: ${why}`) : []
  })
}

type Checks = Verdicts extends ReadonlyMap<string, infer Value> ? Value : never

function rowOf(
  scenario: string,
  alone: Checks,
  gateway: Checks = new Map(),
  expected: string | undefined,
): Omit<Row, 'isRequired'> {
  const lost = [...alone]
    .filter(([check, { status }]) => status === 'SUCCESS' && !isKept(gateway.get(check)?.status))
    .map(([check]) => ({ check, why: gateway.get(check)?.why ?? 'it was not run' }))
  return { scenario, alone: tallyOf(alone), gateway: tallyOf(gateway), lost, expected }
}

/** The suite says INFO where there was nothing to judge: the gateway answers in JSON where the fixture opens a stream; both are allowed. */
function isKept(status: Status | undefined): boolean {
  return status === 'SUCCESS' || status === 'INFO'
}

function tallyOf(checks: Checks): Tally {
  const statuses = [...checks.values()].map(({ status }) => status)
  return {
    passed: statuses.filter((status) => status === 'SUCCESS').length,
    failed: statuses.filter((status) => status === 'FAILURE' || status === 'WARNING').length,
  }
}
