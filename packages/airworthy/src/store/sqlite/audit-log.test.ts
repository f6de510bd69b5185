import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openCheckpoint } from '../../audit/checkpoint.ts'
import { leafHash } from '../../audit/merkle.ts'
import { noteSigner } from '../../audit/note.ts'
import { type AuditBody, type EntryDraft, erasureDraft, type SealedEntry, sealEntry } from '../../audit/seal-entry.ts'
import { decodeBundle } from '../../audit/tiles.ts'
import { verifyTlogProof } from '../../audit/tlog-proof.ts'
import { verifyExport } from '../../audit/verify-export.ts'
import { generateSigningKey } from '../../core/signature.ts'
import { exportLog } from '../../operate/audit/export-log.ts'
import { proveEntry } from '../../operate/audit/prove-entry.ts'
import { readTile } from '../../operate/audit/read-tile.ts'
import type { SequencerPort } from '../../operate/sequencer/port.ts'
import { createSequencer, type Sequencer } from '../../operate/sequencer/sequencer.ts'
import type { AuditLog } from '../store.ts'
import { appendEntry, sqliteAuditLog } from './audit-log.ts'
import { migrateLedger } from './migrate.ts'
import { entriesByTaskMigration } from './migrations/019-entries-by-task.sql.ts'

const signer = noteSigner('example.com/desk', generateSigningKey())
let folder: string
let db: Database.Database
let log: AuditLog

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'audit-log-'))
  db = open()
  migrateLedger(db, 'kit.db', () => {})
  log = sqliteAuditLog(db)
})
afterEach(() => {
  db.close()
  rmSync(folder, { recursive: true })
})

function open(): Database.Database {
  const connection = new Database(join(folder, 'kit.db'))
  connection.pragma('journal_mode = WAL')
  connection.pragma('synchronous = FULL')
  connection.pragma('foreign_keys = ON')
  return connection
}

const draftOf = (index: number): EntryDraft => ({
  id: `ent_${index}`,
  timeMs: 1_750_000_000_000 + index,
  kind: 'action-intended',
  actor: { kind: 'agent', id: 'desk', verifiedBy: 'agent_key' },
  action: 'issue_refund',
  task: `task_${index % 3}`,
})
const bodyOf = (content: string): AuditBody => ({ name: 'arguments', salt: randomBytes(16), content })
const sealed = (index: number, content?: string): SealedEntry =>
  sealEntry(draftOf(index), content === undefined ? [] : [bodyOf(content)])

function appendMany(from: number, end: number): void {
  db.transaction(() => {
    for (let index = from; index < end; index++) appendEntry(db, sealed(index))
  })()
}

const sequencerOn = (port: SequencerPort, sliceEntriesMax?: number): Sequencer =>
  createSequencer(sliceEntriesMax === undefined ? { port, signer } : { port, signer, sliceEntriesMax })

async function cover(port: SequencerPort = log): Promise<void> {
  await sequencerOn(port).drain()
}

/** The total check: everything in the database, read again and verified. */
async function faults(since: readonly string[] = []): Promise<string[]> {
  const lines = exportLog(log, { vkey: signer.vkey, bodies: true })
  const result = await verifyExport(lines, { publicKey: signer.vkey, since })
  return result.faults.map(
    ({ kind, index, lastIndex }) => `${kind} ${lastIndex === undefined ? index : `${index}-${lastIndex}`}`,
  )
}

