/** A journal is begun anew: one that only grew would make each commit slower. */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { carryAll, carryingNowAndThen, leaveCheckpoints } from './checkpoint-pages.ts'
import { openSqlite } from './open.ts'

const folder = mkdtempSync(join(tmpdir(), 'airworthy-journal-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('what another connection carried makes room: the journal is written from its start again', () => {
  const [guard, thread] = [openSqlite(folder), openSqlite(folder)]
  leaveCheckpoints(guard)
  const kill = guard.prepare("INSERT INTO kills VALUES (?, '*', 'test', 'somebody', 1)")
  const write = (from: number, to: number): number => {
    for (let n = from; n < to; n++) kill.run(`agent-${n}`)
    return statSync(join(folder, 'airworthy.db-wal')).size
  }
  const full = write(0, 1_500)
  expect(write(1_500, 1_510)).toBeGreaterThan(full)
  const grown = statSync(join(folder, 'airworthy.db-wal')).size
  carryAll(thread)
  expect(write(1_510, 1_600)).toBe(grown)
  expect(thread.prepare('SELECT count(*) FROM kills').pluck().get()).toBe(1_600)
  guard.close()
  thread.close()
})

it('carrying is asked for now and then, not at each commit, and by the acts that commits hold', () => {
  for (const acts of [1, 16]) {
    let asked = 0
    const onCommit = carryingNowAndThen(() => asked++)
    for (let n = 0; n < 2_000; n += acts) onCommit(acts)
    expect(asked).toBe(3)
  }
})
