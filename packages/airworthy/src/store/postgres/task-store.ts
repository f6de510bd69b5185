/** Tasks on PostgreSQL. */
import type { TaskStore } from '../../operate/tasks/port.ts'
import { type TaskRow, taskOfRow } from '../rows/task-row.ts'
import type { PostgresConnection } from './connection.ts'
import { entryOf } from './entries.ts'

export function postgresTaskStore({ act, read }: PostgresConnection): TaskStore {
  return {
    async openTask({ task, tokenHash, facts, entry, bodies }) {
      await act('open_task', {
        task: { ...task, principal: JSON.stringify(task.principal), probe: task.probe ? 1 : 0, facts: undefined },
        tokenHash,
        facts: facts.map((body) => JSON.stringify(body)),
        entry: entryOf(entry, bodies),
      })
    },
    async taskByToken(hash) {
      const [row] = await read<TaskRow>('SELECT * FROM tasks WHERE token_hash = $1', [hash])
      return row === undefined ? undefined : taskOfRow(row)
    },
    closeTask: async ({ task, atMs, entry }) => await act('close_task', { task, atMs, entry: entryOf(entry) }),
  }
}
