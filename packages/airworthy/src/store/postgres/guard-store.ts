/** The guard's acts on PostgreSQL. */
import type { JsonObject } from '../../core/json.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import type {
  ActionFacts,
  ActionRecord,
  Fact,
  FactBody,
  GuardStore,
  HoldAct,
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
  entryOfSubject,
  subjectOfRows,
} from '../rows/action-entry.ts'
import { type ActionRow, type ActionTaskRow, actionOfRow } from '../rows/action-row.ts'
import { type ApprovalRow, approvalOfRow } from '../rows/approval-row.ts'
import { type KillRow, killOfRow } from '../rows/kill-row.ts'
import { type TaskRow, taskOfRow } from '../rows/task-row.ts'
import type { Cell } from './composite-array.ts'
import type { PlainAct, PostgresConnection } from './connection.ts'
import { entryCells, entryCellTypes, entryOf, parameterOf, sealedOf } from './entries.ts'

export function postgresGuardStore(connection: PostgresConnection, onAppend: () => void): Omit<GuardStore, 'exhaust'> {
  const { act, plainAct, read } = connection
  const intendPlainly = plainAct(intending)
  const settlePlainly = plainAct(settling)

  async function acted<T>(name: string, parameters: object): Promise<T> {
    const answer = await act<T>(name, parameters)
    onAppend()
    return answer
  }

  const readActionJson = (id: string): Promise<ActionJson | null> => act('read_action', { action: id })

  /** Who settles without the action at hand reads it first; the act sees to it that it is still as it was. */
  async function subjectOf(actionId: string): Promise<SettledSubject | undefined> {
    const found = await readActionJson(actionId)
    return found === null ? undefined : subjectOfRows(found)
  }

  return {
    async readTask(id, afterFact = 0) {
      const found = await act<TaskJson | null>('read_task', { task: id, afterFact })
      return found === null ? undefined : taskOfJson(found)
    },
    async readAttempt(lookup) {
      const found = await act<(TaskJson & AttemptJson) | null>('read_attempt', lookup)
      if (found === null) return undefined
      const { kills, earlier } = found
      return {
        task: taskOfJson(found),
        kills: kills.map(killOfRow),
        ...(earlier === null ? {} : { earlier: actionOfJson(earlier) }),
      }
    },
    readKills: async (agent) => (await read<KillRow>('SELECT * FROM kills WHERE agent = $1', [agent])).map(killOfRow),
    async readAction(id) {
      const found = await readActionJson(id)
      return found === null ? undefined : actionOfJson(found)
    },
    async recordRefusal(refusal) {
      const entry = entryOf(entryOfAction('action-denied', 'deny', refusal), { arguments: refusal.arguments })
      await acted('record_refusal', { ...factsOf(refusal), counted: refusal.counted, entry })
    },
    async hold(held) {
      const { approval } = held
      const entry = entryOf(entryOfAction('action-held', 'confirm', held, approval.id), bodiesOfAction(held))
      const answer = await acted<IntendJson>('hold', {
        ...factsOf(held),
        ...checksOf(held),
        approval: {
          ...approval,
          roles: JSON.stringify(approval.roles),
          notRequester: approval.notRequester ? 1 : 0,
          principal: held.task.principal.id,
        },
        entry,
      })
      return intendAnswerOf(answer)
    },
    async intend(intent) {
      const sealed = sealedOf(
        entryOfAction('action-intended', intent.decision, intent, intent.approval?.id),
        bodiesOfAction(intent),
      )
      const full = () => ['intend', intendParameters(intent, parameterOf(sealed))] as const
      const answer = await (intent.approval === undefined
        ? intendPlainly({
            task: intent.task.id,
            agent: intent.task.agent,
            cells: [...intentCells(intent), ...entryCells(sealed)],
            full,
          })
        : act<IntendJson>(...full()))
      onAppend()
      return intendAnswerOf(answer)
    },
    async settle(settlement): Promise<SettleAnswer> {
      const subject = settlement.subject ?? (await subjectOf(settlement.actionId))
      if (subject === undefined) return { kind: 'settled-before' }
      const sealed = sealedOf(entryOfSettlement(settlement, subject), bodiesOfSettlement(settlement))
      const answer = await settlePlainly({
        task: subject.task.id,
        cells: [subject.task.id, ...settlementCells(settlement), ...entryCells(sealed)],
        full: () => ['settle', settleParameters(settlement, parameterOf(sealed))],
      })
      onAppend()
      return answer.kind === 'newer-facts' ? { kind: 'newer-facts', facts: answer.facts.map(factOfJson) } : answer
    },
    async refuseHeld(refusal) {
      const subject = await subjectOf(refusal.actionId)
      if (subject === undefined) return false
      return await acted('refuse_held', refusalParameters(refusal, subject))
    },
    async readApproval(id) {
      const [row] = await read<ApprovalRow>('SELECT * FROM approvals WHERE id = $1', [id])
      return row === undefined ? undefined : approvalOfRow(row)
    },
    async learn({ task, facts, entry }) {
      await acted('learn', { task, facts: facts.map((body) => JSON.stringify(body)), entry: entryOf(entry) })
    },
    collect: async (id, atMs) => void (await act('collect', { action: id, atMs })),
  }
}

/** What `refuse_held` takes. */
export function refusalParameters(
  refusal: Parameters<GuardStore['refuseHeld']>[0],
  subject: SettledSubject,
): Readonly<Record<string, unknown>> {
  const draft = entryOfSubject('action-denied', refusal.actionId, subject, refusal)
  return {
    action: refusal.actionId,
    atMs: refusal.atMs,
    reasons: JSON.stringify(refusal.reasons),
    entry: entryOf({ ...draft, decision: 'deny', outcome: 'denied' }),
  }
}

