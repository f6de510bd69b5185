/**
 * Runs the tests and closes with one plain line, `N passed, N failed, N skipped`. What the machine lacks is named, with the tests
 * that were skipped for it; `.ci/run` makes sure that nothing is lacking there.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { postgresBinaries } from '../packages/airworthy/test/fixtures/postgres-server.ts'

interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numFailedTestSuites: number
  readonly success: boolean
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[]
  }[]
}

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const require = createRequire(import.meta.url)
const vitest = join(dirname(require.resolve('vitest/package.json')), 'vitest.mjs')
const folder = mkdtempSync(join(tmpdir(), 'airworthy-test-'))
const reportPath = join(folder, 'report.json')

const run = spawnSync(
  process.execPath,
  [
    vitest,
    'run',
    '--reporter=default',
    '--reporter=json',
    `--reporter=${join(root, 'scripts/project-times.ts')}`,
    `--outputFile.json=${reportPath}`,
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: 'inherit' },
)
let report: Report | undefined
try {
  report = JSON.parse(readFileSync(reportPath, 'utf8'))
} catch {
  console.error('The test run left no report.')
}
rmSync(folder, { recursive: true, force: true })

if (report === undefined) {
  console.log('0 passed, 1 failed')
  process.exitCode = 1
} else {
  const skipped = report.testResults.flatMap(({ assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === 'pending' || status === 'skipped')
      .map(({ fullName }) => fullName),
  )
  if (process.env.AIRWORTHY_TEST_POSTGRES === undefined && postgresBinaries().length === 0) {
    skipped.push(
      'everything on PostgreSQL (the guard, approvals, recovery, test/stores): no server is installed; install postgresql, or name one in AIRWORTHY_TEST_POSTGRES',
    )
  }
  for (const name of skipped) console.log(`skipped: ${name}`)
  // A file that cannot even be loaded has no failed test; it counts as one.
  const unloaded = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  ).length
  const failed = report.numFailedTests + unloaded
  console.log(`${report.numPassedTests} passed, ${failed} failed, ${skipped.length} skipped`)
  process.exitCode = run.status === 0 && failed === 0 && report.numPassedTests > 0 ? 0 : 1
}
