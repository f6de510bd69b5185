/** Rows of recordings, as both databases keep them. */
import type { StoredPart, StoredPiece } from '../../operate/recordings/port.ts'

export interface RecordedPartRow {
  readonly task: string
  readonly part: string
  readonly begun: number
  readonly is_open: number
  readonly at_ms: number
  readonly bytes: number
  readonly is_wanted: number
  readonly has_failed: number
  readonly about: string
}

export interface RecordedPieceRow {
  readonly task: string
  readonly part: string
  readonly n: number
  readonly body: Uint8Array
}

export function partOfRow(row: RecordedPartRow): StoredPart {
  const { task, part, begun, bytes, about } = row
  return {
    task,
    part,
    begun,
    isOpen: row.is_open === 1,
    atMs: row.at_ms,
    bytes,
    isWanted: row.is_wanted === 1,
    hasFailed: row.has_failed === 1,
    about,
  }
}

export function pieceOfRow({ task, part, n, body }: RecordedPieceRow): StoredPiece {
  return { task, part, n, body: new Uint8Array(body) }
}

/** Actions and model calls of a task, each as a `RecordedAct`; `$task` stands for the parameter. */
export const actsOfTask = (parameter: string): string =>
  `SELECT 'tool' AS kind, a.id, a.created_ms AS "atMs" FROM tasks t JOIN actions a ON a.task_row = t.row WHERE t.id = ${parameter}
   UNION ALL SELECT 'model', m.id, m.begun_ms FROM tasks t JOIN model_calls m ON m.task_row = t.row WHERE t.id = ${parameter}
   ORDER BY 3, 2`
