/**
 * Expected errors: anything that a user, an operator or the network can cause. Each says what failed, where, why and how
 * to mend it. Secrets and personal data never enter a message or a field.
 */
import type { ErrorCode } from './error-codes.ts'
import { printable } from './printable.ts'

/** One thing that is wrong, as data: what the CLI, the API and the screen render. Lines and columns are 1-based. */
export interface Fault {
  readonly code: ErrorCode
  /** What is wrong and why, in whole sentences. */
  readonly message: string
  /** How to mend it, one imperative sentence. */
  readonly mend: string
  readonly file?: string | undefined
  readonly line?: number | undefined
  readonly column?: number | undefined
  /** Where inside the document: dotted (`tools.refund_order.effect`). */
  readonly path?: string | undefined
  readonly fields?: Readonly<Record<string, string | number | boolean>> | undefined
}

/** An expected error. Recognise it by `code`, never by its message. */
export class AirworthyError extends Error {
  override readonly name = 'AirworthyError'
  readonly code: ErrorCode
  readonly mend: string
  readonly faults: readonly Fault[]

  constructor(fault: Fault, options?: { cause?: unknown; faults?: readonly Fault[] }) {
    super(fault.message, options?.cause === undefined ? undefined : { cause: options.cause })
    this.code = fault.code
    this.mend = fault.mend
    this.faults = options?.faults ?? [fault]
  }
}

/** Throws one error that carries all faults found; returns when there is none. */
export function throwFaults(faults: readonly Fault[]): void {
  const [first] = faults
  if (first !== undefined) throw new AirworthyError(first, { faults })
}

/** The text that people read: code, place, message, mend. One fault, no trailing line feed. */
export function renderFault(fault: Fault): string {
  const place = [fault.file, fault.line, fault.column].filter((part) => part !== undefined).join(':')
  const head = [fault.code, place, fault.path].filter((part) => part !== undefined && part !== '').join('  ')
  // It may quote a server, a file or a user; lines of its own it has.
  const message = fault.message.split('\n').map(printable).join('\n')
  return `${printable(head)}\n${message}\nMend: ${fault.mend} See docs/errors.md#${fault.code.toLowerCase()}`
}

/** Asserts an invariant of ours; a failure is a bug of the kit, and stays on in production. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`Invariant broken: ${message}`)
}
