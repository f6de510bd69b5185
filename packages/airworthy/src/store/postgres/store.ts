/** PostgreSQL under a kit: any number of gateways share it, and the acts hold the invariants across them. */
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { AirworthyError } from '../../core/errors.ts'
import type { Store } from '../store.ts'
import { postgresAlertStore } from './alert-store.ts'
import { postgresApprovalStore } from './approval-store.ts'
import { postgresAuditLog } from './audit-log.ts'
import { postgresCalibrationStore } from './calibration-store.ts'
import { connectPostgres, type PostgresConnection } from './connection.ts'
import { postgresCosignatureStore } from './cosignature-store.ts'
import { postgresCostStore } from './cost-store.ts'
import { postgresCredentialStore } from './credential-store.ts'
import { postgresEscalationStore, postgresExhaust } from './escalation-store.ts'
import { postgresEvalStore } from './eval-store.ts'
import { postgresEvidenceStore } from './evidence-store.ts'
import { postgresGuardStore } from './guard-store.ts'
import { postgresKillStore } from './kill-store.ts'
import { postgresMetricsStore } from './metrics-store.ts'
import { migrate } from './migrate.ts'
import { postgresModelStore } from './model-store.ts'
import { postgresNotificationStore } from './notification-store.ts'
import { postgresRecordingStore } from './recording-store.ts'
import { postgresRecoveryStore } from './recovery-store.ts'
import { postgresReleaseStore } from './release-store.ts'
import { surplusRights } from './roles.ts'
import { postgresScheduleStore } from './schedule-store.ts'
import { postgresSpanSourceStore } from './span-source-store.ts'
import { postgresTaskStore } from './task-store.ts'
import { postgresTraceStore } from './trace-store.ts'

export interface PostgresStoreOptions {
  readonly onAppend?: () => void
  /** Told what an operator should know, one sentence a line. */
  readonly log?: (line: string) => void
  /** False: a database without the schema of a kit is refused. */
  readonly mayCreate?: boolean
}

/** @throws STORE_UNAVAILABLE, STORE_FOREIGN, STORE_NEWER */
export async function openPostgresStore(
  url: string,
  { onAppend = () => {}, log = () => {}, mayCreate = true }: PostgresStoreOptions = {},
): Promise<Store> {
  await migrate(url, { mayCreate })
  const connection = connectPostgres(url)
  try {
    const surplus = await surplusRights(connection)
    if (surplus.length > 0) {
      log(
        `The role of ${connection.shownUrl} ${surplus.join(', ')}: more than a kit needs; see \`airworthy store roles\`.`,
      )
    }
  } catch (error) {
    await connection.close()
    throw error
  }
  const holder = `${hostname()}/${process.pid}/${randomBytes(6).toString('hex')}`
  const audit = postgresAuditLog(connection, holder, onAppend)
  let closed: Promise<void> | undefined
  return {
    guard: { ...postgresGuardStore(connection, onAppend), exhaust: postgresExhaust(connection, onAppend) },
    tasks: postgresTaskStore(connection),
    approvals: postgresApprovalStore(connection),
    kills: postgresKillStore(connection),
    credentials: postgresCredentialStore(connection),
    releases: postgresReleaseStore(connection),
    evidence: postgresEvidenceStore(connection),
    evals: postgresEvalStore(connection),
    calibrations: postgresCalibrationStore(connection),
    recordings: postgresRecordingStore(connection),
    recovery: postgresRecoveryStore(connection),
    traces: postgresTraceStore(connection),
    spanSources: postgresSpanSourceStore(connection),
    audit,
    cosignatures: postgresCosignatureStore(connection),
    models: postgresModelStore(connection),
    cost: postgresCostStore(connection),
    alerts: postgresAlertStore(connection, onAppend),
    notifications: postgresNotificationStore(connection),
    schedules: postgresScheduleStore(connection),
    metrics: postgresMetricsStore(connection),
    retention: {
      expireSpans: (act) => connection.act('expire_spans', act),
      expireRollups: async (act) => void (await connection.act('expire_rollups', act)),
    },
    escalations: postgresEscalationStore(connection, onAppend),
    settings: async () => await durability(connection),
    probe: async () => {
      const want = connection.recentWant()
      if (want !== undefined) throw want
      const { readonly } = await durability(connection)
      if (readonly !== 'off') {
        throw new AirworthyError({
          code: 'STORE_UNAVAILABLE',
          message: `${connection.shownUrl} takes no writes: it is a replica, or its transactions are read-only.`,
          mend: 'Point --db at the primary.',
        })
      }
    },
    close: () => {
      closed ??= connection.close()
      return closed
    },
  }
}

async function durability(connection: PostgresConnection): Promise<Record<string, string | number>> {
  const [row] = await connection.read<Record<string, string>>(
    `SELECT current_setting('synchronous_commit') AS synchronous, current_setting('fsync') AS fsync,
       current_setting('server_version') AS version, current_setting('transaction_read_only') AS readonly`,
  )
  return row ?? {}
}
