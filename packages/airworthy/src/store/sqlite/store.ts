/** The embedded store: every port of the kit on one SQLite database. */
import type { GuardStore } from '../../guard/port.ts'
import type { CosignatureStore } from '../../operate/anchors/port.ts'
import type { ApprovalStore } from '../../operate/approvals/port.ts'
import type { EvidenceStore } from '../../operate/evidence/port.ts'
import type { KillStore } from '../../operate/halts/port.ts'
import type { CredentialStore } from '../../operate/keys/port.ts'
import type { RecoveryStore } from '../../operate/recovery/port.ts'
import type { ReleaseStore } from '../../operate/releases/port.ts'
import type { TaskStore } from '../../operate/tasks/port.ts'
import type { TraceStore } from '../../operate/traces/port.ts'
import { sqliteApprovalStore } from './approval-store.ts'
import { auditAppender } from './audit-appender.ts'
import { type AuditLog, sqliteAuditLog } from './audit-log.ts'
import { sqliteCosignatureStore } from './cosignature-store.ts'
import { sqliteCredentialStore } from './credential-store.ts'
import { sqliteEvidenceStore } from './evidence-store.ts'
import { sqliteGuardStore } from './guard-store.ts'
import { sqliteKillStore } from './kill-store.ts'
import { openSqlite } from './open.ts'
import { sqliteRecoveryStore } from './recovery-store.ts'
import { sqliteReleaseStore } from './release-store.ts'
import { sqliteTaskStore } from './task-store.ts'
import { sqliteTraceStore } from './trace-store.ts'

export interface Store {
  readonly guard: GuardStore
  readonly tasks: TaskStore
  readonly approvals: ApprovalStore
  readonly kills: KillStore
  readonly credentials: CredentialStore
  readonly releases: ReleaseStore
  readonly evidence: EvidenceStore
  readonly recovery: RecoveryStore
  readonly traces: TraceStore
  readonly audit: AuditLog
  readonly cosignatures: CosignatureStore
  /** What SQLite says of this connection: 2 is FULL. */
  settings(): { readonly synchronous: number; readonly journal: string }
  /** Throws STORE_UNAVAILABLE unless a write could be made now. */
  probe(): void
  close(): void
}

/** @param dir the kit's folder, or `:memory:`. @throws STORE_UNAVAILABLE, STORE_FOREIGN, STORE_NEWER */
export function openSqliteStore(dir: string, onAppend: () => void): Store {
  const db = openSqlite(dir)
  const audit = auditAppender(db, onAppend)
  return {
    guard: sqliteGuardStore(db, audit),
    tasks: sqliteTaskStore(db, audit),
    approvals: sqliteApprovalStore(db, audit),
    kills: sqliteKillStore(db, audit),
    credentials: sqliteCredentialStore(db, audit),
    releases: sqliteReleaseStore(db, audit),
    evidence: sqliteEvidenceStore(db, audit),
    recovery: sqliteRecoveryStore(db, audit),
    traces: sqliteTraceStore(db, audit),
    audit: sqliteAuditLog(db),
    cosignatures: sqliteCosignatureStore(db),
    settings: () => ({
      synchronous: db.pragma('synchronous', { simple: true }) as number,
      journal: db.pragma('journal_mode', { simple: true }) as string,
    }),
    probe: () => {
      db.exec('BEGIN IMMEDIATE; ROLLBACK')
    },
    close: () => db.close(),
  }
}
