/** What recovery asks of a store: actions whose outcome nobody wrote down. */
import type { ActionRecord } from '../../guard/port.ts'

export interface RecoveryStore {
  /** Intended actions past their doubt time, and those of `deadOwner`; oldest first. */
  actionsInDoubt(filter: {
    readonly nowMs: number
    readonly exceptOwner: string
    readonly limit: number
  }): Promise<readonly ActionRecord[]>
  /** Ambiguous state-changing actions, oldest first. */
  ambiguousActions(limit: number): Promise<readonly ActionRecord[]>
}
