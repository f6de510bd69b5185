/**
 * The guard's acts on SQLite: each is one immediate transaction of prepared statements. An act that cannot commit throws
 * STORE_UNAVAILABLE, and nothing of it is there.
 */
import type { EntryDraft } from '../../audit/seal-entry.ts'
import type { Reason } from '../../core/decision.ts'
import type { Digest } from '../../core/digest.ts'
import type { JsonObject } from '../../core/json.ts'
import type {
  ActionFacts,
  ActionRecord,
  BudgetLimits,
  FactBody,
  GuardStore,
  IntendAct,
  IntendAnswer,
  KillRecord,
  SettleAct,
  TaskRecord,
} from '../../guard/port.ts'
import { type ApprovalRow, approvalOfRow } from './approval-row.ts'
import type { AuditAppender } from './audit-appender.ts'
import { asStoreError, type SqliteDatabase } from './open.ts'

export function sqliteGuardStore(db: SqliteDatabase, audit: AuditAppender): GuardStore {
  const sql = (text: string) => db.prepare<unknown[]>(text)
  const readFacts = sql('SELECT n, body FROM facts WHERE task_row = ? AND n > ? ORDER BY n')
  const taskById = sql('SELECT * FROM tasks WHERE id = ?')
  const taskCounters = sql('SELECT row, tool_calls, cost_usd_micros, last_fact, closed_ms FROM tasks WHERE id = ?')
  const killsOfAgent = sql('SELECT * FROM kills WHERE agent = ?')
  const killFor = sql("SELECT * FROM kills WHERE agent = ? AND tool IN ('*', ?)")
  const environmentOf = sql('SELECT release FROM environments WHERE agent = ? AND name = ?')
  const actionById = sql(`${actionSelect} WHERE a.id = ?`)
  const actionByKey = sql(`${actionSelect} WHERE t.id = ? AND a.idempotency_key = ?`)
  const actionWaiting = sql(
    `${actionSelect} WHERE t.id = ? AND a.tool = ? AND a.arguments_digest = ? AND a.approval_id IS NOT NULL
     AND a.collected_ms IS NULL AND a.idempotency_key IS NULL ORDER BY a.row DESC LIMIT 1`,
  )
  const insertAction = sql(
    `INSERT INTO actions (id, task_row, tool, effect, state, arguments_digest, definition_digest, idempotency_key, approval_id,
       reasons, cost_usd_micros, owner, doubt_ms, created_ms, intended_ms, arguments_entry)
     VALUES (@id, @taskRow, @tool, @effect, @state, @argumentsDigest, @definitionDigest, @idempotencyKey, @approvalId,
       @reasons, @cost, @owner, @doubtMs, @atMs, @intendedMs, @entry)`,
  )
  const countAttempt = sql(
    'UPDATE tasks SET tool_calls = tool_calls + ?, cost_usd_micros = cost_usd_micros + ? WHERE row = ?',
  )
  const releaseCost = sql('UPDATE tasks SET cost_usd_micros = cost_usd_micros - ? WHERE row = ?')
  const insertFact = sql('INSERT INTO facts (task_row, n, body) VALUES (?, ?, ?)')
  const setLastFact = sql('UPDATE tasks SET last_fact = ? WHERE row = ?')
  const insertApproval = sql(
    `INSERT INTO approvals (id, action_id, task, agent, tool, principal_id, roles, not_requester, state, summary, nonce,
       binding_digest, created_ms, expires_ms)
     VALUES (@id, @actionId, @task, @agent, @tool, @principal, @roles, @notRequester, 'pending', @summary, @nonce,
       @bindingDigest, @atMs, @expiresMs)`,
  )
  const approvalById = sql('SELECT * FROM approvals WHERE id = ?')
  const useApproval = sql("UPDATE approvals SET state = 'used' WHERE id = ? AND state = 'approved'")
  const intendHeld = sql(
    `UPDATE actions SET state = 'intended', reasons = @reasons, cost_usd_micros = @cost, owner = @owner, doubt_ms = @doubtMs,
       intended_ms = @atMs, arguments_entry = @entry WHERE id = @id AND state = 'held'`,
  )
  const settleAction = sql(
    `UPDATE actions SET state = @state, error = @error, settled_ms = @atMs, result_entry = @entry,
       cost_usd_micros = cost_usd_micros - @unspent,
       reasons = CASE WHEN @reasons = '[]' THEN reasons ELSE @reasons END
     WHERE id = @id AND state IN ('intended', 'ambiguous') AND NOT (state = 'ambiguous' AND @state = 'ambiguous')`,
  )
  const refuseAction = sql(
    "UPDATE actions SET state = 'denied', reasons = @reasons, settled_ms = @atMs WHERE id = @id AND state = 'held'",
  )
  const collectAction = sql('UPDATE actions SET collected_ms = ? WHERE id = ? AND collected_ms IS NULL')

  const appendFacts = (taskRow: number, lastFact: number, facts: readonly FactBody[]): void => {
    if (facts.length === 0) return
    let n = lastFact
    for (const body of facts) insertFact.run(taskRow, ++n, JSON.stringify(body))
    setLastFact.run(lastFact + facts.length, taskRow)
  }

  const toAction = (row: ActionRow | undefined): ActionRecord | undefined =>
    row === undefined ? undefined : actionOfRow(row, audit)

  /** What hold and intend share: everything that may say no before anything is written. */
  const obstacle = (
    act: ActionFacts & { lastFact: number },
    counters: CounterRow,
    limits: BudgetLimits,
    cost: number,
    isCounted: boolean,
  ): IntendAnswer | undefined => {
    const kill = killFor.get(act.task.agent, act.tool) as KillRow | undefined
    if (kill !== undefined) return { kind: 'killed', kill: killOfRow(kill) }
    const pointer = environmentOf.get(act.task.agent, act.task.environment) as { release: string } | undefined
    if (pointer?.release !== act.task.release && act.enforced) return { kind: 'release-changed' }
    if (act.idempotencyKey !== undefined && isCounted) {
      const duplicate = toAction(actionByKey.get(act.task.id, act.idempotencyKey) as ActionRow | undefined)
      if (duplicate !== undefined) return { kind: 'duplicate', action: duplicate }
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
      return { kind: 'newer-facts', facts: (readFacts.all(counters.row, act.lastFact) as FactRow[]).map(factOfRow) }
    }
    return undefined
  }

  const recordRefusal = db.transaction((act: Parameters<GuardStore['recordRefusal']>[0]): void => {
    const counters = taskCounters.get(act.task.id) as CounterRow
    insertAction.run({ ...actionRow(act, counters.row), state: 'denied' })
    if (act.counted) countAttempt.run(1, 0, counters.row)
    audit.append(entryOfAction('action-denied', 'deny', act), { arguments: act.arguments })
  })

  const hold = db.transaction((act: Parameters<GuardStore['hold']>[0]): IntendAnswer => {
    const counters = taskCounters.get(act.task.id) as CounterRow
    const stop = obstacle(act, counters, act.limits, 0, true)
    if (stop !== undefined) return stop
    const waiting = toAction(actionWaiting.get(act.task.id, act.tool, act.argumentsDigest) as ActionRow | undefined)
    if (waiting !== undefined && act.idempotencyKey === undefined) return { kind: 'duplicate', action: waiting }
    insertAction.run({ ...actionRow(act, counters.row), state: 'held', approvalId: act.approval.id })
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
    countAttempt.run(1, 0, counters.row)
    audit.append(entryOfAction('action-held', 'confirm', act, act.approval.id), bodiesOf(act))
    return { kind: 'committed' }
  })

  const intend = db.transaction((act: IntendAct): IntendAnswer => {
    const counters = taskCounters.get(act.task.id) as CounterRow
    const isResumed = act.approval !== undefined
    const stop = obstacle(act, counters, act.limits, act.costUsdMicros, !isResumed)
    if (stop !== undefined) return stop
    if (act.approval !== undefined) {
      const invalid = consume(act, act.approval)
      if (invalid !== undefined) return { kind: 'approval-invalid', why: invalid }
    }
    const row = {
      ...actionRow(act, counters.row),
      state: 'intended',
      cost: act.costUsdMicros,
      owner: act.owner,
      doubtMs: act.doubtMs,
      intendedMs: act.atMs,
    }
    if (isResumed) {
      if (intendHeld.run(row).changes !== 1) return rollback({ kind: 'approval-invalid', why: 'used' })
    } else insertAction.run(row)
    countAttempt.run(isResumed ? 0 : 1, act.costUsdMicros, counters.row)
    if (act.effect !== 'read')
      appendFacts(counters.row, counters.last_fact, [{ kind: 'effect', tool: act.tool, effect: act.effect }])
    audit.append(entryOfAction('action-intended', 'allow', act, act.approval?.id), bodiesOf(act))
    return { kind: 'committed' }
  })

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

  const settle = db.transaction((act: SettleAct): boolean => {
    const before = actionById.get(act.actionId) as ActionRow | undefined
    if (before === undefined) return false
    // An ambiguous action keeps its whole reservation until somebody knows.
    const unspent = act.state === 'ambiguous' ? 0 : Math.max(0, before.cost_usd_micros - act.costUsdMicros)
    const changed = settleAction.run({
      id: act.actionId,
      state: act.state,
      error: act.error ?? null,
      atMs: act.atMs,
      entry: act.entryId,
      reasons: JSON.stringify(act.reasons),
      unspent,
    })
    if (changed.changes !== 1) return false
    const counters = taskCounters.get(before.task_id) as CounterRow
    if (unspent > 0) releaseCost.run(unspent, counters.row)
    appendFacts(counters.row, counters.last_fact, act.facts)
    audit.append(
      {
        ...entryOfRow('action-settled', before, act),
        actor: { kind: 'kit', id: act.by, verifiedBy: 'kit' },
        outcome: act.state,
        ...(act.error === undefined ? {} : { details: { error: act.error } }),
      },
      {
        ...(act.result === undefined ? {} : { result: act.result }),
        ...(act.shown === undefined || act.shown === act.result ? {} : { shown: act.shown }),
      },
    )
    return true
  })

  const refuseHeld = db.transaction((act: Parameters<GuardStore['refuseHeld']>[0]): boolean => {
    const changed = refuseAction.run({ id: act.actionId, reasons: JSON.stringify(act.reasons), atMs: act.atMs })
    if (changed.changes !== 1) return false
    const row = actionById.get(act.actionId) as ActionRow
    audit.append({ ...entryOfRow('action-denied', row, act), decision: 'deny', outcome: 'denied' })
    return true
  })

  /** Runs an act as one immediate transaction; a store that cannot commit is STORE_UNAVAILABLE. */
  const act = async <T>(run: () => T): Promise<T> => {
    try {
      return run()
    } catch (error) {
      if (error instanceof RollbackWith) return error.value as T
      throw asStoreError(error)
    }
  }

  return {
    readTask: (id) =>
      act(() => {
        const row = taskById.get(id) as TaskRow | undefined
        return row === undefined
          ? undefined
          : { ...taskOfRow(row), facts: (readFacts.all(row.row, 0) as FactRow[]).map(factOfRow) }
      }),
    readKills: (agent) => act(() => (killsOfAgent.all(agent) as KillRow[]).map(killOfRow)),
    findAction: (key) =>
      act(() =>
        toAction(
          (key.idempotencyKey === undefined
            ? actionWaiting.get(key.task, key.tool, key.argumentsDigest)
            : actionByKey.get(key.task, key.idempotencyKey)) as ActionRow | undefined,
        ),
      ),
    readAction: (id) => act(() => toAction(actionById.get(id) as ActionRow | undefined)),
    recordRefusal: (refusal) => act(() => recordRefusal.immediate(refusal)),
    hold: (held) => act(() => hold.immediate(held)),
    intend: (intent) => act(() => intend.immediate(intent)),
    settle: (settlement) => act(() => settle.immediate(settlement)),
    refuseHeld: (refusal) => act(() => refuseHeld.immediate(refusal)),
    readApproval: (id) =>
      act(() => {
        const row = approvalById.get(id) as ApprovalRow | undefined
        return row === undefined ? undefined : approvalOfRow(row)
      }),
    collect: (id, atMs) => act(() => void collectAction.run(atMs, id)),
  }
}

