/** What deciding approvals asks of a store. */
import type { EntryDraft } from '../../audit/seal-entry.ts'
import type { ApprovalRecord, ApprovalState } from '../../guard/port.ts'

export interface ApprovalStore {
  /** Newest first. */
  listApprovals(filter: { readonly state?: ApprovalState; readonly limit: number }): Promise<readonly ApprovalRecord[]>
  readApproval(id: string): Promise<ApprovalRecord | undefined>
  /** Pending to approved or rejected, once; the time the person took no longer counts against the task's deadline. */
  decideApproval(act: DecideApprovalAct): Promise<DecideApprovalAnswer>
  /** Ids of pending approvals past their time. */
  overdueApprovals(nowMs: number): Promise<readonly string[]>
  /** Ids of held actions whose approval was given and not yet used: what a kit executes when it starts, or after a crash. */
  approvedActions(): Promise<readonly string[]>
}

export interface DecideApprovalAct {
  readonly id: string
  readonly state: 'approved' | 'rejected' | 'expired'
  readonly atMs: number
  readonly by: string
  readonly comment?: string
  readonly entry: EntryDraft
}

export type DecideApprovalAnswer =
  | { readonly kind: 'decided' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'late'; readonly state: ApprovalState }
