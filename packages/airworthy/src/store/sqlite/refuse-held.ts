/** A held action becomes denied, with its entry: part of the act that decides it, and an act of its own. */
import { invariant } from '../../core/errors.ts'
import type { RefuseHeldAct } from '../../guard/port.ts'
import { entryOfSubject, subjectOfRows } from '../rows/action-entry.ts'
import type { ActionReader } from './action-reader.ts'
import type { AuditAppender } from './audit-appender.ts'
import type { SqliteDatabase } from './open.ts'

/** Call what it returns inside a transaction. False when the action is not held any more. */
export function heldRefuser(
  db: SqliteDatabase,
  audit: AuditAppender,
  actions: ActionReader,
): (act: RefuseHeldAct) => boolean {
  const refuse = db.prepare<unknown[]>(
    "UPDATE actions SET state = 'denied', reasons = @reasons, settled_ms = @atMs WHERE id = @id AND state = 'held'",
  )
  return (act) => {
    const changed = refuse.run({ id: act.actionId, reasons: JSON.stringify(act.reasons), atMs: act.atMs })
    if (changed.changes !== 1) return false
    const refused = actions.rowById(act.actionId)
    invariant(refused !== undefined, 'a row that was just changed is there')
    const entry = entryOfSubject('action-denied', act.actionId, subjectOfRows(refused), act)
    audit.append({ ...entry, decision: 'deny', outcome: 'denied' })
    return true
  }
}
