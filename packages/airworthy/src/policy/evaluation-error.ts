/** What a policy's evaluation ends in when it has no value: Cedar's type errors, missing attributes and entities, overflow. */
import { typeNameOf, type Value } from './value.ts'

/** Not an `Error`: it never leaves the evaluator, and a stack trace would cost more than the decision. Messages hold no values. */
export class EvaluationError {
  readonly message: string

  constructor(message: string) {
    this.message = message
  }
}

export function typeError(expected: string, got: Value): EvaluationError {
  return new EvaluationError(`expected ${expected}, got ${typeNameOf(got)}`)
}
