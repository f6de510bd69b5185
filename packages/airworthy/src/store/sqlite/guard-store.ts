import { invariant } from '../../core/errors.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import type {
  ActionFacts,
  ActionLookup,
  ActionRecord,
  Attempt,
  AttemptLookup,
  BudgetLimits,
  Fact,
  FactBody,
  GuardStore,
  IntendAct,
  IntendAnswer,
  KillRecord,
  SettleAct,
  SettleAnswer,
  SettledSubject,
  TaskAfter,
  TaskRecord,
} from '../../guard/port.ts'
import {
  bodiesOfAction,
  bodiesOfSettlement,
  entryOfAction,
  entryOfSettlement,
  subjectOfRows,
} from '../rows/action-entry.ts'
import type { ActionRow } from '../rows/action-row.ts'
import { type ApprovalRow, approvalOfRow } from '../rows/approval-row.ts'
import { type KillRow, killOfRow } from '../rows/kill-row.ts'
import { type CounterRow, counterColumns, type TaskRow, taskOfRow } from '../rows/task-row.ts'
import { actionReader } from './action-reader.ts'
import type { AuditAppender } from './audit-appender.ts'
import type { GroupedActs } from './grouped-acts.ts'
import { act, type SqliteDatabase } from './open.ts'
import { heldRefuser } from './refuse-held.ts'