function intendParameters(intent: IntendAct, entry: object): object {
  return {
    ...factsOf(intent),
    ...checksOf(intent),
    costUsdMicros: intent.costUsdMicros,
    owner: intent.owner,
    doubtMs: intent.doubtMs,
    facts: intent.facts.map((body) => JSON.stringify(body)),
    approval: intent.approval,
    entry,
  }
}

const intending: PlainAct<IntendJson> = {
  name: 'intend_plainly',
  rowType: 'plain_intent',
  types: [
    ...(['text', 'text', 'text', 'boolean', 'text', 'text', 'text', 'text', 'text', 'text', 'text', 'bigint'] as const),
    ...(['text', 'bigint', 'bigint', 'bigint', 'bigint', 'bigint', 'bigint', 'bigint', 'bigint', 'text[]'] as const),
    ...entryCellTypes,
  ],
  answerOf: (task) => ({ kind: 'committed', task }),
}

/** What goes before the entry. */
function intentCells(intent: IntendAct): readonly Cell[] {
  const { task, seen, limits } = intent
  return [
    task.id,
    task.environment,
    task.release,
    intent.enforced,
    intent.actionId,
    intent.tool,
    intent.effect,
    intent.argumentsDigest,
    intent.definitionDigest,
    intent.idempotencyKey,
    JSON.stringify(intent.reasons),
    intent.costUsdMicros,
    intent.owner,
    intent.doubtMs,
    intent.atMs,
    intent.lastFact,
    seen?.toolCalls,
    seen?.costUsdMicros,
    limits.toolCalls,
    limits.costUsdMicros,
    limits.workedMs,
    intent.facts.map((body) => JSON.stringify(body)),
  ]
}

const settling: PlainAct<SettleJson> = {
  name: 'settle_plainly',
  rowType: 'plain_settlement',
  types: ['text', 'text', 'text', 'text', 'bigint', 'text', 'bigint', 'bigint', 'text[]', ...entryCellTypes],
  answerOf: (task) => ({ kind: 'settled', task }),
}

/** What stands between the task and the entry. */
function settlementCells(settlement: SettleAct): readonly Cell[] {
  const { actionId, state, error, atMs, reasons, lastFact, facts, costUsdMicros } = settlement
  return [
    actionId,
    state,
    error,
    atMs,
    JSON.stringify(reasons),
    lastFact,
    costUsdMicros,
    facts.map((body) => JSON.stringify(body)),
  ]
}

function settleParameters(settlement: SettleAct, entry: object): object {
  const { actionId, state, error, atMs, reasons, lastFact, facts, costUsdMicros } = settlement
  return {
    action: actionId,
    state,
    error,
    atMs,
    reasons: JSON.stringify(reasons),
    lastFact,
    facts: facts.map((body) => JSON.stringify(body)),
    costUsdMicros,
    entry,
  }
}

function factsOf(act: ActionFacts): object {
  const { task, tool, effect, argumentsDigest, definitionDigest, idempotencyKey, reasons, atMs, enforced } = act
  return {
    action: act.actionId,
    task: task.id,
    agent: task.agent,
    release: task.release,
    environment: task.environment,
    tool,
    effect,
    argumentsDigest,
    definitionDigest,
    idempotencyKey,
    reasons: JSON.stringify(reasons),
    atMs,
    enforced,
  }
}

function checksOf({ lastFact, seen, limits }: HoldAct | IntendAct): object {
  return { lastFact, seen, limits }
}

interface FactJson {
  readonly n: number
  readonly body: string
}
interface TaskJson {
  readonly task: TaskRow
  readonly facts: readonly FactJson[]
}
interface AttemptJson {
  readonly kills: readonly KillRow[]
  readonly earlier: ActionJson | null
}
/** What `action_json` gives. */
export interface ActionJson {
  readonly action: ActionRow
  readonly task: ActionTaskRow
  readonly bodies: readonly { readonly entry: string; readonly name: string; readonly content: string }[]
}
type SettleJson =
  | { readonly kind: 'settled'; readonly task: TaskAfter }
  | { readonly kind: 'settled-before' }
  | { readonly kind: 'newer-facts'; readonly facts: readonly FactJson[] }
type IntendJson =
  | Exclude<IntendAnswer, { kind: 'killed' | 'newer-facts' | 'duplicate' }>
  | { readonly kind: 'killed'; readonly kill: KillRow }
  | { readonly kind: 'newer-facts'; readonly facts: readonly FactJson[] }
  | { readonly kind: 'duplicate'; readonly action: ActionJson }

function factOfJson({ n, body }: FactJson): Fact {
  return { n, body: valueOfJson(body) as FactBody }
}

function taskOfJson({ task, facts }: TaskJson): TaskRecord {
  return taskOfRow(task, facts.map(factOfJson))
}

function intendAnswerOf(answer: IntendJson): IntendAnswer {
  switch (answer.kind) {
    case 'killed':
      return { kind: 'killed', kill: killOfRow(answer.kill) satisfies KillRecord }
    case 'newer-facts':
      return { kind: 'newer-facts', facts: answer.facts.map(factOfJson) }
    case 'duplicate':
      return { kind: 'duplicate', action: actionOfJson(answer.action) }
    default:
      return answer
  }
}

export function actionOfJson({ action, task, bodies }: ActionJson): ActionRecord {
  return actionOfRow(action, task, (entry, name): JsonObject | undefined => {
    const body = bodies.find((one) => one.entry === entry && one.name === name)
    return body === undefined ? undefined : (valueOfJson(body.content) as JsonObject)
  })
}
