/** The one total check after each death: it re-reads the world's record, the ledger and the whole log, and names every fault. */
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { noteSigner } from '../../src/audit/note.ts'
import { verifyExport } from '../../src/audit/verify-export.ts'
import { exportLog } from '../../src/operate/audit/export-log.ts'
import { originOf } from '../../src/operate/audit/origin.ts'
import { readKitKeys } from '../../src/operate/keys/key-folder.ts'
import { openSqliteStore } from '../../src/store/sqlite/store.ts'
import type { Store } from '../../src/store/store.ts'
import { callLimit, costLimitMicros, type Effect, readEffects } from './crash-project.ts'

export async function totalCheck(folder: string): Promise<string[]> {
  const dir = join(folder, '.airworthy')
  return [
    ...ledgerFaults(readEffects(folder), sqliteRows(dir)),
    ...(await logFaults(
      openSqliteStore(dir, () => {}),
      dir,
    )),
  ]
}

/** What the ledger and the log's entries say, whatever database they stand in. */
export interface LedgerRows {
  /** Actions that have an entry `action-intended`. */
  readonly intents: readonly string[]
  /** Actions whose approval was used. */
  readonly approved: readonly string[]
  readonly tasks: readonly {
    readonly id: string
    readonly calls: number
    readonly cost: number
    /** A recount over the task's actions. */
    readonly attempts: number
    readonly spent: number
    readonly executed: number
  }[]
}

/** @param effects  must have been read before the rows, where somebody still works. */
export function ledgerFaults(effects: readonly Effect[], rows: LedgerRows): string[] {
  const faults: string[] = []
  const intents = new Set(rows.intents)
  const approved = new Set(rows.approved)
  const seenActions = new Set<string>()
  const seenKeys = new Set<string>()
  for (const { action, tool, id } of effects) {
    if (!intents.has(action)) faults.push(`${tool} ${id} took effect without an intent entry (${action})`)
    if (seenActions.has(action)) faults.push(`${action} took effect twice`)
    if (tool !== 'read_row' && seenKeys.has(id)) faults.push(`the key ${id} took effect twice`)
    if (tool === 'drop_row' && !approved.has(action)) faults.push(`${action} was executed without using an approval`)
    seenActions.add(action)
    seenKeys.add(id)
  }
  for (const { id, calls, cost, attempts, spent, executed } of rows.tasks) {
    if (calls !== attempts) faults.push(`${id} counts ${calls} calls, a recount ${attempts}`)
    if (cost !== spent) faults.push(`${id} counts ${cost} micro-dollars, a recount ${spent}`)
    if (spent > costLimitMicros) faults.push(`${id} overspent: ${spent}`)
    if (executed > callLimit) faults.push(`${id} ran ${executed} actions, the limit is ${callLimit}`)
  }
  return faults
}

function sqliteRows(dir: string): LedgerRows {
  const db = new Database(join(dir, 'airworthy.db'), { readonly: true })
  try {
    const column = (sql: string): string[] => db.prepare<[], string>(sql).pluck().all()
    return {
      intents: column(
        "SELECT json_extract(body, '$.object') FROM audit_entries WHERE json_extract(body, '$.kind') = 'action-intended'",
      ),
      approved: column("SELECT action_id FROM approvals WHERE state = 'used'"),
      tasks: db
        .prepare<[], LedgerRows['tasks'][number]>(
          `SELECT t.id, t.tool_calls AS calls, t.cost_usd_micros AS cost, count(a.row) AS attempts,
             coalesce(sum(a.cost_usd_micros), 0) AS spent, coalesce(sum(a.state <> 'denied'), 0) AS executed
           FROM tasks t LEFT JOIN actions a ON a.task_row = t.row GROUP BY t.row`,
        )
        .all(),
    }
  } finally {
    db.close()
  }
}

/** What an outsider finds wrong in the whole log; closes the store. */
export async function logFaults(store: Store, dir: string): Promise<string[]> {
  try {
    if ((await store.audit.latestCheckpoint()) === undefined) return []
    const { vkey } = noteSigner(await originOf(store.audit), readKitKeys(dir, {}).audit)
    const { faults } = await verifyExport(exportLog(store.audit, { vkey, bodies: true }), { publicKey: vkey })
    return faults.map(({ kind, index, message }) => `log: ${kind} at ${index}: ${message}`)
  } finally {
    await store.close()
  }
}
