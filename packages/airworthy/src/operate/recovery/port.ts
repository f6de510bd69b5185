/** What recovery asks of a store: actions whose outcome nobody wrote down. */
import type { ActionRecord } from '../../guard/port.ts'

export interface RecoveryStore {
  /** Owners of the actions on record as running. */
  openOwners(): Promise<readonly string[]>
  /** Actions on record as running whose time of doubt has come or whose owner is one of `owners`, oldest first. */
  doubtfulActions(filter: {
    readonly nowMs: number
    readonly owners: readonly string[]
    readonly limit: number
  }): Promise<readonly ActionRecord[]>
  /**
   * Ambiguous actions of these tools behind the place `after` (0: from the oldest on), oldest first. `next` is the place to go on
   * from; 0 when the end was reached.
   */
  ambiguousActions(filter: {
    readonly tools: readonly string[]
    readonly after: number
    readonly limit: number
  }): Promise<{ readonly actions: readonly ActionRecord[]; readonly next: number }>
}
