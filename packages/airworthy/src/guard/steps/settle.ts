/** Step 13: what became of it. An ambiguous state-changing action is never retried blindly: a hook or a person decides. */
import type { Effect } from '../../core/action.ts'
import type { Reason } from '../../core/decision.ts'
import type { JsonObject } from '../../core/json.ts'
import type { UpstreamOutcome } from '../port.ts'

export interface Settlement {
  readonly state: 'succeeded' | 'failed' | 'ambiguous'
  readonly result?: JsonObject
  /** One sentence of ours: it goes into the log, which cannot be erased. */
  readonly error?: string
  /** Somebody else's words about it, which may hold anything. */
  readonly errorText?: string
  readonly reasons: readonly Reason[]
}

/** The state that an outcome means. A read with no answer has failed: it changed nothing and may be asked again. */
export function settlementOf(outcome: UpstreamOutcome, effect: Effect): Settlement {
  switch (outcome.kind) {
    case 'answered':
      return outcome.isError
        ? { state: 'failed', result: outcome.result, error: 'The tool answered with an error.', reasons: [] }
        : { state: 'succeeded', result: outcome.result, reasons: [] }
    case 'not-executed':
      return { state: 'failed', error: 'The tool was not executed.', errorText: outcome.why, reasons: [] }
    case 'unknown': {
      const said = { error: 'No usable answer came from the tool.', errorText: outcome.why }
      if (effect === 'read') return { state: 'failed', ...said, reasons: [] }
      return { state: 'ambiguous', ...said, reasons: [ambiguousReason] }
    }
  }
}

/** Stands in the log in place of a reporter's own sentence. */
export const reportedError = 'An error was reported.'

/** What an answer says of a failure: our sentence, and what may be seen of the words behind it. A reporter's need no introduction. */
export function errorSentence(error: string, shown: string | undefined): string {
  if (shown === undefined || shown === '') return error
  return error === reportedError ? shown : `${error.replace(/\.$/, '')}: ${shown}`
}

export const ambiguousReason: Reason = {
  code: 'OUTCOME_AMBIGUOUS',
  message: 'It is not known whether the action took effect; it is not repeated until that is settled.',
}
