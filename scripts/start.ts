/**
 * `npm start`: builds, then runs the demo in this very process. A shell that waits in between would turn ^C into an error of its
 * own, although the demo ends with 0: hence `exec` in the script, and the second half of it for shells that have none (Windows).
 */
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const built = spawnSync(process.execPath, [join(root, 'scripts/build.ts')], { stdio: 'inherit' })
if (built.status === 0) {
  process.argv.splice(2, process.argv.length, 'demo', ...process.argv.slice(2))
  await import(pathToFileURL(join(root, 'packages/airworthy/bin/airworthy.js')).href)
} else process.exitCode = built.status ?? 1
