/** Tasks on SQLite. */
import type { CloseTaskAct, OpenTaskAct, TaskStore } from '../../operate/tasks/port.ts'
import {
  type LastingTask,
  lastingTaskOfRow,
  type StandingRow,
  standingColumns,
  standingTaskOfRow,
  type TaskRow,
} from '../rows/task-row.ts'
import type { AuditAppender } from './audit-appender.ts'
import { act, readApart, type SqliteDatabase } from './open.ts'

/** Of so many tasks what never changes is read once. */
const lastingMax = 5_000

export function sqliteTaskStore(db: SqliteDatabase, audit: AuditAppender): TaskStore {
  const insertTask = db.prepare(
    `INSERT INTO tasks (id, project, agent, release, environment, principal, trace_id, token_hash, resume_url, probe, created_ms,
       last_fact, type, parent_span_id, trace_state, cheaper)
     VALUES (@id, @project, @agent, @release, @environment, @principal, @traceId, @tokenHash, @resumeUrl, @probe, @createdMs,
       @lastFact, @type, @parentSpanId, @traceState, @cheaper)`,
  )
  const insertFact = db.prepare('INSERT INTO facts (task_row, n, body) VALUES (?, ?, ?)')
  const byToken = db.prepare<[string], StandingRow>(`SELECT ${standingColumns} FROM tasks WHERE token_hash = ?`)
  const byRow = db.prepare<[number], TaskRow>('SELECT * FROM tasks WHERE row = ?')
  /** By row, which is never another task's. */
  const lasting = new Map<number, LastingTask>()
  const lastingOf = (row: number): LastingTask => {
    let task = lasting.get(row)
    if (task === undefined) {
      if (lasting.size >= lastingMax) lasting.clear()
      task = lastingTaskOfRow(byRow.get(row) as TaskRow)
      lasting.set(row, task)
    }
    return task
  }
  const close = db.prepare('UPDATE tasks SET closed_ms = ? WHERE id = ? AND closed_ms IS NULL')

  const openOne = ({ task, tokenHash, facts, entry, bodies }: OpenTaskAct): void => {
    const { lastInsertRowid } = insertTask.run({
      id: task.id,
      project: task.project,
      agent: task.agent,
      release: task.release,
      environment: task.environment,
      principal: JSON.stringify(task.principal),
      traceId: task.traceId,
      tokenHash,
      resumeUrl: task.resumeUrl ?? null,
      probe: task.probe ? 1 : 0,
      createdMs: task.createdMs,
      lastFact: facts.length,
      type: task.type ?? null,
      parentSpanId: task.parentSpanId ?? null,
      traceState: task.traceState ?? null,
      cheaper: task.cheaper === true ? 1 : 0,
    })
    let n = 0
    for (const body of facts) insertFact.run(lastInsertRowid, ++n, JSON.stringify(body))
    audit.append(entry, bodies)
  }
  const openTask = db.transaction(openOne)
  const openTasks = db.transaction((acts: readonly OpenTaskAct[]) => {
    for (const one of acts) openOne(one)
  })
  const closeOne = ({ task, atMs, entry }: CloseTaskAct): boolean => {
    if (close.run(atMs, task).changes !== 1) return false
    audit.append(entry)
    return true
  }
  const closeTask = db.transaction(closeOne)
  const closeTasks = db.transaction((acts: readonly CloseTaskAct[]) => acts.filter(closeOne).length)

  return {
    openTask: (open) => act(() => openTask.immediate(open)),
    openTasks: (acts) => act(() => openTasks.immediate(acts)),
    // It is asked before each model call, and what a call's end changes of a task nobody reads from it.
    taskByToken: (hash) =>
      readApart(() => {
        const row = byToken.get(hash)
        return row === undefined ? undefined : { ...lastingOf(row.row), ...standingTaskOfRow(row), facts: [] }
      }),
    closeTask: (closing) => act(() => closeTask.immediate(closing)),
    closeTasks: (acts) => act(() => closeTasks.immediate(acts)),
  }
}
