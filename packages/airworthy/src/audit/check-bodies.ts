/** Holds exported bodies against the digests in their entries, and gone ones against the erasures in the log. */
import type { AuditEntry } from './entry.ts'
import type { FaultList } from './log-fault.ts'
import { parseEntry } from './parse-entry.ts'
import { bodyDigest } from './seal-entry.ts'

export class BodyChecker {
  readonly #faults: FaultList
  #current: { index: number; id: string; open: Map<string, string> } | undefined
  /** Bodies that are gone, by entry id and name, until their erasure is met: it always comes later in the log. */
  readonly #gone = new Map<string, number>()
  /** Bodies that are gone, and whose erasure no checkpoint covers yet. */
  uncoveredErasures = 0

  constructor(faults: FaultList) {
    this.#faults = faults
  }

  /** An entry that is the recorded one; its bodies come next. */
  readEntry(index: number, text: string): void {
    this.#endEntry()
    // Parsing is dear, and few entries need it; the words may also stand in another member, so the parsed entry decides.
    if (!text.includes('"bodies":{') && !text.includes('"kind":"body-erased"')) return
    const entry = this.#parse(text)
    if (entry === undefined) {
      this.#faults.add('malformed', index, { message: 'The entry is not in the form of an audit entry.' })
      return
    }
    if (entry.kind === 'body-erased') this.#explain(entry)
    this.#current = { index, id: entry.id, open: new Map(Object.entries(entry.bodies ?? {})) }
  }

  /** An entry that is not the recorded one: what its bodies should be is not known. */
  skipEntry(): void {
    this.#endEntry()
  }

  readBody(index: number, name: string, kept: { salt: Uint8Array; content: string } | undefined): void {
    if (this.#current === undefined || kept === undefined) return
    const digest = this.#current.open.get(name)
    if (digest === undefined || digest !== bodyDigest(kept.salt, kept.content)) this.#faults.add('body-changed', index)
    this.#current.open.delete(name)
  }

  /** An entry that no checkpoint covers yet. It explains why a body is gone; nothing signed says that it was ever recorded. */
  readUncovered(text: string): void {
    this.#endEntry()
    const entry = this.#parse(text)
    if (entry?.kind === 'body-erased' && this.#explain(entry)) this.uncoveredErasures += 1
  }

  finish(): void {
    this.#endEntry()
    for (const index of this.#gone.values()) this.#faults.add('body-erased', index)
  }

  #parse(text: string): AuditEntry | undefined {
    try {
      return parseEntry(text)
    } catch {
      return undefined
    }
  }

  /** Whether the erasure is of a body that is gone. */
  #explain({ object = '', details }: AuditEntry): boolean {
    return this.#gone.delete(keyOf(object, String(details?.body)))
  }

  #endEntry(): void {
    if (this.#current === undefined) return
    const { id, index, open } = this.#current
    for (const name of open.keys()) this.#gone.set(keyOf(id, name), index)
    this.#current = undefined
  }
}

function keyOf(entryId: string, name: string): string {
  return `${entryId}\u0000${name}`
}
