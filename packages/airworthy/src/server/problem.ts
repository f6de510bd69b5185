/** Errors as answers: every one is the problem document, and what is a bug of ours says nothing of its inside. */
import type { WireProblem } from '../contract/problem.ts'
import type { ErrorCode } from '../core/error-codes.ts'
import { AirworthyError, type Fault } from '../core/errors.ts'

/** Ends a request with a status of its own; everything else takes the status of its code. */
export class RequestRefused extends AirworthyError {
  readonly status: number
  constructor(status: number, fault: Fault, faults?: readonly Fault[]) {
    super(fault, faults === undefined ? {} : { faults })
    this.status = status
  }
}

const statusOfCode: Partial<Record<ErrorCode, number>> = {
  REQUEST_INVALID: 400,
  JSON_INVALID: 400,
  KEY_INVALID: 400,
  TOOL_UNLISTED: 400,
  CREDENTIAL_INVALID: 401,
  PRINCIPAL_INVALID: 403,
  APPROVAL_FORBIDDEN: 403,
  ESCALATION_FORBIDDEN: 403,
  OUTCOME_FORBIDDEN: 403,
  HOST_REFUSED: 403,
  ROUTE_UNKNOWN: 404,
  TASK_UNKNOWN: 404,
  ACTION_UNKNOWN: 404,
  APPROVAL_UNKNOWN: 404,
  ESCALATION_UNKNOWN: 404,
  ALERT_UNKNOWN: 404,
  NOTIFICATION_UNKNOWN: 404,
  DRILL_UNKNOWN: 404,
  KEY_UNKNOWN: 404,
  TRACE_UNKNOWN: 404,
  AUDIT_ENTRY_UNKNOWN: 404,
  EVAL_PUSH_REFUSED: 409,
  EVAL_PLAN_CHANGED: 409,
  APPROVAL_DECIDED: 409,
  ESCALATION_DECIDED: 409,
  ACTION_SETTLED: 409,
  TASK_OPEN: 409,
  RELEASE_NOT_READY: 409,
  LIMIT_REACHED: 429,
  SPANS_BACKLOGGED: 503,
  STORE_UNAVAILABLE: 503,
}

/** @param onFault told of what should never happen; the caller hears only INTERNAL_ERROR. */
export function problemOf(error: unknown, onFault: (error: unknown) => void): Response {
  if (!(error instanceof AirworthyError)) {
    onFault(error)
    return problem(500, {
      code: 'INTERNAL_ERROR',
      message: 'The kit failed at this request.',
      mend: 'Look at the log of the kit, and report it.',
    })
  }
  const status = error instanceof RequestRefused ? error.status : (statusOfCode[error.code] ?? 500)
  if (status === 500) onFault(error)
  const { code, message, mend, faults } = error
  const all = faults.length > 1 || faults[0]?.path !== undefined ? { faults: faults.map(wireFault) } : {}
  return problem(status, { code, message, mend, ...all })
}

function wireFault({ code, message, mend, path }: Fault): NonNullable<WireProblem['faults']>[number] {
  return { code, message, mend, ...(path === undefined ? {} : { path }) }
}

function problem(status: number, body: WireProblem): Response {
  const headers = new Headers({ 'content-type': 'application/problem+json' })
  if (status === 401) headers.set('www-authenticate', 'Bearer')
  return new Response(JSON.stringify(body), { status, headers })
}
