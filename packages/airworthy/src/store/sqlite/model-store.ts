/** Model calls on SQLite. */
import type {
  BeginModelCall,
  BeginModelCallAnswer,
  EndModelCall,
  ModelStore,
  ModelUse,
} from '../../operate/model/port.ts'
import { type KillRow, killOfRow } from '../rows/kill-row.ts'
import { type TaskActionRow, taskActionColumns, taskActionOfRow } from '../rows/task-action-row.ts'
import { type CounterRow, counterColumns } from '../rows/task-row.ts'
import type { GroupedActs } from './grouped-acts.ts'
import type { HandedSpans } from './handed-spans.ts'
import { act, readApart, type SqliteDatabase } from './open.ts'
import { spanFinder } from './span-finder.ts'

interface CallRow {
  readonly row: number
  readonly task_row: number
  readonly reserved_tokens: number
  readonly reserved_usd_micros: number
}

/** Of those beyond it the end looks in the table. */
const openMax = 10_000

/** @param traces  where spans are found, when they are no longer on their way. */
export function sqliteModelStore(
  db: SqliteDatabase,
  traces: SqliteDatabase,
  handed: HandedSpans,
  grouped: GroupedActs,
): ModelStore {
  const killOfAgent = db.prepare<[string], KillRow>("SELECT * FROM kills WHERE agent = ? AND tool = '*'")
  const counters = db.prepare<[string], CounterRow>(`SELECT ${counterColumns} FROM tasks WHERE id = ?`)
  const useOf = db.prepare<[number], ModelUse>('SELECT steps, tokens FROM model_use WHERE task_row = ?')
  const known = db.prepare<[string]>('SELECT 1 FROM model_calls WHERE id = ?')
  const addUse = db.prepare<[number, number, number]>(
    `INSERT INTO model_use (task_row, steps, tokens) VALUES (?, ?, ?)
     ON CONFLICT (task_row) DO UPDATE SET steps = steps + excluded.steps, tokens = tokens + excluded.tokens`,
  )
  const addCost = db.prepare<[number, number]>('UPDATE tasks SET cost_usd_micros = cost_usd_micros + ? WHERE row = ?')
  const giveBack = db.prepare<[number, number]>('UPDATE model_use SET tokens = tokens - ? WHERE task_row = ?')
  const insert = db.prepare<(string | number)[]>(
    `INSERT INTO model_calls (id, task_row, model, state, reserved_tokens, reserved_usd_micros, owner, doubt_ms, begun_ms)
     VALUES (?, ?, ?, 'running', ?, ?, ?, ?, ?)`,
  )
  const running = db.prepare<[string], CallRow>("SELECT * FROM model_calls WHERE id = ? AND state = 'running'")
  const end = db.prepare<(string | number)[]>(
    'UPDATE model_calls SET state = ?, tokens = ?, cost_usd_micros = ?, details = ?, ended_ms = ? WHERE row = ?',
  )
  const hasSpan = spanFinder(traces)
  const owners = db.prepare<[]>("SELECT DISTINCT owner FROM model_calls WHERE state = 'running'").pluck()
  const latest = db.prepare<[string, number, number], { id: string; state: string; trace_id: string }>(
    `SELECT m.id, m.state, t.trace_id FROM model_calls m JOIN tasks t ON t.row = m.task_row
     WHERE m.state <> 'running' AND t.release = ? AND t.probe = 0 AND m.begun_ms >= ? ORDER BY m.row DESC LIMIT ?`,
  )
  const actionsOf = db.prepare<[string, number], TaskActionRow>(
    `SELECT ${taskActionColumns} FROM actions WHERE task_row = (SELECT row FROM tasks WHERE id = ?) ORDER BY row DESC LIMIT ?`,
  )
  const doubtful = db
    .prepare<[number, string, number]>(
      `SELECT id FROM model_calls INDEXED BY model_calls_running WHERE state = 'running'
       AND (doubt_ms <= ? OR owner IN (SELECT value FROM json_each(?))) ORDER BY row LIMIT ?`,
    )
    .pluck()

  const begin = (call: BeginModelCall): BeginModelCallAnswer => {
    // Four reads by key are an eighth of the time of one that joins them.
    const kill = killOfAgent.get(call.task.agent)
    if (kill !== undefined) return { kind: 'killed', kill: killOfRow(kill) }
    if (known.get(call.callId) !== undefined) return { kind: 'begun' }
    const task = counters.get(call.task.id) as CounterRow
    if (task.closed_ms !== null) return { kind: 'closed' }
    const { limits, reserved } = call
    const over = overBudget(call, task, useOf.get(task.row) ?? { steps: 0, tokens: 0 })
    if (over !== undefined) return { kind: 'over-budget', ...over, limit: limits[limitOf[over.budget]] }
    const { tokens, costUsdMicros } = reserved
    insert.run(call.callId, task.row, call.model, tokens, costUsdMicros, call.owner, call.doubtMs, call.atMs)
    addUse.run(task.row, 1, tokens)
    addCost.run(costUsdMicros, task.row)
    return { kind: 'begun' }
  }

  const finish = (ending: EndModelCall): boolean => {
    const call = running.get(ending.callId)
    if (call === undefined) return false
    const isLost = ending.state === 'lost'
    // Never more than was reserved: what a provider claims beyond it was bounded away by the request itself.
    const tokens = isLost ? call.reserved_tokens : Math.min(ending.tokens, call.reserved_tokens)
    const cost = isLost ? call.reserved_usd_micros : Math.min(ending.costUsdMicros, call.reserved_usd_micros)
    end.run(ending.state, tokens, cost, JSON.stringify(ending.details), ending.atMs, call.row)
    giveBack.run(call.reserved_tokens - tokens, call.task_row)
    addCost.run(cost - call.reserved_usd_micros, call.task_row)
    if (ending.span !== undefined) handed.hand(ending.span)
    return true
  }
  const finishAlone = db.transaction(finish)

  /** Calls of this process that nobody has ended yet, so that their end need not look for them. */
  const open = new Set<string>()
  /** Calls whose end waits to be committed. */
  const ended = new Set<string>()

  return {
    async beginModelCall(call) {
      const isBehind = ended.size > 0
      let answer = await grouped.addAhead(call.task.id, () => begin(call))
      // What calls have given back that ended before may be enough.
      if (isBehind && answer.kind === 'over-budget') answer = await grouped.add(call.task.id, () => begin(call))
      if (answer.kind === 'begun' && open.size < openMax) open.add(call.callId)
      return answer
    },
    async endModelCall(ending) {
      const isOpen = open.delete(ending.callId)
      // What a sweep ends was doubtful long before; who asks for its end wants to know.
      if (ending.state === 'lost') return await act(() => finishAlone.immediate(ending))
      if (ended.has(ending.callId)) return false
      if (!isOpen && (await readApart(() => running.get(ending.callId))) === undefined) return false
      ended.add(ending.callId)
      grouped
        .addLate(() => finish(ending))
        .catch(() => {}) // The call stays on record as running, and the sweep counts it as lost.
        .finally(() => ended.delete(ending.callId))
      return true
    },
    readModelUse: (id) =>
      act(() => {
        const task = counters.get(id)
        return (task === undefined ? undefined : useOf.get(task.row)) ?? { steps: 0, tokens: 0 }
      }),
    async countModelCalls({ release, sinceMs, limit }) {
      const calls = await act(() => latest.all(release, sinceMs, limit))
      await handed.settled()
      const ended = calls.filter(({ state }) => state !== 'lost')
      const untraced = ended.filter(({ id, trace_id }) => !hasSpan(trace_id, id)).length
      return { ended: ended.length, untraced, lost: calls.length - ended.length }
    },
    readTaskActions: (task, limit) => act(() => actionsOf.all(task, limit).map(taskActionOfRow)),
    openModelOwners: () => act(() => owners.all() as string[]),
    doubtfulModelCalls: ({ nowMs, owners: gone, limit }) =>
      act(() => doubtful.all(nowMs, JSON.stringify(gone), limit) as string[]),
  }
}

const limitOf = {
  max_steps: 'steps',
  max_tokens: 'tokens',
  max_cost_usd: 'costUsdMicros',
  deadline: 'workedMs',
} as const

function overBudget(
  { atMs, limits, reserved }: BeginModelCall,
  task: CounterRow,
  use: ModelUse,
): { readonly budget: keyof typeof limitOf; readonly used: number } | undefined {
  const worked = atMs - task.created_ms - task.waited_ms
  if (worked > limits.workedMs) return { budget: 'deadline', used: worked }
  if (use.steps + 1 > limits.steps) return { budget: 'max_steps', used: use.steps }
  if (use.tokens + reserved.tokens > limits.tokens) return { budget: 'max_tokens', used: use.tokens }
  if (task.cost_usd_micros + reserved.costUsdMicros > limits.costUsdMicros) {
    return { budget: 'max_cost_usd', used: task.cost_usd_micros }
  }
  return undefined
}
