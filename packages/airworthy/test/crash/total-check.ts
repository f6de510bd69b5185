/** The one total check after each death: it re-reads the world's record, the ledger and the whole log, and names every fault. */
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { noteSigner } from '../../src/audit/note.ts'
import { verifyExport } from '../../src/audit/verify-export.ts'
import { exportLog } from '../../src/operate/audit/export-log.ts'
import { originOf } from '../../src/operate/audit/origin.ts'
import { readKitKeys } from '../../src/operate/keys/key-folder.ts'
import { openSqliteStore } from '../../src/store/sqlite/store.ts'
import { callLimit, costLimitMicros, readEffects } from './crash-project.ts'

export async function totalCheck(folder: string): Promise<string[]> {
  const dir = join(folder, '.airworthy')
  return [...(await ledgerFaults(folder, dir)), ...(await logFaults(dir))]
}

async function ledgerFaults(folder: string, dir: string): Promise<string[]> {
  const faults: string[] = []
  const effects = readEffects(folder)
  const db = new Database(join(dir, 'airworthy.db'), { readonly: true })
  try {
    const intents = new Set(
      (
        db
          .prepare(
            "SELECT json_extract(body, '$.object') AS object FROM audit_entries WHERE json_extract(body, '$.kind') = 'action-intended'",
          )
          .all() as { object: string }[]
      ).map(({ object }) => object),
    )
    const seenActions = new Set<string>()
    const seenKeys = new Set<string>()
    for (const { action, tool, id } of effects) {
      if (!intents.has(action)) faults.push(`${tool} ${id} took effect without an intent entry (${action})`)
      if (seenActions.has(action)) faults.push(`${action} took effect twice`)
      if (tool !== 'read_row' && seenKeys.has(id)) faults.push(`the key ${id} took effect twice`)
      seenActions.add(action)
      seenKeys.add(id)
    }
    const approvals = db.prepare('SELECT action_id, state FROM approvals').all() as {
      action_id: string
      state: string
    }[]
    const used = new Set(approvals.filter(({ state }) => state === 'used').map(({ action_id }) => action_id))
    for (const { action, tool } of effects) {
      if (tool === 'drop_row' && !used.has(action)) faults.push(`${action} was executed without using an approval`)
    }
    const tasks = db
      .prepare(
        `SELECT t.id, t.tool_calls, t.cost_usd_micros, count(a.row) AS attempts, coalesce(sum(a.cost_usd_micros), 0) AS cost
         FROM tasks t LEFT JOIN actions a ON a.task_row = t.row GROUP BY t.row`,
      )
      .all() as { id: string; tool_calls: number; cost_usd_micros: number; attempts: number; cost: number }[]
    for (const task of tasks) {
      if (task.tool_calls !== task.attempts)
        faults.push(`${task.id} counts ${task.tool_calls} calls, a recount ${task.attempts}`)
      if (task.cost_usd_micros !== task.cost)
        faults.push(`${task.id} counts ${task.cost_usd_micros} micro-dollars, a recount ${task.cost}`)
      if (task.cost > costLimitMicros) faults.push(`${task.id} overspent: ${task.cost}`)
      const executed = db
        .prepare(
          "SELECT count(*) AS count FROM actions a JOIN tasks t ON t.row = a.task_row WHERE t.id = ? AND a.state <> 'denied'",
        )
        .get(task.id) as { count: number }
      if (executed.count > callLimit) faults.push(`${task.id} ran ${executed.count} actions, the limit is ${callLimit}`)
    }
  } finally {
    db.close()
  }
  return faults
}

async function logFaults(dir: string): Promise<string[]> {
  const store = openSqliteStore(dir, () => {})
  try {
    if ((await store.audit.latestCheckpoint()) === undefined) return []
    const { vkey } = noteSigner(await originOf(store.audit), readKitKeys(dir, {}).audit)
    const { faults } = await verifyExport(exportLog(store.audit, { vkey, bodies: true }), { publicKey: vkey })
    return faults.map(({ kind, index, message }) => `log: ${kind} at ${index}: ${message}`)
  } finally {
    store.close()
  }
}
