/**
 * Kill -9 does not test durability: the page cache survives the process. A system-call trace does: between the request and the
 * first byte to the upstream, an fsync of the write-ahead log must have returned.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { writeCrashProject } from './crash-project.ts'

const hasStrace = spawnSync('strace', ['-V']).status === 0

it.skipIf(!hasStrace)(
  'the write-ahead log is synced before the first byte reaches the upstream (needs strace)',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'airworthy-sync-'))
    try {
      writeCrashProject(folder)
      const trace = join(folder, 'trace')
      const child = fileURLToPath(new URL('child.ts', import.meta.url))
      const traced = spawnSync('strace', [
        '-f',
        '-y',
        '-e',
        'trace=fsync,fdatasync,write,writev,pwrite64',
        '-o',
        trace,
        process.execPath,
        child,
        folder,
        'none',
        '1',
      ])
      expect(traced.status, traced.stderr.toString()).toBe(0)
      const lines = readFileSync(trace, 'utf8').split('\n')
      const isEffect = (line: string): boolean => /\bwrite\(\d+<[^>]*effects\.jsonl>/.test(line)
      const isWalWrite = (line: string): boolean => /\bpwrite64\(\d+<[^>]*airworthy\.db-wal>/.test(line)
      // Another thread may cut a call in two lines; the second says that it returned.
      const isWalSync = (line: string): boolean =>
        /<\.\.\. (fsync|fdatasync) resumed>\)\s+= 0/.test(line) ||
        /\b(fsync|fdatasync)\(\d+<[^>]*airworthy\.db-wal>\)\s+= 0/.test(line)
      const effects = lines.flatMap((line, index) => (isEffect(line) ? [index] : []))
      expect(effects.length).toBeGreaterThan(10)
      for (const effect of effects) {
        // Looking back from the effect: the newest write to the log must lie before a sync that returned.
        const before = lines.slice(0, effect)
        const lastWrite = before.findLastIndex(isWalWrite)
        const lastSync = before.findLastIndex(isWalSync)
        expect(lastWrite).toBeGreaterThan(-1)
        expect(lastSync, `line ${effect + 1} of the trace`).toBeGreaterThan(lastWrite)
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
  120_000,
)
