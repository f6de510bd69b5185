/** Folders of earlier versions held spans beside the ledger: they are moved, whole, however often the move is cut short. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, describe, expect, it } from 'vitest'
import { sqliteInfo } from '../info/sqlite-info.ts'
import { applyMigrations, ledgerMigrations } from './migrate.ts'
import { moveTraces } from './migrate-traces.ts'
import { databaseFile, openTraces, tracesFile } from './open.ts'
import { openSqliteStore } from './store.ts'

const folder = mkdtempSync(join(tmpdir(), 'airworthy-traces-apart-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const traceId = 'a'.repeat(32)
const apart = ledgerMigrations.findIndex((sql) => sql.includes('DROP TABLE rollup_groups'))

/** As the version before left it: an imported run, a span, and what is counted of it. */
function earlierFolder(name: string): string {
  const dir = join(folder, name)
  openTraces(dir).close()
  rmSync(join(dir, 'traces.db'))
  const db = new Database(join(dir, databaseFile))
  applyMigrations(db, dir, ledgerMigrations.slice(0, apart))
  db.exec(`
    INSERT INTO imports VALUES (1, 'runs.jsonl', 'sha256:0', 'jsonl', 'ent_1', 1);
    INSERT INTO imported_tasks VALUES (7, 'run_1', 1, 'one', 'jsonl', NULL, NULL, NULL, '[]', NULL, '${traceId}');
    INSERT INTO spans (row, trace_id, span_id, name, kind, start_ns, end_ns, status, source, import_row, resource, attributes)
      VALUES (3, '${traceId}', '${'b'.repeat(16)}', 'chat', 'client', 5, 6, 'ok', 'import', 1, '{}', '{"k":1}');
    INSERT INTO rollup_groups VALUES (2, 'model', 'kit', 'a', 'r', 'dev', '', 'm', '');
    INSERT INTO rollups VALUES (2, 1, 60000, 0, '{}');
  `)
  db.close()
  return dir
}

it('a file of traces that is none is named, with what to do, and the ledger is left as it is', async () => {
  const dir = join(folder, 'broken')
  await openSqliteStore(dir, () => {}).close()
  writeFileSync(
    join(dir, tracesFile),
    'this is no database, and long enough to be taken for the head of one: '.repeat(4),
  )
  const refused = {
    code: 'STORE_UNAVAILABLE',
    message: expect.stringContaining(tracesFile),
    mend: expect.stringContaining('move it away'),
  }
  for (const open of [() => openSqliteStore(dir, () => {}), () => sqliteInfo(dir)]) {
    expect(open).toThrow(expect.objectContaining(refused))
  }
  rmSync(join(dir, tracesFile))
  expect(sqliteInfo(dir).tables.some(({ name }) => name === 'spans')).toBe(false)
  await openSqliteStore(dir, () => {}).close()
  expect(sqliteInfo(dir).tables.some(({ name }) => name === 'spans')).toBe(true)
})

describe('traces of an earlier version', () => {
  it('stand in their own file, and are gone from the ledger', async () => {
    const dir = earlierFolder('moved')
    const store = openSqliteStore(dir, () => {})
    expect(await store.traces.spansOf(traceId)).toMatchObject([{ name: 'chat', startNs: 5n, attributes: { k: 1 } }])
    expect(await store.traces.countRuns()).toBe(1)
    await store.close()
    const traces = openTraces(dir)
    expect(traces.prepare('SELECT group_row, at_ms FROM rollups').all()).toEqual([{ group_row: 2, at_ms: 60_000 }])
    traces.close()
    const ledger = new Database(join(dir, databaseFile))
    expect(() => ledger.prepare('SELECT 1 FROM spans')).toThrow(/no such table/)
    ledger.close()
  })

  it('are moved again when the first move was cut short before the ledger forgot them', async () => {
    const dir = earlierFolder('cut')
    const traces = openTraces(dir)
    moveTraces(traces, join(dir, databaseFile))
    traces.close()
    const store = openSqliteStore(dir, () => {})
    expect(await store.traces.spansOf(traceId)).toHaveLength(1)
    expect(await store.traces.countRuns()).toBe(1)
    await store.close()
  })
})
