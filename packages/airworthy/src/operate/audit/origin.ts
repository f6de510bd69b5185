/** The origin of a kit's log: what its checkpoints begin with and its key is named. */
import { parseCheckpoint } from '../../audit/checkpoint.ts'
import { AirworthyError } from '../../core/errors.ts'
import type { AuditReaderPort } from './port.ts'

/** `airworthy/<agent>`: a schema-less address, as C2SP asks. */
export function originOfAgent(agent: string): string {
  return `airworthy/${agent}`
}

/** The origin that the log's own newest checkpoint names. @throws AUDIT_ENTRY_UNKNOWN when the log was never started. */
export async function originOf(log: Pick<AuditReaderPort, 'latestCheckpoint'>): Promise<string> {
  const latest = await log.latestCheckpoint()
  if (latest === undefined) {
    throw new AirworthyError({
      code: 'AUDIT_ENTRY_UNKNOWN',
      message: 'The audit log was never started.',
      mend: 'Run `airworthy up` once.',
    })
  }
  return parseCheckpoint(latest.note).origin
}