describe('the database refuses', () => {
  beforeEach(async () => {
    await log.append(sealed(0, '{"phone":"0170"}'))
    await log.append(sealed(1))
    await cover()
    await log.append(sealed(2))
  })

  const hash = `x'${'00'.repeat(32)}'`
  const entry = `'x', 1, null, '{}', ${hash}`
  it.each([
    ['changing an entry', "update audit_entries set body = '{}' where rowid = 1", 'update refused'],
    ['deleting an entry', 'delete from audit_entries where rowid = 3', 'delete refused'],
    ['deleting all entries', 'delete from audit_entries', 'delete refused'],
    ['replacing an entry by its row', `insert or replace into audit_entries values (2, ${entry})`, 'there already'],
    [
      'replacing an entry by its id',
      `insert or replace into audit_entries values (9, ${entry.replace("'x'", "'ent_1'")})`,
      'there already',
    ],
    [
      'replacing an entry unseen',
      `replace into audit_entries (id, time_ms, body, leaf_hash) values ('ent_1', 1, '{}', ${hash})`,
      'there already',
    ],
    ['changing an index', 'update audit_index set entry_rowid = 3 where log_index = 1', 'update refused'],
    ['deleting an index', 'delete from audit_index where log_index = 1', 'delete refused'],
    ['an index with a gap', 'insert into audit_index values (7, 3)', 'next index'],
    ['an index again', 'insert or replace into audit_index values (1, 3)', 'next index'],
    ['an entry again', 'insert or replace into audit_index values (2, 2)', 'newer entry'],
    ['changing a checkpoint', "update audit_checkpoints set note = ''", 'update refused'],
    ['deleting a checkpoint', 'delete from audit_checkpoints', 'delete refused'],
    ['an older checkpoint', "insert into audit_checkpoints values (1, '')", 'larger size'],
    ['replacing a checkpoint', "insert or replace into audit_checkpoints values (2, '')", 'larger size'],
    ['changing a tile', `update audit_tiles set hashes = ${hash}`, 'only grow'],
    ['deleting a tile', 'delete from audit_tiles', 'delete refused'],
    ['replacing a tile', `insert or replace into audit_tiles values (0, 0, ${hash})`, 'there already'],
    ['changing a body', "update audit_bodies set content = 'x'", 'only be erased'],
    ['erasing half a body', 'update audit_bodies set content = null', 'only be erased'],
    ['deleting a body', 'delete from audit_bodies', 'delete refused'],
    ['replacing a body', "insert or replace into audit_bodies values (1, 'arguments', x'00', 'x')", 'there already'],
  ])('%s', async (_name, sql, message) => {
    const dump = () =>
      ['entries', 'index', 'checkpoints', 'tiles', 'bodies'].map((name) =>
        db.prepare(`select * from audit_${name}`).all(),
      )
    const before = dump()
    expect(() => db.exec(sql)).toThrow(message)
    expect(dump()).toEqual(before)
    await cover()
    expect(await faults()).toEqual([])
  })

  it('an id that is there already, and the transaction around it is rolled back', async () => {
    const act = db.transaction(() => {
      appendEntry(db, sealed(3))
      appendEntry(db, sealed(1))
    })
    expect(() => act()).toThrow('there already')
    expect(await log.entryById('ent_3')).toBeUndefined()
  })
})

