/**
 * The audit log in SQLite: appending inside other acts' transactions, the sequencer's acts, and reading. Whoever opens the
 * connection sets WAL and `synchronous=FULL`; an append is durable when the transaction around it has committed.
 */
import type { Database, Statement } from 'better-sqlite3'
import type { SealedEntry } from '../../audit/seal-entry.ts'
import type { TileAddress } from '../../audit/tiles.ts'
import { AirworthyError } from '../../core/errors.ts'
import type { StoredBody, StoredEntry } from '../../operate/audit/port.ts'
import type { PublishAct, SequenceAct, StoredCheckpoint } from '../../operate/sequencer/port.ts'
import { spanOfBody, withoutBody } from '../rows/erased-span.ts'
import type { AuditLog } from '../store.ts'

/**
 * Appends a sealed entry and its bodies. Synchronous, for use inside the transaction of the act that it records; without one
 * around it, each row is a transaction. @throws when the id is there already.
 */
export function appendEntry(db: Database, sealed: SealedEntry): void {
  const statements = statementsOf(db)
  const { lastInsertRowid } = statements.insertEntry.run(
    sealed.id,
    sealed.timeMs,
    sealed.task ?? null,
    sealed.text,
    sealed.leafHash,
  )
  for (const { name, salt, content } of sealed.bodies) statements.insertBody.run(lastInsertRowid, name, salt, content)
}

/**
 * The log on a connection whose schema has `auditMigration`.
 * @param traces  where the kit's spans are, which repeat texts of bodies; asked for when one is erased
 */
export function sqliteAuditLog(db: Database, traces: Database = db): AuditLog {
  const sql = statementsOf(db)

  const append = db.transaction((sealed: SealedEntry) => appendEntry(db, sealed))
  const sequence = db.transaction(({ firstIndex, entryKeys }: SequenceAct) => {
    if (sql.indexedSize.get() !== firstIndex) return 'conflict' as const
    entryKeys.forEach((key, position) => {
      sql.insertIndex.run(firstIndex + position, key)
    })
    return 'done' as const
  })
  const publish = db.transaction(({ expectedSize, size, note, tiles }: PublishAct) => {
    if (sql.latestCheckpoint.get()?.size !== expectedSize || (sql.indexedSize.get() as number) < size) {
      return 'conflict' as const
    }
    for (const { level, n, hashes } of tiles) {
      if (sql.growTile.run(hashes, level, n).changes === 0) sql.insertTile.run(level, n, hashes)
    }
    sql.insertCheckpoint.run(size, note)
    return 'done' as const
  })
  const erase = db.transaction((entryId: string, name: string, record: SealedEntry) => {
    const body = sql.bodyOf.get(entryId, name)
    if (body === undefined) {
      throw new AirworthyError({
        code: 'AUDIT_BODY_UNKNOWN',
        message: `The audit log keeps no body "${name}" of the entry ${entryId}.`,
        mend: 'Look at the entry: its "bodies" lists the names.',
      })
    }
    if (body.content === null) return false
    sql.eraseBody.run(entryId, name)
    appendEntry(db, record)
    return true
  })
  const eraseFromSpan = (entryId: string, name: string): void => {
    const text = sql.entryText.get(entryId)
    const span = text === undefined ? undefined : spanOfBody(text, name)
    if (span === undefined) return
    const where = "where trace_id = ? and span_id = ? and source = 'kit'"
    const { traceId, spanId } = span
    const attributes = traces
      .prepare<[string, string], string>(`select attributes from spans ${where}`)
      .pluck()
      .get(traceId, spanId)
    const left = attributes === undefined ? undefined : withoutBody(attributes, name)
    if (left !== undefined) traces.prepare(`update spans set attributes = ? ${where}`).run(left, traceId, spanId)
  }

  return {
    // Whoever wins the compare-and-set leads: on one machine that is enough.
    lead: async () => true,
    resign: async () => {},
    append: async (sealed) => void append.immediate(sealed),
    latestCheckpoint: async () => sql.latestCheckpoint.get(),
    indexedSize: async () => sql.indexedSize.get() as number,
    readUnsequenced: async (limit) => sql.unsequenced.all(limit),
    readLeafHashes: async (first, limit) => sql.leafHashes.all(first, first + limit),
    sequence: async (act) => sequence.immediate(act),
    publishCheckpoint: async (act) => publish.immediate(act),
    readTile: async ({ level, n }: TileAddress) => sql.tile.get(level, n),
    readCheckpoints: async ({ after, through }) => sql.checkpoints.all(after, through),
    readEntries: async (first, limit) => sql.entries.all(first, first + limit),
    readErasuresAfter: async (size, limit) =>
      sql.erasuresAfter.all(size - 1, limit).map((row) => storedEntry(row) as StoredEntry),
    entryById: async (id) => storedEntry(sql.entryById.get(id)),
    entriesOfTask: async (task, limit) =>
      sql.entriesOfTask.all({ task, limit }).map((row) => storedEntry(row) as StoredEntry),
    readBodies: async (first, end) => sql.bodies.all(first, end).map(storedBody),
    async readBody(entryId, name) {
      const row = sql.bodyOf.get(entryId, name)
      return row === undefined ? undefined : storedBody(row)
    },
    async eraseBody({ entryId, name, record }) {
      // Without this, the bytes would stay readable in free pages of the files.
      for (const file of [traces, db]) file.pragma('secure_delete = on')
      // The span first: cut off in between, the body is still there to be erased again.
      eraseFromSpan(entryId, name)
      const erased = erase.immediate(entryId, name, record)
      for (const file of [traces, db]) file.pragma('wal_checkpoint(truncate)')
      return erased
    },
  }
}