export const actionSelect = `SELECT a.*, t.id AS task_id, t.agent, t.release, t.trace_id, t.probe, t.principal, p.state AS approval_state
  FROM actions a JOIN tasks t ON t.row = a.task_row LEFT JOIN approvals p ON p.id = a.approval_id`

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

interface CounterRow {
  readonly row: number
  readonly tool_calls: number
  readonly cost_usd_micros: number
  readonly last_fact: number
}
interface FactRow {
  readonly n: number
  readonly body: string
}
export interface KillRow {
  readonly agent: string
  readonly tool: string
  readonly reason: string
  readonly engaged_by: string
  readonly engaged_ms: number
}

export interface TaskRow extends CounterRow {
  readonly id: string
  readonly project: string
  readonly agent: string
  readonly release: string
  readonly environment: string
  readonly principal: string
  readonly trace_id: string
  readonly resume_url: string | null
  readonly probe: number
  readonly created_ms: number
  readonly closed_ms: number | null
  readonly waited_ms: number
}

export interface ActionRow {
  readonly id: string
  readonly task_id: string
  readonly agent: string
  readonly release: string
  readonly trace_id: string
  readonly probe: number
  readonly principal: string
  readonly tool: string
  readonly effect: ActionRecord['effect']
  readonly state: ActionRecord['state']
  readonly arguments_digest: string
  readonly definition_digest: string
  readonly idempotency_key: string | null
  readonly approval_id: string | null
  readonly approval_state: ActionRecord['approvalState'] | null
  readonly reasons: string
  readonly cost_usd_micros: number
  readonly error: string | null
  readonly owner: string | null
  readonly doubt_ms: number | null
  readonly created_ms: number
  readonly intended_ms: number | null
  readonly settled_ms: number | null
  readonly arguments_entry: string
  readonly result_entry: string | null
}