describe('sequencing', () => {
  it('covers what was appended, in the order of commits, a slice at a time', async () => {
    await cover()
    expect(await log.latestCheckpoint()).toMatchObject({ size: 0 })
    appendMany(0, 700)
    await sequencerOn(log, 100).drain()
    appendMany(700, 701)
    await cover()
    expect(await log.latestCheckpoint()).toMatchObject({ size: 701 })
    const entries = await log.readEntries(0, 1000)
    expect(entries.map(({ id, index }) => [id, index])).toEqual(
      Array.from({ length: 701 }, (_, index) => [`ent_${index}`, index]),
    )
    expect((await log.readCheckpoints({ after: 0, through: 701 })).map(({ size }) => size)).toEqual([
      100, 200, 300, 400, 500, 600, 700, 701,
    ])
    expect(await faults()).toEqual([])
  })

  it('both acts compare before they set', async () => {
    appendMany(0, 3)
    await cover()
    const latest = await log.latestCheckpoint()
    appendMany(3, 5)
    expect(await log.sequence({ firstIndex: 2, entryKeys: [4] })).toBe('conflict')
    expect(await log.sequence({ firstIndex: 4, entryKeys: [4] })).toBe('conflict')
    const act = { size: 5, note: 'x', tiles: [] }
    expect(await log.publishCheckpoint({ ...act, expectedSize: 2 })).toBe('conflict')
    expect(await log.publishCheckpoint({ ...act, expectedSize: undefined })).toBe('conflict')
    expect(await log.publishCheckpoint({ ...act, expectedSize: 3 })).toBe('conflict')
    expect(await log.latestCheckpoint()).toEqual(latest)
    expect(await log.indexedSize()).toBe(3)
  })

  it('two processes on one file make one log', async () => {
    const otherDb = open()
    try {
      const other = sqliteAuditLog(otherDb)
      const sequencers = [sequencerOn(log, 7), sequencerOn(other, 5)]
      for (let round = 0; round < 8; round++) {
        appendMany(round * 30, round * 30 + 30)
        await other.append(sealed(10_000 + round))
        await Promise.all(sequencers.map((sequencer) => sequencer.drain()))
      }
      expect(await log.latestCheckpoint()).toMatchObject({ size: 248 })
      expect(await faults()).toEqual([])
    } finally {
      otherDb.close()
    }
  })

  it('every partial tile that was ever published stays readable', async () => {
    for (const size of [1, 3, 256, 300]) {
      appendMany(db.prepare('select count(*) from audit_entries').pluck().get() as number, size)
      await cover()
    }
    const tile = async (path: string) => (await readTile(log, path))?.bytes
    const hashes = Array.from({ length: 300 }, (_, index) => leafHash(sealed(index).text))
    expect(await tile('tile/0/000.p/1')).toEqual(Buffer.from(hashes[0] as Uint8Array))
    expect(await tile('tile/0/000.p/3')).toEqual(Buffer.concat(hashes.slice(0, 3)))
    expect(await tile('tile/0/000')).toEqual(Buffer.concat(hashes.slice(0, 256)))
    expect(await tile('tile/0/001.p/44')).toEqual(Buffer.concat(hashes.slice(256)))
    expect((await tile('tile/1/000.p/1'))?.length).toBe(32)
    const bundle = decodeBundle((await tile('tile/entries/001.p/44')) as Uint8Array)
    expect(bundle?.map((entry) => Buffer.from(entry).toString())).toEqual(
      Array.from({ length: 44 }, (_, index) => sealed(256 + index).text),
    )
    for (const path of [
      'tile/0/001',
      'tile/0/001.p/45',
      'tile/0/002.p/1',
      'tile/1/000.p/2',
      'tile/2/000.p/1',
      'tile/entries/001',
      'tile/x',
      'entries',
      '',
    ]) {
      expect(await readTile(log, path), path).toBeUndefined()
    }
    const checkpoint = await readTile(log, 'checkpoint')
    expect(checkpoint?.isImmutable).toBe(false)
    expect(openCheckpoint(checkpoint?.bytes as Uint8Array, signer.vkey).size).toBe(300n)
  })
})

describe('proofs', () => {
  it('show any covered entry to an outsider, and nothing else', async () => {
    appendMany(0, 600)
    await cover()
    appendMany(600, 601)
    for (const index of [0, 1, 255, 256, 511, 599]) {
      const proof = await proveEntry(log, `ent_${index}`)
      expect(verifyTlogProof(proof, signer.vkey)).toBe(true)
      expect(verifyTlogProof(proof, signer.vkey, sealed(index).text)).toBe(true)
      expect(verifyTlogProof(proof, signer.vkey, sealed(index + 1).text)).toBe(false)
      expect(verifyTlogProof(proof.replace(`index ${index}`, `index ${index + 1}`), signer.vkey)).toBe(false)
      expect(verifyTlogProof(proof, noteSigner(signer.name, generateSigningKey()).vkey)).toBe(false)
    }
    const unknown = { code: 'AUDIT_ENTRY_UNKNOWN' }
    await expect(proveEntry(log, 'ent_600')).rejects.toMatchObject(unknown)
    await expect(proveEntry(log, 'ent_x')).rejects.toMatchObject(unknown)
  })
})

