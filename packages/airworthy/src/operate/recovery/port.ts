/** What recovery asks of a store: actions whose outcome nobody wrote down. */
import type { ActionRecord } from '../../guard/port.ts'

export interface RecoveryStore {
  /** Actions on record as running, oldest first. */
  openActions(limit: number): Promise<readonly ActionRecord[]>
  /** Ambiguous actions, oldest first. */
  ambiguousActions(limit: number): Promise<readonly ActionRecord[]>
}
