/** Recordings of tasks on SQLite. */
import type { RecordedAct } from '../../evals/cassette/join-recording.ts'
import type { ExpiredRecordings, ExpireRecordings, RecordingStore } from '../../operate/recordings/port.ts'
import {
  actsOfTask,
  partOfRow,
  pieceOfRow,
  type RecordedPartRow,
  type RecordedPieceRow,
} from '../rows/recording-row.ts'
import type { AuditAppender } from './audit-appender.ts'
import { act, readApart, type SqliteDatabase } from './open.ts'

/** Of a task `k.task`: as far as the ledger, or whoever closed it, knows. */
const hasFailed = `(EXISTS (SELECT 1 FROM recorded_parts f WHERE f.task = k.task AND f.has_failed = 1)
  OR EXISTS (SELECT 1 FROM tasks t WHERE t.id = k.task AND (
    EXISTS (SELECT 1 FROM actions a WHERE a.task_row = t.row AND (a.state = 'failed' OR a.state = 'ambiguous'))
    OR EXISTS (SELECT 1 FROM model_calls m WHERE m.task_row = t.row AND (m.state = 'failed' OR m.state = 'lost'))
    OR EXISTS (SELECT 1 FROM task_exhaustions e WHERE e.task_row = t.row))))`

const known = `SELECT task, max(at_ms) AS at_ms, sum(bytes) AS bytes, max(is_wanted) AS is_wanted FROM recorded_parts GROUP BY task`

export function sqliteRecordingStore(db: SqliteDatabase, audit: AuditAppender): RecordingStore {
  const putPart = db.prepare(
    `INSERT INTO recorded_parts (task, part, begun, is_open, at_ms, bytes, is_wanted, has_failed, about)
     VALUES (@task, @part, @begun, @is_open, @at_ms, @bytes, @is_wanted, @has_failed, @about)
     ON CONFLICT (task, part) DO UPDATE SET begun = excluded.begun, is_open = excluded.is_open, at_ms = excluded.at_ms,
       bytes = excluded.bytes, is_wanted = excluded.is_wanted, has_failed = excluded.has_failed, about = excluded.about`,
  )
  const putPiece = db.prepare('INSERT OR IGNORE INTO recorded_pieces (task, part, n, body) VALUES (?, ?, ?, ?)')
  const partsOf = db.prepare<[string], RecordedPartRow>('SELECT * FROM recorded_parts WHERE task = ? ORDER BY part')
  const piecesOf = db.prepare<[string], RecordedPieceRow>(
    'SELECT * FROM recorded_pieces WHERE task = ? ORDER BY part, n',
  )
  const actsOf = db.prepare<{ task: string }, RecordedAct>(actsOfTask('@task'))
  const listed = db
    .prepare<{ release: string; environment: string; failed: number; limit: number }>(
      `SELECT o.id FROM tasks o JOIN (SELECT DISTINCT task FROM recorded_parts) k ON k.task = o.id
       WHERE o.release = @release AND o.environment = @environment AND o.closed_ms IS NOT NULL AND o.probe = 0
         AND (@failed = 0 OR ${hasFailed})
       ORDER BY o.row DESC LIMIT @limit`,
    )
    .pluck()
  const bytesOf = db.prepare<[], number>('SELECT coalesce(sum(bytes), 0) FROM recorded_parts').pluck()
  const oldCassettes = db.prepare(
    'DELETE FROM cassettes WHERE task IN (SELECT task FROM cassettes WHERE at_ms < ? ORDER BY task LIMIT ?)',
  )
  const old = db
    .prepare<ExpireRecordings, string>(
      `SELECT k.task FROM (${known}) k LEFT JOIN tasks o ON o.id = k.task
       WHERE k.at_ms < @keptBeforeMs OR ((k.at_ms < @beforeMs
         OR (k.is_wanted = 0 AND o.closed_ms < @decidedBeforeMs AND k.at_ms < @decidedBeforeMs)) AND NOT ${hasFailed})
       ORDER BY k.at_ms, k.task LIMIT @limit`,
    )
    .pluck()
  const oldest = db.prepare<[number], { task: string; bytes: number }>(
    `SELECT k.task, k.bytes FROM (${known}) k ORDER BY ${hasFailed}, k.at_ms, k.task LIMIT ?`,
  )
  const dropPieces = db.prepare<[string]>('DELETE FROM recorded_pieces WHERE task = ?')
  const dropParts = db.prepare<[string]>('DELETE FROM recorded_parts WHERE task = ?')
  const dropCassette = db.prepare<[string]>('DELETE FROM cassettes WHERE task = ?')
  const drop = (task: string): boolean => {
    dropPieces.run(task)
    return dropParts.run(task).changes > 0
  }

  const keep = db.transaction(({ parts, pieces }: Parameters<RecordingStore['keepRecording']>[0]) => {
    for (const { task, part, begun, isOpen, atMs, bytes, isWanted, hasFailed: failed, about } of parts) {
      putPart.run({
        task,
        part,
        begun,
        is_open: Number(isOpen),
        at_ms: atMs,
        bytes,
        is_wanted: Number(isWanted),
        has_failed: Number(failed),
        about,
      })
    }
    for (const { task, part, n, body } of pieces) putPiece.run(task, part, n, body)
  })
  const expire = db.transaction((bounds: ExpireRecordings): ExpiredRecordings => {
    oldCassettes.run(bounds.keptBeforeMs, bounds.limit)
    let deleted = 0
    for (const task of old.all(bounds)) {
      drop(task)
      deleted++
    }
    let bytes = bytesOf.get() as number
    if (bytes > bounds.bytesMax) {
      for (const one of oldest.all(bounds.limit)) {
        if (bytes <= bounds.bytesMax) break
        drop(one.task)
        bytes -= one.bytes
        deleted++
      }
    }
    return { deleted, bytes }
  })
  const forget = db.transaction(({ task, entry }: Parameters<RecordingStore['forgetRecording']>[0]) => {
    const hadCassette = dropCassette.run(task).changes > 0
    const found = drop(task) || hadCassette
    if (found) audit.append(entry)
    return found
  })

  return {
    keepRecording: (keeping) => act(() => keep.immediate(keeping)),
    readRecording: (task) =>
      act(() => {
        const parts = partsOf.all(task).map(partOfRow)
        if (parts.length === 0) return undefined
        return { parts, pieces: piecesOf.all(task).map(pieceOfRow), acts: actsOf.all({ task }) }
      }),
    listRecordings: ({ release, environment, hasFailed: failed, limit }) =>
      act(() => listed.all({ release, environment, failed: Number(failed), limit }) as string[]),
    recordedBytes: () => readApart(() => bytesOf.get() as number),
    expireRecordings: (bounds) => act(() => expire.immediate(bounds)),
    async forgetRecording(forgetting) {
      // Without this, the bytes would stay readable in free pages of the file.
      db.pragma('secure_delete = on')
      const found = await act(() => forget.immediate(forgetting))
      db.pragma('wal_checkpoint(truncate)')
      return found
    },
  }
}