describe('bodies', () => {
  const secret = 'phone-0170-9999999-of-somebody'
  const erase = (
    record = sealEntry(
      erasureDraft(
        { entryId: 'ent_0', body: 'arguments' },
        { id: 'ent_erase', timeMs: 1, actor: draftOf(0).actor, why: 'asked for' },
      ),
    ),
  ) => log.eraseBody({ entryId: 'ent_0', name: 'arguments', record })
  const bytesOnDisk = () =>
    Buffer.concat(['kit.db', 'kit.db-wal'].map((name) => readFileSync(join(folder, name)))).toString('latin1')

  beforeEach(async () => {
    await log.append(sealed(0, secret))
    await log.append(sealed(1, 'other'))
    await cover()
  })

  it('are read back, and the log verifies with them', async () => {
    expect((await log.readBody('ent_0', 'arguments'))?.kept?.content).toBe(secret)
    expect(await log.readBody('ent_0', 'result')).toBeUndefined()
    expect(await faults()).toEqual([])
  })

  it('erased, they are gone from the file, the log says so and stays valid', async () => {
    expect(bytesOnDisk()).toContain(secret)
    expect(await erase()).toBe(true)
    expect(bytesOnDisk()).not.toContain(secret)
    expect((await log.readBody('ent_0', 'arguments'))?.kept).toBeUndefined()
    const uncovered = await verifyExport(exportLog(log, { vkey: signer.vkey, bodies: true }), {
      publicKey: signer.vkey,
    })
    expect(uncovered.faults).toEqual([])
    expect(uncovered.notes.join()).toContain('erased by entries that no checkpoint covers yet: 1.')
    await cover()
    expect(await faults()).toEqual([])
    expect((await log.entryById('ent_erase'))?.text).toContain('"kind":"body-erased"')
    expect(await erase(sealed(77))).toBe(false)
    expect(await log.entryById('ent_77')).toBeUndefined()
  })

  it('erased behind the log’s back, the verifier names the entry', async () => {
    db.exec('update audit_bodies set salt = null, content = null where entry_rowid = 1')
    expect(await faults()).toEqual(['body-erased 0'])
  })

  it('changed, or taken away by row, the verifier names the entry', async () => {
    db.exec(
      "drop trigger audit_bodies_only_erased; drop trigger audit_bodies_never_deleted; update audit_bodies set content = 'x' where entry_rowid = 1; delete from audit_bodies where entry_rowid = 2",
    )
    expect(await faults()).toEqual(['body-changed 0', 'body-erased 1'])
  })

  it('an erasure that cannot be logged does not happen', async () => {
    await expect(erase(sealed(1))).rejects.toThrow('there already')
    expect((await log.readBody('ent_0', 'arguments'))?.kept?.content).toBe(secret)
    await expect(log.eraseBody({ entryId: 'ent_0', name: 'result', record: sealed(8) })).rejects.toMatchObject({
      code: 'AUDIT_BODY_UNKNOWN',
    })
  })
})

