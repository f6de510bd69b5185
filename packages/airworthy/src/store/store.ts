/** Everything that a kit keeps, whatever database is under it: each port's acts are atomic, value in and value out. */

import type { SealedEntry } from '../audit/seal-entry.ts'
import type { CalibrationStore } from '../evals/calibration/port.ts'
import type { EvalStore } from '../evals/port.ts'
import type { GuardStore } from '../guard/port.ts'
import type { AlertStore } from '../operate/alerts/port.ts'
import type { CosignatureStore } from '../operate/anchors/port.ts'
import type { ApprovalStore } from '../operate/approvals/port.ts'
import type { AuditReaderPort } from '../operate/audit/port.ts'
import type { CostStore } from '../operate/cost/port.ts'
import type { EscalationStore } from '../operate/escalations/port.ts'
import type { EvidenceStore } from '../operate/evidence/port.ts'
import type { KillStore } from '../operate/halts/port.ts'
import type { CredentialStore } from '../operate/keys/port.ts'
import type { MetricsStore } from '../operate/metrics/port.ts'
import type { ModelStore } from '../operate/model/port.ts'
import type { NotificationStore } from '../operate/notifications/port.ts'
import type { RecordingStore } from '../operate/recordings/port.ts'
import type { RecoveryStore } from '../operate/recovery/port.ts'
import type { ReleaseStore } from '../operate/releases/port.ts'
import type { ScheduleStore } from '../operate/schedules/port.ts'
import type { SequencerPort } from '../operate/sequencer/port.ts'
import type { TaskStore } from '../operate/tasks/port.ts'
import type { SpanSourceStore } from '../operate/traces/kit-spans-port.ts'
import type { TraceStore } from '../operate/traces/port.ts'
import type { RetentionStore } from '../operate/traces/retention-port.ts'

export interface Store {
  readonly guard: GuardStore
  readonly tasks: TaskStore
  readonly approvals: ApprovalStore
  readonly kills: KillStore
  readonly credentials: CredentialStore
  readonly releases: ReleaseStore
  readonly evidence: EvidenceStore
  readonly evals: EvalStore
  readonly calibrations: CalibrationStore
  readonly recordings: RecordingStore
  readonly recovery: RecoveryStore
  readonly traces: TraceStore
  readonly spanSources: SpanSourceStore
  readonly audit: AuditLog
  readonly cosignatures: CosignatureStore
  readonly models: ModelStore
  readonly cost: CostStore
  readonly alerts: AlertStore
  readonly notifications: NotificationStore
  readonly schedules: ScheduleStore
  readonly metrics: MetricsStore
  readonly retention: RetentionStore
  readonly escalations: EscalationStore
  /** What the database says of this connection's durability: `synchronous` 2 is FULL on SQLite, `on` on PostgreSQL. */
  settings(): Promise<Readonly<Record<string, string | number>>>
  /** @throws STORE_UNAVAILABLE unless a write could be made now. */
  probe(): Promise<void>
  close(): Promise<void>
}

export interface AuditLog extends SequencerPort, AuditReaderPort {
  /** Appends in a transaction of its own. @throws when the id is there already. */
  append(sealed: SealedEntry): Promise<void>
  /**
   * Erases a body, salt included, and appends the entry that says so (`erasureDraft`), in one transaction. What the database can do
   * to have the bytes gone from its own files is done. False when it was erased before.
   * @throws AUDIT_BODY_UNKNOWN
   */
  eraseBody(erasure: {
    readonly entryId: string
    readonly name: string
    readonly record: SealedEntry
  }): Promise<boolean>
}
