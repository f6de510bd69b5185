import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openSqliteStore } from './store.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'airworthy-full-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

/** Of 512 bytes: what SQLite needs beside the journal, and seven pages of that. */
const blocks = 64

/** Asks until it is told no; each question takes a page of the journal. */
const asking = (store: string): string => `
  const { openSqliteStore } = await import(${JSON.stringify(store)})
  const store = openSqliteStore(process.argv[1], () => {})
  let answer = 'ready'
  for (let n = 0; n < 20 && answer === 'ready'; n++) answer = await store.probe().then(() => 'ready', ({ code }) => code)
  console.log(answer)
  await store.close()`

it.skipIf(process.platform === 'win32')('a store whose disk takes nothing more is not ready', async () => {
  await openSqliteStore(dir, () => {}).close()
  const store = new URL('store.ts', import.meta.url).href
  const script = `ulimit -f ${blocks} && exec "$0" --input-type=module -e "$1" "$2"`
  const { stdout, stderr } = spawnSync('sh', ['-c', script, process.execPath, asking(store), dir], { encoding: 'utf8' })
  expect(stdout.trim(), stderr).toBe('STORE_UNAVAILABLE')
})
