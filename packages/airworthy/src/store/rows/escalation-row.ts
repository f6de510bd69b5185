/** Escalations and exhausted budgets as rows. */
import type { Principal } from '../../core/principal.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import type { ExhaustAct, FactBody } from '../../guard/port.ts'
import type { EscalationRecord, Exhaustion } from '../../operate/escalations/port.ts'

export interface EscalationRow {
  readonly id: string
  readonly task: string
  readonly agent: string
  readonly environment: string
  readonly principal: string
  readonly trace_id: string
  readonly probe: number
  readonly reason: string
  readonly about: string
  readonly message: string | null
  readonly suggestion: string
  readonly state: string
  readonly created_ms: number
  readonly due_ms: number
  readonly claimed_ms: number | null
  readonly claimed_by: string | null
  readonly answered_ms: number | null
  readonly answered_by: string | null
  readonly answer: string | null
  readonly closed_ms: number | null
  readonly closed_by: string | null
}

/** The row with what its task says. */
export const escalationSelect =
  'SELECT e.*, t.id AS task, t.agent, t.environment, t.principal, t.trace_id, t.probe FROM escalations e JOIN tasks t ON t.row = e.task_row'

export function escalationOfRow(row: EscalationRow): EscalationRecord {
  return {
    id: row.id,
    task: row.task,
    agent: row.agent,
    environment: row.environment,
    principalId: (valueOfJson(row.principal) as Principal).id,
    traceId: row.trace_id,
    reason: row.reason as EscalationRecord['reason'],
    about: row.about,
    ...(row.message === null ? {} : { message: row.message }),
    suggestion: row.suggestion,
    state: row.state as EscalationRecord['state'],
    createdMs: row.created_ms,
    dueMs: row.due_ms,
    ...(row.claimed_ms === null ? {} : { claimedMs: row.claimed_ms }),
    ...(row.claimed_by === null ? {} : { claimedBy: row.claimed_by }),
    ...(row.answered_ms === null ? {} : { answeredMs: row.answered_ms }),
    ...(row.answered_by === null ? {} : { answeredBy: row.answered_by }),
    ...(row.answer === null ? {} : { answer: row.answer }),
    ...(row.closed_ms === null ? {} : { closedMs: row.closed_ms }),
    ...(row.closed_by === null ? {} : { closedBy: row.closed_by }),
    probe: row.probe === 1,
  }
}

export interface ExhaustionRow {
  readonly budget: string
  readonly fallback: string
  readonly at_ms: number
  readonly escalation: string | null
}

export function exhaustionOfRow(row: ExhaustionRow): Exhaustion {
  return {
    budget: row.budget,
    fallback: row.fallback,
    atMs: row.at_ms,
    ...(row.escalation === null ? {} : { escalation: row.escalation }),
  }
}

/** The fact by which every gateway learns that a task was stopped. */
export function stoppedFact({ budget, used }: ExhaustAct): FactBody {
  return { kind: 'stopped', budget, used }
}
