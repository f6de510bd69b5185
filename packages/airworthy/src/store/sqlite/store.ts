/** The embedded store: every port of the kit on SQLite. */
import type { Store } from '../store.ts'
import { sqliteAlertStore } from './alert-store.ts'
import { sqliteApprovalStore } from './approval-store.ts'
import { auditAppender } from './audit-appender.ts'
import { sqliteAuditLog } from './audit-log.ts'
import { sqliteCalibrationStore } from './calibration-store.ts'
import { carryingNowAndThen, leaveCheckpoints } from './checkpoint-pages.ts'
import { sqliteCosignatureStore } from './cosignature-store.ts'
import { sqliteCostStore } from './cost-store.ts'
import { sqliteCredentialStore } from './credential-store.ts'
import { sqliteEscalations } from './escalation-store.ts'
import { sqliteEvalStore } from './eval-store.ts'
import { sqliteEvidenceStore } from './evidence-store.ts'
import { sqliteRollupExpiry } from './expire-rollups.ts'
import { fileInPlace } from './file-in-place.ts'
import { groupedActs } from './grouped-acts.ts'
import { sqliteGuardStore } from './guard-store.ts'
import { handedSpans } from './handed-spans.ts'
import { sqliteKillStore } from './kill-store.ts'
import { sqliteMetricsStore } from './metrics-store.ts'
import { sqliteModelStore } from './model-store.ts'
import { sqliteNotificationStore } from './notification-store.ts'
import { act, openLedgerAndTraces } from './open.ts'
import { sqliteRecordingStore } from './recording-store.ts'
import { sqliteRecoveryStore } from './recovery-store.ts'
import { sqliteReleaseStore } from './release-store.ts'
import { sqliteScheduleStore } from './schedule-store.ts'
import { sqliteSpanSourceStore } from './span-source-store.ts'
import { threadedSpanWriter } from './span-thread.ts'
import { sqliteSpanWriter } from './span-writer.ts'
import { sqliteTaskStore } from './task-store.ts'
import { sqliteTraceStore } from './trace-store.ts'

/** @param dir the kit's folder, or `:memory:`. @throws STORE_UNAVAILABLE, STORE_FOREIGN, STORE_NEWER */
export function openSqliteStore(dir: string, onAppend: () => void): Store {
  const { db, traces } = openLedgerAndTraces(dir)
  const expireRollups = sqliteRollupExpiry(traces)
  const audit = auditAppender(db, onAppend)
  const thread = dir === ':memory:' ? undefined : threadedSpanWriter(dir, () => leaveCheckpoints(db))
  const spans = thread ?? sqliteSpanWriter(db, db)
  const handed = handedSpans(spans)
  const onCommit = carryingNowAndThen(() => thread?.carry())
  const escalations = sqliteEscalations(db, audit)
  const inPlace = fileInPlace(dir)
  const grouped = groupedActs(db, { mayCommit: inPlace, onCommit })
  // A lock is had on a full disk too. The number that stands there is written again, which changes nothing and goes the way of an act.
  const tryToCommit = db.transaction(() => {
    db.pragma(`user_version = ${db.pragma('user_version', { simple: true })}`)
  }).immediate
  return {
    guard: { ...sqliteGuardStore(db, audit, grouped), exhaust: escalations.exhaust },
    tasks: sqliteTaskStore(db, audit),
    approvals: sqliteApprovalStore(db, audit),
    kills: sqliteKillStore(db, audit),
    credentials: sqliteCredentialStore(db, audit),
    releases: sqliteReleaseStore(db, audit),
    evidence: sqliteEvidenceStore(db, audit),
    evals: sqliteEvalStore(db, audit),
    calibrations: sqliteCalibrationStore(db, audit),
    recordings: sqliteRecordingStore(db, audit),
    recovery: sqliteRecoveryStore(db, audit),
    traces: sqliteTraceStore(traces, audit, spans, handed),
    spanSources: sqliteSpanSourceStore(db, traces, audit),
    audit: sqliteAuditLog(db, traces),
    cosignatures: sqliteCosignatureStore(db),
    models: sqliteModelStore(db, traces, handed, grouped),
    cost: sqliteCostStore(db),
    alerts: sqliteAlertStore(db, audit),
    notifications: sqliteNotificationStore(db),
    schedules: sqliteScheduleStore(db, audit),
    metrics: sqliteMetricsStore({ db, traces, handed }),
    retention: {
      expireSpans: (act) => spans.expire(act),
      expireRollups: (bounds) => act(() => expireRollups(bounds)),
    },
    escalations: escalations.store,
    settings: async () => ({
      synchronous: db.pragma('synchronous', { simple: true }) as number,
      journal: db.pragma('journal_mode', { simple: true }) as string,
    }),
    probe: () =>
      act(() => {
        inPlace()
        tryToCommit()
      }),
    async close() {
      grouped.flush()
      await handed.settled()
      await spans.close()
      traces.close()
      db.close()
    },
  }
}
