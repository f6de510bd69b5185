/** Decisions and their reasons: the closed list that agents, people and the audit log read. */

export const reasonCodes = [
  'KILLED',
  'RELEASE_NOT_READY',
  'RELEASE_DRIFT',
  'TOOL_UNKNOWN',
  'TOOL_CHANGED',
  'ARGUMENTS_INVALID',
  'BUDGET_EXCEEDED',
  'POLICY_NO_PERMIT',
  'POLICY_FORBID',
  'POLICY_ERROR',
  'CHECK_DENIED',
  'CHECK_UNAVAILABLE',
  'DATA_BLOCKED',
  'CONFIRMATION_REQUIRED',
  'CONFIRMATION_REJECTED',
  'CONFIRMATION_EXPIRED',
  'CONFIRMATION_MISMATCH',
  'OUTCOME_AMBIGUOUS',
  'STORE_UNAVAILABLE',
  'IDENTITY_INVALID',
  'IDEMPOTENCY_MISMATCH',
  'INTERNAL_ERROR',
] as const

export type ReasonCode = (typeof reasonCodes)[number]

/** What the agent may do next. `retry_with`: the same tool with mended arguments; `wait`: a person decides, ask again later. */
export type Next = 'retry_with' | 'ask_user' | 'wait' | 'stop'

export interface Reason {
  readonly code: ReasonCode
  /** One sentence for people. It never holds argument values. */
  readonly message: string
  /** Determining policies, as `file:line`. */
  readonly policies?: readonly string[]
  /** JSON Pointer into the arguments. */
  readonly path?: string
  readonly limit?: number
  readonly used?: number
}

export interface Decision {
  readonly decision: 'allow' | 'deny' | 'confirm'
  readonly reasons: readonly Reason[]
  /** Absent on allow. */
  readonly next?: Next
}