export function taskOfRow(row: TaskRow): TaskRecord {
  return {
    id: row.id,
    project: row.project,
    agent: row.agent,
    release: row.release as TaskRecord['release'],
    environment: row.environment,
    principal: JSON.parse(row.principal),
    traceId: row.trace_id,
    createdMs: row.created_ms,
    ...(row.closed_ms === null ? {} : { closedMs: row.closed_ms }),
    ...(row.resume_url === null ? {} : { resumeUrl: row.resume_url }),
    waitedMs: row.waited_ms,
    probe: row.probe === 1,
    counters: { toolCalls: row.tool_calls, costUsdMicros: row.cost_usd_micros },
    facts: [],
  }
}

function factOfRow(row: FactRow): { n: number; body: FactBody } {
  return { n: row.n, body: JSON.parse(row.body) }
}

export function killOfRow(row: KillRow): KillRecord {
  return { agent: row.agent, tool: row.tool, reason: row.reason, by: row.engaged_by, atMs: row.engaged_ms }
}

export function actionOfRow(row: ActionRow, audit: AuditAppender): ActionRecord {
  const body = (entry: string | null, name: string): JsonObject | undefined =>
    entry === null ? undefined : audit.readBody(entry, name)
  const sent = body(row.arguments_entry, 'arguments_sent')
  const result = body(row.result_entry, 'result')
  const shown = body(row.result_entry, 'shown') ?? result
  return {
    id: row.id,
    task: row.task_id,
    agent: row.agent,
    tool: row.tool,
    effect: row.effect,
    state: row.state,
    arguments: body(row.arguments_entry, 'arguments') ?? {},
    ...(sent === undefined ? {} : { argumentsSent: sent }),
    argumentsDigest: row.arguments_digest as ActionRecord['argumentsDigest'],
    definitionDigest: row.definition_digest as ActionRecord['definitionDigest'],
    ...(row.idempotency_key === null ? {} : { idempotencyKey: row.idempotency_key }),
    ...(row.approval_id === null ? {} : { approvalId: row.approval_id }),
    ...(row.approval_state === null
      ? {}
      : { approvalState: row.approval_state as NonNullable<ActionRecord['approvalState']> }),
    reasons: JSON.parse(row.reasons),
    ...(result === undefined ? {} : { result }),
    ...(shown === undefined ? {} : { shown }),
    ...(row.error === null ? {} : { error: row.error }),
    ...(row.owner === null ? {} : { owner: row.owner }),
    ...(row.doubt_ms === null ? {} : { doubtMs: row.doubt_ms }),
    createdMs: row.created_ms,
    ...(row.intended_ms === null ? {} : { intendedMs: row.intended_ms }),
    ...(row.settled_ms === null ? {} : { settledMs: row.settled_ms }),
    traceId: row.trace_id,
  }
}

