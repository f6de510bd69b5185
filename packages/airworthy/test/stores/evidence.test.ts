/** Evidence on every store: it comes back as it was recorded, or not as a pass, whoever had his hands on the database. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { digestOf } from '../../src/core/digest.ts'
import type { Evidence } from '../../src/readiness/evidence.ts'
import type { Store } from '../../src/store/store.ts'
import { entry, startMs } from '../fixtures/store-acts.ts'
import { onPostgres, type TestDatabase, testDatabase } from '../fixtures/test-store.ts'

let database: TestDatabase
let store: Store
beforeAll(async () => {
  database = await testDatabase()
  store = await database.open()
})
afterAll(async () => {
  await store.close()
  await database.remove()
})

let count = 0
let release = digestOf('none')
beforeEach(() => {
  release = digestOf({ release: count++ })
})
const evidenceOf = (control: string, outcome: Evidence['outcome'], n = 0): Evidence => ({
  control,
  release,
  environment: 'dev',
  producer: 'probe 1',
  atMs: startMs + n,
  simulated: false,
  outcome,
  summary: `Seen ${n}: "ü\n".`,
  details: { n, deep: { z: 1, a: [1.5, null] } },
})
const record = (...evidence: Evidence[]) =>
  store.evidence.recordEvidence({
    evidence,
    entry: entry({ kind: 'evidence-recorded', details: { outcomes: { 'SCOPE-1': 'pass' } } }),
  })
const outcomes = async () =>
  (await store.evidence.evidenceOf(release)).map(({ control, outcome }) => `${control} ${outcome}`)

describe('evidence', () => {
  it('comes back whole and in its order, and its entry says more than its digest', async () => {
    const evidence = ['SCOPE-1', 'OBS-5', 'SCOPE-1'].map((control, n) => evidenceOf(control, 'pass', 2 - n))
    await record(...evidence)
    await record(evidenceOf('EVAL-1', 'fail'))
    expect(await store.evidence.evidenceOf(release)).toEqual([...evidence, evidenceOf('EVAL-1', 'fail')])
    expect(await store.evidence.evidenceOf(digestOf('other'))).toEqual([])
    const entries = await database.sql("SELECT body FROM audit_entries WHERE body LIKE '%evidence-recorded%'")
    expect(JSON.parse(String(entries[0]?.body)).details).toEqual({
      evidence: digestOf(evidence),
      outcomes: { 'SCOPE-1': 'pass' },
    })
  })

  it('is neither changed nor deleted nor replaced', async () => {
    await record(evidenceOf('SCOPE-1', 'fail'))
    for (const statement of [
      `UPDATE evidence SET body = '{}' WHERE release = '${release}'`,
      `DELETE FROM evidence WHERE release = '${release}'`,
      onPostgres ? 'TRUNCATE evidence' : 'REPLACE INTO evidence SELECT * FROM evidence',
    ])
      await expect(database.sql(statement)).rejects.toThrow(/append-only|refused|not allowed|duplicate/i)
    expect(await outcomes()).toEqual(['SCOPE-1 fail'])
  })
})

/** Who can change the schema can drop what refuses; the log still knows. */
describe('evidence that somebody had his hands on', () => {
  const asOwner = async (statement: string): Promise<void> => {
    const [off, on] = onPostgres
      ? ['ALTER TABLE evidence DISABLE TRIGGER ALL', 'ALTER TABLE evidence ENABLE TRIGGER ALL']
      : ['DROP TRIGGER evidence_never_updated; DROP TRIGGER evidence_never_deleted', undefined]
    const triggers = onPostgres
      ? []
      : await database.sql("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'evidence'")
    for (const one of off.split('; ')) await database.sql(one)
    await database.sql(statement)
    if (on !== undefined) await database.sql(on)
    for (const { sql } of triggers) {
      if (!/never_replaced/.test(String(sql))) await database.sql(String(sql))
    }
  }

  it('is no pass where a fail was made one', async () => {
    await record(evidenceOf('SCOPE-1', 'fail'), evidenceOf('OBS-5', 'pass'))
    await record(evidenceOf('INC-1', 'pass', 1))
    await asOwner(`UPDATE evidence SET body = replace(body, '"fail"', '"pass"') WHERE release = '${release}'`)
    expect(await outcomes()).toEqual(['SCOPE-1 unknown', 'OBS-5 unknown', 'INC-1 pass'])
  })

  it('is no pass where a fail beside it was taken away', async () => {
    await record(evidenceOf('SCOPE-1', 'fail'), evidenceOf('SCOPE-1', 'pass', 1))
    await asOwner(`DELETE FROM evidence WHERE release = '${release}' AND body LIKE '%"fail"%'`)
    expect(await outcomes()).toEqual(['SCOPE-1 unknown'])
  })

  it.each([
    ['names no entry', 'NULL'],
    ['names an entry that is not there', "'ent_none'"],
    ['names the entry of other evidence', undefined],
  ])('is no pass where it was written beside the log and %s', async (_how, id) => {
    await record(evidenceOf('SCOPE-1', 'fail'))
    const [{ entry_id: known }] = (await database.sql(
      `SELECT entry_id FROM evidence WHERE release = '${release}'`,
    )) as [{ entry_id: string }]
    const body = JSON.stringify(evidenceOf('SCOPE-1', 'pass', 5)).replaceAll("'", "''")
    await database.sql(
      `INSERT INTO evidence (control, release, environment, body, at_ms, entry_id)
       VALUES ('SCOPE-1', '${release}', 'dev', '${body}', ${startMs + 5}, ${id ?? `'${known}'`})`,
    )
    expect(await outcomes()).not.toContain('SCOPE-1 pass')
    expect((await store.evidence.evidenceOf(release)).at(-1)).toMatchObject({
      outcome: 'unknown',
      mend: expect.stringMatching(/[Rr]un `airworthy check`/),
    })
  })

  it('is no pass where it is no JSON any more', async () => {
    await record(evidenceOf('SCOPE-1', 'pass'))
    await asOwner(`UPDATE evidence SET body = '{' WHERE release = '${release}'`)
    expect(await outcomes()).toEqual(['SCOPE-1 unknown'])
  })
})
