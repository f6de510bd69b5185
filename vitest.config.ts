import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { postgresBinaries } from './packages/airworthy/test/fixtures/postgres-server.ts'
import LongFilesFirst from './scripts/long-files-first.ts'

const source = (path: string): string => fileURLToPath(new URL(`./packages/airworthy/src/${path}`, import.meta.url))

// Tests start some hundred processes from sources: Node strips and compiles each file once, not once a process.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('./node_modules/.cache/airworthy-tests', import.meta.url))

const setUp = fileURLToPath(new URL('./packages/airworthy/test/fixtures/postgres-setup.ts', import.meta.url))
const majors =
  process.env.AIRWORTHY_TEST_POSTGRES === undefined ? postgresBinaries().map(({ major }) => major) : ['named']

/** What speaks to a store by its ports alone runs on each kind of store. */
const onEveryStore = [
  'packages/airworthy/src/guard/pipeline*.test.ts',
  'packages/airworthy/src/operate/{approvals,recovery}/*.test.ts',
  'packages/airworthy/test/stores/*.test.ts',
]

export default defineConfig({
  resolve: {
    // Tests read the sources; what a user installs (dist) is tried by the end-to-end tests through the real binary.
    alias: [
      { find: /^airworthy$/, replacement: source('sdk/index.ts') },
      { find: 'airworthy/ai-sdk', replacement: source('sdk/ai-sdk.ts') },
      { find: 'airworthy/embedded', replacement: source('embedded.ts') },
      { find: 'airworthy/permit', replacement: source('sdk/permit.ts') },
      { find: 'airworthy/policy', replacement: source('policy/index.ts') },
      { find: 'airworthy/audit', replacement: source('audit/index.ts') },
      { find: 'airworthy/readiness', replacement: source('readiness/index.ts') },
    ],
  },
  test: {
    exclude: ['**/node_modules/**', '**/dist/**'],
    pool: 'forks',
    maxWorkers: 2,
    // A worker keeps what it has loaded from file to file, which halves the work of a run. So no test may replace a module or
    // leave something behind in one; test/architecture.test.ts looks.
    isolate: false,
    sequence: { sequencer: LongFilesFirst },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'sqlite',
          include: [
            'packages/*/src/**/*.test.ts',
            'packages/*/test/**/*.test.ts',
            'examples/**/*.test.ts',
            'scripts/**/*.test.ts',
          ],
        },
      },
      ...majors.map((major) => ({
        extends: true as const,
        test: {
          name: `postgres-${major}`,
          include: onEveryStore,
          globalSetup: setUp,
        },
      })),
    ],
  },
})