function actionRow(act: ActionFacts, taskRow: number) {
  return {
    id: act.actionId,
    taskRow,
    tool: act.tool,
    effect: act.effect,
    argumentsDigest: act.argumentsDigest,
    definitionDigest: act.definitionDigest,
    idempotencyKey: act.idempotencyKey ?? null,
    approvalId: null as string | null,
    reasons: JSON.stringify(act.reasons),
    cost: 0,
    owner: null as string | null,
    doubtMs: null as number | null,
    atMs: act.atMs,
    intendedMs: null as number | null,
    entry: act.entryId,
  }
}

function bodiesOf(act: ActionFacts & { argumentsSent: JsonObject }): Record<string, JsonObject> {
  return act.argumentsSent === act.arguments
    ? { arguments: act.arguments }
    : { arguments: act.arguments, arguments_sent: act.argumentsSent }
}

function entryOfAction(
  kind: 'action-intended' | 'action-held' | 'action-denied',
  decision: 'allow' | 'deny' | 'confirm',
  act: ActionFacts,
  approvalId?: string,
): EntryDraft {
  const { task } = act
  const details = {
    ...(approvalId === undefined ? {} : { approval: approvalId }),
    ...(act.idempotencyKey === undefined ? {} : { idempotency_key: act.idempotencyKey }),
    ...(task.probe ? { probe: true } : {}),
  }
  return {
    id: act.entryId,
    timeMs: act.atMs,
    kind,
    actor: { kind: 'agent', id: task.agent, verifiedBy: 'task_token' },
    principal: { id: task.principal.id, verifiedBy: task.principal.verifiedBy },
    agent: task.agent,
    release: task.release,
    environment: task.environment,
    door: act.door,
    mode: act.enforced ? 'enforce' : 'observe',
    action: act.tool,
    object: act.actionId,
    effect: act.effect,
    definition: act.definitionDigest,
    task: task.id,
    traceId: task.traceId,
    spanId: act.spanId,
    decision,
    ...(act.reasons.length === 0 ? {} : { reasons: act.reasons }),
    ...(act.policies.length === 0 ? {} : { policies: act.policies }),
    policyDigest: act.policyDigest,
    ...(act.labels.length === 0 ? {} : { labels: act.labels }),
    ...(act.untrusted.length === 0 ? {} : { untrusted: act.untrusted }),
    ...(Object.keys(details).length === 0 ? {} : { details }),
  }
}

/** What an entry about an action on record says, whoever writes it. */
function entryOfRow(
  kind: 'action-settled' | 'action-denied',
  row: ActionRow,
  act: { readonly entryId: string; readonly atMs: number; readonly reasons: readonly Reason[] },
): EntryDraft {
  const principal = JSON.parse(row.principal) as TaskRecord['principal']
  return {
    id: act.entryId,
    timeMs: act.atMs,
    kind,
    actor: { kind: 'kit', id: 'guard', verifiedBy: 'kit' },
    principal: { id: principal.id, verifiedBy: principal.verifiedBy },
    agent: row.agent,
    release: row.release as Digest,
    action: row.tool,
    object: row.id,
    effect: row.effect,
    task: row.task_id,
    traceId: row.trace_id,
    ...(act.reasons.length === 0 ? {} : { reasons: act.reasons }),
  }
}
