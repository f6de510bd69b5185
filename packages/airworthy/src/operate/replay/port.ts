/** What a replay asks of the world: a store of its own, thrown away afterwards, and what the record does not say. */
import type { GuardStore } from '../../guard/port.ts'
import type { RecordedCall, RecordedRun } from '../../telemetry/recorded-run.ts'
import type { ApprovalStore } from '../approvals/port.ts'
import type { ReleaseStore } from '../releases/port.ts'
import type { TaskStore } from '../tasks/port.ts'

/** In memory, with the real acts: ledger, facts, approvals. Nothing of it outlives the replay. */
export interface ReplayStore {
  readonly guard: GuardStore
  readonly tasks: TaskStore
  readonly approvals: ApprovalStore
  readonly releases: ReleaseStore
  close(): Promise<void>
}

/** Answers an auth check that the record does not answer; undefined: nobody knows. */
export type AnswerCheck = (question: {
  readonly check: string
  readonly run: RecordedRun
  readonly call: RecordedCall
  /** The manifest's name of the tool. */
  readonly tool: string
  readonly principalId: string
}) => boolean | undefined