describe('somebody with the file in hand drops the triggers and', () => {
  let since: string[]

  beforeEach(async () => {
    appendMany(0, 10)
    await cover()
    appendMany(10, 20)
    await cover()
    since = (await log.readCheckpoints({ after: 0, through: 20 })).map(({ note }) => note)
    for (const name of db.prepare("select name from sqlite_master where type = 'trigger'").pluck().all())
      db.exec(`drop trigger ${name}`)
    db.pragma('foreign_keys = OFF')
  })

  const setBody = "update audit_entries set body = replace(body, 'issue_refund', 'lookup_order')"
  const emptied =
    'delete from audit_entries; delete from audit_index; delete from audit_tiles; delete from audit_checkpoints;'
  it.each([
    ['changes an entry', `${setBody} where id = 'ent_4'`, ['changed 4']],
    ['deletes an entry', "delete from audit_entries where id = 'ent_4'", ['missing 4']],
    ['deletes the last entries', 'delete from audit_entries where rowid > 18', ['truncated 18-19']],
    [
      'deletes entries and index',
      'delete from audit_entries where rowid = 5; delete from audit_index where log_index = 4',
      ['missing 4'],
    ],
    [
      'swaps two entries',
      'update audit_index set entry_rowid = 99 where log_index = 3; update audit_index set entry_rowid = 4 where log_index = 4; update audit_index set entry_rowid = 5 where log_index = 3',
      ['reordered 4'],
    ],
    [
      'puts a tile’s hash in place of another',
      'update audit_tiles set hashes = cast(substr(hashes, 33) || substr(hashes, 1, 32) as blob) where level = 0',
      ['rewritten 0-9', 'reordered 19'],
    ],
    ['deletes the tiles: no evidence is lost', 'delete from audit_tiles', []],
  ])('%s', async (_name, sql, want) => {
    db.exec(sql)
    expect(await faults()).toEqual(want)
  })

  it('cuts the tail with its checkpoint: only a saved one shows it', async () => {
    db.exec(
      'delete from audit_entries where rowid > 10; delete from audit_index where log_index >= 10; delete from audit_checkpoints where size > 10',
    )
    db.exec('update audit_tiles set hashes = substr(hashes, 1, 320) where level = 0')
    expect(await faults()).toEqual([])
    expect(await faults(since)).toEqual(['truncated 10-19'])
  })

  it('erases all and lets the kit begin anew: only a saved checkpoint shows it', async () => {
    db.exec(emptied)
    await cover()
    expect(await faults()).toEqual([])
    expect(await faults(since)).toEqual(['erased 0-19'])
    appendMany(100, 130)
    await cover()
    expect(await faults()).toEqual([])
    expect(await faults(since)).toEqual(['forked 0-9'])
  })

  it('rewrites an entry and everything above it with the key: only a saved checkpoint shows it', async () => {
    const entries = await log.readEntries(0, 20)
    db.exec(emptied)
    for (const { id, text } of entries) {
      const body = id === 'ent_12' ? text.replace('issue_refund', 'lookup_order') : text
      await log.append({ id, timeMs: 1, text: body, leafHash: leafHash(body), bodies: [] })
    }
    await cover()
    expect(await faults()).toEqual([])
    expect(await faults(since)).toEqual(['forked 10-19'])
  })

  it('changes what was signed already: the sequencer refuses to sign a second history', async () => {
    db.exec('update audit_tiles set hashes = substr(hashes, 1, 608) where level = 0')
    const inconsistent = { code: 'AUDIT_LOG_INCONSISTENT' }
    await expect(sequencerOn(log).start()).rejects.toMatchObject(inconsistent)
    const foreign = createSequencer({ port: log, signer: noteSigner(signer.name, generateSigningKey()) })
    await expect(foreign.start()).rejects.toMatchObject(inconsistent)
    expect((await log.latestCheckpoint())?.size).toBe(20)
  })
})

describe('reading', () => {
  it('finds entries of a task, covered or not', async () => {
    appendMany(0, 5)
    await cover()
    appendMany(5, 8)
    const found = await log.entriesOfTask('task_0', 10)
    expect(found.map(({ id, index }) => [id, index])).toEqual([
      ['ent_0', 0],
      ['ent_3', 3],
      ['ent_6', undefined],
    ])
    expect(await log.entriesOfTask('task_0', 1)).toHaveLength(1)
    expect((await log.entryById('ent_4'))?.text).toBe(sealed(4).text)
  })

  it('finds those of a log from before tasks had a table of their own', async () => {
    appendMany(0, 5)
    await cover()
    appendMany(5, 8)
    db.exec(`DROP TRIGGER audit_index_finds_task; DROP TABLE audit_task_entries;
      CREATE INDEX audit_entries_by_task ON audit_entries (task) WHERE task IS NOT NULL`)
    db.exec(entriesByTaskMigration)
    const ids = async (): Promise<string[]> =>
      (await sqliteAuditLog(db).entriesOfTask('task_0', 10)).map(({ id }) => id)
    expect(await ids()).toEqual(['ent_0', 'ent_3', 'ent_6'])
    await cover()
    expect(await ids()).toEqual(['ent_0', 'ent_3', 'ent_6'])
  })
})
