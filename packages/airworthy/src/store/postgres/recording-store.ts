/** Recordings of tasks on PostgreSQL. */
import type { RecordedAct } from '../../evals/cassette/join-recording.ts'
import type { RecordingStore } from '../../operate/recordings/port.ts'
import {
  actsOfTask,
  partOfRow,
  pieceOfRow,
  type RecordedPartRow,
  type RecordedPieceRow,
} from '../rows/recording-row.ts'
import type { PostgresConnection } from './connection.ts'
import { entryOf } from './entries.ts'

export function postgresRecordingStore({ act, read }: PostgresConnection): RecordingStore {
  return {
    async keepRecording({ parts, pieces }) {
      await act('keep_recording', {
        parts,
        pieces: pieces.map(({ body, ...piece }) => ({ ...piece, body: Buffer.from(body).toString('base64') })),
      })
    },
    async readRecording(task) {
      const parts = await read<RecordedPartRow>(
        'SELECT * FROM recorded_parts WHERE task = $1 ORDER BY part COLLATE "C"',
        [task],
      )
      if (parts.length === 0) return undefined
      const pieces = await read<RecordedPieceRow>(
        'SELECT * FROM recorded_pieces WHERE task = $1 ORDER BY part COLLATE "C", n',
        [task],
      )
      const acts = await read<RecordedAct>(actsOfTask('$1'), [task])
      return { parts: parts.map(partOfRow), pieces: pieces.map(pieceOfRow), acts }
    },
    listRecordings: (filter) => act('list_recordings', filter),
    async recordedBytes() {
      const [row] = await read<{ bytes: string }>('SELECT coalesce(sum(bytes), 0) AS bytes FROM recorded_parts')
      return Number(row?.bytes ?? 0)
    },
    expireRecordings: (bounds) => act('expire_recordings', bounds),
    forgetRecording: async ({ task, entry }) => await act('forget_recording', { task, entry: entryOf(entry) }),
  }
}