interface EntryRow {
  readonly index: number | null
  readonly id: string
  readonly text: string
}
interface BodyRow {
  readonly index: number | null
  readonly name: string
  readonly salt: Uint8Array | null
  readonly content: string | null
}

function storedEntry(row: EntryRow | undefined): StoredEntry | undefined {
  return row === undefined ? undefined : { ...row, index: row.index ?? undefined }
}

function storedBody({ index, name, salt, content }: BodyRow): StoredBody {
  const kept = salt === null || content === null ? undefined : { salt, content }
  return { index: index ?? undefined, name, kept }
}

type Statements = ReturnType<typeof prepareStatements>
const statementsByConnection = new WeakMap<Database, Statements>()

/** Statements are prepared once per connection: preparing costs more than an append. */
function statementsOf(db: Database): Statements {
  let statements = statementsByConnection.get(db)
  if (statements === undefined) {
    statements = prepareStatements(db)
    statementsByConnection.set(db, statements)
  }
  return statements
}

function prepareStatements(db: Database) {
  const entryColumns = 'i.log_index as "index", e.id, e.body as text'
  const bodyColumns = 'i.log_index as "index", b.name, b.salt, b.content'
  return {
    insertEntry: db.prepare<[string, number, string | null, string, Uint8Array]>(
      'insert into audit_entries (id, time_ms, task, body, leaf_hash) values (?, ?, ?, ?, ?)',
    ),
    insertBody: db.prepare<[number | bigint, string, Uint8Array, string]>(
      'insert into audit_bodies (entry_rowid, name, salt, content) values (?, ?, ?, ?)',
    ),
    insertIndex: db.prepare<[number, number]>('insert into audit_index (log_index, entry_rowid) values (?, ?)'),
    insertCheckpoint: db.prepare<[number, string]>('insert into audit_checkpoints (size, note) values (?, ?)'),
    insertTile: db.prepare<[number, number, Uint8Array]>('insert into audit_tiles (level, n, hashes) values (?, ?, ?)'),
    growTile: db.prepare<[Uint8Array, number, number]>('update audit_tiles set hashes = ? where level = ? and n = ?'),
    entryText: db.prepare<[string], string>('select body from audit_entries where id = ?').pluck(),
    eraseBody: db.prepare<[string, string]>(
      'update audit_bodies set salt = null, content = null where entry_rowid = (select rowid from audit_entries where id = ?) and name = ?',
    ),
    latestCheckpoint: db.prepare<[], StoredCheckpoint>(
      'select size, note from audit_checkpoints order by size desc limit 1',
    ),
    checkpoints: db.prepare<[number, number], StoredCheckpoint>(
      'select size, note from audit_checkpoints where size > ? and size <= ? order by size',
    ),
    indexedSize: plucked<[], number>(db.prepare('select coalesce(max(log_index) + 1, 0) from audit_index')),
    unsequenced: db.prepare<[number], { key: number; leafHash: Uint8Array }>(
      `select rowid as key, leaf_hash as leafHash from audit_entries
       where rowid > (select coalesce(max(entry_rowid), 0) from audit_index) order by rowid limit ?`,
    ),
    leafHashes: plucked<[number, number], Uint8Array>(
      db.prepare(
        `select e.leaf_hash from audit_index i join audit_entries e on e.rowid = i.entry_rowid
         where i.log_index >= ? and i.log_index < ? order by i.log_index`,
      ),
    ),
    tile: plucked<[number, number], Uint8Array>(db.prepare('select hashes from audit_tiles where level = ? and n = ?')),
    entries: db.prepare<[number, number], StoredEntry>(
      `select ${entryColumns} from audit_index i join audit_entries e on e.rowid = i.entry_rowid
       where i.log_index >= ? and i.log_index < ? order by i.log_index`,
    ),
    entryById: db.prepare<[string], EntryRow>(
      `select ${entryColumns} from audit_entries e left join audit_index i on i.entry_rowid = e.rowid where e.id = ?`,
    ),
    entriesOfTask: db.prepare<[{ readonly task: string; readonly limit: number }], EntryRow>(
      `select i.log_index as "index", f.id, f.text from (
         select e.rowid as place, e.id, e.body as text from audit_task_entries t join audit_entries e on e.rowid = t.entry_rowid
         where t.task = @task
         union all
         select e.rowid, e.id, e.body from audit_entries e
         where e.rowid > (select coalesce(max(entry_rowid), 0) from audit_index) and e.task = @task
         order by place limit @limit
       ) f left join audit_index i on i.entry_rowid = f.place order by f.place`,
    ),
    erasuresAfter: db.prepare<[number, number], EntryRow>(
      `select ${entryColumns} from audit_entries e left join audit_index i on i.entry_rowid = e.rowid
       where e.rowid > coalesce((select entry_rowid from audit_index where log_index = ?), 0)
         and instr(e.body, '"kind":"body-erased"') > 0 order by e.rowid limit ?`,
    ),
    bodies: db.prepare<[number, number], BodyRow>(
      `select ${bodyColumns} from audit_index i join audit_bodies b on b.entry_rowid = i.entry_rowid
       where i.log_index >= ? and i.log_index < ? order by i.log_index, b.name`,
    ),
    bodyOf: db.prepare<[string, string], BodyRow>(
      `select ${bodyColumns} from audit_entries e join audit_bodies b on b.entry_rowid = e.rowid
       left join audit_index i on i.entry_rowid = e.rowid where e.id = ? and b.name = ?`,
    ),
  }
}

/** The first column alone. The type package knows only `pluck()` on the statement that it was called on. */
function plucked<Bound extends unknown[], Value>(statement: Statement<unknown[], unknown>): Statement<Bound, Value> {
  return statement.pluck() as unknown as Statement<Bound, Value>
}
