import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const source = (path: string): string => fileURLToPath(new URL(`./packages/airworthy/src/${path}`, import.meta.url))

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
    include: [
      'packages/*/src/**/*.test.ts',
      'packages/*/test/**/*.test.ts',
      'examples/**/*.test.ts',
      'scripts/**/*.test.ts',
    ],
    exclude: ['**/node_modules/**', '**/dist/**'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
