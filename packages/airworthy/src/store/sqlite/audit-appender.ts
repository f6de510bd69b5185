/** Writes audit entries inside the transaction of the act that they record, and reads bodies back for the ledger. */
import { type EntryDraft, saltBytes, sealEntry } from '../../audit/seal-entry.ts'
import type { JsonObject } from '../../core/json.ts'
import { randomBytesPooled } from '../../core/random.ts'
import { valueOfJson } from '../../core/value-of-json.ts'
import { appendEntry } from './audit-log.ts'
import type { SqliteDatabase } from './open.ts'

export interface AuditAppender {
  /** Call it inside a transaction: the entry is durable exactly when that commits. */
  append(draft: EntryDraft, bodies?: Readonly<Record<string, JsonObject>>): void
  /** In a transaction of its own, for acts on another file. */
  appendApart(draft: EntryDraft): void
  /** Undefined when there is none, or it was erased. */
  readBody(entryId: string, name: string): JsonObject | undefined
}

/** @param onAppend called after each append, so that the sequencer wakes; the act may still roll back. */
export function auditAppender(db: SqliteDatabase, onAppend: () => void): AuditAppender {
  const bodyOf = db
    .prepare<[string, string]>(
      'SELECT b.content FROM audit_entries e JOIN audit_bodies b ON b.entry_rowid = e.rowid WHERE e.id = ? AND b.name = ?',
    )
    .pluck()
  const append: AuditAppender['append'] = (draft, bodies = {}) => {
    const sealed = Object.keys(bodies).map((name) => ({
      name,
      salt: randomBytesPooled(saltBytes),
      content: JSON.stringify(bodies[name]),
    }))
    appendEntry(db, sealEntry(draft, sealed))
    onAppend()
  }
  return {
    append,
    appendApart: db.transaction((draft: EntryDraft) => append(draft)).immediate,
    readBody(entryId, name) {
      const content = bodyOf.get(entryId, name) as unknown as string | null | undefined
      return content === undefined || content === null ? undefined : (valueOfJson(content) as JsonObject)
    },
  }
}