export function sqliteGuardStore(
  db: SqliteDatabase,
  audit: AuditAppender,
  grouped: GroupedActs,
): Omit<GuardStore, 'exhaust'> {
  const sql = (text: string) => db.prepare<unknown[]>(text)
  const readFacts = sql('SELECT n, body FROM facts WHERE task_row = ? AND n > ?')
  const taskById = sql('SELECT * FROM tasks WHERE id = ?')
  const taskCounters = sql(`SELECT ${counterColumns} FROM tasks WHERE id = ?`)
  const countersByRow = sql(`SELECT ${counterColumns} FROM tasks WHERE row = ?`)
  const openById = sql('SELECT row, task_row, state, reasons, cost_usd_micros FROM actions WHERE id = ?')
  const killsOfAgent = sql('SELECT * FROM kills WHERE agent = ?')
  const environmentOf = sql('SELECT release FROM environments WHERE agent = ? AND name = ?')
  const actions = actionReader(db, audit)
  const insertAction = sql(
    `INSERT INTO actions (id, task_row, tool, effect, state, arguments_digest, definition_digest, idempotency_key, approval_id,
       reasons, cost_usd_micros, owner, doubt_ms, created_ms, intended_ms, arguments_entry)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const updateTask = sql(
    'UPDATE tasks SET tool_calls = tool_calls + ?, cost_usd_micros = cost_usd_micros + ?, last_fact = last_fact + ? WHERE row = ?',
  )
  const insertFact = sql('INSERT INTO facts (task_row, n, body) VALUES (?, ?, ?)')
  const insertApproval = sql(
    `INSERT INTO approvals (id, action_id, task, agent, tool, principal_id, roles, not_requester, state, summary, nonce,
       binding_digest, created_ms, expires_ms)
     VALUES (@id, @actionId, @task, @agent, @tool, @principal, @roles, @notRequester, 'pending', @summary, @nonce,
       @bindingDigest, @atMs, @expiresMs)`,
  )
  const approvalById = sql('SELECT * FROM approvals WHERE id = ?')
  const useApproval = sql("UPDATE approvals SET state = 'used' WHERE id = ? AND state = 'approved'")
  const intendHeld = sql(
    `UPDATE actions SET state = 'intended', reasons = ?, cost_usd_micros = ?, owner = ?, doubt_ms = ?, intended_ms = ?,
       arguments_entry = ? WHERE id = ? AND state = 'held'`,
  )
  const settleAction = sql(
    `UPDATE actions SET state = ?, error = ?, settled_ms = ?, result_entry = ?, cost_usd_micros = ?, reasons = ?
     WHERE row = ? AND state = ?`,
  )
  const collectAction = sql('UPDATE actions SET collected_ms = ? WHERE id = ? AND collected_ms IS NULL')

  /** Sorted here: for this statement SQLite's own sorter costs ten times what the reading does. */
  const factsOf = (taskRow: number, after: number): Fact[] =>
    (readFacts.all(taskRow, after) as FactRow[]).map(factOfRow).sort((a, b) => a.n - b.n)

  /** Adds to a task's counters and facts, in one statement for the task itself. */
  const advanceTask = (
    task: CounterRow,
    {
      calls = 0,
      costUsdMicros = 0,
      facts = [],
    }: { calls?: number; costUsdMicros?: number; facts?: readonly FactBody[] },
  ): TaskAfter => {
    let n = task.last_fact
    for (const body of facts) insertFact.run(task.row, ++n, JSON.stringify(body))
    if (calls !== 0 || costUsdMicros !== 0 || facts.length > 0) {
      updateTask.run(calls, costUsdMicros, facts.length, task.row)
    }
    const counters = { toolCalls: task.tool_calls + calls, costUsdMicros: task.cost_usd_micros + costUsdMicros }
    return { counters, lastFact: n }
  }

  const findEarlier = (
    taskRow: number,
    { tool, argumentsDigest, idempotencyKey }: ActionLookup,
  ): ActionRecord | undefined =>
    (idempotencyKey === undefined
      ? actions.waiting(taskRow, tool, argumentsDigest)
      : actions.byKey(taskRow, idempotencyKey)) ?? actions.ambiguous(taskRow, tool, argumentsDigest)

  const killsOf = (agent: string): KillRecord[] => (killsOfAgent.all(agent) as KillRow[]).map(killOfRow)

  /** What hold and intend share: everything that may say no before anything is written. */
  const obstacle = (
    act: ActionFacts & Pick<IntendAct, 'lastFact' | 'seen'>,
    counters: CounterRow,
    limits: BudgetLimits,
    cost: number,
    isCounted: boolean,
  ): IntendAnswer | undefined => {
    const kill = killsOf(act.task.agent).find(({ tool }) => tool === '*' || tool === act.tool)
    if (kill !== undefined) return { kind: 'killed', kill }
    const pointer = environmentOf.get(act.task.agent, act.task.environment) as { release: string } | undefined
    if (pointer?.release !== act.task.release && act.enforced) return { kind: 'release-changed' }
    if (counters.closed_ms !== null) return { kind: 'closed' }
    const { seen } = act
    if (
      seen !== undefined &&
      (seen.toolCalls !== counters.tool_calls || seen.costUsdMicros !== counters.cost_usd_micros)
    ) {
      return { kind: 'stale' }
    }
    if (isCounted) {
      const duplicate = findEarlier(counters.row, act)
      if (duplicate !== undefined) return { kind: 'duplicate', action: duplicate }
    }
    const workedMs = act.atMs - counters.created_ms - counters.waited_ms
    if (workedMs > limits.workedMs) {
      return { kind: 'over-budget', budget: 'deadline', limit: limits.workedMs, used: workedMs }
    }
    if (isCounted && counters.tool_calls + 1 > limits.toolCalls) {
      return { kind: 'over-budget', budget: 'max_tool_calls', limit: limits.toolCalls, used: counters.tool_calls }
    }
    if (counters.cost_usd_micros + cost > limits.costUsdMicros) {
      return {
        kind: 'over-budget',
        budget: 'max_cost_usd',
        limit: limits.costUsdMicros,
        used: counters.cost_usd_micros,
      }
    }
    if (counters.last_fact > act.lastFact) {
      return { kind: 'newer-facts', facts: factsOf(counters.row, act.lastFact) }
    }
    return undefined
  }

  // Reads of several statements are one transaction too: each takes and gives back the locks of a file.
  const taskWithFacts = (row: TaskRow, after: number): TaskRecord =>
    taskOfRow(row, row.last_fact > after ? factsOf(row.row, after) : [])

  const readTask = db.transaction((id: string, afterFact: number): TaskRecord | undefined => {
    const row = taskById.get(id) as TaskRow | undefined
    return row === undefined ? undefined : taskWithFacts(row, afterFact)
  })

  const readAttempt = db.transaction(({ task, afterFact, ...lookup }: AttemptLookup): Attempt | undefined => {
    const row = taskById.get(task) as TaskRow | undefined
    if (row === undefined) return undefined
    const earlier = findEarlier(row.row, lookup)
    return {
      task: taskWithFacts(row, afterFact),
      kills: killsOf(row.agent),
      ...(earlier === undefined ? {} : { earlier }),
    }
  })

  const recordRefusal = (act: Parameters<GuardStore['recordRefusal']>[0]): void => {
    const counters = taskCounters.get(act.task.id) as CounterRow
    insertAction.run(...actionRow(act, counters.row, { state: 'denied' }))
    if (act.counted) advanceTask(counters, { calls: 1 })
    audit.append(entryOfAction('action-denied', 'deny', act), { arguments: act.arguments })
  }

  const hold = (act: Parameters<GuardStore['hold']>[0]): IntendAnswer => {
    const counters = taskCounters.get(act.task.id) as CounterRow
    const stop = obstacle(act, counters, act.limits, 0, true)
    if (stop !== undefined) return stop
    insertAction.run(...actionRow(act, counters.row, { state: 'held', approvalId: act.approval.id }))
    insertApproval.run({
      ...act.approval,
      roles: JSON.stringify(act.approval.roles),
      notRequester: act.approval.notRequester ? 1 : 0,
      actionId: act.actionId,
      task: act.task.id,
      agent: act.task.agent,
      tool: act.tool,
      principal: act.task.principal.id,
      atMs: act.atMs,
    })
    const task = advanceTask(counters, { calls: 1 })
    audit.append(entryOfAction('action-held', 'confirm', act, act.approval.id), bodiesOfAction(act))
    return { kind: 'committed', task }
  }

  const intend = (act: IntendAct): IntendAnswer => {
    const counters = taskCounters.get(act.task.id) as CounterRow
    const isResumed = act.approval !== undefined
    const stop = obstacle(act, counters, act.limits, act.costUsdMicros, !isResumed)
    if (stop !== undefined) return stop
    if (act.approval !== undefined) {
      const invalid = consume(act, act.approval)
      if (invalid !== undefined) return { kind: 'approval-invalid', why: invalid }
    }
    if (isResumed) {
      const { costUsdMicros, owner, doubtMs, atMs, entryId, actionId } = act
      const reasons = JSON.stringify(act.reasons)
      const { changes } = intendHeld.run(reasons, costUsdMicros, owner, doubtMs, atMs, entryId, actionId)
      if (changes !== 1) return rollback({ kind: 'approval-invalid', why: 'used' })
    } else insertAction.run(...actionRow(act, counters.row, { state: 'intended', intent: act }))
    const { costUsdMicros, facts } = act
    const task = advanceTask(counters, { calls: isResumed ? 0 : 1, costUsdMicros, facts })
    audit.append(entryOfAction('action-intended', act.decision, act, act.approval?.id), bodiesOfAction(act))
    return { kind: 'committed', task }
  }

  /** Consumes an approval that binds exactly this; says why not. */
  const consume = (
    act: IntendAct,
    wanted: NonNullable<IntendAct['approval']>,
  ): Extract<IntendAnswer, { kind: 'approval-invalid' }>['why'] | undefined => {
    const approval = approvalById.get(wanted.id) as ApprovalRow | undefined
    if (approval === undefined || approval.action_id !== act.actionId) return 'missing'
    if (approval.state !== 'approved') return approval.state === 'used' ? 'used' : approval.state
    if (approval.expires_ms <= act.atMs) return 'expired'
    if (approval.binding_digest !== wanted.bindingDigest) return 'mismatch'
    return useApproval.run(wanted.id).changes === 1 ? undefined : 'used'
  }

  const subjectOf = (actionId: string): SettledSubject => {
    const rows = actions.rowById(actionId)
    invariant(rows !== undefined, 'an action that is settled is in the ledger')
    return subjectOfRows(rows)
  }

  const settle = (act: SettleAct): SettleAnswer => {
    const row = openById.get(act.actionId) as OpenRow | undefined
    if (row === undefined) return { kind: 'settled-before' }
    const counters = countersByRow.get(row.task_row) as CounterRow
    // What is in doubt stays in doubt until somebody knows; everything else is settled once.
    const isOpen = row.state === 'intended' || (row.state === 'ambiguous' && act.state !== 'ambiguous')
    if (!isOpen) return { kind: 'settled-before' }
    if (act.lastFact !== undefined && counters.last_fact > act.lastFact) {
      const facts = factsOf(counters.row, act.lastFact)
      if (facts.some(({ body }) => body.kind === 'pseudonym')) return { kind: 'newer-facts', facts }
    }
    // An ambiguous action keeps its whole reservation until somebody knows.
    const unspent = act.state === 'ambiguous' ? 0 : Math.max(0, row.cost_usd_micros - act.costUsdMicros)
    const reasons = act.reasons.length === 0 ? row.reasons : JSON.stringify(act.reasons)
    const cost = row.cost_usd_micros - unspent
    settleAction.run(act.state, act.error ?? null, act.atMs, act.entryId, cost, reasons, row.row, row.state)
    const after = advanceTask(counters, { costUsdMicros: -unspent, facts: act.facts })
    // Whoever executed the action knows it; whoever reconciles one does not.
    audit.append(entryOfSettlement(act, act.subject ?? subjectOf(act.actionId)), bodiesOfSettlement(act))
    return { kind: 'settled', task: after }
  }

  const learn = (act: Parameters<GuardStore['learn']>[0]): void => {
    advanceTask(taskCounters.get(act.task) as CounterRow, { facts: act.facts })
    audit.append(act.entry)
  }

  const refuseHeld = db.transaction(heldRefuser(db, audit, actions))

  /** Writes, together with what others write at the same time; a store that cannot commit is STORE_UNAVAILABLE. */
  const write = async <T>(task: string, run: () => T): Promise<T> => {
    try {
      return await grouped.add(task, run)
    } catch (error) {
      if (error instanceof RollbackWith) return error.value as T
      throw error
    }
  }

  return {
    readTask: (id, afterFact = 0) => act(() => readTask(id, afterFact)),
    readAttempt: (lookup) => act(() => readAttempt(lookup)),
    readKills: (agent) => act(() => killsOf(agent)),
    readAction: (id) => act(() => actions.byId(id)),
    recordRefusal: (refusal) => write(refusal.task.id, () => recordRefusal(refusal)),
    hold: (held) => write(held.task.id, () => hold(held)),
    intend: (intent) => write(intent.task.id, () => intend(intent)),
    settle: (settlement) => write(settlement.subject?.task.id ?? settlement.actionId, () => settle(settlement)),
    refuseHeld: (refusal) => act(() => refuseHeld.immediate(refusal)),
    readApproval: (id) =>
      act(() => {
        const row = approvalById.get(id) as ApprovalRow | undefined
        return row === undefined ? undefined : approvalOfRow(row)
      }),
    learn: (facts) => write(facts.task, () => learn(facts)),
    collect: (id, atMs) => act(() => void collectAction.run(atMs, id)),
  }
}

/** Leaves a transaction without its writes and with an answer. */
class RollbackWith extends Error {
  readonly value: unknown
  constructor(value: unknown) {
    super('rolled back')
    this.value = value
  }
}
function rollback(answer: IntendAnswer): never {
  throw new RollbackWith(answer)
}

/** What a settlement changes. */
type OpenRow = Pick<ActionRow, 'row' | 'task_row' | 'state' | 'reasons' | 'cost_usd_micros'>

interface FactRow {
  readonly n: number
  readonly body: string
}

function factOfRow(row: FactRow): { n: number; body: FactBody } {
  return { n: row.n, body: valueOfJson(row.body) as FactBody }
}

/** The values of `insertAction`, in its order. */
function actionRow(
  act: ActionFacts,
  taskRow: number,
  { state, approvalId, intent }: { state: ActionRecord['state']; approvalId?: string; intent?: IntendAct },
): readonly (string | number | null)[] {
  return [
    act.actionId,
    taskRow,
    act.tool,
    act.effect,
    state,
    act.argumentsDigest,
    act.definitionDigest,
    act.idempotencyKey ?? null,
    approvalId ?? null,
    act.reasons.length === 0 ? '[]' : JSON.stringify(act.reasons),
    intent?.costUsdMicros ?? 0,
    intent?.owner ?? null,
    intent?.doubtMs ?? null,
    act.atMs,
    intent === undefined ? null : act.atMs,
    act.entryId,
  ]
}
