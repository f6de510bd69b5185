/** What `task.tool` throws instead of running a tool. Each carries the guard's whole answer. */
import type { Next, Reason } from '../core/decision.ts'
import type { Answer, AnswerApproval, AnswerFallback } from './answer.ts'

/** The guard said no; nothing was executed. */
export class Denied extends Error {
  override readonly name = 'Denied'
  readonly answer: Answer
  readonly reasons: readonly Reason[]
  /** What the agent may do now. */
  readonly next: Next | undefined
  readonly fallback: AnswerFallback | undefined

  constructor(tool: string, answer: Answer) {
    super(`${tool} was denied: ${sentences(answer)}${answer.next === undefined ? '' : ` Next: ${answer.next}.`}`)
    this.answer = answer
    this.reasons = answer.reasons
    this.next = answer.next
    this.fallback = answer.fallback
  }
}

/** A person has to confirm first. The same call again, once somebody has, runs the tool. */
export class ConfirmationRequired extends Error {
  override readonly name = 'ConfirmationRequired'
  readonly answer: Answer
  /** Action id, for `task.result`. */
  readonly action: string
  readonly approval: AnswerApproval | undefined

  constructor(tool: string, answer: Answer) {
    super(`CONFIRMATION REQUIRED: ${tool} is held until a person has confirmed this exact call.`)
    this.answer = answer
    this.action = answer.action ?? ''
    this.approval = answer.approval
  }
}

/**
 * It is not known whether the tool took effect, so it must not be repeated. Thrown for an action that somebody began and nobody
 * finished; thrown by a tool's own function, it leaves the outcome open for a reconcile hook or an operator.
 */
export class OutcomeInDoubt extends Error {
  override readonly name = 'OutcomeInDoubt'
  readonly answer: Answer | undefined

  constructor(message: string, options: { readonly answer?: Answer; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.answer = options.answer
  }
}

/** The tool ran and failed; that is on record. */
export class ToolFailed extends Error {
  override readonly name = 'ToolFailed'
  readonly answer: Answer

  constructor(tool: string, answer: Answer) {
    super(`${tool} failed: ${answer.error ?? 'the tool said so'}`)
    this.answer = answer
  }
}

export function sentences({ reasons, fallback }: Answer): string {
  const parts = reasons.map(({ code, message }) => `${code}: ${message}`)
  return [...parts, ...(fallback === undefined ? [] : [fallback.message])].join(' ')
}
