/** What can be wrong with a log, by name. */

const logFaultKinds = {
  changed: 'The entry is not the one that was recorded.',
  missing: 'The entry was recorded and is gone.',
  added: 'The entry was never recorded, or stands there a second time.',
  reordered: 'The entry was recorded in another place.',
  renumbered: 'The entry carries the index of another.',
  rewritten: 'Hashes from this entry on do not lead to the root that was signed: rewritten without the key.',
  truncated: 'Everything from this entry on was recorded and is gone.',
  erased: 'The whole log was recorded and is gone.',
  forked: 'From this entry on the log is another than the one that a saved checkpoint is of; both are signed.',
  'signature-invalid': 'The signature of the checkpoint of this size does not verify.',
  'key-swapped': 'The log is signed with another key.',
  'body-changed': 'A body of the entry is not the one that was recorded.',
  'body-erased': 'A body of the entry is gone, and no erasure is in the log.',
  malformed: 'A line at this entry is not one of an export.',
} as const satisfies Record<string, string>

export type LogFaultKind = keyof typeof logFaultKinds

export interface LogFault {
  readonly kind: LogFaultKind
  /** 0-based index of the entry; where only a range is known, its first. */
  readonly index: number
  /** Last index of the range. */
  readonly lastIndex?: number
  /** One sentence for people. It never holds what an entry says. */
  readonly message: string
}

/** A log of which everything is wrong names this many and counts the rest. */
const faultsMax = 1_000

export class FaultList {
  readonly #faults: LogFault[] = []
  #count = 0

  add(kind: LogFaultKind, index: number, options: { lastIndex?: number; message?: string } = {}): void {
    this.#count += 1
    if (this.#faults.length >= faultsMax) return
    const { lastIndex, message = logFaultKinds[kind] } = options
    this.#faults.push(lastIndex === undefined ? { kind, index, message } : { kind, index, lastIndex, message })
  }

  get count(): number {
    return this.#count
  }

  has(kind: LogFaultKind): boolean {
    return this.#faults.some((fault) => fault.kind === kind)
  }

  sorted(): readonly LogFault[] {
    return this.#faults.toSorted((left, right) => left.index - right.index)
  }
}
